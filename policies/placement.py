"""Decide on which PVs new extents go."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from vmstore import sizes
from vmstore.errors import NoRoom, NotFound, Refused
from vmstore.model import Inventory, PhysicalVolume


@dataclass(frozen=True, slots=True)
class Room:
    """Free space that may be given out, PV by PV, in bytes; giving some makes a new Room."""

    free: Mapping[str, int]

    def less(self, taken: Mapping[str, int]) -> "Room":
        """Take bytes away from PVs."""
        return Room({pv: free - taken.get(pv, 0) for pv, free in self.free.items()})

    @property
    def total(self) -> int:
        """Sum up what is left."""
        return sum(self.free.values())


def open_to_new(world: Inventory) -> list[PhysicalVolume]:
    """List the PVs that take new extents: not cordoned, not being emptied, not missing."""
    return [pv for pv in world.pvs if not (pv.cordoned or pv.missing or pv.leases)]


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


def fill(room: Room, size: int, own: Collection[str] = ()) -> dict[str, int] | None:
    """Split bytes over PVs: all on the one with most room, else over as few as possible; None if there is no room.

    ``own`` are PVs that bear a part of the volume already and come first: the fewer a volume lies on, the fewer can
    take it down.
    """
    if size > room.total:
        return None
    taken: dict[str, int] = {}
    for pv, free in sorted(room.free.items(), key=lambda item: (item[0] not in own, -item[1], item[0])):
        part = min(free, size - sum(taken.values()))
        if part > 0:
            taken[pv] = part
    return taken


def choose(size: int, candidates: Iterable[Sequence[PhysicalVolume]]) -> dict[str, int]:
    """Take the first set of PVs that has room for ``size`` bytes; give bytes by PV UUID. Raises NoRoom."""
    looked = [list(pvs) for pvs in candidates]
    for pvs in looked:
        chosen = fill(Room({pv.uuid: pv.free for pv in pvs}), size)
        if chosen is not None:
            return chosen
    free: dict[str, int] = {}
    for pvs in looked:
        for name in {pv.storage_class for pv in pvs}:
            free[name] = max(free.get(name, 0), sum(pv.free for pv in pvs if pv.storage_class == name))
    told = "; ".join(f"class {name} has {sizes.show(room)} free" for name, room in sorted(free.items()))
    raise NoRoom(
        f"no room for {sizes.show(size)}",
        why=told or "no PV takes new extents",
        hint="see `vmstore pv list`; add a PV, uncordon one or take another class",
    )
