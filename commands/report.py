"""vmstore report: how full everything is, how it grows, and when it will be full."""

from pathlib import Path
from typing import Annotated

import typer

from vmstore.commands.options import Config, Offline
from vmstore.output import ReportForm


def report(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="VG, class, PV or VM; else all.", show_default=False),
    ] = None,
    output: Annotated[
        ReportForm | None,
        typer.Option("--output", "-o", help="How it is written; else as a table.", show_default=False),
    ] = None,
    to: Annotated[
        list[Path] | None,
        typer.Option(
            "--to",
            metavar="FILE",
            help="Write it to a file, whole or not at all; repeatable. Without -o the ending tells how: "
            ".txt, .json, .csv, .tsv, .html, .prom.",
            show_default=False,
        ),
    ] = None,
    cron: Annotated[
        bool, typer.Option("--cron", help="Say only what is new: what crossed a threshold, changed, or is over.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Show every VM, in the table and to nagios.")] = False,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Draw pictures on the page; mail programs show none.")
    ] = True,
    config: Config = None,
    offline: Offline = None,
) -> int:
    """Report how full all is and when it will be full.

    It also tells how all grows, and how many more VMs there is room for. Each report is added to the history, from
    which growth is told. The exit code is 10 while a threshold is crossed.
    """
    from contextlib import nullcontext

    from vmstore import session
    from vmstore.commands import report_writing
    from vmstore.history import turn

    try:
        run = session.start(config, offline or ())
        wish = report_writing.wish(output, to or (), names or (), cron=cron, every=every, pictures=pictures)
        history = Path(run.config.report.history)
        with turn.alone(history, report_writing.clock()) if cron else nullcontext(True) as mine:
            return report_writing.carry_out(run, wish) if mine else report_writing.leave(history)
    except Exception as problem:
        code = report_writing.failed(output, problem)
        if code is None:
            raise
        return code
