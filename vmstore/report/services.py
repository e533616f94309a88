"""Say of each VM's service what the manager says, and whether the nodes say the same. Pure."""

from collections.abc import Iterator
from typing import Any

from vmstore.errors import VmstoreError
from vmstore.jobs import freezing, where
from vmstore.model import Inventory
from vmstore.services import Service


def rows(world: Inventory) -> list[dict[str, Any]]:
    """Describe every service, by VM; ``frozen`` is null, "admin" or "vmstore"."""
    if world.cluster is None:
        return []
    return [_row(world, service) for _, service in sorted(world.cluster.services.items())]


def remarks(world: Inventory) -> Iterator[str]:
    """Tell what is wrong with the cluster as a whole, a line each."""
    cluster = world.cluster
    if cluster is None:
        yield "there is no cluster manager on the node that was asked"
        return
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


def _row(world: Inventory, service: Service) -> dict[str, Any]:
    lv = world.lv(service.vm)
    holders = [active.node for active in world.activations(lv)] if lv else []
    return {
        "vm": service.vm,
        "state": str(service.state),
        "node": service.owner or None,
        "frozen": _frozen(world, service),
        "held_by": ",".join(holders) or None,
        "note": _note(world, service),
    }


def _frozen(world: Inventory, service: Service) -> str | None:
    if not service.frozen:
        return None
    return "vmstore" if any(note.vm == service.vm for _, note in freezing.notes(world)) else "admin"


def _note(world: Inventory, service: Service) -> str:
    lv = world.lv(service.vm)
    if lv is None:
        return "; ".join(filter(None, ("no volume", service.detail)))
    try:
        where.place(world, lv)
    except VmstoreError as error:
        return "; ".join(filter(None, (f"{error.what}: {error.why}", service.detail)))
    return service.detail
