"""vmstore log: what was changed from this host."""

from typing import Annotated

import typer

from vmstore.commands.options import Config, Format
from vmstore.output import Output


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
    config: Config = None,
    output: Format = Output.table,
) -> None:
    """Show what was changed from this host, by whom and how.

    Each run of vmstore is a row, then each of its commands, and what was seen to be true after each step.
    """
    from datetime import datetime

    from vmstore import config as configuration
    from vmstore import ui
    from vmstore.errors import Refused
    from vmstore.log import places, reading
    from vmstore.report import log as report

    settings = configuration.load(config).log
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
        ui.say(f"there is nothing of that in {path}")
