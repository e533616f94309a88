"""Hold what PVs and classes bear against what they may bear, before and after volumes are moved. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from vmstore.model import Inventory, PhysicalVolume
from vmstore.policies import fitting
from vmstore.policies.placement import Rules, open_to_new
from vmstore.policies.thresholds import Levels


@dataclass(frozen=True, slots=True)
class Policy:
    """What shall hold: the ``rules`` of placement, the most bytes that PVs, by UUID, may bear, and limits of classes.

    A PV or class that is not named may be full. ``order`` are the preferred classes; ``fixed`` says of volumes that
    must stay where they are why.
    """

    rules: Rules = field(default_factory=Rules)
    pvs: Mapping[str, int] = field(default_factory=dict)
    classes: Mapping[str, Levels] = field(default_factory=dict)
    order: Sequence[str] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)


class Limit(StrEnum):
    """What may be out of policy. They are seen to in this order, since apart and PVs also take from their class."""

    APART = "apart"
    PV = "pv"
    CLASS = "class"
    RESERVE = "reserve"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that is out of policy: a PV by UUID, or a class; for APART also the number of the group."""

    kind: Limit
    name: str
    group: int = 0

    @property
    def of_class(self) -> bool:
        """Tell whether it is a class that is out of policy, and no PV."""
        return self.kind in (Limit.CLASS, Limit.RESERVE)


@dataclass(frozen=True, slots=True)
class Move:
    """A volume, all of which that lies on one PV goes to another, both by UUID; ``size`` is in bytes."""

    vm: str
    source: str
    target: str
    size: int


