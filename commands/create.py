"""vmstore create: a volume for a VM."""

from enum import StrEnum
from typing import Annotated

import typer

from vmstore.commands.options import Config, DryRun, Format, Offline, Vm, Yes
from vmstore.output import Output


class FsType(StrEnum):
    """File systems that vmstore makes and grows."""

    ext3 = "ext3"
    ext4 = "ext4"


class Agents(StrEnum):
    """What Pacemaker's service of a VM is made of: the bundled agent alone, or the stock ones beside it."""

    bundled = "bundled"
    stock = "stock"


def create(
    vm: Vm,
    size: Annotated[
        str, typer.Argument(metavar="SIZE", help="Such as 80G or 1.5T; rounded up to extents.", show_default=False)
    ],
    storage_class: Annotated[
        str,
        typer.Option(
            "--class", metavar="CLASS", help="Class of PVs it shall lie on; else the first in [placement] with room."
        ),
    ] = "",
    pv: Annotated[list[str] | None, typer.Option("--pv", metavar="PV", help="PV it shall lie on; repeatable.")] = None,
    fs: Annotated[FsType | None, typer.Option("--fs", help="File system; else as [filesystem] says.")] = None,
    activate: Annotated[bool, typer.Option("--activate", help="Leave it active on the node that made it.")] = False,
    service: Annotated[
        bool,
        typer.Option("--service/--no-service", help="Make the VM's service, too, where there is a cluster manager."),
    ] = True,
    agents: Annotated[
        Agents | None, typer.Option("--agents", help="What Pacemaker's service is made of; else as [cluster] says.")
    ] = None,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Create a VM's volume, its file system, and its service.

    The service is made where there is a cluster manager. It is left stopped and the volume inactive: put the VM's
    files on it, then `vmstore start`.

    Running it again changes nothing. After an interruption the same command finishes the work.
    """
    from vmstore import names, session, sizes, ui
    from vmstore.commands import work
    from vmstore.jobs import plan_create, plan_register, where
    from vmstore.policies.placement import Rules
    from vmstore.report.results import Created
    from vmstore.tools import features

    del yes
    run = session.start(config, offline or (), changes=not dry_run)
    names.vm(vm, run.config.vg)
    wanted = sizes.parse(size)
    if storage_class:
        names.storage_class(storage_class)
    read = run.reader(blocks=True, devices=True)
    world = work.swept(run, read(), read, dry_run=dry_run)
    wish = plan_create.Create(
        vm=vm,
        size=wanted,
        fstype=fs.value if fs else run.config.filesystem.type,
        reserved_percent=run.config.filesystem.reserved_percent,
        storage_class=storage_class,
        pvs=tuple(dict.fromkeys(where.find_pv(world, run.nodes.local, names.pv(text)) for text in pv or ())),
        activate=activate,
        preference=run.config.placement.classes,
        rules=Rules.of(run.config.placement),
        knows_autoactivation=features.knows_autoactivation(run.nodes, world.reporter),
    )
    steps = plan_create.create(world, wish)
    order = plan_register.Order(wish.fstype, agents.value if agents else run.config.cluster.agents, run.config.cluster)
    served = plan_register.add(run.silent_work(), world, vm, order) if service else []
    work.tell_rounding(wanted, world)
    if dry_run:
        ui.plan(output, [*steps, *served])
        return
    if steps:
        world = work.under_lock(run, world.reporter, vm, steps, world)
    else:
        work.nothing(run, world)
    if served:
        world = work.under_lock(run, world.reporter, vm, served, world)
    lv = where.volume(world, vm)
    on = ", ".join(sorted({pv.name for pv in world.pvs if lv.on(pv.uuid)}))
    done = f"{vm} has a volume of {sizes.show(lv.size)} on {on} (names on {world.reporter})"
    ui.result(
        output,
        "create",
        Created(vm=vm, size=lv.size, service=world.service(vm) is not None, changed=bool(steps or served)),
        plan_register.told(
            world, vm, served, done if steps else f"{vm} has its volume of {sizes.show(lv.size)} already"
        )
        if steps or served
        else f"{vm} has its volume of {sizes.show(lv.size)} already; nothing was changed",
    )
