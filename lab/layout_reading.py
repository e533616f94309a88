"""Check a layout that was read from a file, key by key and as a whole. Nothing of it is taken on trust."""

import re
from itertools import pairwise
from pathlib import Path

from lab import layout
from lab.errors import UsageError
from lab.layout import Layout, Mount, Pv, Run, Segment, Volume
from lab.topology import VG_NAME
from lab.topology_fields import Table, TopologyProblem

SCHEMA = 1
KIB, GIB = 1 << 10, 1 << 30
# LVM's own: an extent is a power of two or a multiple of 128 KiB; what is smaller than that is of no SAN.
EXTENT_UNIT = 128 * KIB
MOST = 1 << 62
_WORD = re.compile(r"[a-z0-9_+-]{1,64}")
_LOCKS = ("", "dlm", "sanlock", "idm", "clvm")
_NODE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_WWID = re.compile(r"[!-~]{1,255}")
_LV = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.+][A-Za-z0-9_.+-]{0,126}")
_FILE_SYSTEM = re.compile(r"[a-z0-9._-]{1,32}")
_DIRECTORY = re.compile(r"(/(?!\.{1,2}(/|$))[^/\x00-\x1f\x7f]{1,255})+")
# The manager's services may be called anything.
_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,255}")
_TIME = re.compile(r"[0-9TZ:+-]{1,40}")
# lvm(8), "VALID NAMES"; LVM makes none like these for others.
_RESERVED = re.compile(
    r"snapshot.*|pvmove.*|lvmlock|.*_(cdata|cmeta|corig|cvol|iorig|mimage|mlog|pmspare|rimage|rmeta|tdata|tmeta|vdata|"
    r"vorigin|wcorig).*"
)


def read(path: Path) -> Layout:
    """Read a layout; raise UsageError with the key that is wrong."""
    document = layout.load(path)
    try:
        return parse(document)
    except TopologyProblem as error:
        raise UsageError(
            f"{path} is no layout that a twin can be built of",
            why=str(error),
            hint="write it anew with `vmstore inventory export FILE`, of the same version as this lab",
        ) from None


def parse(document: dict[str, object]) -> Layout:
    """Check a document; raise TopologyProblem with the key in its text."""
    top = Table(document, "")
    # First, since of another version anything may be different.
    top.integer("schema", SCHEMA, SCHEMA)
    top.choice("kind", ("inventory",))
    top.name("time", _TIME)
    vg = top.table("vg")
    extent = _extent(vg)
    nodes = [_node(each) for each in top.tables("nodes")]
    found = Layout(
        vg=vg.name("name", VG_NAME),
        extent=extent,
        lock_type=vg.choice("lock_type", _LOCKS),
        metadata_size=vg.integer("metadata_size", 0, GIB),
        manager=top.name("manager", _WORD),
        services=len([_service(each) for each in top.tables("services", least=0)]),
        nodes=tuple(name for name, _ in nodes),
        silent=tuple(name for name, answered in nodes if not answered),
        pvs=tuple(_pv(each, extent) for each in top.tables("pvs")),
        volumes=tuple(_volume(each, extent) for each in top.tables("volumes", least=0)),
    )
    for table in (top, vg):
        table.refuse_unknown()
    _check_whole(found)
    return found


def _extent(vg: Table) -> int:
    extent = vg.integer("extent", EXTENT_UNIT, 16 * GIB)
    if extent % EXTENT_UNIT:
        raise TopologyProblem(f"{vg.key('extent')}: must be a multiple of {EXTENT_UNIT}, not {extent}")
    return extent


def _node(table: Table) -> tuple[str, bool]:
    found = table.name("name", _NODE), table.boolean("answered")
    table.refuse_unknown()
    return found


def _service(table: Table) -> str:
    vm = table.name("vm", _TEXT)
    table.name("state", _WORD)
    if table.given("node"):
        table.name("node", _NODE)
    table.refuse_unknown()
    return vm


def _pv(table: Table, extent: int) -> Pv:
    size = table.integer("size", extent, MOST)
    if size % extent:
        raise TopologyProblem(f"{table.key('size')}: must be whole extents of {extent}, not {size}")
    found = Pv(
        wwid=table.name("wwid", _WWID),
        transport=table.name("transport", _WORD),
        paths=table.integer("paths", 0, 4096),
        storage_class=table.name("class", _WORD),
        extents=size // extent,
        cordoned=table.boolean("cordoned"),
        missing=table.boolean("missing"),
    )
    table.integer("start", 0, MOST)
    table.refuse_unknown()
    return found


