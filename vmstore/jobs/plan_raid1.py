"""Plan moving volumes by a second leg: several at once, each service frozen while its batch is at work. Pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from vmstore.jobs import freezing, leg_steps, where
from vmstore.jobs.activation_steps import Activate, LeaveInactive
from vmstore.jobs.leg_steps import AddLeg, CloseAfterLegs, DropLeg, OpenForLegs
from vmstore.jobs.leg_sync import Leg, WaitInSync
from vmstore.jobs.parts import Ground, Part, let_go
from vmstore.jobs.step import Step
from vmstore.model import Inventory, LogicalVolume, PhysicalVolume


def moves(ground: Ground, parts: Sequence[Part]) -> list[Step]:
    """Plan moving volumes that lie on the source as a whole. Raises ClusterUnusable where a node cannot."""
    for node in sorted({part.place.node for part in parts}):
        where.locks(ground.world, node)
    steps: list[Step] = []
    stale = set(leg_steps.stale(ground.world, ground.source))
    for batch in _batches(ground, parts):
        steps += _batch(ground, batch, stale)
        stale = set(noted([part.lv for part in batch]))
    return steps


def back(world: Inventory, source: PhysicalVolume) -> list[Step]:
    """Plan taking back what is half-way: the new leg is dropped, since the source holds all there is."""
    steps: list[Step] = []
    for lv in world.lvs:
        if lv.leaving != source.uuid:
            continue
        place = where.place(world, lv)
        new = leg_steps.beyond(lv)
        devices = tuple(where.device(world, place.node, pv) for pv in new)
        awake = [] if place.active else [Activate(place.node, world.vg.name, lv.name, world.vg.shared)]
        drop = DropLeg(place.node, world.vg.name, lv.name, new, devices, first=False)
        asleep = [LeaveInactive(place.node, world.vg.name, (lv.name,))] if place.idle else []
        steps += [*awake, drop, *asleep]
    return steps


def _batches(ground: Ground, parts: Sequence[Part]) -> Iterator[Sequence[Part]]:
    # What has its leg is copied as soon as it is active, however many are to be at it together.
    begun = [part for part in parts if part.begun]
    if begun:
        yield begun
    new = [part for part in parts if not part.begun]
    together = ground.wish.move.together
    for first in range(0, len(new), together):
        yield new[first : first + together]


def _batch(ground: Ground, parts: Sequence[Part], stale: Collection[str]) -> list[Step]:
    world, wish, source = ground.world, ground.wish, ground.source
    pairs = [freezing.pair(world, part.lv, wish.lock(part.lv.name), source.uuid) for part in parts]
    asleep = [part for part in parts if part.place.idle]
    legs = [_leg(ground, part) for part in parts]
    begun = next((str(part.choice) for part in parts if part.begun), "")
    return [
        *(step for before, _ in pairs for step in before),
        *(
            Activate(part.place.node, world.vg.name, part.lv.name, world.vg.shared)
            for part in asleep
            if part.place.active is None
        ),
        *_added(ground, parts, legs, stale),
        WaitInSync(world.vg.name, source.uuid, tuple(legs), wish.move.poll_seconds, begun),
        *(DropLeg(leg.node, world.vg.name, leg.lv, (source.uuid,), leg.old, first=True) for leg in legs),
        *let_go(world, asleep),
        *(step for _, after in pairs for step in after),
    ]


def _added(ground: Ground, parts: Sequence[Part], legs: Sequence[Leg], stale: Collection[str]) -> list[Step]:
    """Plan adding the legs that are not there yet; the source is open only meanwhile. ``stale`` notes go."""
    world, source = ground.world, ground.source
    new = [
        AddLeg(
            *(leg.node, world.vg.name, leg.lv, source.uuid, leg.new, leg.size, str(part.choice)),
            onto=where.called(world, leg.node, leg.new_pvs),
        )
        for part, leg in zip(parts, legs, strict=True)
        if not part.begun
    ]
    if not new:
        return []
    here = (world.reporter, world.vg.name, where.device(world, world.reporter, source.uuid))
    names = tuple(step.lv for step in new)
    return [
        OpenForLegs(*here, source.uuid, names, tuple(sorted(set(stale) - {leg_steps.note(lv) for lv in names}))),
        *new,
        CloseAfterLegs(*here, source.uuid, allocatable=False),
    ]


def _leg(ground: Ground, part: Part) -> Leg:
    world, lv, node = ground.world, part.lv, part.place.node
    new = leg_steps.beyond(lv) if part.begun else tuple(ground.room[lv.name])
    return Leg(
        lv=lv.name,
        node=node,
        size=lv.size,
        old=(where.device(world, node, ground.source.uuid),),
        new=tuple(where.device(world, node, pv) for pv in new),
        new_pvs=new,
        begun=bool(part.begun),
    )


def noted(lvs: Iterable[LogicalVolume]) -> tuple[str, ...]:
    """Name the notes of volumes that move so, for whoever ends the work."""
    return tuple(leg_steps.note(lv.name) for lv in lvs)
