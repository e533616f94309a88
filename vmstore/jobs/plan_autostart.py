"""Plan having rgmanager start a VM together with the cluster, once it was started for the first time.

A service is made with autostart="0", or rgmanager would start it at once, before the VM's files are on it. From its
first start on it shall come back after the whole cluster was down, as its admin expects; stopping leaves that as it is,
as clusvcadm -d does.
"""

from vmstore.config import ClusterSettings
from vmstore.errors import VmstoreError
from vmstore.jobs import plan_conf
from vmstore.jobs.conf_steps import OLD, Effect, put_off
from vmstore.jobs.step import Step, Work
from vmstore.model import Inventory
from vmstore.services import Cluster
from vmstore.tools import cluster_conf


def plan(work: Work, world: Inventory, settings: ClusterSettings, vm: str) -> tuple[list[Step], str]:
    """Plan the change of cluster.conf, nothing where there is none to make; else say why it cannot be made now.

    That is no error: the VM can be started without.
    """
    cluster = world.cluster
    if cluster is None or cluster.manager != "rgmanager" or not settings.autostart:
        return [], ""
    try:
        if not _off(work, world, cluster, vm):
            return [], ""
        change = _change(work, world, cluster, vm)
        return [plan_conf.push(work, cluster, settings, vm, change)], ""
    except VmstoreError as error:
        return [], put_off(vm, error)


def comes_back(work: Work, world: Inventory, vm: str) -> bool:
    """Tell whether a stopped VM starts again when the whole cluster does."""
    cluster = world.cluster
    if cluster is None or cluster.manager != "rgmanager":
        return False
    try:
        return any(cluster_conf.autostart(text, vm) for text in plan_conf.texts(work, [cluster.reporter]))
    except VmstoreError:
        return False


def _off(work: Work, world: Inventory, cluster: Cluster, vm: str) -> bool:
    """Tell whether some node that answers does not work by autostart="1" yet."""
    found = plan_conf.texts(work, [member.name for member in cluster.members if member.name in world.nodes])
    if any(cluster_conf.autostart(text, vm) is False for text in found):
        return True
    late = bool(found) and 0 < plan_conf.running(work, cluster) < cluster_conf.version(found[0])
    return late and _own(work, cluster, vm, found[0])


def _change(work: Work, world: Inventory, cluster: Cluster, vm: str) -> plan_conf.Change:
    before, newer = plan_conf.read(work, world, cluster)
    return plan_conf.Change(before, newer, cluster_conf.set_autostart(before, vm), Effect.RECONFIGURED)


def _own(work: Work, cluster: Cluster, vm: str, text: str) -> bool:
    """Tell whether a file that is not activated is what this very change left when it was cut off."""
    old = work.ask(cluster.reporter, ["cat", OLD])
    return old.ok and cluster_conf.same(cluster_conf.set_autostart(old.out, vm), text)
