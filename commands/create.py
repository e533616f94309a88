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


def create(
    vm: Vm,
    size: Annotated[str, typer.Argument(metavar="SIZE", help="Such as 80G or 1.5T; binary units.", show_default=False)],
    storage_class: Annotated[str, typer.Option("--class", metavar="CLASS", help="Class of PV it shall lie on.")] = "",
    pv: Annotated[
        list[str] | None, typer.Option("--pv", metavar="PV", help="PV it shall lie on; may be repeated.")
    ] = None,
    fs: Annotated[FsType | None, typer.Option("--fs", help="File system; the configuration has the default.")] = None,
    activate: Annotated[bool, typer.Option("--activate", help="Leave it active on the node that made it.")] = False,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Create a VM's volume with a file system on it.

    It is left inactive, so that any node can start the VM.

    Running it again changes nothing. After an interruption the same command finishes the work.
    """
    from vmstore import names, session, sizes, ui
    from vmstore.commands import work
    from vmstore.jobs import plan_create, where
    from vmstore.tools import features

    del yes
    run = session.start(config, offline or ())
    names.vm(vm, run.config.vg)
    wanted = sizes.parse(size)
    if storage_class:
        names.storage_class(storage_class)
    world = run.inventory(blocks=True, devices=True)
    wish = plan_create.Create(
        vm=vm,
        size=wanted,
        fstype=fs.value if fs else run.config.filesystem.type,
        reserved_percent=run.config.filesystem.reserved_percent,
        storage_class=storage_class,
        pvs=tuple(dict.fromkeys(where.find_pv(world, run.nodes.local, names.pv(text)) for text in pv or ())),
        activate=activate,
        preference=run.config.placement.classes,
        knows_autoactivation=features.knows_autoactivation(run.nodes, world.reporter),
    )
    steps = plan_create.create(world, wish)
    if dry_run:
        ui.plan(output, steps)
        return
    if steps:
        world = work.under_lock(run, world.reporter, vm, steps, world)
    else:
        work.nothing(run, world)
    lv = where.volume(world, vm)
    on = ", ".join(sorted({pv.name for pv in world.pvs if lv.on(pv.uuid)}))
    done = f"{vm} has a volume of {sizes.show(lv.size)} on {on} (names on {world.reporter})"
    ui.result(
        output,
        "create",
        {"vm": vm, "size": lv.size, "changed": bool(steps)},
        done if steps else f"{vm} has its volume of {sizes.show(lv.size)} already; nothing was changed",
    )
