"""A simulated SAN cluster: LUNs, one VG, volumes and nodes, as plain data that simulated commands change.

It stands for a few nodes with LVM 2.03.16, lvmlockd, dm-multipath, e2fsprogs and util-linux, as far as vmstore uses
them. The commands (tests/support/san_lvm.py and san_tools.py) refuse what the real ones refuse, with texts and exit
codes taken from real hosts. It proves what vmstore asks for, in which order, and what it makes of an answer; that the
real tools answer so is proven by the storage tests in tests/lab.
"""

import copy
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.san_parts import FileSystem, Leg, Move, Run

EXTENT = 4 * 2**20
M = 2**20
G = 2**30
GROUP = 128 * M


def uuid(seed: str) -> str:
    """Make a UUID in LVM's form out of a word."""
    letters = hashlib.sha256(seed.encode()).hexdigest()[:32]
    cuts = (0, 6, 10, 14, 18, 22, 26, 32)
    return "-".join(letters[a:b] for a, b in itertools.pairwise(cuts))


@dataclass
class Pv:
    """What LVM wrote on a LUN; ``vg`` is "" for a PV of no VG."""

    uuid: str
    vg: str
    extents: int
    allocatable: bool = True
    tags: set[str] = field(default_factory=set)


@dataclass
class Lun:
    """A LUN of the SAN; ``paths`` are the kernel's names on each node that sees it, ``mapper`` its multipath name.

    ``sector`` are the bytes of its sectors.
    """

    name: str
    wwid: str
    size: int
    transport: str
    paths: dict[str, list[str]]
    mapper: str = ""
    down: set[tuple[str, str]] = field(default_factory=set)
    signatures: set[str] = field(default_factory=set)
    mounted: dict[str, str] = field(default_factory=dict)
    pv: Pv | None = None
    sector: int = 512

    def device(self, node: str) -> str:
        """Name it as LVM on a node does; "" where the node does not see it."""
        paths = self.paths.get(node)
        if not paths:
            return ""
        return f"/dev/mapper/{self.mapper}" if self.mapper else f"/dev/{paths[0]}"


@dataclass
class Lv:
    """A volume; ``runs`` are those of its first leg, ``data`` stands for all that is in it."""

    name: str
    uuid: str
    runs: list[Run]
    layout: str = "linear"
    role: str = "public"
    fs: FileSystem | None = None
    zeroed: bool = False
    move: Move | None = None
    data: str = ""
    tags: set[str] = field(default_factory=set)
    leg: Leg | None = None

    @property
    def size(self) -> int:
        """Give its bytes."""
        return sum(run.count for run in self.runs) * EXTENT


@dataclass
class Node:
    """A host: what is active, mounted and marked there. ``up`` False refuses, ``hangs`` gives no answer.

    ``agent``: the VM agent is installed, the bundled one unless ``files`` has another, beside what is kept of it;
    ``cuts``: of a file that is sent there only so many letters come, 0 for all. ``running`` and ``paused`` are the
    guests of the hypervisor there.
    ``configured``: it has the cluster manager's configuration; ``member``: it is in the cluster while it is up.
    ``knob``: its kernel can hold copies back; ``share`` is the part of its time in which copies may run, ``pressure``
    its I/O pressure, both in per cent. ``log`` is what its kernel says, None where that is
    kept from everybody; ``seen`` is what vmstore has seen of it since the node was booted, None for nothing.
    ``ahead`` is by how many seconds its clock is, ``told`` what it says otherwise when it is looked at for trouble (see
    san_checkup.py), or for a first configuration (san_survey.py). ``typed`` is what vmstore's own log there holds.
    ``lvm`` is its version of LVM, ``lvm_says`` why that cannot read the VG.
    """

    name: str
    active: set[str] = field(default_factory=set)
    mounts: dict[str, str] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    suspended: set[str] = field(default_factory=set)
    marks: set[str] = field(default_factory=set)
    daemons: set[str] = field(default_factory=lambda: {"lvmlockd", "lvmpolld", "dlm_controld"})
    lockspace: bool = True
    up: bool = True
    hangs: bool = False
    answer: str | None = None
    agent: bool = True
    files: dict[str, str] = field(default_factory=dict)
    cuts: int = 0
    running: set[str] = field(default_factory=set)
    paused: set[str] = field(default_factory=set)
    configured: bool = True
    member: bool = True
    knob: bool = True
    share: int = 100
    pressure: float = 0.0
    log: list[str] | None = field(default_factory=list)
    seen: list[str] | None = None
    ahead: float = 0.0
    told: dict[str, list[str] | None] = field(default_factory=dict)
    typed: str = ""
    lvm: str = "2.03.16"
    lvm_says: str = ""