def _volume(table: Table, extent: int) -> Volume:
    found = Volume(
        name=table.name("name", _LV),
        odd=_odd(table.names("layout", _WORD, least=0), table.names("role", _WORD, least=0)),
        segments=tuple(_segment(each, extent) for each in table.tables("segments")),
        held_by=tuple(table.names("held_by", _NODE, least=0)),
        mount=_mount(table.table("mount")) if table.given("mount") else None,
    )
    table.refuse_unknown()
    if not found.odd and _RESERVED.fullmatch(found.name):
        raise TopologyProblem(f"{table.key('name')}: LVM keeps {found.name!r} for itself")
    if found.mount and found.mount.node not in found.held_by:
        raise TopologyProblem(f"{table.key('mount.node')}: {found.mount.node!r} is not in held_by")
    return found


def _odd(layout_words: list[str], role: list[str]) -> str:
    if role != ["public"]:
        return ", ".join(word for word in role if word != "public") or "of no role"
    return (
        "" if layout_words and {*layout_words} <= {"linear", "striped"} else ", ".join(layout_words) or "of no layout"
    )


def _segment(table: Table, extent: int) -> Segment:
    runs = tuple(_run(each) for each in table.tables("runs"))
    striped = len(runs) > 1
    stripe = table.integer("stripe_size", 4 * KIB if striped else 0, extent if striped else 0)
    table.refuse_unknown()
    if stripe & (stripe - 1):
        raise TopologyProblem(f"{table.key('stripe_size')}: must be a power of two, not {stripe}")
    if len({run.count for run in runs}) > 1 or len({run.pv for run in runs}) < len(runs):
        raise TopologyProblem(f"{table.key('runs')}: stripes must be equally long, and each on another PV")
    return Segment(stripe, runs)


def _run(table: Table) -> Run:
    run = Run(table.name("pv", _WWID), table.integer("start", 0, MOST), table.integer("count", 1, MOST))
    table.refuse_unknown()
    return run


def _mount(table: Table) -> Mount:
    size = table.integer("size", 1, MOST) if table.given("size") else MOST
    used = table.integer("used", 0, size) if table.given("used") else 0
    found = Mount(
        node=table.name("node", _NODE),
        directory=table.name("directory", _DIRECTORY),
        filesystem=table.name("filesystem", _FILE_SYSTEM),
        used=1000 * used // size,
    )
    table.refuse_unknown()
    return found


def _check_whole(found: Layout) -> None:
    for key, names in (
        ("nodes.name", list(found.nodes)),
        ("pvs.wwid", [pv.wwid for pv in found.pvs]),
        ("volumes.name", [volume.name for volume in found.volumes]),
        ("volumes.mount.directory", [f"{v.mount.node}:{v.mount.directory}" for v in found.volumes if v.mount]),
    ):
        if len(set(names)) < len(names):
            raise TopologyProblem(f"{key}: {next(name for name in names if names.count(name) > 1)!r} is there twice")
    for volume in found.volumes:
        if stray := next((node for node in volume.held_by if node not in found.nodes), None):
            raise TopologyProblem(f"volumes.held_by: {volume.name} is held by {stray!r}, which is no node of `nodes`")
    _check_runs(found)


def _check_runs(found: Layout) -> None:
    """Refuse a run that leaves its PV or lies on another."""
    ends = {pv.wwid: pv.extents for pv in found.pvs}
    runs = sorted((run.pv, run.start, run.count, volume.name) for volume in found.volumes for run in volume.runs)
    for pv, start, count, name in runs:
        if pv not in ends:
            raise TopologyProblem(f"volumes.segments.runs.pv: {name} lies on {pv!r}, which is no PV of `pvs`")
        if start + count > ends[pv]:
            raise TopologyProblem(f"volumes.segments.runs.count: {name} ends behind {pv}, which has {ends[pv]} extents")
    for (pv, start, count, name), (next_pv, next_start, _, other) in pairwise(runs):
        if pv == next_pv and next_start < start + count:
            raise TopologyProblem(f"volumes.segments.runs.start: {name} and {other} share extent {next_start} of {pv}")
