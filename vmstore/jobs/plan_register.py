"""Plan making a VM known to the cluster manager as a service, and taking it out again."""

from collections.abc import Sequence
from dataclasses import dataclass

from vmstore.config import ClusterSettings
from vmstore.jobs import agent_steps, plan_conf, register_steps, where
from vmstore.jobs.agent_steps import DropScript, LinkScript
from vmstore.jobs.conf_steps import Effect
from vmstore.jobs.register_steps import AddResource, DropResource
from vmstore.jobs.step import Step, Work
from vmstore.model import Inventory
from vmstore.policies import safety
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
    before, newer = plan_conf.read(work, world, cluster)
    text = cluster_conf.add_service(before, spec, order.settings.domain)
    push = plan_conf.push(work, cluster, order.settings, vm, plan_conf.Change(before, newer, text, Effect.ADDED))
    return [LinkScript(vm, push.nodes), push]


def drop(work: Work, world: Inventory, vm: str, settings: ClusterSettings) -> list[Step]:
    """Plan taking the service out; nothing where there is none.

    Raises Refused while it is not stopped, or its volume is in use whatever the manager says.
    """
    cluster = world.cluster
    if cluster is None or vm not in cluster.services:
        return []
    register_steps.stopped(cluster, vm)
    lv = world.lv(vm)
    if lv is not None:
        where.place(world, lv)
    if cluster.manager == "pacemaker":
        return [DropResource(cluster.reporter, vm)]
    before, newer = plan_conf.read(work, world, cluster)
    text = cluster_conf.remove_service(before, vm)
    push = plan_conf.push(work, cluster, settings, vm, plan_conf.Change(before, newer, text, Effect.REMOVED))
    return [push, DropScript(vm, push.nodes)]


def told(world: Inventory, vm: str, served: Sequence[Step], volume: str) -> str:
    """Say what a VM has now, and what comes next."""
    if not served and world.cluster is None:
        return f"{volume}; put the VM's files on it, then `vmstore start {vm}`"
    if not served:
        return volume
    node = world.cluster.reporter if world.cluster else world.reporter
    return f"{volume}, and its service, stopped; put the VM's files on it on {node}, then `vmstore start {vm}`"
