"""Plan making a VM known to the cluster manager as a service, and taking it out again."""

from collections.abc import Sequence
from dataclasses import dataclass

from vmstore.config import ClusterSettings
from vmstore.errors import ClusterUnusable, Refused
from vmstore.jobs import agent_steps, where
from vmstore.jobs.agent_steps import DropScript, LinkScript
from vmstore.jobs.conf_steps import CONF, PushConf
from vmstore.jobs.register_steps import AddResource, DropResource
from vmstore.jobs.step import Step, Work
from vmstore.model import Inventory
from vmstore.policies import safety
from vmstore.services import Cluster, State
from vmstore.tools import cluster_conf
from vmstore.tools.managers import ServiceSpec


@dataclass(frozen=True, slots=True)
class Order:
    """How a new service shall be made; ``agents`` is bundled or stock."""

    fstype: str
    agents: str
    settings: ClusterSettings


def add(work: Work, world: Inventory, vm: str, order: Order) -> list[Step]:
    """Plan making the service, stopped; nothing where there is no manager or it has one already.

    Raises Refused or ClusterUnusable before anything is changed.
    """
    cluster = world.cluster
    if cluster is None or vm in cluster.services:
        return []
    safety.cluster(cluster)
    spec = ServiceSpec(
        vm=vm,
        vg=world.vg.name,
        fstype=order.fstype,
        directory=f"{order.settings.directory}/{vm}",
        script=agent_steps.script(vm),
        hypervisor=order.settings.hypervisor,
        stock=order.agents == "stock",
        autostart=False,
    )
    if cluster.manager == "pacemaker":
        return [AddResource(cluster.reporter, spec)]
    nodes = _all_nodes(world, cluster)
    before, newer = _conf(work, nodes)
    text = cluster_conf.add_service(before, spec, order.settings.domain)
    _continues(newer, text)
    return [LinkScript(vm, nodes), _push(world, cluster, nodes, vm, before, text, order.settings, present=True)]


def drop(work: Work, world: Inventory, vm: str, settings: ClusterSettings) -> list[Step]:
    """Plan taking the service out; nothing where there is none.

    Raises Refused while it is not stopped, or its volume is in use whatever the manager says.
    """
    cluster = world.cluster
    if cluster is None or vm not in cluster.services:
        return []
    safety.services(cluster, [vm])
    service = cluster.services[vm]
    if service.frozen:
        raise safety.frozen(service)
    if service.state not in (State.STOPPED, State.DISABLED):
        raise Refused(
            f"{vm} is not stopped", why=f"{cluster.manager} says {service.state}", hint=f"`vmstore stop {vm}` first"
        )
    lv = world.lv(vm)
    if lv is not None:
        where.place(world, lv)
    if cluster.manager == "pacemaker":
        return [DropResource(cluster.reporter, vm)]
    nodes = _all_nodes(world, cluster)
    before, newer = _conf(work, nodes)
    text = cluster_conf.remove_service(before, vm)
    _continues(newer, text)
    return [_push(world, cluster, nodes, vm, before, text, settings, present=False), DropScript(vm, nodes)]


def told(world: Inventory, vm: str, served: Sequence[Step], volume: str) -> str:
    """Say what a VM has now, and what comes next."""
    if not served:
        return volume
    node = world.cluster.reporter if world.cluster else world.reporter
    return f"{volume}, and its service, stopped; put the VM's files on it on {node}, then `vmstore start {vm}`"


def _conf(work: Work, nodes: Sequence[str]) -> tuple[str, str]:
    """Read cluster.conf on every node; give it, and a newer one that some have, "" where all have the same."""
    texts = set()
    for node in nodes:
        answer = work.ask(node, ["cat", CONF])
        if not answer.ok:
            raise ClusterUnusable(
                f"{CONF} cannot be read on {node}", why=answer.reason(), hint=f"ssh {node} ls -l {CONF}"
            )
        texts.add(answer.out)
    ordered = sorted(texts, key=cluster_conf.version)
    if len(ordered) > 2:
        raise _differs("there are three of them or more")
    return ordered[0], "".join(ordered[1:])


def _continues(newer: str, text: str) -> None:
    """Let a newer file on some nodes pass only where it is what this very change had begun to distribute."""
    if newer not in ("", text):
        raise _differs("some nodes have another change, which is not distributed or not by vmstore")


def _differs(why: str) -> Refused:
    return Refused(
        f"{CONF} is not the same on every node",
        why=why,
        hint="compare them, copy the right one everywhere and activate it: cman_tool version -r -S",
    )


def _all_nodes(world: Inventory, cluster: Cluster) -> tuple[str, ...]:
    """Name every member; a change of cluster.conf must reach all of them, the ones that are off by hand later."""
    nodes = tuple(member.name for member in cluster.members)
    missing = [node for node in nodes if node not in world.nodes]
    if missing:
        raise ClusterUnusable(
            f"cluster.conf cannot be changed while {', '.join(missing)} is away",
            why="a node that comes back with the old file would suspend its services",
            hint=f"bring back {missing[0]}; `create --no-service` makes the volume alone",
        )
    return nodes


def _push(
    world: Inventory,
    cluster: Cluster,
    nodes: tuple[str, ...],
    vm: str,
    before: str,
    text: str,
    settings: ClusterSettings,
    *,
    present: bool,
) -> Step:
    del world
    # rgmanager 3.1.8 restarts changed resources of a frozen service, and forgets a frozen one that is taken out while
    # it runs on.
    held = sorted(service.vm for service in cluster.services.values() if service.frozen)
    if held:
        raise Refused(
            "cluster.conf is not changed while a service is frozen",
            why=f"frozen: {', '.join(held)}; rgmanager does not honour that when it reads a new configuration",
            hint=f"`vmstore thaw {held[0]}`, if whoever froze it is done",
        )
    touched = sorted(cluster_conf.changed_services(before, text) - {vm})
    if touched:
        raise Refused(
            "the change would restart other services",
            why=f"it touches resources of {', '.join(touched)}",
            hint=f"look at {CONF} for what {vm} shares with them",
        )
    return PushConf(cluster.reporter, nodes, vm, before, text, present, settings.patience)