class Burden:
    """What each PV bears, as moves change it. What is being moved by somebody, or is LVM's own, is never moved."""

    def __init__(self, world: Inventory, policy: Policy) -> None:
        self.policy = policy
        self.pvs: dict[str, PhysicalVolume] = {pv.uuid: pv for pv in world.pvs}
        self.open = {pv.uuid for pv in open_to_new(world)}
        self.used = {pv.uuid: pv.allocated for pv in world.pvs}
        self.of = {pv.uuid: pv.storage_class for pv in world.pvs}
        # Of what is being moved, LVM's mirror bears a part, and on both sides.
        mirrors = {lv.name: lv for lv in world.lvs if lv.private}
        self.on: dict[str, dict[str, int]] = {}
        self.movable: set[str] = set()
        self.striped = {lv.name for lv in world.lvs if lv.layout != ("linear",)}
        self.coarser = {lv.name: found for lv in world.lvs if (found := fitting.coarser(world, lv))}
        for lv in world.lvs:
            if lv.private:
                continue
            parts = self.on.setdefault(lv.name, {})
            mirrored = (run for name in lv.moving_in if name in mirrors for run in mirrors[name].extents)
            for run in (*lv.extents, *mirrored):
                parts[run.pv] = parts.get(run.pv, 0) + run.count * world.vg.extent
            if not lv.moving and lv.name not in policy.fixed:
                self.movable.add(lv.name)
        self._shared: dict[str, int] = {}
        self._spare: dict[str, int] = {}
        for pv in world.pvs:
            name = pv.storage_class
            self._shared[name] = self._shared.get(name, 0) + pv.allocated
            self._spare[name] = self._spare.get(name, 0) + (pv.free if pv.uuid in self.open else 0)
        self._groups: dict[str, list[int]] = {}
        for group, vms in enumerate(policy.rules.apart):
            for vm in set(vms):
                self._groups.setdefault(vm, []).append(group)
        # A VG of thousands of volumes is not gone through for each question about one PV.
        self.here: dict[str, set[str]] = {pv.uuid: set() for pv in world.pvs}
        for vm, parts in self.on.items():
            for pv_uuid in parts:
                self.here.setdefault(pv_uuid, set()).add(vm)

    def left(self, pv: str) -> int:
        """Give the bytes that a PV has room for within its limit; less than 0 where it bears too much."""
        size = self.pvs[pv].size
        return min(size, self.policy.pvs.get(pv, size)) - self.used[pv]

    def gives(self, pv: str) -> bool:
        """Tell whether volumes may be moved off a PV: it is there, and no other job works on it."""
        return pv in self.pvs and not (self.pvs[pv].missing or self.pvs[pv].leases)

    def most(self, kind: Limit, name: str) -> int | None:
        """Give the most bytes that a PV or a class may bear, None without a limit; a reserve is one of its class."""
        if kind is Limit.PV:
            return self.policy.pvs.get(name)
        limits = [most for most in (self._block(name),) if most is not None]
        if kept := self._reserve(name):
            limits.append(self._whole(name) - kept)
        return max(0, min(limits)) if limits else None

    def bears(self, kind: Limit, name: str) -> int:
        """Give the bytes that a PV or a class bears."""
        return self.used[name] if kind is Limit.PV else self._shared.get(name, 0)

    def excess(self, need: Need) -> int:
        """Give the bytes by which something is beyond its limit; 0 or less where it is not."""
        if need.kind is Limit.PV:
            return self.used[need.name] - self.policy.pvs.get(need.name, self.used[need.name])
        if need.kind is Limit.CLASS:
            most = self._block(need.name)
            return 0 if most is None else self._shared.get(need.name, 0) - most
        if need.kind is Limit.RESERVE:
            return self._reserve(need.name) - self._spare.get(need.name, 0)
        return 0

    def _whole(self, name: str, less: int = 0) -> int:
        """Give what counts of a class: it gets less by what leaves a PV that takes nothing new."""
        return self._shared.get(name, 0) + self._spare.get(name, 0) - less

    def _block(self, name: str, less: int = 0) -> int | None:
        levels = self.policy.classes.get(name)
        return levels.block.full(self._whole(name, less)) if levels and levels.block else None

    def _reserve(self, name: str, less: int = 0) -> int:
        levels = self.policy.classes.get(name)
        part = levels.reserve.part(self._whole(name, less)) if levels and levels.reserve else 0
        return max(part, self.policy.rules.reserve.get(name, 0))

    def over(self, name: str) -> bool:
        """Tell whether a class has too much, so that volumes may leave it."""
        return any(self.excess(Need(kind, name)) > 0 for kind in (Limit.CLASS, Limit.RESERVE))

    def together(self, pv: str, group: int) -> list[str]:
        """List the VMs of a group that shall lie apart and lie on one PV."""
        return sorted(set(self.policy.rules.apart[group]) & self.here[pv])

    def needs(self, of: Move | None = None) -> list[Need]:
        """List what is out of policy, in the order in which it is seen to; only what a move ``of`` a volume touches."""
        found: list[Need] = []
        groups: Iterable[int] = range(len(self.policy.rules.apart))
        pvs, classes = set(self.pvs), set(self._shared)
        if of:
            pvs, groups = {of.source, of.target}, self._groups.get(of.vm, ())
            classes = {self.of[pv] for pv in pvs}
        seen = sorted(pv for pv in pvs if self.gives(pv))
        for group in groups:
            on = Counter(pv for vm in set(self.policy.rules.apart[group]) for pv in self.on.get(vm, ()))
            found += [Need(Limit.APART, pv, group) for pv in seen if on[pv] > 1]
        found += [need for pv in seen if self.excess(need := Need(Limit.PV, pv)) > 0]
        for kind in (Limit.CLASS, Limit.RESERVE):
            found += [need for name in sorted(classes) if self.excess(need := Need(kind, name)) > 0]
        return found

    def fits(self, move: Move) -> bool:
        """Tell whether a move keeps to all limits, and leaves nothing worse than it was."""
        vm, target, size = move.vm, move.target, move.size
        if target not in self.open or target == move.source or self.on.get(vm, {}).get(move.source) != size:
            return False
        if size > self.left(target):
            return False
        if not self._keeps(move):
            return False
        if (vm in self.striped and target in self.on[vm]) or target in self.coarser.get(vm, ()):
            return False
        others = (other for group in self._groups.get(vm, ()) for other in self.policy.rules.apart[group])
        return not any(target in self.on.get(other, {}) for other in others if other != vm)

    def _keeps(self, move: Move) -> bool:
        """Tell whether the class that a move goes to is within its limits with it, as far as it changes there."""
        name, size = self.of[move.target], move.size
        away = self.of[move.source] != name
        if not away and move.source in self.open:
            return True
        # Within the class, off a PV that takes nothing new: it takes from what is free, and what it leaves is lost.
        more, less = (size, 0) if away else (0, size)
        block = self._block(name, less)
        if block is not None and self._shared[name] + more > block:
            return False
        kept = self._reserve(name, less)
        return not kept or self._spare[name] - size >= kept

    def shift(self, move: Move) -> None:
        """Take note that a volume is moved."""
        parts = self.on[move.vm]
        parts[move.target] = parts.get(move.target, 0) + parts.pop(move.source)
        self.here[move.source].discard(move.vm)
        self.here[move.target].add(move.vm)
        self._count(move, move.size)

    def back(self, move: Move) -> None:
        """Take the move back that was the last one."""
        parts = self.on[move.vm]
        parts[move.source] = move.size
        parts[move.target] -= move.size
        self.here[move.source].add(move.vm)
        if not parts[move.target]:
            del parts[move.target]
            self.here[move.target].discard(move.vm)
        self._count(move, -move.size)

    def _count(self, move: Move, size: int) -> None:
        for pv, more in ((move.source, -size), (move.target, size)):
            self.used[pv] += more
            self._shared[self.of[pv]] += more
            if pv in self.open:
                self._spare[self.of[pv]] -= more
