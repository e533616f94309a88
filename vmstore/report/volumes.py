"""Say of each volume what an admin asks: how large, how full, where it lies, who holds it. Pure."""

from collections.abc import Sequence
from typing import TypedDict

from vmstore import names, sizes
from vmstore.jobs import where
from vmstore.model import Activation, Inventory, LogicalVolume
from vmstore.report.json_types import Holder, Size

UNKNOWN = "?"


class VolumeRow(TypedDict):
    """A volume; ``held_by`` is null for nobody. Of its file system only the node that has it mounted can tell."""

    name: str
    size: Size
    held_by: Holder | None
    mounted_on: str | None
    filesystem: str | None
    filesystem_size: Size | None
    filesystem_used: Size | None
    used_percent: int | None
    classes: list[str]
    pvs: list[str]
    note: str


class RunRow(TypedDict):
    """Extents beside each other on a PV: where on it they begin, and how much that is."""

    pv: str
    start: Size
    size: Size


class VolumeFacts(VolumeRow):
    """A volume in full."""

    extents: list[RunRow]


class _Seen:
    """What is the same for all volumes of an inventory, found once: each costs as much as the rest of a row."""

    def __init__(self, world: Inventory) -> None:
        self.world = world
        self.nobody = UNKNOWN if world.unsure() else None
        self.pvs = {pv.uuid: (pv.name, pv.storage_class) for pv in world.pvs}
        self.missing = {pv.uuid for pv in world.pvs if pv.missing}


def rows(world: Inventory) -> list[VolumeRow]:
    """Describe every volume that LVM does not hide, by name."""
    seen = _Seen(world)
    return [_row(seen, lv) for lv in sorted(world.lvs, key=lambda lv: lv.name) if not lv.private]


def row(world: Inventory, lv: LogicalVolume) -> VolumeRow:
    """Describe one volume."""
    return _row(_Seen(world), lv)


def _row(seen: _Seen, lv: LogicalVolume) -> VolumeRow:
    active = seen.world.activations(lv)
    mount = next((mount for activation in active for mount in activation.mounts), None)
    pvs = [seen.pvs[uuid] for uuid in _pvs_of(seen.world, lv) if uuid in seen.pvs]
    return {
        "name": lv.name,
        "size": lv.size,
        "held_by": ",".join(activation.node for activation in active) or seen.nobody,
        "mounted_on": mount.target if mount else None,
        "filesystem": mount.fstype if mount else None,
        "filesystem_size": mount.size if mount else None,
        "filesystem_used": mount.used if mount else None,
        "used_percent": mount.used_percent if mount else None,
        "classes": sorted({storage_class for _, storage_class in pvs}),
        "pvs": sorted(name for name, _ in pvs),
        "note": _note(seen, lv, active),
    }


def extents(world: Inventory, name: str) -> list[RunRow]:
    """List the runs of extents of a volume, in bytes."""
    lv = world.lv(name)
    if lv is None:
        return []
    return [
        {
            "pv": next((pv.name for pv in world.pvs if pv.uuid == run.pv), run.pv),
            "start": run.start * world.vg.extent,
            "size": run.count * world.vg.extent,
        }
        for run in lv.extents
    ]


def holder(value: str | None) -> str:
    """Write who holds a volume for eyes."""
    return "nobody" if value is None else "unknown" if value == UNKNOWN else value


def shown(content: VolumeFacts) -> list[tuple[str, str]]:
    """Write one volume for eyes."""
    lines = [("VM", str(content["name"])), ("size", sizes.show(content["size"]))]
    if content["filesystem_size"]:
        used = f"{sizes.show(content['filesystem_used'])} of {sizes.show(content['filesystem_size'])} used"
        lines.append(("file system", f"{content['filesystem']}, {used} ({content['used_percent']} %)"))
    lines += [("class", ", ".join(content["classes"])), ("held by", holder(content["held_by"]))]
    if content["mounted_on"]:
        lines.append(("mounted on", content["mounted_on"]))
    lines += [("extents", f"{sizes.show(run['size'])} on {run['pv']}") for run in content["extents"]]
    if content["note"]:
        lines.append(("note", content["note"]))
    return lines


def _pvs_of(world: Inventory, lv: LogicalVolume) -> set[str]:
    movers = [other for other in world.lvs if other.name in lv.moving_in] if lv.moving_in else []
    return {run.pv for part in (lv, *movers) for run in part.extents}


def _note(seen: _Seen, lv: LogicalVolume, active: Sequence[Activation]) -> str:
    notes = []
    if seen.missing and any(lv.on(uuid) for uuid in seen.missing):
        notes.append("on a missing PV")
    if lv.name.endswith(names.MAKING):
        notes.append("unfinished: create it again")
    if lv.name.endswith(names.GOING):
        notes.append("being removed: remove it again")
    if lv.name.endswith(names.HALVES):
        notes.append("half of a move: run the evacuation again")
    if lv.moving:
        notes.append("moving")
    if len(active) > 1:
        notes.append("active on several nodes")
    if any(activation.suspended for activation in active):
        notes.append("suspended")
    why = where.plain(lv)
    if why:
        notes.append(why)
    return "; ".join(notes)
