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
    return engines.choose(wish.engine, _facts(source, lv, place))


def with_room(wish: Evacuate, source: PhysicalVolume, extent: int, parts: Sequence[Part]) -> list[Part]:
    """Have volumes go without a leg, in the order in which they move, until the source has room for a batch of legs."""
    wanted, free = engines.metas(extent), source.free // extent
    found: list[Part] = []
    for number, part in enumerate(parts):
        legs = sum(other.adds_leg for other in parts[number:])
        if free >= wanted * min(wish.move.together, legs):
            return [*found, *parts[number:]]
        facts = replace(_facts(source, part.lv, part.place), room=False)
        found.append(replace(part, choice=engines.choose(wish.engine, facts)) if part.adds_leg else part)
        free += part.size // extent
    return found


def without_beyond(wish: Evacuate, part: Part) -> Part:
    """Have a volume go without a leg, since the targets have room for the volume only."""
    facts = Facts(part.place.idle, beyond=False)
    return replace(part, choice=engines.choose(wish.engine, facts))


def _facts(source: PhysicalVolume, lv: LogicalVolume, place: where.Place) -> Facts:
    wholly = not lv.moving_in and all(run.pv == source.uuid for run in lv.extents)
    return Facts(place.idle, linear=lv.layout == ("linear",), wholly=wholly)
