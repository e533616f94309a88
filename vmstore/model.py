"""Describe what exists: VG, PVs, LVs, where extents lie, and who holds and mounts what. All sizes are bytes.

These are msgspec structs and not dataclasses, because a VG of 5,000 volumes makes 10,000 of them for each command.
"""

from collections.abc import Mapping

import msgspec

from vmstore import sizes
from vmstore.services import Cluster, Service

CLASS_TAG = "vmstore.class="
LEASE_TAG = "vmstore.evacuate="
# A PV that only some volumes leave, and whether it takes new extents again afterwards: in one tag, so that no moment
# is without either.
RELIEF_TAG = "vmstore.relieve="
RELIEF_CORDONED_TAG = "vmstore.relieve-cordoned="
JOB_TAGS = (LEASE_TAG, RELIEF_TAG, RELIEF_CORDONED_TAG)
FREEZE_TAG = "vmstore.freeze="
SUSPEND_TAG = "vmstore.suspend="
LEG_TAG = "vmstore.leg="


class BlockDevice(msgspec.Struct, frozen=True):
    """A disk as a node sees it.

    ``transport`` is iscsi, fc, sas, nvme, virtio, … or "unknown"; ``paths`` counts the ways to it (1 without
    multipath) and ``paths_up`` those that are running; ``wwid`` is empty for a disk that has none. ``sector`` are the
    bytes of the smallest read or write that it takes, 0 where that is not known.
    """

    name: str
    links: frozenset[str]
    transport: str
    wwid: str
    size: int
    paths: int
    paths_up: int
    uses: tuple[str, ...] = ()
    sector: int = 0

    def is_called(self, text: str) -> bool:
        """Tell whether an admin may mean this disk by that text."""
        return text in (self.name, self.name.rpartition("/")[2], self.wwid) or text in self.links


class Allocation(msgspec.Struct, frozen=True):
    """A run of extents of an LV on a PV, counted in extents."""

    pv: str
    start: int
    count: int
    lv: str


class PhysicalVolume(msgspec.Struct, frozen=True):
    """A PV of the VG; ``name`` is its device on the node that reported it, ``start`` where its first extent begins."""

    uuid: str
    name: str
    size: int
    free: int
    allocatable: bool
    missing: bool
    tags: frozenset[str]
    device: BlockDevice | None = None
    start: int = 0

    @property
    def anywhere(self) -> str:
        """Name it as every node knows it: by its WWID, or by its UUID where the LUN has none or is not seen."""
        return (self.device.wwid if self.device else "") or self.uuid

    @property
    def cordoned(self) -> bool:
        """Tell whether new extents are kept off (``pvchange -x n``)."""
        return not self.allocatable

    @property
    def transport(self) -> str:
        """Name what the LUN is reached by."""
        return self.device.transport if self.device else "unknown"

    @property
    def sector(self) -> int:
        """Give the bytes of the LUN's sectors, 0 where they are not known."""
        return self.device.sector if self.device else 0

    @property
    def storage_class(self) -> str:
        """Name the class that was recorded for the PV, or its transport where none was."""
        return next((t.removeprefix(CLASS_TAG) for t in sorted(self.tags) if t.startswith(CLASS_TAG)), self.transport)

    @property
    def leases(self) -> tuple[str, ...]:
        """List the jobs that say they move volumes off this PV; more than one only while they sort it out."""
        return tuple(sorted(t for t in self.tags if t.startswith(JOB_TAGS)))

    @property
    def relieved(self) -> bool:
        """Tell whether the job there is to move only some volumes off it."""
        return any(not tag.startswith(LEASE_TAG) for tag in self.leases)

    @property
    def freezes(self) -> tuple[str, ...]:
        """List the notes that vmstore froze the service of a VM whose volume lies here."""
        return tuple(sorted(t for t in self.tags if t.startswith(FREEZE_TAG)))

    @property
    def legs(self) -> tuple[str, ...]:
        """List the notes that vmstore moves volumes off by adding a leg elsewhere, which it drops here."""
        return tuple(sorted(t for t in self.tags if t.startswith(LEG_TAG)))

    @property
    def suspends(self) -> tuple[str, ...]:
        """List the notes that vmstore suspended a VM whose volume lies here, or lay."""
        return tuple(sorted(t for t in self.tags if t.startswith(SUSPEND_TAG)))

    @property
    def allocated(self) -> int:
        """Give the bytes that LVs occupy here."""
        return self.size - self.free


class LogicalVolume(msgspec.Struct, frozen=True):
    """An LV; ``layout`` and ``role`` are LVM's own words (lvs -o lv_layout,lv_role).

    ``moving_in`` are LVM's own mirrors that move it, ``leaving`` is the PV, by UUID, off which vmstore moves it by
    another leg. The ``extents`` of an LV with legs are those of all its legs. ``stripes`` says of a striped LV over how
    many of them each of its segments goes, and how many bytes lie on one before the next (0: it is linear).
    """

    name: str
    uuid: str
    size: int
    layout: tuple[str, ...]
    role: tuple[str, ...]
    extents: tuple[Allocation, ...]
    move_source: str = ""
    moving_in: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    leaving: str = ""
    stripes: tuple[tuple[int, int], ...] = ()

    @property
    def moving(self) -> bool:
        """Tell whether it is on its way from one PV to another."""
        return bool(self.moving_in or self.leaving)

    @property
    def private(self) -> bool:
        """Tell whether LVM hides it, as it does with its own pvmove0 or lvmlock."""
        return "private" in self.role

    def on(self, pv: str) -> int:
        """Count the extents on a PV, given by its UUID."""
        return sum(run.count for run in self.extents if run.pv == pv)


