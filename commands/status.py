"""vmstore status: what the cluster manager, if there is one, and the nodes say of the VMs' services."""

from typing import Annotated

import typer

from vmstore.commands.options import Config, Format, Offline
from vmstore.output import Output


def status(
    vm: Annotated[str, typer.Argument(metavar="[VM]", help="One VM; else all.")] = "",
    config: Config = None,
    output: Format = Output.table,
    offline: Offline = None,
) -> None:
    """Show the VMs' services, and whether the nodes agree.

    Of each: its state and node, whether it is frozen, and what the nodes say otherwise than the manager. Without a
    manager, the VMs that run are shown, as the nodes themselves tell; a stopped one where it is named.
    """
    from vmstore import names, session, ui
    from vmstore.jobs import plan_service
    from vmstore.report import services, volumes
    from vmstore.services import NONE

    run = session.start(config, offline or ())
    world = run.inventory(services=True)
    if vm:
        names.vm(vm, run.config.vg)
        plan_service.service(world, vm)
    rows = services.rows(world, vm)
    columns = (
        ui.Column("VM", "vm"),
        ui.Column("STATE", "state"),
        ui.Column("NODE", "node"),
        ui.Column("FROZEN", "frozen"),
        ui.Column("VOLUME HELD BY", "held_by", volumes.holder),
        ui.note_column("note"),
    )
    ui.items(output, "services", columns, rows)
    for line in services.remarks(world):
        ui.say(f"vmstore: {line}")
    if not rows and output is Output.table:
        ui.say(services.NOTHING[world.cluster is not None and world.cluster.manager == NONE])
