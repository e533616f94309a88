"""vmstore remove: a VM's volume, for good."""

from typing import Annotated

import typer

from vmstore.commands.options import Config, DryRun, Format, Offline, Vm, Yes
from vmstore.output import Output


def remove(
    vm: Vm,
    wipe: Annotated[bool, typer.Option("--wipe", help="Write zeros over it first.")] = False,
    confirm: Annotated[
        str | None,
        typer.Option("--confirm", metavar="VM", help="The VM's name once more, for scripts.", show_default=False),
    ] = None,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Remove a VM's volume and all that is on it, and its service.

    Refused while it is active or mounted anywhere: `vmstore stop` comes first.
    """
    from vmstore import names, session, ui
    from vmstore.commands import work
    from vmstore.jobs import plan_register, plan_remove

    del yes  # removing wants the name
    run = session.start(config, offline or ())
    names.vm(vm, run.config.vg)
    world = work.swept(run, run.inventory(), run.reader(), dry_run=dry_run)
    steps = plan_remove.remove(world, vm, wipe=wipe)
    served = plan_register.drop(run.silent_work(), world, vm, run.config.cluster)
    if dry_run:
        ui.plan(output, [*served, *steps])
        return
    if steps or served:
        ui.confirm_name(vm, confirm)
    if served:
        world = work.under_lock(run, world.reporter, vm, served, world)
    if steps:
        work.under_lock(run, steps[0].commands()[0].node, vm, steps, world)
    elif not served:
        work.nothing(run, world)
    done = f"{vm} is removed{', its space wiped first' if wipe else ''}"
    ui.result(
        output,
        "remove",
        {"vm": vm, "changed": bool(steps or served)},
        done if steps or served else f"{vm} has no volume in {world.vg.name}; nothing was changed",
    )
