"""vmstore init: a first configuration, made from what is there."""

from pathlib import Path
from typing import Annotated

import typer


def init(
    vg: Annotated[str, typer.Option("--vg", metavar="VG", help="The VG of the VMs, where there are several.")] = "",
    node: Annotated[
        list[str] | None,
        typer.Option(
            "--node", metavar="NODE", help="A node; repeatable. Else those of the cluster.", show_default=False
        ),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write it to /etc/vmstore/vmstore.toml, or --config.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="Propose it for here, not for /etc/vmstore/vmstore.toml.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Propose a configuration, with the reason for each line.

    It looks at this host, or from a workstation at the first --node, and tries ssh between all nodes in both
    directions. A file that is there is never changed. Exit code 7 where nodes do not reach each other.
    """
    from vmstore import ui
    from vmstore.commands import setting_up
    from vmstore.errors import ExitCode

    file = setting_up.place(config, write=write)
    found = setting_up.look(vg, tuple(node or ()))
    ui.write(found.text)
    if write:
        setting_up.write(file, found.text)
        ui.say(f"written to {file}")
    for line in found.troubles:
        ui.say(line)
    ui.say(setting_up.next_step(file, found, written=write))
    if found.troubles:
        raise typer.Exit(ExitCode.CLUSTER)
