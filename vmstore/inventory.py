"""Read the world once for a command: one LVM report from one node, and what every node says of itself, at once."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from msgspec.structs import replace

from vmstore import ahead
from vmstore.errors import ClusterUnusable, NotFound, ToolFailed
from vmstore.model import BlockDevice, Inventory, NodeFacts, PhysicalVolume
from vmstore.run import Result
from vmstore.services import NONE, Cluster
from vmstore.tools import cluster, lvm_report, probe
from vmstore.tools.blocks import RawBlock
from vmstore.tools.lvm_report import Report
from vmstore.tools.nodes import Nodes, Unreachable
from vmstore.tools.unmanaged import Unmanaged


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read besides volumes and who holds them.

    ``blocks``: every node's disks, with transport and paths. ``devices``: the names under which LVM on every
    node knows the PVs, one more LVM call on each. ``manager``: which cluster manager is asked, through one node;
    ``alone``: how every node is asked for its own VMs where there is none. ``anyhow``: where LVM of a node cannot read
    the VG, that of the next is asked, and if none can, there is an inventory all the same.
    """

    blocks: bool = False
    devices: bool = False
    manager: str = NONE
    alone: Unmanaged | None = None
    anyhow: bool = False


def read_again(
    nodes: Nodes, vg: str, wanted: Wanted, known: Inventory, touched: Collection[str], *, services: bool = True
) -> Inventory:
    """Read the VG and only the nodes that a step touched; what the others said stands.

    So does what the cluster manager said, unless the step may have changed ``services``: asking it takes as long as
    asking LVM. Where those nodes do not answer, all are asked, as by ``read``; so they are where each tells of its own
    VMs.
    """
    if wanted.alone and known.cluster and known.cluster.manager == NONE:
        return read(nodes, vg, wanted, known.absent)
    if not services:
        wanted = Wanted(wanted.blocks, wanted.devices)
    asked = [node for node in nodes.names if node in touched and node not in known.absent]
    try:
        part = _read(nodes, asked, vg, wanted, known.absent)
    except ClusterUnusable:
        part = read(nodes, vg, wanted, known.absent)
        asked = list(nodes.names)
    others = {node: facts for node, facts in known.nodes.items() if node not in asked}
    silent = {node: why for node, why in known.silent.items() if node not in asked}
    managed = part.cluster if services else known.cluster
    return replace(part, nodes=others | dict(part.nodes), silent=silent | dict(part.silent), cluster=managed)


def read(nodes: Nodes, vg: str, wanted: Wanted, absent: frozenset[str] = frozenset()) -> Inventory:
    """Read the VG and the nodes; ``absent`` are nodes the admin says are off.

    A node that does not answer is named in the inventory. Raises ClusterUnusable when none answers, NotFound
    when there is no such VG, ToolFailed when LVM cannot be read.
    """
    return _read(nodes, [node for node in nodes.names if node not in absent], vg, wanted, absent)


def _read(nodes: Nodes, asked: Sequence[str], vg: str, wanted: Wanted, absent: frozenset[str]) -> Inventory:
    if not asked:
        raise ClusterUnusable("no node is left to ask", why="all were called off", hint="leave out --offline")
    first = nodes.local if nodes.local in asked else asked[0]
    with ThreadPoolExecutor(max_workers=1) as pool:
        early = ahead.take(first, vg) or pool.submit(ahead.ask, nodes, first, vg).result
        facts, silent, told = _ask(nodes, asked, vg, wanted, first)
        managed = _manager(first, wanted, told[first])
        others = [node for node in asked if node != first and node in facts]
        reporter, report, blind = _first_report(nodes, [first, *others], vg, early, anyhow=wanted.anyhow)
    if reporter in facts:
        facts[reporter] = replace(facts[reporter], devices={pv.uuid: pv.name for pv in report.pvs if not pv.missing})
    blocks = facts[reporter].blocks if reporter in facts else ()
    world = Inventory(
        vg=report.vg,
        pvs=tuple(_with_device(pv, blocks) for pv in report.pvs),
        lvs=report.lvs,
        nodes=facts,
        reporter=reporter,
        silent=silent,
        absent=absent,
        cluster=_cluster(nodes, managed, others),
        blind=blind,
    )
    if world.cluster is not None or wanted.alone is None:
        return world
    return replace(world, cluster=_alone(world, nodes, wanted.alone, told))


def _alone(world: Inventory, nodes: Nodes, alone: Unmanaged, told: Mapping[str, str | ClusterUnusable]) -> Cluster:
    """Make one view of what the nodes said of themselves. Raises ClusterUnusable where some have a manager."""
    answers = {node: told[node] for node in world.nodes if node in told}
    kinds = {node: cluster.kind(text) for node, text in answers.items() if isinstance(text, str)}
    odd = sorted(f"{node} has {kind}" for node, kind in kinds.items() if kind != NONE)
    if odd:
        raise ClusterUnusable(
            "only some nodes have a cluster manager",
            why=f"{', '.join(odd)}; others have none",
            hint="configure it on all of them, or name the right one: `manager` in the configuration",
        )
    parts = {node: cluster.parse(node, text, alone) for node, text in answers.items() if isinstance(text, str)}
    return alone.join(world, nodes.names, {node: part for node, part in parts.items() if part})


