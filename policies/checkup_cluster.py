"""Check that the cluster manager can act, and that each service is well and where its volume is. Pure."""

from collections.abc import Iterator

from vmstore.model import FREEZE_TAG
from vmstore.policies.findings import Finding, Level, Mend, Seen
from vmstore.services import NONE, SETTLED, Service, State

_LOOK = {"pacemaker": "crm_mon -1", "rgmanager": "clustat"}
# What there is to look at, and to turn on, where a manager cannot switch nodes off.
_FENCE = {
    "pacemaker": (
        "cibadmin -Q --xpath \"//primitive[@class='stonith']\"",
        "crm_attribute -t crm_config -n stonith-enabled -v true",
    ),
    "rgmanager": ("ccs_config_validate", "fence_tool ls"),
}


def fencing(seen: Seen) -> Iterator[Finding]:
    """Find that nobody can switch off a node that is lost, VMS-D40."""
    cluster = seen.world.cluster
    for node, checkup in seen.nodes.items() if cluster else ():
        manager = cluster.manager if cluster else ""
        for why in checkup.unfenced:
            mend = tuple(Mend(node, each) for each in _FENCE.get(manager, ()))
            yield Finding("VMS-D40", Level.ERROR, "cluster", manager, why, mend)
    if seen.world.vg.lock_type != "dlm":
        return
    off = [node for node, checkup in seen.nodes.items() if checkup.dlm_fences is False]
    if off:
        # Where a manager starts services elsewhere by itself, a lock that is given away too early is a second mount.
        level = Level.ERROR if cluster and cluster.manager != NONE else Level.WARNING
        # The package need not bring that folder.
        edit = "sed -i /^enable_fencing/d /etc/dlm/dlm.conf; echo enable_fencing=1 >>/etc/dlm/dlm.conf"
        mend = tuple(Mend(node, f"mkdir -p /etc/dlm; {edit}") for node in off)
        what = (
            f"dlm gives the locks of a lost node away without fencing it: enable_fencing is 0 on {', '.join(off)}; "
            "dlm reads it only when it starts, so restart the nodes after that, one by one"
        )
        yield Finding("VMS-D40", level, "cluster", "dlm", what, mend)


def manager(seen: Seen) -> Iterator[Finding]:
    """Find that the manager cannot act, VMS-D41."""
    cluster = seen.world.cluster
    if cluster is None or cluster.manager == NONE:
        return
    look = Mend(cluster.reporter, _LOOK[cluster.manager]) if cluster.manager in _LOOK else Mend("", "vmstore status")
    told = []
    if cluster.trouble:
        told.append(f"it does not tell the states of its services: {cluster.trouble}")
    elif not cluster.quorate:
        told.append(f"it has no quorum, as {cluster.reporter} sees it")
    told += [f"{member.name} is lost and not fenced yet" for member in cluster.members if member.unclean]
    for what in told:
        yield Finding("VMS-D41", Level.ERROR, "cluster", cluster.manager, what, (look,))
    if cluster.locked:
        unlock = Mend(cluster.reporter, "clusvcadm -u")
        what = "its services are locked: it starts none (clusvcadm -l)"
        yield Finding("VMS-D41", Level.ERROR, "cluster", cluster.manager, what, (unlock,))


def members(seen: Seen) -> Iterator[Finding]:
    """Find nodes that take no services, VMS-D46."""
    cluster = seen.world.cluster
    if cluster is None or cluster.manager == NONE:
        return
    known = seen.world.nodes.keys() | seen.world.silent.keys()
    for member in cluster.members:
        if not member.manages and not member.unclean and member.name in known:
            what = "it is a member and takes no services" if member.online else "it is no member of the cluster now"
            back = [Mend(member.name, f"service {cluster.manager} start")]
            if cluster.manager == "pacemaker" and member.online:
                marks = ("crm_standby --delete --node {}", "crm_attribute --node {} --name maintenance --delete")
                back = [Mend(cluster.reporter, each.format(member.name)) for each in marks]
            yield Finding("VMS-D46", Level.WARNING, "node", member.name, what, tuple(back))


def shutdowns(seen: Seen) -> Iterator[Finding]:
    """Find nodes that stop what VMs need while Pacemaker still suspends them, VMS-D47."""
    for node, checkup in seen.nodes.items():
        if units := checkup.unordered:
            what = f"a shutdown does not wait for Pacemaker before it stops {', '.join(units)}"
            folder = "/etc/systemd/system/pacemaker.service.d"
            mend = (
                Mend(node, f"mkdir -p {folder}"),
                # Behind what an earlier finding had written there, which holds on.
                Mend(node, f"printf '[Unit]\\nAfter=%s\\n' '{' '.join(units)}' >>{folder}/vmstore.conf"),
                Mend(node, "systemctl daemon-reload"),
            )
            yield Finding("VMS-D47", Level.WARNING, "node", node, what, mend)


def services(seen: Seen) -> Iterator[Finding]:
    """Find services that have failed, VMS-D42, are frozen, VMS-D43, or not where their volume is, VMS-D44."""
    for vm, service in sorted(seen.world.cluster.services.items()) if seen.world.cluster else ():
        # Who holds a volume, and whether a job is at work on it, says the VG.
        known = not seen.world.unread and not _at_work(seen, vm)
        if service.state in (State.FAILED, State.UNKNOWN):
            what = f"{service.state}" + (f": {service.detail}" if service.detail else "")
            mend = (Mend("", f"vmstore stop {vm}"), Mend("", f"vmstore start {vm}"))
            yield Finding("VMS-D42", Level.ERROR, "VM", vm, what, mend)
        elif service.state in SETTLED and known:
            yield from _disputed(seen, service)
        if service.frozen and known:
            yield _frozen(seen, vm)


def _disputed(seen: Seen, service: Service) -> Iterator[Finding]:
    """Compare where the service is with who has its volume open; a node that is silent may have it."""
    lv = seen.world.lv(service.vm)
    users = [each.node for each in seen.world.activations(lv) if each.opens] if lv else []
    owner = [service.owner] if service.owner else []
    if users == owner or set(owner) & set(seen.world.silent) or seen.world.cluster is None:
        return
    says = f"{seen.world.cluster.speaker} says {service.state}" + (f" on {service.owner}" if service.owner else "")
    what = f"{says}, but " + (f"its volume is in use on {', '.join(users)}" if users else "no node has it in use")
    look = tuple(Mend(node, f"lsblk /dev/{seen.vg}/{service.vm}") for node in users)
    yield Finding("VMS-D44", Level.ERROR, "VM", service.vm, what, (Mend("", f"vmstore status {service.vm}"), *look))


def _frozen(seen: Seen, vm: str) -> Finding:
    own = any(tag.startswith(f"{FREEZE_TAG}{vm}:") for pv in seen.world.pvs for tag in pv.freezes)
    what = "frozen by a run of vmstore that was cut off" if own else "frozen by hand"
    return Finding("VMS-D43", Level.WARNING, "VM", vm, what, (Mend("", f"vmstore thaw {vm}"),))


def _at_work(seen: Seen, vm: str) -> bool:
    lv = seen.world.lv(vm)
    return lv is not None and any(run.pv in seen.working for run in lv.extents)