@dataclass
class SanService:
    """A service of rgmanager; ``state`` is one of its words."""

    state: str = "started"
    owner: str = "none"
    last_owner: str = "none"
    frozen: bool = False


@dataclass
class San:
    """The whole cluster; ``leases`` maps (node, lock file) to who holds it, ``wishes`` to what is wanted of
    that run, ``rates`` to how fast it shall copy, ``records`` maps (node, file) to a job's record, ``manager``
    is rgmanager or "".

    ``programs`` are those of the cluster's generation, ``versions`` the versions of cluster.conf that nodes run.
    ``heard_once``: a wish is over once it was heard, so that a run that was paused goes on by itself.
    ``speed`` is what a PV reads in a second. ``shares`` are all that were given to copies so far, by node, ``limits``
    all rates that legs were told to keep to, ``repaired`` those that were compared again.
    ``defined`` are the VMs whose volumes hold a definition, ``suspended`` those that also hold a saved state.
    ``fails`` is what the kernel says in the middle of each move, ``legs`` how it finds both sides then, ``stalls`` for
    how many looks moves do not get on.
    ``others`` is how often others write to what is copied between two looks. ``closed`` are the ways between nodes,
    from one to another, that ssh does not go. ``old_lvm``: it has no report of all, as before lvm2 2.02.158.
    """

    nodes: dict[str, Node]
    luns: dict[str, Lun]
    lock_type: str = "dlm"
    vg: str = "vmstore"
    vg_uuid: str = uuid("vg")
    seqno: int = 7
    lvs: dict[str, Lv] = field(default_factory=dict)
    leases: dict[tuple[str, str], str] = field(default_factory=dict)
    wishes: dict[tuple[str, str], str] = field(default_factory=dict)
    heard_once: bool = False
    speed: int = 32 * 2**20
    rates: dict[tuple[str, str], str] = field(default_factory=dict)
    shares: list[tuple[str, int]] = field(default_factory=list)
    limits: list[tuple[str, str]] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    lvm_version: str = "2.03.16(2) (2022-05-18)"
    made: int = 0
    manager: str = ""
    services: dict[str, SanService] = field(default_factory=dict)
    quorate: bool = True
    groups_locked: bool = False
    conf: dict[str, str] = field(default_factory=dict)
    loaded: str = ""
    programs: set[str] = field(default_factory=lambda: {"ccs_config_validate", "ccs_tool", "xmllint"})
    versions: dict[str, int] = field(default_factory=dict)
    scripts: set[tuple[str, str]] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)
    suspended: set[str] = field(default_factory=set)
    fails: str = ""
    legs: str = "AA"
    stalls: int = 0
    others: int = 0
    closed: set[tuple[str, str]] = field(default_factory=set)
    old_lvm: bool = False

    def copy(self) -> "San":
        """Make an equal one that changes by itself."""
        return copy.deepcopy(self)

    def pvs(self) -> list[Lun]:
        """List the LUNs that are PVs of the VG."""
        return [lun for lun in self.luns.values() if lun.pv and lun.pv.vg == self.vg]

    def label(self, lun: str) -> Pv:
        """Give the PV label of a LUN that has one."""
        pv = self.luns[lun].pv
        assert pv is not None, f"{lun} is no PV"
        return pv

    def lun_of(self, pv: str) -> Lun:
        """Find the LUN that bears a PV's UUID."""
        return next(lun for lun in self.luns.values() if lun.pv and lun.pv.uuid == pv)

    def used(self, pv: str) -> list[tuple[str, Run]]:
        """List what lies on a PV, each run with the LV that LVM shows for it, by start."""
        found = []
        for lv in self.lvs.values():
            if lv.leg:
                found += [(name, run) for name, runs in self.images(lv).items() for run in runs if run.pv == pv]
                continue
            old = lv.move.old if lv.move else []
            found += [("[pvmove0]" if run in old else lv.name, run) for run in lv.runs if run.pv == pv]
            found += [("[pvmove0]", run) for run in (lv.move.new if lv.move else []) if run.pv == pv]
        return sorted(found, key=lambda item: item[1].start)

    @staticmethod
    def images(lv: Lv) -> dict[str, list[Run]]:
        """Name what a volume of two legs is made of, as LVM does."""
        if not lv.leg:
            return {}
        first, *second = lv.leg.meta
        parts = {"rimage_0": lv.runs, "rmeta_0": [first], "rimage_1": lv.leg.new, "rmeta_1": second}
        return {f"[{lv.name}_{part}]": runs for part, runs in parts.items()}

    def gaps(self, pv: str) -> list[Run]:
        """List the free runs of a PV."""
        found, at = [], 0
        end = self.lun_of(pv).pv
        assert end is not None
        for _, run in [*self.used(pv), ("", Run(pv, end.extents, 0))]:
            if run.start > at:
                found.append(Run(pv, at, run.start - at))
            at = run.start + run.count
        return found

    def free(self, pv: str) -> int:
        """Count the free extents of a PV."""
        return sum(run.count for run in self.gaps(pv))

    def take(self, count: int, pvs: Sequence[str]) -> list[Run] | None:
        """Choose free extents on these PVs, in order; None where they do not suffice."""
        found = []
        for pv in pvs:
            for gap in self.gaps(pv):
                part = min(gap.count, count)
                if part:
                    found.append(Run(pv, gap.start, part))
                    count -= part
        return None if count else found

    def holders(self, lv: Lv) -> list[str]:
        """Name the nodes on which a volume is active."""
        return [node.name for node in self.nodes.values() if lv.uuid in node.active]

    def new_uuid(self) -> str:
        """Make a UUID that nothing has yet."""
        self.made += 1
        return uuid(f"made {self.made}")

    def volume(
        self,
        name: str,
        size: int,
        on: str | Sequence[str] = "iscsi1",
        *,
        active: str = "",
        mounted: bool = False,
        fs: str = "ext4",
        layout: str = "linear",
        role: str = "public",
        used: int | None = None,
    ) -> Lv:
        """Put a volume into the world, in equal parts on the LUNs; mounted on the node where it is active."""
        luns = [on] if isinstance(on, str) else list(on)
        runs = []
        for lun in luns:
            part = self.take(size // len(luns) // EXTENT, [self.label(lun).uuid])
            assert part is not None, f"the test's world has no room for {name} on {lun}"
            runs += part
            lv = Lv(name, uuid(f"lv {name}"), list(runs), layout, role)
            self.lvs[name] = lv
        lv.fs = FileSystem(fs, lv.size, used=used) if fs else None
        lv.data = f"of {name}"
        if active:
            self.nodes[active].active.add(lv.uuid)
        if mounted:
            self.nodes[active].mounts[lv.uuid] = f"/vm/{name}"
        return lv

    def serve(self, name: str, node: str = "", *, frozen: bool = False, state: str = "") -> None:
        """Give a VM a service: started where its volume is mounted, disabled where no node is named."""
        self.manager = "rgmanager"
        state = state or ("started" if node else "disabled")
        self.services[name] = SanService(state, node or "none", node or "none", frozen)

    def guest(self, name: str, node: str = "", *, on: str = "fc1") -> Lv:
        """Put a VM with its files into the world, running on a node where one is named."""
        lv = self.volume(name, 2 * G, on, active=node, mounted=bool(node))
        self.defined.add(name)
        if node:
            self.nodes[node].running.add(name)
        return lv

    def crash(self, node: str) -> None:
        """Switch a node off: what was active, mounted, marked or locked there is no more."""
        self.nodes[node] = Node(node, up=False)
        self.leases = {key: who for key, who in self.leases.items() if key[0] != node}

    def summary(self) -> dict[str, object]:
        """Say what an admin cares for, without what may differ between two runs that are both right."""
        return {
            "volumes": self.volumes(),
            "luns": {
                lun.name: (lun.pv.vg, lun.pv.allocatable, sorted(lun.pv.tags)) if lun.pv else None
                for lun in self.luns.values()
            },
            "empty": sorted(lun.name for lun in self.pvs() if lun.pv and not self.used(lun.pv.uuid)),
            "marks": self.marks(),
            "locks": sorted(self.leases),
            "guests": {node.name: (sorted(node.running), sorted(node.paused)) for node in self.nodes.values()},
            "services": {vm: (each.state, each.owner, each.frozen) for vm, each in sorted(self.services.items())},
        }

    def volumes(self) -> dict[str, dict[str, object]]:
        """Say of each volume what an admin cares for."""
        return {
            lv.name: {
                "size": lv.size,
                "layout": lv.layout,
                "filesystem": (lv.fs.kind, lv.fs.size) if lv.fs else None,
                "active": self.holders(lv),
                "mounted": [node.mounts[lv.uuid] for node in self.nodes.values() if lv.uuid in node.mounts],
                "classes": sorted({self.luns_class(run.pv) for run in [*lv.runs, *(lv.leg.new if lv.leg else [])]}),
                "moving": lv.move is not None or lv.leg is not None,
                "data": lv.data,
            }
            for lv in sorted(self.lvs.values(), key=lambda lv: lv.name)
        }

    def marks(self) -> dict[str, list[str]]:
        """Name the marks that mean something, by node: those of volumes that are active there."""
        found = {}
        for node in self.nodes.values():
            active = {lv.name for lv in self.lvs.values() if lv.uuid in node.active}
            if node.marks & active:
                found[node.name] = sorted(node.marks & active)
        return found

    def luns_class(self, pv: str) -> str:
        """Tell the class of a PV."""
        lun = self.lun_of(pv)
        tags = [tag for tag in (lun.pv.tags if lun.pv else ()) if tag.startswith("vmstore.class=")]
        return tags[0].removeprefix("vmstore.class=") if tags else lun.transport


def _lun(san: San, name: str, wwid: str, size: int, transport: str, paths: dict[str, list[str]], mapper: str) -> None:
    pv = Pv(uuid(f"pv {name}"), san.vg, size // EXTENT - 5, tags={f"vmstore.class={transport}"})
    san.luns[name] = Lun(name, wwid, size, transport, paths, mapper, pv=pv)


def cluster(size: int = 20 * G) -> San:
    """Make the default: three nodes, two iSCSI LUNs (one over two paths) and two FC LUNs, and one LUN not in use.

    The kernel's names differ between the nodes, as they do after a reboot.
    """
    san = San({name: Node(name) for name in ("n1", "n2", "n3")}, {})
    names = {"n1": "abcdef", "n2": "bacdef", "n3": "cdabfe"}
    for number, (name, transport) in enumerate(
        (("fc1", "fc"), ("fc2", "fc"), ("iscsi1", "iscsi"), ("iscsi2", "iscsi"))
    ):
        two = name == "iscsi2"
        paths = {node: [f"sd{order[number]}", *([f"sd{order[4]}"] if two else [])] for node, order in names.items()}
        wwid = "36001405" + hashlib.sha256(name.encode()).hexdigest()[:25]
        _lun(san, name, wwid, size, transport, paths, "mpatha" if two else "")
    spare = {node: [f"sd{order[5]}"] for node, order in names.items()}
    san.luns["spare"] = Lun("spare", "36001405" + hashlib.sha256(b"spare").hexdigest()[:25], size, "fc", spare)
    return san


def single(size: int = 20 * G) -> San:
    """Make one host without cluster locks: two disks in the VG, one not in use."""
    san = San({"host": Node("host", daemons=set(), lockspace=False)}, {}, lock_type="")
    _lun(san, "disk1", "36001405aa1", size, "iscsi", {"host": ["sda"]}, "")
    _lun(san, "disk2", "36001405aa2", size, "iscsi", {"host": ["sdb"]}, "")
    san.luns["spare"] = Lun("spare", "36001405aa3", size, "iscsi", {"host": ["sdc"]})
    return san
