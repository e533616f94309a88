"""Decide how much a class may still give out to volumes that grow by themselves. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from vmstore.model import Inventory, PhysicalVolume
from vmstore.policies import placement
from vmstore.policies.growth import Step
from vmstore.policies.levels import Kind, Levels
from vmstore.policies.levels import Rules as Thresholds
from vmstore.policies.placement import Rules as Placement


def room(
    world: Inventory, classes: Iterable[str], thresholds: Thresholds, rules: Placement, promised: Mapping[str, int]
) -> Step:
    """Give the bytes that each of these classes may still give, and what forbids more.

    ``promised`` is what a plan has given out of each already. A class that keeps to its ``block`` only thanks to a PV
    that takes nothing is over it: it is held against it as a whole and without those PVs.
    """
    found = [_class(world, name, thresholds.levels(Kind.CLASS, name), rules, promised) for name in sorted(classes)]
    return min(found, key=lambda each: each.size, default=Step(0, "it lies on no PV that is known"))


def _class(world: Inventory, name: str, levels: Levels, rules: Placement, promised: Mapping[str, int]) -> Step:
    there = [pv for pv in world.pvs if pv.storage_class == name and not pv.missing]
    takes = [pv for pv in placement.open_to_new(world) if pv.storage_class == name]
    given = promised.get(name, 0)
    free = rules.room(world, takes)
    steps = [Step(sum(free.free.values()) - given, f"class {name} has no more room")]
    for word, alone in (("block", replace(levels, reserve=None)), ("reserve", replace(levels, block=None))):
        below = min(_below(alone, there, given), _below(alone, takes, given))
        steps.append(Step(below, f"class {name} is at its {word}"))
    if name in free.spare:
        steps.append(Step(free.spare[name] - given, f"class {name} is at its reserve"))
    least = min(steps, key=lambda each: each.size)
    return Step(max(0, least.size), least.why)


def _below(levels: Levels, pvs: Iterable[PhysicalVolume], given: int) -> int:
    counted = list(pvs)
    return levels.room(sum(pv.size for pv in counted), sum(pv.allocated for pv in counted) + given)
