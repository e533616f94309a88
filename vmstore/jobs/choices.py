"""Choose the engine of each volume of an evacuation by what the world is like. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from vmstore.jobs import where
from vmstore.jobs.parts import Evacuate, Part
from vmstore.model import Inventory, LogicalVolume, PhysicalVolume
from vmstore.policies import engines
from vmstore.policies.engines import Choice, Engine, Facts
from vmstore.services import State


def begun(engine: Engine) -> Choice:
    """Go on with the engine by which a run before has begun, whatever is asked for now."""
    return engines.choose(None, Facts(idle=False, begun=engine))


def first(world: Inventory, wish: Evacuate, lv: LogicalVolume, place: where.Place) -> Choice:
    """Choose by the volume itself."""
    return engines.choose(wish.engine, _facts(world, wish, lv, place))


def with_room(world: Inventory, wish: Evacuate, source: PhysicalVolume, parts: Sequence[Part]) -> list[Part]:
    """Have volumes go without a leg, in the order in which they move, until the source has room for a batch of legs."""
    extent = world.vg.extent
    wanted, free = engines.metas(extent), source.free // extent
    found: list[Part] = []
    for number, part in enumerate(parts):
        legs = sum(other.adds_leg for other in parts[number:])
        if free >= wanted * min(wish.move.together, legs):
            return [*found, *parts[number:]]
        found.append(
            _again(wish, part, replace(_facts(world, wish, part.lv, part.place), room=False)) if part.adds_leg else part
        )
        free += part.size // extent
    return found


def without_beyond(world: Inventory, wish: Evacuate, part: Part) -> Part:
    """Have a volume go without a leg, since the targets have room for the volume only."""
    return _again(wish, part, replace(_facts(world, wish, part.lv, part.place), beyond=False))


def onto(world: Inventory, wish: Evacuate, part: Part, targets: int) -> Part:
    """Have a volume that would be copied go by mirror where it goes to several PVs.

    How much of a new volume LVM puts on which of them is not ours to say.
    """
    if part.choice.engine is not Engine.USED or targets == 1:
        return part
    return _again(wish, part, replace(_facts(world, wish, part.lv, part.place), targets=targets))


def _again(wish: Evacuate, part: Part, facts: Facts) -> Part:
    """Choose once more for a volume, some facts of which have turned out to be others."""
    return replace(part, choice=engines.choose(wish.engine, facts))


def _facts(world: Inventory, wish: Evacuate, lv: LogicalVolume, place: where.Place) -> Facts:
    service = world.service(lv.name)
    runs = service is not None and service.state is State.STARTED and service.owner == place.node
    return Facts(
        idle=place.idle,
        size=lv.size,
        used=wish.filled.get(lv.name),
        stands_back=wish.stands_back,
        serviced=runs and service is not None and not service.frozen and place.mount is not None,
        allowed=wish.suspend,
        speed=wish.speed,
        rate=wish.rate,
        linear=lv.layout == ("linear",),
        wholly=not lv.moving_in and all(run.pv == wish.source for run in lv.extents),
    )
