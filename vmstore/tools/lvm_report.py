"""Ask LVM for the whole VG in one call that takes no lock, and turn the answer into the model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from vmstore.errors import NotFound, ToolFailed
from vmstore.model import Allocation, LogicalVolume, PhysicalVolume, VolumeGroup
from vmstore.run import Result
from vmstore.tools import legs, lvm_fields, sanlock
from vmstore.tools.lvm_rows import Lv, Pv, Rows, Vg

# Of a metadata area LVM fills half, behind its header, since two whole copies must find room (lvm2
# lib/format_text/format-text.c, MDA_HEADER_SIZE). What it says is free is of that half.
_MDA_HEADER = 512

_COLUMNS = {
    "vg": "vg_name,vg_uuid,vg_seqno,vg_extent_size,vg_size,vg_free,vg_lock_type,vg_attr,vg_mda_size,vg_mda_free",
    "pv": "pv_name,pv_uuid,pv_size,pv_free,pv_allocatable,pv_missing,pv_tags,pe_start",
    "lv": "lv_name,lv_uuid,lv_size,lv_layout,lv_role,move_pv,lv_tags,lv_lockargs",
    "pvseg": "pv_uuid,pvseg_start,pvseg_size,lv_name",
    "seg": "lv_name,devices,stripe_size",
}


# LVM's plain JSON gives every value as a string (lvmreport(7)); json_std came with 2.03.17 only.
class _Answer(msgspec.Struct):
    report: list[Rows]


@dataclass(frozen=True, slots=True)
class Report:
    """One VG as LVM tells it; PVs have no device facts yet."""

    vg: VolumeGroup
    pvs: tuple[PhysicalVolume, ...]
    lvs: tuple[LogicalVolume, ...]


def argv(vg: str) -> list[str]:
    """Give the command; ``--readonly`` reads metadata only, without any lock (lvm(8)), ``--all`` shows pvmove0."""
    columns = [word for kind, names in _COLUMNS.items() for word in ("--configreport", kind, "-o", names)]
    return [
        "lvm", "fullreport", "--readonly", "--all", "--reportformat", "json", "--units", "b", "--nosuffix",
        *columns, vg,
    ]  # fmt: skip


def unread(vg: str) -> Report:
    """Give what is known of a VG that LVM cannot read."""
    return Report(VolumeGroup(vg, "", 0, 0, 0, 0, "", 0), (), ())


def parse(vg: str, result: Result) -> Report:
    """Turn LVM's answer into the model; warnings stand on stderr and do not disturb it.

    Raises NotFound if LVM sees no such VG, ToolFailed if LVM failed or its answer makes no sense.
    """
    if not result.ok:
        if f'Volume group "{vg}" not found' in result.err:
            raise NotFound(
                f"there is no VG {vg}",
                why="LVM sees none of that name there",
                hint="set `vg` in the configuration, or look at `vgs` and at the LUNs",
            )
        raise ToolFailed("LVM cannot be read", why=result.reason(), hint=f"run `vgs {vg}` there to see all it says")
    found = lvm_fields.read(vg, result.out) if lvm_fields.told(result.out) else _decoded(result.out)
    pvs = tuple(_pv(pv) for pv in found.pv)
    own = _extents(found)
    of = legs.of((_plain(seg.lv_name), seg.devices) for seg in found.seg)
    extents = legs.joined(own, of)
    joined = _moving(found)
    leaving = legs.leaving(own, of, pvs)
    stripes = _stripes(found)
    return Report(
        vg=_vg(found.vg[0], found.lv),
        pvs=pvs,
        lvs=tuple(_lv(lv, extents, joined, leaving, stripes) for lv in found.lv),
    )


def _decoded(text: str) -> Rows:
    try:
        return next(rows for rows in msgspec.json.decode(text, type=_Answer).report if rows.vg)
    except (msgspec.DecodeError, StopIteration):
        raise ToolFailed(
            "LVM's report cannot be read", why="it is no JSON report with a VG in it", hint="see `lvm version` there"
        ) from None


def _vg(vg: Vg, lvs: Iterable[Lv]) -> VolumeGroup:
    sizes = {_plain(lv.lv_name): int(lv.lv_size) for lv in lvs if _plain(lv.lv_name) == sanlock.LV}
    return VolumeGroup(
        name=vg.vg_name,
        uuid=vg.vg_uuid,
        seqno=int(vg.vg_seqno),
        extent=int(vg.vg_extent_size),
        size=int(vg.vg_size),
        free=int(vg.vg_free),
        # Of clvmd lvm2 before 2.03 tells only in the attributes.
        lock_type=vg.vg_lock_type.replace("none", "") or lvm_fields.lock_type(vg.vg_attr) or "",
        metadata_free=int(vg.vg_mda_free or 0),
        metadata_size=max(0, (int(vg.vg_mda_size or 0) - _MDA_HEADER) // 2),
        lock_size=sizes.get(sanlock.LV, 0),
        lock_used=sanlock.used(lv.lv_lockargs for lv in lvs) if sizes else 0,
    )


def _pv(pv: Pv) -> PhysicalVolume:
    return PhysicalVolume(
        uuid=pv.pv_uuid,
        name=pv.pv_name,
        size=int(pv.pv_size),
        free=int(pv.pv_free),
        allocatable=bool(pv.pv_allocatable),
        missing=bool(pv.pv_missing),
        tags=frozenset(filter(None, pv.pv_tags.split(","))),
        start=int(pv.pe_start or 0),
    )


def _plain(name: str) -> str:
    # LVM brackets the names of LVs it hides.
    return name.strip("[]")


def _lv(
    lv: Lv,
    extents: Mapping[str, tuple[Allocation, ...]],
    moving: Mapping[str, tuple[str, ...]],
    leaving: Mapping[str, str],
    stripes: Mapping[str, tuple[tuple[int, int], ...]],
) -> LogicalVolume:
    name = _plain(lv.lv_name)
    return LogicalVolume(
        name=name,
        uuid=lv.lv_uuid,
        size=int(lv.lv_size),
        layout=tuple(filter(None, lv.lv_layout.split(","))),
        role=tuple(filter(None, lv.lv_role.split(","))),
        extents=extents.get(name, ()),
        move_source=lv.move_pv,
        moving_in=moving.get(name, ()),
        tags=tuple(filter(None, lv.lv_tags.split(","))),
        leaving=leaving.get(name, ""),
        stripes=stripes.get(name, ()),
    )


def _extents(report: Rows) -> dict[str, tuple[Allocation, ...]]:
    """Give each LV's runs in the order in which they make it up; LVM lists segments by where they begin in the LV."""
    order: dict[str, int] = {}
    for part in report.seg:
        for device in part.devices.split(","):
            order.setdefault(device, len(order))
    names = {pv.pv_uuid: pv.pv_name for pv in report.pv}
    found: dict[str, list[Allocation]] = {}
    for seg in report.pvseg:
        name = _plain(seg.lv_name)
        if name:
            run = Allocation(seg.pv_uuid, int(seg.pvseg_start), int(seg.pvseg_size), name)
            found.setdefault(name, []).append(run)
    last = len(order)
    return {
        name: tuple(sorted(runs, key=lambda run: order.get(f"{names.get(run.pv)}({run.start})", last)))
        if len(runs) > 1
        else tuple(runs)
        for name, runs in found.items()
    }


def _stripes(report: Rows) -> dict[str, tuple[tuple[int, int], ...]]:
    striped = {seg.lv_name for seg in report.seg if int(seg.stripe_size or 0)}
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for seg in report.seg if striped else ():
        if seg.lv_name in striped:
            name = _plain(seg.lv_name)
            found[name] = (*found.get(name, ()), (seg.devices.count(",") + 1, int(seg.stripe_size or 0)))
    return found


def _moving(report: Rows) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for seg in report.seg:
        movers = {device.partition("(")[0] for device in seg.devices.split(",") if device.startswith("pvmove")}
        if movers:
            name = _plain(seg.lv_name)
            found[name] = tuple(sorted({*found.get(name, ()), *movers}))
    return found
