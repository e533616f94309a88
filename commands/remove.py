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

    Refused while it is active or mounted anywhere: `vmstore stop` comes first. The name has to be
    typed once more, or given by --confirm; --yes does not stand for it.
    """
    from vmstore import names, session, ui, ui_progress
    from vmstore.commands import work
    from vmstore.jobs import engine, lease, plan_register, plan_remove
    from vmstore.report.results import Removed

    del yes  # removing wants the name
    run = session.start(config, offline or (), changes=not dry_run)
    names.vm(vm, run.config.vg)
    read = run.reader()
    world = work.swept(run, read(), read, dry_run=dry_run)
    steps = plan_remove.remove(world, vm, wipe=wipe)
    served = plan_register.drop(run.silent_work(), world, vm, run.config.cluster)
    if dry_run:
        ui.plan(output, [*served, *steps])
        return
    if steps or served:
        ui.confirm_name(vm, confirm)
        node = steps[0].commands()[0].node if steps else world.reporter
        with lease.hold(run.nodes, node, lease.volume(vm), f"the volume of {vm}") as held:
            # While the admin was asked, somebody may have started it.
            world = read()
            steps = plan_remove.remove(world, vm, wipe=wipe)
            served = plan_register.drop(run.silent_work(), world, vm, run.config.cluster)
            with ui_progress.reporter([*served, *steps]) as reporter:
                doing = run.work(reporter)
                if served:
                    engine.carry_out(served, doing, read, world, held.check)
                    world = read()
                    steps = plan_remove.remove(world, vm, wipe=wipe)
                world = work.tidied(doing, engine.carry_out(steps, doing, read, world, held.check))
    else:
        work.nothing(run, world)
    done = f"{vm} is removed{', its space wiped first' if wipe else ''}"
    ui.result(
        output,
        "remove",
        Removed(vm=vm, changed=bool(steps or served)),
        done if steps or served else f"{vm} has no volume in {world.vg.name}; nothing was changed",
    )