class VolumeGroup(msgspec.Struct, frozen=True):
    """The VG; ``lock_type`` is "" (none), dlm, sanlock, idm or clvm.

    ``metadata_size`` is what its metadata may grow to, ``lock_size`` that of the LV in which sanlock keeps its leases
    and ``lock_used`` what they take there; 0 where that is not known or there is none.
    """

    name: str
    uuid: str
    seqno: int
    extent: int
    size: int
    free: int
    lock_type: str
    metadata_free: int
    metadata_size: int = 0
    lock_size: int = 0
    lock_used: int = 0

    @property
    def shared(self) -> bool:
        """Tell whether cluster locks decide who may activate."""
        return bool(self.lock_type)

    @property
    def lockd(self) -> bool:
        """Tell whether those are lvmlockd's, with a lock space of the VG on each node."""
        return self.lock_type in ("dlm", "sanlock", "idm")


class Mount(msgspec.Struct, frozen=True):
    """A mounted file system; ``size`` and ``used`` are None where the node did not answer in time."""

    target: str
    fstype: str
    size: int | None = None
    used: int | None = None

    @property
    def used_percent(self) -> int | None:
        """Give how full it is, in whole per cent; None where that is not known."""
        return None if self.size is None or self.used is None else sizes.percent(self.used, self.size)


class Activation(msgspec.Struct, frozen=True):
    """An LV that is active on a node; ``opens`` counts who has the device open, mounts included."""

    node: str
    opens: int
    suspended: bool
    mounts: tuple[Mount, ...] = ()


class NodeFacts(msgspec.Struct, frozen=True):
    """What one node said of itself.

    ``active`` is keyed by dm UUID (``LVM-`` + VG UUID + LV UUID), ``devices`` by PV UUID, ``marks`` are the
    names of LVs that vmstore activated there only to work on them.
    """

    name: str
    active: Mapping[str, Activation] = msgspec.field(default_factory=dict)
    blocks: tuple[BlockDevice, ...] = ()
    devices: Mapping[str, str] = msgspec.field(default_factory=dict)
    marks: frozenset[str] = frozenset()
    daemons: frozenset[str] = frozenset()
    lockspaces: frozenset[str] = frozenset()


class Inventory(msgspec.Struct, frozen=True):
    """The world as it was read for one command.

    ``reporter`` is the node whose LVM told of the VG. ``silent`` says of each node that gave no answer why;
    ``absent`` names the nodes that the admin said are off. ``cluster`` is what the cluster manager said, None where
    there is none. ``blind`` says of nodes whose LVM was asked first and cannot read the VG why; where no node's can,
    there are no PVs and LVs.
    """

    vg: VolumeGroup
    pvs: tuple[PhysicalVolume, ...]
    lvs: tuple[LogicalVolume, ...]
    nodes: Mapping[str, NodeFacts]
    reporter: str
    silent: Mapping[str, str] = msgspec.field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    cluster: Cluster | None = None
    blind: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def unread(self) -> bool:
        """Tell whether no node's LVM can read the VG."""
        return self.reporter in self.blind

    def service(self, vm: str) -> Service | None:
        """Find the service of a VM; None without a cluster manager, or where it has none for that VM."""
        return self.cluster.services.get(vm) if self.cluster else None

    def lv(self, name: str) -> LogicalVolume | None:
        """Find an LV by name."""
        return next((lv for lv in self.lvs if lv.name == name), None)

    def pv(self, uuid: str) -> PhysicalVolume | None:
        """Find a PV by UUID."""
        return next((pv for pv in self.pvs if pv.uuid == uuid), None)

    def mirrors(self, pv: str) -> dict[str, LogicalVolume]:
        """Find LVM's own mirrors that move volumes off a PV, by UUID, or onto it."""
        return {lv.name: lv for lv in self.lvs if lv.private and "pvmove" in lv.role and lv.on(pv)}

    def activations(self, lv: LogicalVolume) -> tuple[Activation, ...]:
        """List where an LV is active, among the nodes that answered."""
        holding = [facts.active for facts in self.nodes.values() if facts.active]
        if not holding:
            return ()
        key = dm_uuid(self.vg.uuid, lv.uuid)
        return tuple(active[key] for active in holding if key in active)

    def unsure(self) -> dict[str, str]:
        """Name the nodes that might hold anything, as far as anyone knows, each with the reason, in order."""
        return {node: why for node, why in sorted(self.silent.items()) if node not in self.absent}

    def doubts(self) -> str:
        """Say of those nodes why it is not known."""
        return "; ".join(f"{node} {why}" for node, why in self.unsure().items())

    def unheard(self) -> list[str]:
        """Say of each of those nodes that nobody knows what it holds."""
        return [unheard(node, why) for node, why in self.unsure().items()]


def unheard(node: str, why: str) -> str:
    """Say that nobody knows what a node holds, and why."""
    return f"{node} {why}: what it holds is not known"


def dm_uuid(vg_uuid: str, lv_uuid: str) -> str:
    """Give the device-mapper UUID of an LV (lvm2 lib/activate/dev_manager.c: build_dm_uuid)."""
    return "LVM-" + vg_uuid.replace("-", "") + lv_uuid.replace("-", "")
