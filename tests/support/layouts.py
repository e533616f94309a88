"""Make storages by chance, laid out in all ways that plain volumes can be, for twins to be built of them."""

from random import Random

from tests.support.worlds import EXTENT, G, M, disk
from vmstore.model import (
    Activation,
    Allocation,
    Inventory,
    LogicalVolume,
    Mount,
    NodeFacts,
    PhysicalVolume,
    VolumeGroup,
    dm_uuid,
)

NOW = 1_800_000_000
Legs = tuple[Allocation, ...]


def storage(
    chance: Random,
    *,
    volumes: int = 40,
    luns: int = 4,
    nodes: int = 3,
    longest: int = 64,
    spare: int = 1,
    mixed: bool = True,
) -> Inventory:
    """Make a storage: volumes of one to three segments of ``longest`` extents at most, held, mounted or idle.

    ``spare`` extents at least are free at the end of each PV. ``mixed``: a volume may be linear and striped in turn,
    which vmstore leaves alone.
    """
    names = [f"n{number}" for number in range(1, nodes + 1)]
    pvs = [f"pv{number}" for number in range(luns)]
    ends = dict.fromkeys(pvs, 0)
    plan = [(f"vm{number:02}", segment) for number in range(volumes) for segment in range(chance.randint(1, 3))]
    widths: dict[str, int] = {}
    placed: dict[tuple[str, int], tuple[int, Legs]] = {}
    # In any order, so that the runs of a volume lie before and behind each other.
    for name, segment in chance.sample(plan, len(plan)):
        width = 2 if luns > 1 and chance.random() < 0.2 else 1
        legs = chance.sample(pvs, width if mixed else widths.setdefault(name, width))
        placed[name, segment] = len(legs), _legs(chance, name, legs, ends, longest)
    lvs = tuple(_lv(f"vm{number:02}", placed) for number in range(volumes))
    active: dict[str, dict[str, Activation]] = {name: {} for name in names}
    for lv in lvs:
        node = chance.choice([*names, ""])
        if node:
            active[node][dm_uuid("vg", lv.uuid)] = Activation(node, 1, False, _mounts(chance, lv))
    group = VolumeGroup("vmstore", "vg", 1, EXTENT, 0, 0, "dlm" if nodes > 1 else "", 8 * M, 8910592)
    made = tuple(_pv(chance, number, pv, ends[pv] + spare) for number, pv in enumerate(pvs))
    return Inventory(group, made, lvs, {name: NodeFacts(name, active[name]) for name in names}, "n1")


def _legs(chance: Random, name: str, pvs: list[str], ends: dict[str, int], longest: int) -> Legs:
    count = chance.randint(1, longest)
    found = []
    for pv in pvs:
        start = ends[pv] + chance.choice((0, 0, chance.randint(1, longest)))
        ends[pv] = start + count
        found.append(Allocation(pv, start, count, name))
    return tuple(found)


def _lv(name: str, placed: dict[tuple[str, int], tuple[int, Legs]]) -> LogicalVolume:
    segments = [placed[name, segment] for segment in range(3) if (name, segment) in placed]
    runs = tuple(run for _, legs in segments for run in legs)
    striped = any(count > 1 for count, _ in segments)
    linear = any(count == 1 for count, _ in segments)
    return LogicalVolume(
        name, f"uuid-{name}", sum(run.count for run in runs) * EXTENT,
        (*(["linear"] if linear else []), *(["striped"] if striped else [])), ("public",), runs,
        stripes=tuple((count, 65536 if count > 1 else 0) for count, _ in segments) if striped else (),
    )  # fmt: skip


def _mounts(chance: Random, lv: LogicalVolume) -> tuple[Mount, ...]:
    if chance.random() < 0.2:
        return ()
    size = lv.size * 9 // 10
    return (Mount(f"/vm/{lv.name}", chance.choice(("ext3", "ext4")), size, int(size * chance.uniform(0.1, 0.6))),)


def _pv(chance: Random, number: int, name: str, end: int) -> PhysicalVolume:
    transport = "fc" if number % 2 else "iscsi"
    size = (end + chance.randint(0, 200)) * EXTENT
    device = disk(f"/dev/{name}", transport=transport, size=size + G, paths=1 + (number == 2))
    classes = frozenset({f"vmstore.class={chance.choice((transport, 'gold'))}"})
    return PhysicalVolume(name, device.name, size, 0, chance.random() < 0.8, False, classes, device, 17 * M)
