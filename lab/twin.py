"""Derive the emulated twin of a storage: which LUNs and nodes it has, and what of the original it cannot be. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

from lab.layout import Layout, Volume
from lab.shrink import shrink
from lab.topology import HOST_NAME, METADATA, SAN, SLOTS, Lun, Topology
from lab.topology_fields import TopologyProblem

MIB = 1 << 20
# What LVM makes of it where nobody asks for more: a MiB in front of the first extent, with the label at its beginning.
LEAST_METADATA = MIB - 4096
EXT = ("ext2", "ext3", "ext4")


@dataclass(frozen=True, slots=True)
class Twin:
    """A twin: `layout` is the original's, divided by `by`; `luns`, `nodes` and `names` go by the original's names.

    `names` are those of the volumes that only take room here; `notes` say what is not as in the original.
    """

    topology: Topology
    layout: Layout
    by: int
    luns: dict[str, Lun]
    nodes: dict[str, str]
    names: dict[str, str]
    notes: tuple[str, ...]

    def named(self, volume: Volume) -> str:
        """Name a volume in the twin."""
        return self.names.get(volume.name, volume.name)

    def holder(self, volume: Volume) -> str:
        """Name the node of the twin that holds a volume, "" for none; of several that one where it is mounted."""
        held_by = volume.mount.node if volume.mount else next(iter(volume.held_by), "")
        return "" if volume.odd else self.nodes.get(held_by, "")


def derive(name: str, original: Layout, by: int) -> Twin:
    """Derive the twin, all sizes divided by a number; raise TopologyProblem where the lab can carry none."""
    layout = shrink(original, by)
    kept = _kept(layout)
    nodes = dict(zip(kept, _names(kept), strict=True))
    bare = Topology(
        name=name, nodes=tuple(nodes.values()), node_memory=1024, san_memory=768, vg=layout.vg,
        locks="dlm" if layout.lock_type or len(nodes) > 1 else "none", luns=(),
        extent=layout.extent, metadata=_metadata(layout.metadata_size),
    )  # fmt: skip
    luns = _luns(layout, bare)
    odd = [volume.name for volume in layout.volumes if volume.odd]
    # LVM keeps many of their own names for itself.
    names = {name: f"odd{number}.{name.replace('_', '.')[:64]}" for number, name in enumerate(odd, 1)}
    twin = Twin(replace(bare, luns=tuple(luns.values())), layout, by, luns, nodes, names, ())
    return replace(twin, notes=tuple(_notes(twin)))


def _kept(layout: Layout) -> list[str]:
    """Choose the nodes that there is room for: those that hold most volumes."""
    room = (SLOTS - len(layout.pvs)) // 3
    if room < 1:
        raise TopologyProblem(f"pvs: there are {len(layout.pvs)}; the lab has room for {SLOTS - 3} beside one node")
    held = Counter(node for volume in layout.volumes for node in volume.held_by)
    most = sorted(layout.nodes, key=lambda node: -held[node])[:room]
    return [node for node in layout.nodes if node in most]


def _names(nodes: Sequence[str]) -> list[str]:
    """Give each node its own name without the domain, or else a number."""
    short = [node.partition(".")[0].lower() for node in nodes]
    free = (f"n{number}" for number in count(1) if f"n{number}" not in short)
    return [
        name if HOST_NAME.fullmatch(name) and short.count(name) == 1 and name not in (SAN, "localhost") else next(free)
        for name in short
    ]


def _metadata(size: int) -> int:
    """Give what to ask LVM for so that the VG's metadata may grow to a size; of the area it fills half."""
    return max(LEAST_METADATA, 2 * size // MIB * MIB) if size else METADATA


def _luns(layout: Layout, topology: Topology) -> dict[str, Lun]:
    numbers: Counter[str] = Counter()
    found = {}
    for pv in layout.pvs:
        transport: Literal["iscsi", "fc"] = "fc" if pv.transport == "fc" else "iscsi"
        numbers[transport] += 1
        size = topology.data_start + pv.extents * layout.extent
        # A node of the lab has one FC link.
        paths = 2 if transport == "iscsi" and pv.paths > 1 else 1
        found[pv.wwid] = Lun(f"{transport}{numbers[transport]}", transport, size, paths, in_vg=True)
    return found


def _notes(twin: Twin) -> Iterator[str]:
    layout = twin.layout
    if twin.by > 1:
        yield f"sizes are those of the original divided by {twin.by}, in whole extents of {layout.extent} bytes"
    if left := [node for node in layout.nodes if node not in twin.nodes]:
        yield f"left out, since the lab has no room for more nodes: {', '.join(left)}; nobody holds what they hold"
    for real, name in twin.nodes.items():
        if name != real:
            yield f"node {real} is called {name}"
    if layout.silent:
        yield f"what {', '.join(layout.silent)} held was not known, so nobody holds it"
    if layout.lock_type not in ("", "dlm"):
        yield f"locks are dlm instead of {layout.lock_type}"
    elif not layout.lock_type and twin.topology.shared:
        yield "locks are dlm: without any, the nodes would destroy each other's metadata"
    if layout.services:
        yield f"no manager runs: of {layout.services} services of {layout.manager} the volumes are mounted, no more"
    yield from _of_luns(twin)
    for volume in layout.volumes:
        if volume.odd:
            yield f"{volume.name} ({volume.odd}) is a linear volume that takes its room, {twin.named(volume)}"
        elif volume.mount and volume.mount.filesystem not in EXT:
            yield f"{volume.name} has ext4 instead of {volume.mount.filesystem}"


def _of_luns(twin: Twin) -> Iterator[str]:
    for pv in twin.layout.pvs:
        lun = twin.luns[pv.wwid]
        if pv.transport != lun.transport:
            yield f"{lun.name} is reached by {lun.transport} instead of {pv.transport}"
        if pv.paths > lun.paths:
            yield f"{lun.name} has {lun.paths} path{'' if lun.paths == 1 else 's'} instead of {pv.paths}"
        if pv.missing:
            yield f"{lun.name} is there, and its original was missing"
