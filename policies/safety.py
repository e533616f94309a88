"""Decide whether the state of the cluster allows touching a VM's service. Pure."""

from collections.abc import Iterable

from vmstore.errors import ClusterUnusable, Refused
from vmstore.services import SETTLED, Cluster, Service, State


def cluster(state: Cluster) -> None:
    """Raise ClusterUnusable where the manager cannot be relied on: no states, no quorum, a fence that is pending."""
    if state.trouble:
        raise ClusterUnusable(
            f"{state.manager} does not tell the states of its services",
            why=f"{state.reporter}: {state.trouble}",
            hint="see what the manager itself says there: clustat, or crm_mon -1",
        )
    if not state.quorate:
        raise ClusterUnusable(
            "the cluster has no quorum",
            why=f"{state.manager} on {state.reporter} sees no majority of the nodes",
            hint="bring nodes back; nothing is started, stopped or frozen until then",
        )
    lost = [member.name for member in state.members if member.unclean]
    if lost:
        raise ClusterUnusable(
            f"{', '.join(lost)} is lost and not fenced yet",
            why="until it is, nobody knows what it still writes to",
            hint=f"wait for the fencing of {lost[0]}, or confirm by hand that it is off",
        )


def services(state: Cluster | None, vms: Iterable[str]) -> None:
    """Raise ClusterUnusable or Refused where one of these VMs' services must not be touched; no manager allows all."""
    if state is None:
        return
    cluster(state)
    for vm in vms:
        service = state.services.get(vm)
        if service is not None:
            _settled(state, service)


def target(state: Cluster, service: Service, node: str) -> None:
    """Raise Refused where a service cannot go to a node: a guest would be stopped for nothing."""
    member = state.member(node)
    if member is None:
        known = ", ".join(member.name for member in state.members)
        raise Refused(
            f"{node} is no member of the cluster", why=f"its members are {known}", hint="name one of these nodes"
        )
    if not member.online or not member.manages:
        raise Refused(
            f"{node} takes no services",
            why="it is not online" if not member.online else f"{state.manager} does not run there, or is on standby",
            hint=_others(state, service),
        )
    if state.locked:
        raise Refused(
            "the services are locked",
            why=f"{state.manager} was told to start nothing (clusvcadm -l)",
            hint="clusvcadm -u unlocks them; a relocation before that would only stop the VM",
        )
    if service.frozen:
        raise frozen(service)


def _others(state: Cluster, service: Service) -> str:
    able = [m.name for m in state.members if m.online and m.manages and m.name != service.owner]
    return f"name one that does: {', '.join(able)}" if able else "bring a node back; `vmstore status` shows all"


def frozen(service: Service) -> Refused:
    """Make the refusal to move, start or stop a service that is frozen."""
    return Refused(
        f"{service.vm} is frozen",
        why="a frozen service is neither started, stopped nor moved",
        hint=f"`vmstore thaw {service.vm}`, if whoever froze it is done",
    )


def failed(state: Cluster, service: Service) -> Refused:
    """Make the refusal to touch what the manager has given up."""
    return Refused(
        f"the service {service.vm} has failed",
        why=f"{state.speaker}: {service.detail or 'failed'}; parts of it may still be in use",
        hint=f"`vmstore stop {service.vm}` once what failed is mended, then `vmstore start {service.vm}`",
    )


def _settled(state: Cluster, service: Service) -> None:
    if service.state is State.FAILED:
        raise failed(state, service)
    if service.state not in SETTLED:
        raise Refused(
            f"the service {service.vm} is in between",
            why=f"{state.speaker} says {service.state}",
            hint=f"wait until `vmstore status {service.vm}` is settled",
        )
