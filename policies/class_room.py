"""Decide how much a class may still give out to volumes that grow by themselves. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from vmstore.model import Inventory
from vmstore.policies import placement
from vmstore.policies.growth import Step
from vmstore.policies.placement import Rules as Placement
from vmstore.policies.thresholds import Kind, Levels
from vmstore.policies.thresholds import Rules as Thresholds


def room(
    world: Inventory, classes: Iterable[str], thresholds: Thresholds, rules: Placement, promised: Mapping[str, int]
) -> Step:
    """Give the bytes that each of these classes may still give, and what forbids more.

    ``promised`` is what a plan has given out of each already. As a report counts it: what lies on PVs that take nothing
    new is given out, and what is free there is no room.
    """
    found = [_class(world, name, thresholds.levels(Kind.CLASS, name), rules, promised) for name in sorted(classes)]
    return min(found, key=lambda each: each.size, default=Step(0, "it lies on no PV that is known"))


def _class(world: Inventory, name: str, levels: Levels, rules: Placement, promised: Mapping[str, int]) -> Step:
    there = [pv for pv in world.pvs if pv.storage_class == name]
    takes = [pv for pv in placement.open_to_new(world) if pv.storage_class == name]
    free = rules.room(world, takes)
    given, left = promised.get(name, 0), sum(free.free.values())
    used = sum(pv.allocated for pv in there)
    steps = [Step(left - given, f"class {name} has no more room")]
    for word, alone in (("block", replace(levels, reserve=None)), ("reserve", replace(levels, block=None))):
        steps.append(Step(alone.room(used + left, used + given), f"class {name} is at its {word}"))
    if name in free.spare:
        steps.append(Step(free.spare[name] - given, f"class {name} is at its reserve"))
    least = min(steps, key=lambda each: each.size)
    return Step(max(0, least.size), least.why)
