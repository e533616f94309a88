"""Say on which node a VM is started or stopped where no cluster manager decides it. Pure."""

from vmstore.errors import NoSuchNode, Refused
from vmstore.jobs import where
from vmstore.model import Inventory, Mount
from vmstore.services import Cluster
from vmstore.tools.agent import AGENT
from vmstore.tools.unmanaged import Unmanaged


def seat(world: Inventory, alone: Unmanaged, vm: str, node: str) -> tuple[str, bool]:
    """Choose where to start a VM, and tell whether its volume is mounted there already.

    ``node`` is "" where the admin named none: then where its volume is active, or the node that reported. Raises
    Refused where the volume is in use elsewhere or otherwise, ClusterUnusable where that is not known, NotFound.
    """
    lv = where.volume(world, vm)
    place = where.place(world, lv)
    where.known(world, [vm])
    there = f"{alone.directory}/{vm}"
    at = alone.mounted(world, vm)
    to = node or (place.node if place.active else world.reporter)
    able(world, vm, to)
    if place.active and place.node != to:
        raise Refused(
            f"{vm} is in use on {place.node}",
            why=_use(place.mount),
            hint=f"let go of it there first: lvchange -an {world.vg.name}/{vm}",
        )
    if place.active and place.active.opens and not at:
        raise Refused(
            f"{vm} is in use on {place.node}",
            why=f"{_use(place.mount)}; its place is {there}",
            hint=f"on {place.node}: see lsblk /dev/{world.vg.name}/{vm}, and unmount it",
        )
    return to, bool(at)


def able(world: Inventory, vm: str, node: str) -> None:
    """Raise NotFound, ClusterUnusable or Refused where a node cannot take a VM."""
    cluster = world.cluster
    member = cluster.member(node) if cluster else None
    if cluster is None or member is None:
        raise NoSuchNode(node, sorted(world.nodes))
    where.locks(world, node)
    for pv in {run.pv for run in where.volume(world, vm).extents}:
        where.device(world, node, pv)
    if not member.manages:
        raise Refused(
            f"{node} runs no VMs", why=f"the agent is not installed there: {AGENT}", hint="see docs/cluster.md"
        )


def holder(world: Inventory, alone: Unmanaged, cluster: Cluster, vm: str) -> str:
    """Name the node that has to let go of a VM: it runs there, or its volume is mounted at its place; "" for none.

    Raises Refused where several have it, ClusterUnusable where a silent node may.
    """
    where.place(world, where.volume(world, vm))
    found = cluster.services.get(vm)
    at = alone.mounted(world, vm)
    node = found.owner if found else at[0] if at else ""
    if not node:
        where.known(world, [vm])
    return node


def _use(mount: Mount | None) -> str:
    return f"its volume is mounted at {mount.target}" if mount else "its volume is active there"
