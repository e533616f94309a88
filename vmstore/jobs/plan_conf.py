"""Plan a change of cluster.conf, and refuse where it could not reach every node or would harm a service."""

from collections.abc import Sequence
from dataclasses import dataclass

from vmstore.config import ClusterSettings
from vmstore.errors import ClusterUnusable, Refused
from vmstore.jobs.conf_steps import NEW, Effect, PushConf, refuse_away, refuse_frozen, refuse_unactivated
from vmstore.jobs.step import Work
from vmstore.model import Inventory
from vmstore.services import Cluster
from vmstore.tools import cluster_conf, cluster_push
from vmstore.tools.cluster_conf import CONF
from vmstore.tools.cluster_push import Way
from vmstore.tools.nodes import Unreachable


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the file as most nodes have it, and a newer one that some have, "" where all have the same."""

    before: str
    newer: str
    text: str
    effect: Effect


def read(work: Work, world: Inventory, cluster: Cluster) -> tuple[str, str]:
    """Read cluster.conf on every member; give it, and a newer one that some have, "" where all have the same.

    Raises ClusterUnusable where a member is away: a change must reach all of them. Raises Refused where they differ.
    """
    nodes = _members(cluster)
    online = {member.name for member in cluster.members if member.online}
    refuse_away(node for node in nodes if node not in world.nodes or node not in online)
    found: list[str] = []
    for text in texts(work, nodes):
        if not any(cluster_conf.same(text, other) for other in found):
            found.append(text)
    ordered = sorted(found, key=cluster_conf.version)
    if len(ordered) > 2:
        raise _differs("there are three of them or more")
    return ordered[0], "".join(ordered[1:])


def texts(work: Work, nodes: Sequence[str]) -> list[str]:
    """Read cluster.conf on some nodes at once. Raises ClusterUnusable where it cannot be read."""
    found = []
    for node, answer in work.nodes.ask({node: ["cat", CONF] for node in nodes}, "").items():
        if isinstance(answer, Unreachable):
            raise answer
        if not answer.ok:
            raise ClusterUnusable(
                f"{CONF} cannot be read on {node}", why=answer.reason(), hint=f"ssh {node} ls -l {CONF}"
            )
        found.append(answer.out)
    return found


def push(work: Work, cluster: Cluster, settings: ClusterSettings, vm: str, change: Change) -> PushConf:
    """Plan distributing a change that is about one service, in the way of the cluster's generation.

    Raises Refused where it would harm a service or is not the only change under way.
    """
    programs = cluster_push.programs(work.ask(cluster.reporter, cluster_push.ask_programs()))
    way = cluster_push.choose(settings.push, cluster.reporter, programs)
    # A newer file passes only where it is what this very change had begun to copy; ccsd would refuse to go on.
    if change.newer and (way is Way.CCS_TOOL or not cluster_conf.same(change.newer, change.text)):
        raise _differs("some nodes have another change, which is not distributed or not by vmstore")
    refuse_frozen(cluster)
    if change.text != change.before:
        refuse_unactivated(cluster_conf.version(change.before), [running(work, cluster)])
    touched = sorted(cluster_conf.changed_services(change.before, change.text) - {vm})
    if touched:
        raise Refused(
            "the change would restart other services",
            why=f"it touches resources of {', '.join(touched)}",
            hint=f"look at {CONF} for what {vm} shares with them",
        )
    checker = cluster_push.validate(NEW) if way is not Way.CCS_TOOL else []
    if way is Way.CCS_TOOL and "xmllint" in programs:
        checker = cluster_push.lint(NEW)
    return PushConf(
        cluster.reporter,
        _members(cluster),
        vm,
        change.before,
        change.text,
        change.effect,
        way,
        tuple(checker),
        settings.patience,
    )


def running(work: Work, cluster: Cluster) -> int:
    """Give the version that the cluster runs, as the node says that was asked."""
    return cluster_push.version(work.ask(cluster.reporter, cluster_push.ask_version()))


def _members(cluster: Cluster) -> tuple[str, ...]:
    return tuple(member.name for member in cluster.members)


def _differs(why: str) -> Refused:
    return Refused(
        f"{CONF} is not the same on every node",
        why=why,
        hint="compare them and put the right one everywhere: cman_tool version -r, on RHEL 4 and 5 ccs_tool update",
    )
