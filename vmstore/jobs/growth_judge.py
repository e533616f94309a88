"""Judge volumes by the policy of growth: which are over their limit, what shall be done, and what forbids it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from vmstore.errors import ToolFailed, VmstoreError
from vmstore.jobs import grow, where
from vmstore.jobs.grow import Request
from vmstore.jobs.growth_record import Record, volumes
from vmstore.jobs.step import Step, Work
from vmstore.model import Inventory, LogicalVolume, Mount
from vmstore.policies import class_room, growth
from vmstore.policies.growth import Rule
from vmstore.policies.placement import Rules as Placement
from vmstore.policies.thresholds import Rules as Thresholds
from vmstore.sizes import Growth
from vmstore.tools.nodes import Unreachable


class State(StrEnum):
    """What the policy makes of a volume.

    ``finish``: its file system did not follow when it grew; ``stuck``: it is over its limit and cannot be grown.
    """

    OFF = "off"
    FINE = "fine"
    UNKNOWN = "unknown"
    GROW = "grow"
    FINISH = "finish"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What shall be done with a volume: to have ``target`` bytes, by ``steps``.

    ``over`` says over which limit it is, ``why`` what makes it less than a step, or nothing at all; ``error`` is what
    failed while that was found out.
    """

    vm: str
    state: State
    size: int
    mount: Mount | None = None
    over: str = ""
    target: int = 0
    why: str = ""
    steps: Sequence[Step] = ()
    error: VmstoreError | None = None

    @property
    def acts(self) -> bool:
        """Tell whether there is something to be done."""
        return self.state in (State.GROW, State.FINISH)

    @property
    def share(self) -> float:
        """Give how full the file system is."""
        return (self.mount.used or 0) / self.mount.size if self.mount and self.mount.size else 0.0

    def but(self, state: State, why: str) -> "Verdict":
        """Give another verdict on the same volume, with nothing to be done."""
        return replace(self, state=state, target=self.size, why=why, steps=())


def stuck(verdicts: Iterable[Verdict]) -> bool:
    """Tell whether a file system stays over its limit until somebody makes room or sets other limits."""
    return any(verdict.state is State.STUCK for verdict in verdicts)


@dataclass(frozen=True, slots=True)
class Policies:
    """The rules that growth keeps to."""

    growth: growth.Rules
    thresholds: Thresholds
    placement: Placement

    def limits(self, world: Inventory) -> Placement:
        """Give what new extents keep to: also the thresholds of PVs, where there are some."""
        return class_room.limited(world, self.thresholds, self.placement)

    def wish(self, world: Inventory, vm: str, size: int) -> Request:
        """Ask for a size in all, so that asking twice makes nothing more of it."""
        return Request(vm, Growth(size, relative=False), self.limits(world))


@dataclass(frozen=True, slots=True)
class Judge:
    """Decide, with what nodes tell of file systems; nothing is changed."""

    work: Work
    policies: Policies
    record: Record

    def all(self, world: Inventory) -> list[Verdict]:
        """Judge every volume; those over their limit come last, the fullest of them first.

        What is to be given to one is not there any more for the next.
        """
        classes_of = classes(world)
        firsts = [self._at_first(world, lv, classes_of(lv)) for lv in volumes(world)]
        found = [verdict for verdict in firsts if not verdict.over]
        promised: dict[str, int] = {}
        for first in sorted((each for each in firsts if each.over), key=lambda each: (-each.share, each.vm)):
            verdict = self.one(world, first.vm, promised)
            for name in classes_of(where.volume(world, first.vm)):
                promised[name] = promised.get(name, 0) + verdict.target - verdict.size
            found.append(verdict)
        return found

    def one(self, world: Inventory, vm: str, promised: Mapping[str, int]) -> Verdict:
        """Judge one volume; ``promised`` are bytes of classes that others shall have. Raises NotFound, Refused."""
        lv = where.volume(world, vm)
        on = classes(world)(lv)
        first = self._at_first(world, lv, on)
        rule = self.policies.growth.rule(vm, on)
        if not first.over or rule is None:
            return first
        try:
            limits = self.policies.limits(world)
            room = class_room.room(world, on, self.policies.thresholds, limits, promised)
            if not limits.spread:
                room = min(room, class_room.beside(world, lv, limits), key=lambda bound: bound.size)
            return self._over(world, lv, first, rule, room)
        except VmstoreError as error:
            failed = error if isinstance(error, ToolFailed | Unreachable) else None
            return replace(first.but(State.STUCK, f"{error.what} ({error.why})"), error=failed)

    def _at_first(self, world: Inventory, lv: LogicalVolume, on: Collection[str]) -> Verdict:
        """Judge by its rule and its use alone; ``on`` are the classes it lies on."""
        rule = self.policies.growth.rule(lv.name, on)
        first = Verdict(lv.name, State.OFF, lv.size, target=lv.size)
        if rule is None:
            rules = f"it lies on {' and '.join(sorted(on))}, whose rules differ: set [growth.vms.{lv.name}]"
            return first.but(State.UNKNOWN, rules)
        if not rule.grow:
            return first
        mount = next((mount for active in world.activations(lv) for mount in active.mounts), None)
        first = replace(first, mount=mount)
        if mount is None or not mount.size or mount.used is None:
            return first.but(State.UNKNOWN, _unknown(world, lv))
        over = growth.over(rule, mount.size, mount.used)
        return replace(first, state=State.STUCK if over else State.FINE, over=over)

    def _over(self, world: Inventory, lv: LogicalVolume, first: Verdict, rule: Rule, room: growth.Bound) -> Verdict:
        """Find out what it takes to grow it. Raises VmstoreError where something forbids it."""
        block = grow.superblock(self.work, world, lv)
        steps, _ = grow.planned(self.work, world, self.policies.wish(world, lv.name, lv.size), block)
        if grow.changes(steps):
            why = "its file system did not follow when its volume grew"
            return replace(first, state=State.FINISH, why=why, steps=steps)
        step = growth.step(rule, lv.size, world.vg.extent, self.record.of(lv.name), room)
        if not step.size:
            return first.but(State.STUCK, step.why)
        target = lv.size + step.size
        steps, _ = grow.planned(self.work, world, self.policies.wish(world, lv.name, target), block)
        return replace(first, state=State.GROW, target=target, why=step.why, steps=steps)


def classes(world: Inventory) -> Callable[[LogicalVolume], set[str]]:
    """Give what names the classes that a volume lies on, those that it moves between included."""
    by_pv = {pv.uuid: pv.storage_class for pv in world.pvs}
    movers = {lv.name: lv for lv in world.lvs if lv.move_source}

    def of(lv: LogicalVolume) -> set[str]:
        parts = [lv, *(movers[name] for name in lv.moving_in if name in movers)]
        return {by_pv[run.pv] for part in parts for run in part.extents if run.pv in by_pv}

    return of


def _unknown(world: Inventory, lv: LogicalVolume) -> str:
    """Say why nobody knows how full it is."""
    active = world.activations(lv)
    unsure = world.doubts()
    if not active and unsure:
        return f"who holds it is not known: {unsure}"
    mounted = [each.node for each in active if each.mounts]
    if not mounted:
        return "it is mounted nowhere, so how full it is is not known"
    return f"{mounted[0]} did not tell in time how full it is"
