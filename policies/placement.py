"""Decide on which PVs new extents go."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vmstore import sizes
from vmstore.config import Placement
from vmstore.errors import NoRoom, NotFound, Refused
from vmstore.model import Inventory, PhysicalVolume
from vmstore.policies import fitting


@dataclass(frozen=True, slots=True)
class Room:
    """Free space that may be given out, PV by PV, in bytes; giving some makes a new Room.

    ``spare`` is what a class may give in all, for those that must keep something back; ``of`` names each PV's class.
    """

    free: Mapping[str, int]
    spare: Mapping[str, int] = field(default_factory=dict)
    of: Mapping[str, str] = field(default_factory=dict)

    def less(self, taken: Mapping[str, int]) -> "Room":
        """Take bytes away from PVs."""
        free = {pv: free - taken.get(pv, 0) for pv, free in self.free.items()}
        gone = {name: sum(part for pv, part in taken.items() if self.of.get(pv) == name) for name in self.spare}
        return Room(free, {name: spare - gone[name] for name, spare in self.spare.items()}, self.of)

    def without(self, pvs: Collection[str]) -> "Room":
        """Leave PVs out."""
        return Room({pv: free for pv, free in self.free.items() if pv not in pvs}, self.spare, self.of)

    def most(self, pv: str) -> int:
        """Tell what a PV may take."""
        return max(0, min(self.free[pv], self.spare.get(self.of.get(pv, ""), self.free[pv])))

    def times(self, size: int, *, spread: bool) -> int:
        """Tell how many volumes of a size they may take together, each ``spread`` over several of a class or whole."""
        free: dict[str, int] = {}
        for pv, left in self.free.items():
            name = self.of.get(pv, "")
            free[name] = free.get(name, 0) + (left if spread else left // size * size)
        return sum(max(0, min(left, self.spare.get(name, left))) // size for name, left in free.items())


@dataclass(frozen=True, slots=True)
class Rules:
    """What the admin wants of every placement.

    ``reserve`` is what stays free in a class, in bytes; the VMs of each group in ``apart`` share no PV; ``most`` are
    the bytes that PVs, by UUID, may bear, where that is less than all. Of the PVs that have room, the ``fullest`` or
    the emptiest comes first; where no volume may be ``spread``, none comes to lie on more PVs than one, or than before.
    """

    reserve: Mapping[str, int] = field(default_factory=dict)
    apart: Sequence[Collection[str]] = ()
    most: Mapping[str, int] = field(default_factory=dict)
    fullest: bool = False
    spread: bool = True

    @classmethod
    def of(cls, settings: Placement) -> "Rules":
        """Read the settings."""
        reserve = {name: sizes.parse(size) for name, size in settings.reserve.items()}
        return cls(reserve, settings.apart, fullest=settings.first == "fullest", spread=settings.spread)

    def room(self, world: Inventory, pvs: Iterable[PhysicalVolume], leaving: str = "") -> Room:
        """Give what PVs may take; the room on a PV that is ``leaving``, by UUID, keeps no reserve."""
        free: dict[str, int] = {}
        for pv in open_to_new(world):
            if pv.uuid != leaving:
                free[pv.storage_class] = free.get(pv.storage_class, 0) + pv.free
        extent = world.vg.extent
        spare = {name: (free.get(name, 0) - kept) // extent * extent for name, kept in self.reserve.items()}
        left = {pv.uuid: max(0, min(pv.free, self.most.get(pv.uuid, pv.size) - pv.allocated)) for pv in pvs}
        return Room(left, spare, {pv.uuid: pv.storage_class for pv in world.pvs})

    def neighbours(self, vm: str) -> set[str]:
        """Name the VMs that a VM's volume shall lie apart from."""
        return {other for group in self.apart if vm in group for other in group} - {vm}

    def barred(self, world: Inventory, vm: str) -> set[str]:
        """List the PVs, by UUID, to which a VM's volume shall not come: because of others there, or of what it is."""
        lv, others = world.lv(vm), self.neighbours(vm)
        unfit = fitting.unfit(world, lv) if lv else set()
        if not others:
            return unfit
        apart = [lv for lv in world.lvs if lv.name in others]
        # What is being moved lies on LVM's mirror, and that on both sides.
        names = {name for lv in apart for name in (lv.name, *lv.moving_in)}
        return unfit | {run.pv for lv in world.lvs if lv.name in names for run in lv.extents}


def open_to_new(world: Inventory) -> list[PhysicalVolume]:
    """List the PVs that take new extents."""
    return [pv for pv in world.pvs if takes_new(pv)]


def takes_new(pv: PhysicalVolume) -> bool:
    """Tell whether a PV takes new extents: it is not cordoned, not being emptied, not missing."""
    return not (pv.cordoned or pv.missing or pv.leases)


