"""Decide what of a class and of the VG counts as room, and how much of it volumes may take by themselves. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from vmstore.model import Inventory, LogicalVolume, PhysicalVolume
from vmstore.policies import placement
from vmstore.policies.growth import Bound
from vmstore.policies.placement import Rules as Placement
from vmstore.policies.thresholds import Kind, Levels
from vmstore.policies.thresholds import Rules as Thresholds


@dataclass(frozen=True, slots=True)
class Usable:
    """What counts of some PVs, in bytes: what lies on them, and what is ``left`` on those that take new extents.

    What is free on others is of no use to anybody.
    """

    used: int
    left: int

    @property
    def whole(self) -> int:
        """Give what there is in all."""
        return self.used + self.left


def usable(pvs: Iterable[PhysicalVolume]) -> Usable:
    """Count it, for reports, for growth and for rebalancing alike."""
    there = list(pvs)
    return Usable(sum(pv.allocated for pv in there), sum(pv.free for pv in there if placement.takes_new(pv)))


def limited(world: Inventory, thresholds: Thresholds, rules: Placement) -> Placement:
    """Give the rules of placement that also keep each PV within its thresholds, as far as it has some."""
    levels = {pv.uuid: thresholds.levels(Kind.PV, pv.name) for pv in world.pvs}
    bound = [pv for pv in world.pvs if levels[pv.uuid].block or levels[pv.uuid].reserve]
    return replace(rules, most={pv.uuid: levels[pv.uuid].room(pv.size, 0) for pv in bound})


def room(
    world: Inventory, classes: Iterable[str], thresholds: Thresholds, rules: Placement, promised: Mapping[str, int]
) -> Bound:
    """Give the bytes that each of these classes, and the VG, may still give, and what forbids more.

    ``promised`` is what a plan has given out of each already.
    """
    found = [_class(world, name, thresholds.levels(Kind.CLASS, name), rules, promised) for name in sorted(classes)]
    levels, given = thresholds.levels(Kind.VG, world.vg.name), sum(promised.values())
    found += _thresholds(levels, usable(world.pvs), given, f"VG {world.vg.name}") if found else []
    least = min(found, key=lambda each: each.size, default=Bound(0, "it lies on no PV that is known"))
    return Bound(max(0, least.size), least.why)


def beside(world: Inventory, lv: LogicalVolume, rules: Placement) -> Bound:
    """Give the bytes that the PVs that a volume lies on may still take, for one that may not be spread over more."""
    own = [pv for pv in world.pvs if lv.on(pv.uuid) and placement.takes_new(pv)]
    free = rules.room(world, own).free.values()
    # Where PVs have limits, it all goes to one: see jobs.plan_grow.
    size = max(free, default=0) if rules.most else sum(free)
    return Bound(size, "the PVs that it lies on have no more room, and no volume is spread over more ([placement])")


def _class(world: Inventory, name: str, levels: Levels, rules: Placement, promised: Mapping[str, int]) -> Bound:
    there = [pv for pv in world.pvs if pv.storage_class == name]
    free = rules.room(world, [pv for pv in there if placement.takes_new(pv)])
    given, total = promised.get(name, 0), usable(there)
    bounds = [Bound(total.left - given, f"class {name} has no more room")]
    bounds += _thresholds(levels, total, given, f"class {name}")
    if name in free.spare:
        bounds.append(Bound(free.spare[name] - given, f"class {name} is at its reserve"))
    if rules.most:
        # What one PV cannot take goes to no other one: see jobs.plan_grow.
        bounds.append(
            Bound(max(free.free.values(), default=0), f"no PV of class {name} has more room within its limits")
        )
    return min(bounds, key=lambda each: each.size)


def _thresholds(levels: Levels, total: Usable, given: int, what: str) -> Iterator[Bound]:
    for word, alone in (("block", replace(levels, reserve=None)), ("reserve", replace(levels, block=None))):
        yield Bound(alone.room(total.whole, total.used + given), f"{what} is at its {word}")
