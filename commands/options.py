"""Options that several verbs share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vmstore.output import Output


class Way(StrEnum):
    """How volumes are moved, where the admin says so; the values are those of policies.engines.Engine."""

    mirror = "mirror"
    raid1 = "raid1"
    used = "used"


Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Read settings from here, not /etc/vmstore/vmstore.toml.", show_default=False
    ),
]
Format = Annotated[
    Output, typer.Option("--output", "-o", help="For eyes (table), programs (json) or the shell (plain).")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the exact commands and where they run; change nothing.")]
# Every verb that changes something takes it, also those that never ask, so that scripts can always say it.
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Offline = Annotated[
    list[str] | None,
    typer.Option(
        "--offline",
        metavar="NODE",
        help="NODE is switched off: do not wait for it. Not for one that may still run; repeatable.",
        show_default=False,
    ),
]
# How volumes are moved.
Hours = Annotated[
    str,
    typer.Option(
        "--window",
        metavar="HH:MM-HH:MM",
        help="Move only at this time of each day, and rest outside it; none: any time.",
    ),
]
Rate = Annotated[
    str, typer.Option("--rate", metavar="SIZE", help="Copy at most so much a second, such as 50M; none lifts a limit.")
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="VM", help="Leave this VM's volume where it is; repeatable."),
]
By = Annotated[
    Way | None,
    typer.Option(
        "--engine",
        help="Move by pvmove (mirror), by a second leg (raid1), or copy what is in use (used); else by the fastest.",
        show_default=False,
    ),
]
Suspend = Annotated[
    str,
    typer.Option(
        "--suspend",
        metavar="TIME",
        help="Let each VM be down for at most so long, such as 5m, where its volume moves faster so.",
    ),
]
Vm = Annotated[
    str, typer.Argument(metavar="VM", help="The VM, which is also the name of its volume.", show_default=False)
]
Pv = Annotated[
    str,
    typer.Argument(metavar="PV", help="Device, WWID or UUID, as `vmstore pv list` shows it.", show_default=False),
]
