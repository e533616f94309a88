"""Make inventories for planners in few words, without any command."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vmstore.model import (
    Activation,
    Allocation,
    BlockDevice,
    Inventory,
    LogicalVolume,
    Mount,
    NodeFacts,
    PhysicalVolume,
    VolumeGroup,
    dm_uuid,
)

EXTENT = 4 * 2**20
M = 2**20
G = 2**30
READY = frozenset({"lvmlockd", "lvmpolld"})


@dataclass
class World:
    """A VG under the making: PVs, then volumes on them, then the inventory. Every node has every PV as /dev/NAME."""

    nodes: str = "n1 n2"
    lock: str = "dlm"
    silent: dict[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    daemons: dict[str, frozenset[str]] = field(default_factory=dict)
    lockspaces: dict[str, frozenset[str]] = field(default_factory=dict)
    blocks: dict[str, tuple[BlockDevice, ...]] = field(default_factory=dict)
    marks: dict[str, frozenset[str]] = field(default_factory=dict)
    unseen: frozenset[tuple[str, str]] = frozenset()
    seqno: int = 1
    _pvs: dict[str, PhysicalVolume] = field(default_factory=dict)
    _lvs: list[LogicalVolume] = field(default_factory=list)
    _active: dict[str, dict[str, Activation]] = field(default_factory=dict)

    def pv(
        self,
        name: str,
        size: int = 10 * G,
        cls: str = "fc",
        *,
        cordoned: bool = False,
        missing: bool = False,
        lease: str = "",
        transport: str = "fc",
        sector: int = 512,
    ) -> "World":
        """Add a PV; its UUID is its name."""
        tags = {f"vmstore.class={cls}"} if cls else set()
        if lease:
            tags.add(f"vmstore.evacuate={lease}")
        device = disk(f"/dev/{name}", transport=transport, size=size, sector=sector)
        self._pvs[name] = PhysicalVolume(
            name, f"/dev/{name}", size, size, not cordoned, missing, frozenset(tags), device
        )
        return self

    def lv(
        self,
        name: str,
        size: int,
        on: str | Sequence[str],
        *,
        active: str = "",
        mounted: bool = False,
        opens: int = 0,
        suspended: bool = False,
        layout: str = "linear",
        role: str = "public",
        moving_in: Sequence[str] = (),
        move_source: str = "",
    ) -> "World":
        """Add a volume in equal parts on PVs; ``active`` names nodes, with blanks between."""
        pvs = on.split() if isinstance(on, str) else list(on)
        runs = []
        for pv in pvs:
            there = self._pvs[pv]
            count = size // len(pvs) // EXTENT
            runs.append(Allocation(pv, (there.size - there.free) // EXTENT, count, name))
            self._pvs[pv] = _taken(there, count * EXTENT)
        lv = LogicalVolume(
            name,
            f"uuid-{name}",
            size,
            tuple(layout.split(",")),
            tuple(role.split(",")),
            tuple(runs),
            move_source,
            tuple(moving_in),
        )
        self._lvs.append(lv)
        for node in active.split():
            mounts = (Mount(f"/vm/{name}", "ext4", size, size // 2),) if mounted else ()
            activation = Activation(node, opens or int(mounted), suspended, mounts)
            self._active.setdefault(node, {})[dm_uuid("vg", lv.uuid)] = activation
        return self

    def inventory(self) -> Inventory:
        """Give the world as it was made."""
        names = [node for node in self.nodes.split() if node not in self.silent and node not in self.absent]
        facts = {
            node: NodeFacts(
                node,
                self._active.get(node, {}),
                self.blocks.get(node, tuple(pv.device for pv in self._pvs.values() if pv.device)),
                {pv: f"/dev/{pv}" for pv in self._pvs if (node, pv) not in self.unseen},
                self.marks.get(node, frozenset()),
                self.daemons.get(node, READY),
                self.lockspaces.get(node, frozenset({"vmstore"})),
            )
            for node in names
        }
        pvs = tuple(self._pvs.values())
        size, free = sum(pv.size for pv in pvs), sum(pv.free for pv in pvs)
        group = VolumeGroup("vmstore", "vg", self.seqno, EXTENT, size, free, self.lock, 8 * M)
        return Inventory(group, pvs, tuple(self._lvs), facts, names[0], self.silent, self.absent)


def disk(
    name: str,
    *,
    links: Sequence[str] = (),
    transport: str = "fc",
    wwid: str | None = None,
    size: int = 10 * G,
    paths: int = 1,
    paths_up: int = 1,
    uses: Sequence[str] = (),
    sector: int = 512,
) -> BlockDevice:
    """Make a disk; its WWID is made of its name."""
    wwid = f"wwid-{name.rpartition('/')[2]}" if wwid is None else wwid
    return BlockDevice(name, frozenset(links), transport, wwid, size, paths, paths_up, tuple(uses), sector)


def _taken(pv: PhysicalVolume, size: int) -> PhysicalVolume:
    return PhysicalVolume(pv.uuid, pv.name, pv.size, pv.free - size, pv.allocatable, pv.missing, pv.tags, pv.device)