def _cluster(nodes: Nodes, managed: Cluster | None, others: Iterable[str]) -> Cluster | None:
    """Ask other nodes where the first could not tell, such as one that was cut off from the rest."""
    for node in others:
        if managed is None or (managed.quorate and not managed.trouble):
            break
        try:
            other = cluster.ask(nodes, node, managed.manager)
        except ClusterUnusable:
            continue
        if other is None or (other.quorate and not other.trouble):
            return other
    return managed


def _first_report(
    nodes: Nodes, candidates: Sequence[str], vg: str, early: Callable[[], Result | Unreachable], *, anyhow: bool
) -> tuple[str, Report, dict[str, str]]:
    """Have LVM of the first node that answers tell of the VG; last comes of nodes that cannot read it why."""
    blind: dict[str, str] = {}
    why = ""
    for node in candidates:
        answer = early() if node == candidates[0] else ahead.ask(nodes, node, vg)
        if isinstance(answer, Unreachable):
            why = answer.why
            continue
        try:
            return node, lvm_report.parse(vg, answer), blind
        except (NotFound, ToolFailed) as error:
            if not anyhow:
                raise
            blind[node] = f"{error.what}: {error.why}"
    if blind:
        return next(iter(blind)), lvm_report.unread(vg), blind
    raise ClusterUnusable("no node answers", why=why, hint="check the names in `nodes` and ssh to them")


def _ask(
    nodes: Nodes, asked: Sequence[str], vg: str, wanted: Wanted, first: str
) -> tuple[dict[str, NodeFacts], dict[str, str], dict[str, str | ClusterUnusable]]:
    """Run the probe on all nodes at once; the one that reports on LVM tells its names of the PVs by that.

    Last comes what each node said of managers and services, as text, or why it said nothing.
    """
    scripts = {node: ["sh", "-s", vg, *_parts(wanted, node, nodes.local, first)] for node in asked}
    asks_more = wanted.manager != NONE or wanted.alone
    answers = nodes.ask(scripts, probe.script() + cluster.script(wanted.alone) if asks_more else probe.script())
    facts: dict[str, NodeFacts] = {}
    silent: dict[str, str] = {}
    told: dict[str, str | ClusterUnusable] = {}
    for node, answer in answers.items():
        if isinstance(answer, Unreachable):
            silent[node] = f"does not answer ({answer.why})"
            told[node] = answer
            continue
        text, _, told[node] = answer.out.partition(cluster.MARK)
        try:
            facts[node] = probe.parse(node, text, _own_blocks(wanted) if node == nodes.local else None)
            _whole(node, wanted, answer.out)
        except ClusterUnusable as error:
            facts.pop(node, None)
            silent[node] = f"gave no whole answer ({error.why if answer.out else answer.reason()})"
    return facts, silent, told


def _whole(node: str, wanted: Wanted, answer: str) -> None:
    """Raise ClusterUnusable where a node's word on its own VMs is cut off: it may run anything then."""
    text = answer.partition(cluster.MARK)[2]
    if wanted.alone and cluster.kind(text) in (NONE, ""):
        cluster.parse(node, text, wanted.alone)


def _manager(node: str, wanted: Wanted, told: str | ClusterUnusable) -> Cluster | None:
    """Read what the manager said; where it could not be asked, say so in its place: that is not the same as none."""
    if wanted.manager == NONE:
        return None
    try:
        if isinstance(told, ClusterUnusable):
            raise told
        return cluster.parse(node, told)
    except ClusterUnusable as error:
        return Cluster(wanted.manager, node, quorate=False, trouble=f"{error.what}: {error.why}")


def _parts(wanted: Wanted, node: str, local: str, first: str) -> list[str]:
    # This host's disks are asked of udev directly.
    blocks = ["blocks"] if wanted.blocks and node != local else []
    devices = ["devices"] if wanted.devices and node != first else []
    manager = cluster.part(wanted.manager) if node == first else []
    return [*blocks, *devices, *manager, *(cluster.agent_part(wanted.manager) if wanted.alone else [])]


def _own_blocks(wanted: Wanted) -> Callable[[], Iterable[RawBlock]]:
    if not wanted.blocks:
        return tuple
    from vmstore.tools import udev  # noqa: PLC0415  # pyudev costs 40 ms that only PV commands pay

    return udev.blocks


def _with_device(pv: PhysicalVolume, blocks: Iterable[BlockDevice]) -> PhysicalVolume:
    return replace(pv, device=next((block for block in blocks if block.is_called(pv.name)), None))
