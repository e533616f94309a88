"""vmstore grow: more room for a VM, while it runs."""

from typing import Annotated

import typer

from vmstore.commands.options import Config, DryRun, Format, Offline, Vm, Yes
from vmstore.output import Output


def grow(
    vm: Vm,
    size: Annotated[
        str,
        typer.Argument(metavar="+SIZE|SIZE", help="+10G adds 10 GiB, 80G makes it 80 GiB in all.", show_default=False),
    ],
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Grow a VM's volume while the VM runs.

    The file system grows with it, on the node that has it mounted.

    A volume that nobody uses is checked first and is inactive again afterwards. Running it again with SIZE
    changes nothing; with +SIZE it grows once more.
    """
    from vmstore import names, session, sizes, ui, ui_progress
    from vmstore.commands.work import swept, tell_rounding, tidied
    from vmstore.jobs import grow as job
    from vmstore.jobs import lease, where
    from vmstore.report.results import Grown

    del yes
    run = session.start(config, offline or (), changes=not dry_run)
    wish = job.Request(names.vm(vm, run.config.vg), sizes.Growth.parse(size))
    read = run.reader(blocks=True, devices=True)
    world = swept(run, read(), read, dry_run=dry_run)
    before = where.volume(world, vm).size
    with ui_progress.reporter([]) as reporter:
        work = run.work(reporter)
        steps, _ = job.plan(work, world, wish)
        tell_rounding(wish.growth.size, world)
        if dry_run:
            ui.plan(output, steps)
            return
        changed = False
        if steps:
            lock = job.lock(world, where.volume(world, vm))
            with lease.hold(run.nodes, lock.node, lock.lock, vm) as held:
                world, changed = job.carry_out(work, world, wish, read, held.check)
        tidied(work, world)
    size_now = where.volume(world, vm).size
    done = f"{vm} is now {sizes.show(size_now)} ({sizes.show(size_now - before)} more), and so is its file system"
    ui.result(
        output,
        "grow",
        Grown(vm=vm, size=size_now, before=before, changed=changed),
        done if changed else f"{vm} is {sizes.show(size_now)} already; nothing was changed",
    )
