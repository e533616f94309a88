"""Plan giving up an evacuation: every volume stays whole where it is, and nothing of the job is left. Pure."""

from collections.abc import Collection

from vmstore.jobs import freezing, lease, lock_steps, plan_evacuate, plan_raid1, plan_used, suspending, where
from vmstore.jobs.mirror import AbortMove
from vmstore.jobs.pv_steps import SetAllocatable
from vmstore.jobs.step import Step
from vmstore.model import Inventory, PhysicalVolume


def end_moves(world: Inventory, source: PhysicalVolume) -> list[Step]:
    """Plan ending what is half-way off the PV, and letting go of what was only moved."""
    movers = world.mirrors(source.uuid)
    steps: list[Step] = []
    for lv in world.lvs:
        if movers.keys() & set(lv.moving_in):
            node = where.place(world, lv).node
            without = lv.moving_in if any(pv.missing for pv in world.pvs) else ()
            device = source.name if without else where.device(world, node, source.uuid)
            steps.append(AbortMove(node, world.vg.name, lv.name, device, without))
    steps += plan_raid1.back(world, source)
    mended, world = plan_used.mend(world, source.uuid)
    return lock_steps.first(world, [*steps, *mended, *plan_evacuate.left_awake(world, source, ())])


def give_up(
    world: Inventory, source: PhysicalVolume, *, cordoned: bool, patience: int, ended: Collection[str] = ()
) -> list[Step]:
    """Plan starting and thawing what the job left suspended or frozen, and taking its mark off the PV.

    ``patience`` is the manager's, in seconds. ``cordoned``: the PV takes no new extents, as before the job. ``ended``
    are volumes whose move will have been ended by then. Raises Refused where a service must stay frozen.
    """
    where.usable(world)
    where.locks(world, world.reporter)
    device = where.device(world, world.reporter, source.uuid)
    step = SetAllocatable(
        world.reporter,
        world.vg.name,
        device,
        source.uuid,
        allocatable=not cordoned,
        drop=(*source.leases, *source.legs),
    )
    lock = lease.evacuation(source.uuid)
    ups = [*suspending.left(world, lock, patience), *freezing.left(world, lock, ended)]
    return lock_steps.first(world, [*ups, *([] if step.done(world) else [step])])


def places(world: Inventory, names: list[str]) -> list[str]:
    """Say on which PVs volumes lie, by the names of the node that reported."""
    devices = {pv.uuid: pv.name for pv in world.pvs}
    told = []
    for name in names:
        lv = world.lv(name)
        if lv is not None:
            on = dict.fromkeys(devices.get(run.pv, run.pv) for run in lv.extents)
            told.append(f"{name} on {', '.join(on)}")
    return told
