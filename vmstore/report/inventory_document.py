"""Write how the storage is laid out as JSON; its schema is made of the types here (documents.py). Pure.

There is no data in it, and nothing that opens a door: names, sizes, WWIDs, and where extents lie. Sizes are integer
bytes, runs count extents. A field is only ever added; what changes its meaning changes ``schema``.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Literal

import msgspec

from vmstore.model import Allocation, Inventory, LogicalVolume, PhysicalVolume
from vmstore.moments import show as when
from vmstore.report.json_types import SCHEMA, Count, Size, Some, Time
from vmstore.services import NONE, State


class GroupRow(msgspec.Struct, frozen=True):
    """The VG; ``lock_type`` is "" where no cluster locks guard it, ``metadata_size`` 0 where it is not known."""

    name: str
    extent: Some
    lock_type: str
    metadata_size: Size


class NodeRow(msgspec.Struct, frozen=True):
    """A node; what one that did not answer holds is not known."""

    name: str
    answered: bool


class PvRow(msgspec.Struct, frozen=True):
    """A PV; ``wwid`` is its UUID where its disk has none of its own, ``start`` where its first extent begins."""

    wwid: str
    transport: str
    paths: Count
    storage_class: str = msgspec.field(name="class")
    size: Size
    start: Size
    cordoned: bool
    missing: bool


class RunRow(msgspec.Struct, frozen=True):
    """Extents beside each other on a PV, which is named by its ``wwid`` in ``pvs``."""

    pv: str
    start: Count
    count: Some


class SegmentRow(msgspec.Struct, frozen=True):
    """A part of a volume: one run, or several in stripes of so many bytes."""

    stripe_size: Size
    runs: tuple[RunRow, ...]


class MountRow(msgspec.Struct, frozen=True):
    """Where a volume is mounted; null where the node did not say how full it is."""

    node: str
    directory: str
    filesystem: str
    size: Size | None
    used: Size | None


class VolumeRow(msgspec.Struct, frozen=True):
    """An LV that takes room, those that LVM hides as well; ``layout`` and ``role`` are LVM's own words."""

    name: str
    layout: tuple[str, ...]
    role: tuple[str, ...]
    segments: tuple[SegmentRow, ...]
    held_by: tuple[str, ...]
    mount: MountRow | None


class ServiceRow(msgspec.Struct, frozen=True):
    """The service of a VM."""

    vm: str
    state: State
    node: str | None


class Document(msgspec.Struct, frozen=True):
    """The layout of a storage of vmstore."""

    schema: Literal[1]
    kind: Literal["inventory"]
    time: Time
    vg: GroupRow
    manager: str
    nodes: tuple[NodeRow, ...]
    pvs: tuple[PvRow, ...]
    volumes: tuple[VolumeRow, ...]
    services: tuple[ServiceRow, ...]


def form(world: Inventory, now: float) -> str:
    """Write the layout."""
    return msgspec.json.format(msgspec.json.encode(document(world, now)), indent=2).decode() + "\n"


def document(world: Inventory, now: float) -> Document:
    """Give the layout as it is written."""
    vg = world.vg
    wwids = _wwids(world)
    cluster = world.cluster
    services = sorted(cluster.services.values(), key=lambda service: service.vm) if cluster else []
    return Document(
        SCHEMA,
        "inventory",
        when(now),
        GroupRow(vg.name, vg.extent, vg.lock_type, vg.metadata_size),
        cluster.manager if cluster else NONE,
        tuple(NodeRow(name, name in world.nodes) for name in sorted({*world.nodes, *world.silent, *world.absent})),
        tuple(_pv(pv, wwids[pv.uuid]) for pv in world.pvs),
        tuple(_volumes(world, wwids)),
        tuple(ServiceRow(each.vm, each.state, each.owner or None) for each in services),
    )


def _wwids(world: Inventory) -> dict[str, str]:
    """Name each PV by its LUN's WWID, as long as no other bears it, as two partitions of a disk do."""
    own = {pv.uuid: pv.device.wwid if pv.device else "" for pv in world.pvs}
    borne = Counter(own.values())
    return {uuid: wwid if wwid and borne[wwid] == 1 else uuid for uuid, wwid in own.items()}


def _pv(pv: PhysicalVolume, wwid: str) -> PvRow:
    paths = pv.device.paths if pv.device else 0
    return PvRow(
        wwid=wwid, transport=pv.transport, paths=paths, storage_class=pv.storage_class, size=pv.size, start=pv.start,
        cordoned=pv.cordoned, missing=pv.missing,
    )  # fmt: skip


def _volumes(world: Inventory, wwids: dict[str, str]) -> Iterator[VolumeRow]:
    """Describe what takes room. Extents that LVM lists for a volume and for a hidden part of it are the volume's."""
    taken: set[tuple[str, int]] = set()
    for lv in sorted(world.lvs, key=lambda lv: (lv.private, lv.name)):
        own = {(run.pv, run.start) for run in lv.extents}
        if own and not own & taken:
            taken |= own
            yield _volume(world, lv, wwids)


def _volume(world: Inventory, lv: LogicalVolume, wwids: dict[str, str]) -> VolumeRow:
    active = world.activations(lv)
    mounts = (
        MountRow(each.node, mount.target, mount.fstype, mount.size, mount.used)
        for each in active
        for mount in each.mounts
    )
    segments = (
        SegmentRow(stripe, tuple(RunRow(wwids[run.pv], run.start, run.count) for run in runs))
        for stripe, runs in _segments(lv)
    )
    held_by = tuple(each.node for each in active)
    return VolumeRow(lv.name, lv.layout, lv.role, tuple(segments), held_by, next(mounts, None))


def _segments(lv: LogicalVolume) -> Iterator[tuple[int, tuple[Allocation, ...]]]:
    stripes = lv.stripes
    if sum(count for count, _ in stripes) != len(lv.extents):
        # Of an LV with legs LVM tells how these are striped, and not how their extents are.
        stripes = ((1, 0),) * len(lv.extents)
    at = 0
    for count, size in stripes:
        yield size, lv.extents[at : at + count]
        at += count
