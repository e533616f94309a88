"""Say how full the VG, its classes, PVs, VMs, metadata and LV for locks are, and what more there is room for. Pure."""

from collections.abc import Iterable, Sequence

from vmstore import names, sizes
from vmstore.model import Inventory, PhysicalVolume
from vmstore.policies import class_room, placement
from vmstore.policies.thresholds import Kind, Rules
from vmstore.report import pvs, volumes
from vmstore.report.capacity import Fit, Subject

_NOWHERE = "[unknown]"


def subjects(world: Inventory, rules: Rules) -> list[Subject]:
    """List everything that fills up, without its growth."""
    of_pvs = _pvs(world, rules)
    classes = sorted({pv.classes[0] for pv in of_pvs})
    of_classes = [_sum(Kind.CLASS, name, [pv for pv in of_pvs if pv.classes[0] == name], rules) for name in classes]
    whole = _sum(Kind.VG, world.vg.name, of_pvs, rules)
    return [whole, *of_classes, *of_pvs, *_inner(world), *_vms(world, rules)]


def fits(world: Inventory, rules: placement.Rules, wanted: Iterable[int]) -> tuple[Fit, ...]:
    """Count the VMs of each size that ``create`` would still place, in each class and in all of them."""
    rooms: dict[str, placement.Room] = {}
    for name in sorted({pv.storage_class for pv in world.pvs}):
        there = [pv for pv in placement.open_to_new(world) if pv.storage_class == name]
        rooms[name] = rules.room(world, there)
    found = []
    for size in wanted:
        # A volume may span PVs, but no classes.
        whole = sizes.round_up(size, world.vg.extent)
        counts = {name: room.times(whole, spread=rules.spread) for name, room in rooms.items()}
        found += [Fit(size, name, count) for name, count in {"": sum(counts.values()), **counts}.items()]
    return tuple(found)


def _pvs(world: Inventory, rules: Rules) -> list[Subject]:
    taken: dict[str, list[tuple[int, int]]] = {}
    for lv in world.lvs:
        for run in lv.extents:
            taken.setdefault(run.pv, []).append((run.start, run.count))
    return [
        Subject(
            Kind.PV,
            # LVM calls all that it does not find the same.
            pv.uuid if pv.name == _NOWHERE else pv.name,
            pv.size,
            pv.allocated,
            pv.free,
            largest=_largest(pv, taken.get(pv.uuid, []), world.vg.extent),
            reserve=_reserve(rules, Kind.PV, pv.name, pv.size),
            classes=(pv.storage_class,),
            pvs=(pv.name,),
            state=pvs.state(pv),
            closed=pv.size - class_room.usable([pv]).whole,
            id=pv.uuid,
        )
        for pv in sorted(world.pvs, key=lambda pv: (pv.storage_class, pv.name))
    ]


def _largest(pv: PhysicalVolume, taken: Iterable[tuple[int, int]], extent: int) -> int:
    """Find the longest run of free extents, in bytes."""
    longest = at = 0
    for start, count in [*sorted(taken), (pv.size // extent, 0)]:
        longest = max(longest, start - at)
        at = max(at, start + count)
    return longest * extent


def _sum(kind: Kind, name: str, of: Sequence[Subject], rules: Rules) -> Subject:
    size = sum(pv.size for pv in of)
    return Subject(
        kind,
        name,
        size,
        sum(pv.allocated for pv in of),
        sum(pv.free for pv in of),
        # Room that takes nothing new is of no use to anybody.
        largest=max((pv.largest for pv in of if not pv.closed), default=0),
        reserve=_reserve(rules, kind, name, size),
        classes=tuple(sorted({pv.classes[0] for pv in of})),
        pvs=tuple(pv.name for pv in of),
        closed=sum(pv.closed for pv in of),
    )


def _inner(world: Inventory) -> list[Subject]:
    vg = world.vg
    found = []
    if vg.metadata_size:
        used = max(0, vg.metadata_size - vg.metadata_free)
        found.append(Subject(Kind.METADATA, vg.name, vg.metadata_size, used, vg.metadata_free))
    if vg.lock_size:
        left = max(0, vg.lock_size - vg.lock_used)
        found.append(Subject(Kind.LOCK, vg.name, vg.lock_size, vg.lock_size - left, left))
    return found


def _vms(world: Inventory, rules: Rules) -> list[Subject]:
    return [
        Subject(
            Kind.VM,
            row["name"],
            row["size"],
            row["size"],
            0,
            used=row["filesystem_used"],
            filesystem=row["filesystem_size"],
            reserve=_reserve(rules, Kind.VM, row["name"], row["filesystem_size"] or 0),
            classes=tuple(row["classes"]),
            pvs=tuple(row["pvs"]),
            node=None if row["held_by"] == volumes.UNKNOWN else row["held_by"],
            state=row["note"],
        )
        for row in volumes.rows(world)
        # What other LVs take is allocated all the same.
        if names.of_vm(row["name"])
    ]


def _reserve(rules: Rules, kind: Kind, name: str, whole: int) -> int:
    kept = rules.levels(kind, name).reserve
    return kept.part(whole) if kept else 0
