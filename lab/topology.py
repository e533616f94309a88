"""Read and check a topology file: machines, volume group, LUNs."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from lab.errors import UsageError
from lab.places import LAB
from lab.topology_fields import Table, TopologyProblem

TOPOLOGIES = LAB / "topologies"
Manager = Literal["none", "pacemaker", "rgmanager"]
SAN = "san"

# The emulated PC has 32 slots. It keeps 3 for itself; root disk, shared folder and host link take 3, one is left over.
SLOTS = 25
# 5,000 volumes at an estimated 500 bytes are about 3 MiB, more while they are moved; LVM needs room for two copies.
METADATA = 16 << 20
HOST_NAME = re.compile(r"[a-z][a-z0-9-]{0,14}")
VG_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_+.][A-Za-z0-9_+.-]{0,62}")
LUN_NAME = re.compile(r"[a-z][a-z0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Lun:
    """Describe one LUN of the array; `size` in bytes. `sbd`: nodes leave each other messages on it, to fence."""

    name: str
    transport: Literal["iscsi", "fc"]
    size: int
    paths: int
    in_vg: bool
    sbd: bool = False


@dataclass(frozen=True, slots=True)
class Topology:
    """Describe a lab; memory in MiB. `manager` is what runs VMs as services, "none" for nothing.

    `extent` and `metadata` are the bytes of an extent and of the room for LVM's metadata on each LUN. Nodes that are
    not `furnished` are as Debian leaves them: systemd, packages, cables, and nothing configured.
    """

    name: str
    nodes: tuple[str, ...]
    node_memory: int
    san_memory: int
    vg: str
    locks: Literal["dlm", "none"]
    luns: tuple[Lun, ...]
    manager: Manager = "none"
    extent: int = 4 << 20
    metadata: int = METADATA
    furnished: bool = True

    @property
    def machines(self) -> tuple[str, ...]:
        """Name all machines, the array first: the others connect to it."""
        return (SAN, *self.nodes)

    @property
    def data_start(self) -> int:
        """Tell where LVM has the first extent of a LUN begin: behind its metadata, at a whole MiB."""
        return ((self.metadata >> 20) + 1) << 20

    @property
    def shared(self) -> bool:
        """Tell whether the volume group is shared under cluster locks."""
        return self.locks == "dlm"


def load(name_or_path: str) -> Topology:
    """Read a shipped topology by its name, or any by its path; raise UsageError naming file and key."""
    path = TOPOLOGIES / f"{name_or_path}.toml"
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        path = Path(name_or_path)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in TOPOLOGIES.glob("*.toml")))
        raise UsageError(
            f"no topology {name_or_path!r}",
            why=f"{path} is not a file",
            hint=f"name one of {known}, or the path of a TOML file",
        )
    try:
        with path.open("rb") as stream:
            return parse(path.stem, tomllib.load(stream))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = str(error)
    except TopologyProblem as error:
        problem = str(error)
    raise UsageError(
        f"topology {path} is not valid", why=problem, hint=f"compare it with {TOPOLOGIES / 'default.toml'}"
    )


def parse(name: str, document: dict[str, object]) -> Topology:
    """Check a parsed file; raise TopologyProblem with the key in its text."""
    top = Table(document, "")
    machines = top.table("machines")
    vg = top.table("vg")
    topology = Topology(
        name=name,
        nodes=tuple(machines.names("nodes", HOST_NAME)),
        node_memory=machines.integer("node_memory", 512, 16384),
        san_memory=machines.integer("san_memory", 256, 16384),
        vg=vg.name("name", VG_NAME),
        locks="dlm" if vg.choice("locks", ("dlm", "none")) == "dlm" else "none",
        luns=tuple(_lun(table) for table in top.tables("lun")),
        manager=_manager(top),
        furnished=machines.boolean("furnished") if machines.has("furnished") else True,
    )
    for table in (top, machines, vg):
        table.refuse_unknown()
    _check_whole(topology)
    return topology


def _manager(top: Table) -> Manager:
    if not top.has("cluster"):
        return "none"
    table = top.table("cluster")
    chosen = table.choice("manager", get_args(Manager))
    table.refuse_unknown()
    return cast(Manager, chosen)


def _lun(table: Table) -> Lun:
    transport = table.choice("transport", ("iscsi", "fc"))
    lun = Lun(
        name=table.name("name", LUN_NAME),
        transport="iscsi" if transport == "iscsi" else "fc",
        size=table.size("size"),
        paths=table.integer("paths", 1, 2),
        in_vg=table.boolean("in_vg"),
        sbd=table.boolean("sbd") if table.has("sbd") else False,
    )
    table.refuse_unknown()
    if lun.transport == "fc" and lun.paths != 1:
        raise TopologyProblem(f"{table.key('paths')}: a node has one FC link, so an fc LUN has 1 path, not {lun.paths}")
    return lun


def _check_whole(topology: Topology) -> None:
    if SAN in topology.nodes:
        raise TopologyProblem(f"machines.nodes: {SAN!r} is the name of the array")
    if topology.locks == "none" and len(topology.nodes) > 1:
        raise TopologyProblem("vg.locks: 'none' is for one node; several nodes would destroy each other's metadata")
    names = [lun.name for lun in topology.luns]
    if duplicate := next((name for name in names if names.count(name) > 1), None):
        raise TopologyProblem(f"lun.name: {duplicate!r} is there twice")
    if not any(lun.in_vg for lun in topology.luns):
        raise TopologyProblem("lun.in_vg: no LUN is true, so there would be no volume group")
    sbd = [lun for lun in topology.luns if lun.sbd]
    if len(sbd) != (topology.manager != "none") or any(lun.in_vg or lun.paths != 1 for lun in sbd):
        raise TopologyProblem("lun.sbd: a manager's fencing, and it alone, wants one LUN of 1 path outside of the VG")
    if topology.manager != "none" and topology.locks == "none":
        raise TopologyProblem("cluster.manager: a cluster manager wants cluster locks")
    if (wanted := len(topology.luns) + 3 * len(topology.nodes)) > SLOTS:
        raise TopologyProblem(f"lun, machines.nodes: LUNs + 3 x nodes is {wanted}; the array has {SLOTS} slots")
