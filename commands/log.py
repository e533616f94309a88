"""vmstore log: what was changed from this host, or from any node, by whom and how."""

from typing import TYPE_CHECKING, Annotated

import typer

from vmstore.commands.options import Config, Format
from vmstore.output import Output

if TYPE_CHECKING:
    from pathlib import Path

    from vmstore.log.reading import Row
    from vmstore.session import Session


def log(
    name: Annotated[
        str, typer.Argument(metavar="[VM|PV|JOB]", help="Only what names it, or is of this job.", show_default=False)
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="From then on: 2h, 7d, 2027-01-15, '2027-01-15 08:00'.")
    ] = "",
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what failed, was refused, or has no known end.")
    ] = False,
    lines: Annotated[
        int | None, typer.Option("--lines", "-n", metavar="N", help="Only the last so many.", min=1, show_default=False)
    ] = None,
    nodes: Annotated[bool, typer.Option("--nodes", help="Also what was typed on each other node.")] = False,
    config: Config = None,
    output: Format = Output.table,
) -> None:
    """Show what was changed, by whom and how.

    It is what was typed on this host, and with --nodes on every node.

    Each run of vmstore is a row, then each of its commands, and what was seen to be true after each step.
    """
    from datetime import datetime

    from vmstore import session, ui
    from vmstore.errors import Refused
    from vmstore.log import places, reading
    from vmstore.report import log as report

    run = session.start(config)
    settings = run.config.log
    begin = reading.since(since, datetime.now().astimezone()) if since else None
    try:
        path = places.file(settings.file)
    except RuntimeError as error:
        raise Refused("no log can be looked for", why=str(error), hint="name it: file = in [log], or HOME=") from None
    if path is None:
        raise Refused("no log is kept here", why='file = "none" in [log]', hint="try journalctl -t vmstore")
    try:
        found = reading.rows(reading.entries(path, ui.say))
    except PermissionError as error:
        raise Refused(f"cannot read {error.filename}", why="it is root's", hint="run it with sudo") from None
    if nodes:
        found = reading.in_turn([*found, *_far(run, places.SYSTEM if settings.file == "auto" else path)])
    chosen = [
        row
        for row in found
        if (begin is None or row.time >= begin) and (not name or row.about(name)) and (row.failed or not failed)
    ][-(lines or 0) :]
    columns = (
        ui.Column("TIME", "time", lambda text: f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}"),
        ui.Column("BY", "by"),
        ui.Column("ON", "where"),
        ui.Column("RESULT", "result"),
        ui.Column("TOOK", "seconds", lambda seconds: "-" if seconds is None else f"{seconds:.1f} s", right=True),
        *(
            [ui.Column("WHAT", "what"), ui.Column("WHY", "why")]
            if output is Output.plain
            else [ui.Column("WHAT", "shown")]
        ),
    )
    ui.items(output, "log", columns, [(report.row if output is Output.json else report.line)(row) for row in chosen])
    if not chosen and output is Output.table:
        others = [] if nodes else run.nodes.others
        more = f"; `vmstore log --nodes` also reads what was typed on {', '.join(others)}" if others else ""
        ui.say(f"there is nothing of that in {path}{more}")


def _far(run: "Session", path: "Path") -> "list[Row]":
    """Read what is in the logs of other nodes, and say of which that is not known."""
    from vmstore import ui
    from vmstore.log import reading
    from vmstore.run import Result
    from vmstore.tools import far_logs

    found: list[Row] = []
    for node, answer in far_logs.fetch(run.nodes, path).items():
        if not isinstance(answer, Result):
            ui.say(f"vmstore: {answer.what}, and what was typed there is not shown: {answer.why}")
            continue
        if not answer.ok:
            ui.say(f"vmstore: the log on {node} cannot be read to its end: {answer.reason()}")
        found += reading.rows(reading.lines(answer.out))
    return found
