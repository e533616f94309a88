"""Say of each VM's service what the manager says, and whether the nodes say the same. Pure.

Without a manager, the nodes tell of the VMs that run on them.
"""

from collections.abc import Iterator
from typing import Literal, TypedDict

from vmstore.errors import ClusterUnusable, VmstoreError
from vmstore.jobs import freezing, where
from vmstore.model import Inventory
from vmstore.report import volumes
from vmstore.report.json_types import Holder
from vmstore.services import NONE, Cluster, Service, State

# What is said where there is nothing to list, by whether there is no manager.
NOTHING = {
    False: "no VM has a service yet; `vmstore create VM SIZE` makes one with its volume",
    True: "no VM runs on the nodes that answered",
}
_Freezer = Literal["admin", "vmstore"]


class ServiceRow(TypedDict):
    """The service of a VM, as its manager tells; ``frozen`` says by whom, and ``held_by`` who has its volume."""

    vm: str
    state: State
    node: str | None
    frozen: _Freezer | None
    held_by: Holder | None
    note: str


def rows(world: Inventory, vm: str = "") -> list[ServiceRow]:
    """Describe every service, by VM, or the one of ``vm``."""
    if world.cluster is None:
        return []
    if vm:
        found = _find(world, world.cluster, vm)
        return [_row(world, found)] if found else []
    return [_row(world, service) for _, service in sorted(world.cluster.services.items())]


def _find(world: Inventory, cluster: Cluster, vm: str) -> Service | None:
    found = cluster.find(vm)
    if cluster.manager == NONE and vm not in cluster.services and world.unsure():
        return Service(vm, State.UNKNOWN, detail=world.doubts())
    return found


def remarks(world: Inventory) -> Iterator[str]:
    """Tell what is wrong with the cluster as a whole, a line each."""
    cluster = world.cluster
    if cluster is None:
        return
    if cluster.manager == NONE:
        yield from _unmanaged(world, cluster)
        return
    yield from world.unheard()
    if cluster.trouble:
        yield f"{cluster.manager} does not tell the states of its services: {cluster.trouble}"
    if not cluster.quorate:
        yield f"the cluster has no quorum, as {cluster.reporter} sees it"
    for member in cluster.members:
        if member.unclean:
            yield f"{member.name} is lost and not fenced yet"
        elif not member.online:
            yield f"{member.name} is offline"
        elif not member.manages:
            yield f"{member.name} takes no services"
    if cluster.locked:
        yield f"{cluster.manager} is told to start nothing (clusvcadm -l)"


def _unmanaged(world: Inventory, cluster: Cluster) -> Iterator[str]:
    yield "there is no cluster manager: each node tells of its own VMs, and nothing restarts them"
    for node, why in world.unsure().items():
        yield f"{node} {why}; what runs there is not known"
    for member in cluster.members:
        if member.online and not member.manages:
            yield f"{member.name} runs no VMs: the agent is not installed there"


def _row(world: Inventory, service: Service) -> ServiceRow:
    lv = world.lv(service.vm)
    holders = [active.node for active in world.activations(lv)] if lv else []
    return {
        "vm": service.vm,
        "state": service.state,
        "node": service.owner or None,
        "frozen": _frozen(world, service),
        "held_by": ",".join(holders) or (volumes.UNKNOWN if lv and world.unsure() else None),
        "note": _note(world, service),
    }


def _frozen(world: Inventory, service: Service) -> _Freezer | None:
    if not service.frozen:
        return None
    return "vmstore" if any(note.vm == service.vm for _, note in freezing.notes(world)) else "admin"


def _note(world: Inventory, service: Service) -> str:
    lv = world.lv(service.vm)
    if lv is None:
        return "; ".join(filter(None, ("no volume", service.detail)))
    # A manager may have no more to say of a service than its state once more.
    detail = "" if service.detail == service.state else service.detail
    try:
        where.place(world, lv)
    except ClusterUnusable:
        # Which nodes are silent, and why, is told once for all.
        return "; ".join(filter(None, ("who holds it is not known", detail)))
    except VmstoreError as error:
        return "; ".join(filter(None, (f"{error.what}: {error.why}", detail)))
    return detail
