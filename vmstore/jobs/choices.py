"""Choose the engine of each volume of an evacuation by what the world is like. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from vmstore.jobs import where
from vmstore.jobs.parts import Evacuate, Part
from vmstore.model import LogicalVolume, PhysicalVolume
from vmstore.policies import engines
from vmstore.policies.engines import Choice, Engine, Facts


def begun(engine: Engine) -> Choice:
    """Go on with the engine by which a run before has begun, whatever is asked for now."""
    return engines.choose(None, Facts(idle=False, begun=engine))


def first(wish: Evacuate, source: PhysicalVolume, lv: LogicalVolume, place: where.Place) -> Choice:
    """Choose by the volume itself."""
    return engines.choose(wish.engine, _facts(wish, source, lv, place))


def with_room(wish: Evacuate, source: PhysicalVolume, extent: int, parts: Sequence[Part]) -> list[Part]:
    """Have volumes go without a leg, in the order in which they move, until the source has room for a batch of legs."""
    wanted, free = engines.metas(extent), source.free // extent
    found: list[Part] = []
    for number, part in enumerate(parts):
        legs = sum(other.adds_leg for other in parts[number:])
        if free >= wanted * min(wish.move.together, legs):
            return [*found, *parts[number:]]
        facts = replace(_facts(wish, source, part.lv, part.place), room=False)
        found.append(replace(part, choice=engines.choose(wish.engine, facts)) if part.adds_leg else part)
        free += part.size // extent
    return found


def without_beyond(wish: Evacuate, part: Part) -> Part:
    """Have a volume go without a leg, since the targets have room for the volume only."""
    facts = Facts(part.place.idle, beyond=False)
    return replace(part, choice=engines.choose(wish.engine, facts))


def onto(wish: Evacuate, part: Part, targets: int) -> Part:
    """Have a volume that would be copied go by mirror where it goes to several PVs.

    How much of a new volume LVM puts on which of them is not ours to say.
    """
    if part.choice.engine is not Engine.USED or targets == 1:
        return part
    used = wish.filled.get(part.lv.name)
    facts = Facts(part.place.idle, size=part.lv.size, used=used, targets=targets)
    return replace(part, choice=engines.choose(wish.engine, facts))


def _facts(wish: Evacuate, source: PhysicalVolume, lv: LogicalVolume, place: where.Place) -> Facts:
    return Facts(
        idle=place.idle,
        size=lv.size,
        used=wish.filled.get(lv.name),
        stands_back=wish.stands_back,
        linear=lv.layout == ("linear",),
        wholly=not lv.moving_in and all(run.pv == source.uuid for run in lv.extents),
    )