def by_class(world: Inventory, name: str) -> list[PhysicalVolume]:
    """List the open PVs of a class. Raises NotFound when the VG has no such class, Refused when all are cordoned."""
    known = sorted({pv.storage_class for pv in world.pvs})
    if name not in known:
        raise NotFound(
            f"there is no class {name} in {world.vg.name}",
            why=f"its PVs are of class {', '.join(known)}",
            hint="see `vmstore pv list`; `vmstore pv add --class` records a class",
        )
    found = [pv for pv in open_to_new(world) if pv.storage_class == name]
    if not found:
        raise Refused(
            f"no PV of class {name} takes new volumes",
            why="all of them are cordoned, being emptied or missing",
            hint="see `vmstore pv list`; `vmstore pv uncordon PV` opens one again",
        )
    return found


def preferred(world: Inventory, order: Sequence[str]) -> list[str]:
    """Order the classes that take new extents: the preferred ones first, the others by what they have free."""
    free: dict[str, int] = {}
    for pv in open_to_new(world):
        free[pv.storage_class] = free.get(pv.storage_class, 0) + pv.free
    rest = sorted((name for name in free if name not in order), key=lambda name: (-free[name], name))
    return [name for name in order if name in free] + rest


def fill(
    room: Room, size: int, own: Collection[str] = (), *, fullest: bool = False, more: int | None = None
) -> dict[str, int] | None:
    """Split bytes over PVs: all on one, else over as few as possible; None if there is no room.

    Of those that can take all, the one with most room is taken, or with least where the ``fullest`` comes first.
    ``own`` are PVs that bear a part of the volume already and come first: the fewer a volume lies on, the fewer can
    take it down. On so many ``more`` it may come to lie, None for as many as it takes.
    """
    taken: dict[str, int] = {}
    left = size

    def turn(pv: str) -> tuple[bool, bool, int, str]:
        most = room.most(pv)
        closely = fullest and most >= left
        return pv not in own, fullest and not closely, most if closely else -most, pv

    while left > 0:
        full = more is not None and len(taken.keys() - set(own)) >= more
        open_pvs = (pv for pv in room.free if room.most(pv) > 0 and pv not in taken and (pv in own or not full))
        pv = min(open_pvs, key=turn, default=None)
        if pv is None:
            return None
        taken[pv] = min(room.most(pv), left)
        room = room.less({pv: taken[pv]})
        left -= taken[pv]
    return taken


def choose(
    world: Inventory, vm: str, size: int, candidates: Iterable[Sequence[PhysicalVolume]], rules: Rules
) -> dict[str, int]:
    """Take the first set of PVs that has room for ``size`` bytes of a VM; give bytes by PV UUID. Raises NoRoom."""
    looked = [list(pvs) for pvs in candidates]
    own = {run.pv for lv in world.lvs if lv.name == vm for run in lv.extents}
    # Where it lies already, more of it makes nothing worse.
    barred = rules.barred(world, vm) - own
    more = None if rules.spread else 0 if own else 1
    for pvs in looked:
        room = rules.room(world, pvs).without(barred)
        chosen = fill(room, size, () if rules.spread else own, fullest=rules.fullest, more=more)
        if chosen is not None:
            return chosen
    free: dict[str, int] = {}
    for pvs in looked:
        for name in {pv.storage_class for pv in pvs}:
            free[name] = max(free.get(name, 0), sum(pv.free for pv in pvs if pv.storage_class == name))
    told = "; ".join(f"class {name} has {sizes.show(room)} free" for name, room in sorted(free.items()))
    raise NoRoom(
        f"no room for {sizes.show(size)}",
        why=(told or "no PV takes new extents") + limits(world, rules, [vm], free),
        hint="see `vmstore pv list`; add a PV, uncordon one or take another class",
    )


def limits(world: Inventory, rules: Rules, vms: Collection[str], classes: Iterable[str]) -> str:
    """Say what rules and volumes take away from the room, for an error; "" where they take nothing."""
    kept = [f"{sizes.show(rules.reserve[name])} of class {name} stay free" for name in classes if name in rules.reserve]
    names = {lv.name for lv in world.lvs}
    apart = [
        f"{vm} lies apart from {', '.join(others)}" for vm in vms if (others := sorted(rules.neighbours(vm) & names))
    ]
    whole = [] if rules.spread else ["no volume is spread over more PVs"]
    told = (*kept, *apart, *whole)
    ruled = "".join(f"; {rule}" for rule in told) + (" ([placement])" if told else "")
    return ruled + "".join(f"; {fact}" for fact in fitting.why(world, vms))
