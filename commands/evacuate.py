"""vmstore evacuate: empty a PV under running VMs."""

from collections.abc import Sequence
from typing import Annotated

import typer

from vmstore.commands.options import (
    By,
    Config,
    DryRun,
    Exclude,
    Format,
    Hours,
    Offline,
    Pv,
    Rate,
    Suspend,
    Yes,
)
from vmstore.output import Output


def evacuate(
    pv: Pv,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="CLASS|PV", help="Where to; repeatable. Else to other PVs of its class."),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the PV out of the VG at the end.")] = False,
    window: Hours = "",
    rate: Rate = "",
    exclude: Exclude = None,
    engine: By = None,
    suspend: Suspend = "",
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Empty a PV while its VMs run.

    Every volume on it is moved, and at the end it is proven to be empty.

    Each volume is moved on the node that holds it; one that nobody uses is inactive again afterwards. The PV is
    cordoned and stays so. Ctrl-C stops after the piece that is being moved; the same command, from any node,
    goes on. One evacuation of a PV runs in the whole cluster at a time.
    """
    from dataclasses import replace

    from vmstore import names, session, sizes, ui
    from vmstore.commands import evacuation
    from vmstore.commands.work import BARE, Manner, nothing, on_pv, swept
    from vmstore.errors import NotFound
    from vmstore.jobs import evacuate as job
    from vmstore.jobs import leftover, plan_evacuate, where
    from vmstore.report.results import Evacuated

    run = session.start(config, offline or (), changes=not dry_run)
    way = evacuation.Moving.typed(run, rate, engine, suspend, window)
    names.pv(pv)
    read = run.reader(blocks=True, devices=True)
    world = swept(run, read(), read, dry_run=dry_run)
    try:
        uuid = where.find_pv(world, run.nodes.local, pv)
    except NotFound as error:
        if not remove:
            raise
        steps = leftover.plan(run.nodes, world, pv, error)
        how = Manner(output, dry_run, yes)
        said = f"{pv} is empty and out of {world.vg.name}"
        on_pv(run, world, steps, how, "evacuate", pv, said, BARE, moved_bytes=0, moved_volumes=0)
        return
    stay = evacuation.excluded(run.config, world, exclude or ())
    classes, targets = where.destinations(world, run.nodes.local, to or ())
    name = where.device(world, world.reporter, uuid)

    wish = evacuation.wanted(run, world, uuid, way)
    wish = replace(wish, targets=targets, classes=classes, remove=remove, exclude=stay)
    todo = plan_evacuate.evacuate(world, replace(wish, lease=job.own_tag(world, uuid)))
    evacuation.refuse_unable(run, way.rate, todo, window=way.window is not None)
    if dry_run:
        ui.plan(output, todo)
        return
    total = sum(step.leaves for step in todo)
    moved = len({vm for step in todo for vm in step.moves})
    wanted = [f"move {sizes.show(total)} in {sizes.volumes(moved)} off {name}"] if moved else []
    if remove and todo:
        wanted.append(f"take {name if not moved else 'it'} out of {world.vg.name}")
    if wanted and not yes:
        ui.outline(todo)
        ui.confirm(f"{', and '.join(wanted)}?", yes=yes)
    if todo:
        evacuation.carry_out(run, world, wish, way.window, todo)
    else:
        nothing(run, world)
    left = sorted(lv.name for lv in world.lvs if lv.name in stay and lv.on(uuid))
    but = f" but for {', '.join(left)}" if left else ""
    went = f" ({sizes.show(total)} in {sizes.volumes(moved)} moved)" if moved else ""
    kept = f"; it stays cordoned{went}: {_next(pv, left, run.config.move.exclude)}"
    done = f"{name} is empty{but}{f' and out of the VG{went}{BARE}' if remove else kept}"
    ui.result(
        output,
        "evacuate",
        Evacuated(pv=uuid, device=name, moved_bytes=total, moved_volumes=moved, changed=bool(todo)),
        done if todo else f"{name} is empty{but} and cordoned already; nothing was changed",
    )


def _next(pv: str, left: Sequence[str], always: Sequence[str]) -> str:
    """Say what can be done with an emptied PV, on which those are left that were excluded, some of them ``always``."""
    opens = f"`vmstore pv uncordon {pv}` lets new volumes on it again"
    if set(left) & set(always):
        return f"`exclude` in [move] keeps the rest there, {opens}"
    return (
        f"`vmstore evacuate {pv}` moves the rest, {opens}"
        if left
        else f"`vmstore pv remove {pv}` takes it out, {opens}"
    )
