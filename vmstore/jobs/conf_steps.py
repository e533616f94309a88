"""The step that gives the nodes a new cluster.conf: on every node before it is activated, its effect awaited.

rgmanager 3.1.8 answers `cman_tool version -r` at once and applies the change 17 to 34 s later; a node that lacks the
new file suspends its activity until it has it, while clustat looks healthy everywhere.

One change is under way at a time, held apart by a lock on the first member by name, until it has taken effect.
"""

import difflib
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from vmstore.errors import ClusterUnusable, Refused, ToolFailed, VmstoreError
from vmstore.jobs import lease, register_steps
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Inventory
from vmstore.run import Result
from vmstore.services import Cluster
from vmstore.tools import cluster, cluster_conf, cluster_push
from vmstore.tools.cluster_conf import CONF
from vmstore.tools.cluster_push import Way
from vmstore.tools.nodes import Unreachable

NEW = f"{CONF}.vmstore"
OLD = f"{CONF}.vmstore-old"
LOCK = "cluster.conf"
EVERY = 2.0


class Effect(StrEnum):
    """What a new file does to the service it is about, in words for a title."""

    ADDED = "add the service {0}"
    REMOVED = "take out the service {0}"
    RECONFIGURED = "have {0} start with the cluster"


def refuse_away(members: Iterable[str]) -> None:
    """Raise ClusterUnusable where members are away: a change must reach all of them."""
    missing = list(members)
    if missing:
        raise ClusterUnusable(
            f"cluster.conf cannot be changed while {', '.join(missing)} is away",
            why="a node that comes back with the old file would suspend its services",
            hint=f"bring back {missing[0]}; `create --no-service` makes the volume alone",
        )


def refuse_frozen(state: Cluster) -> None:
    """Raise Refused where a service is frozen.

    rgmanager 3.1.8 restarts changed resources of a frozen service, and forgets a frozen one that is taken out while it
    runs on.
    """
    held = sorted(service.vm for service in state.services.values() if service.frozen)
    if held:
        raise Refused(
            "cluster.conf is not changed while a service is frozen",
            why=f"frozen: {', '.join(held)}; rgmanager does not honour that when it reads a new configuration",
            hint=f"`vmstore thaw {held[0]}`, if whoever froze it is done",
        )


def refuse_unactivated(version: int, running: Iterable[int]) -> None:
    """Raise Refused where the cluster does not run the version that the files have."""
    others = sorted(set(running) - {version})
    if others:
        raise Refused(
            f"{CONF} has version {version}",
            why=f"the cluster runs {', '.join(map(str, others))}: a change of somebody else is not activated yet",
            hint="activate it first: cman_tool version -r -S",
        )


def put_off(vm: str, error: VmstoreError) -> str:
    """Say that a VM runs, but does not start with the cluster yet."""
    return (
        f"{vm} does not start with the cluster yet (autostart in cluster.conf): {error.what}; {error.why}; "
        f"`vmstore start {vm}` tries again"
    )


@dataclass(frozen=True, slots=True)
class PushConf(Step):
    """Give every node ``text`` in place of ``before`` and activate it; ``vm`` is the service that it is about.

    ``checker`` is the command that checks the new file before it is distributed, empty where there is none. ``waits``
    has the reasons why the change was left for later, which only one that the VM runs without may be.
    """

    of_service: ClassVar[bool] = True
    node: str
    nodes: tuple[str, ...]
    vm: str
    before: str
    text: str
    effect: Effect
    way: Way
    checker: tuple[str, ...]
    patience: int
    waits: list[VmstoreError] = field(default_factory=list, compare=False, repr=False)

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"{self.effect.format(self.vm)}: cluster.conf version {self.wanted} on {', '.join(self.nodes)}"

    @property
    def detail(self) -> str:
        """Show the change."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.text.splitlines(), CONF, f"{CONF} (new)", lineterm="", n=1
        )
        return "\n".join(lines)

    @property
    def wanted(self) -> int:
        """Give the version that every node shall have."""
        return cluster_conf.version(self.text)

    def commands(self) -> list[Command]:
        """Give the exact commands, in order: written beside the old one, checked, put in place, activated."""
        return [*self._prepare(), *self._act()]

    def _prepare(self) -> list[Command]:
        if self._there:
            return []
        write = [
            Command(node, ("sh", "-c", f"umask 027; cat >{NEW} && sync {NEW}"), self.text) for node in self._written
        ]
        return [*write, *([Command(self.node, self.checker)] if self.checker else [])]

    def _act(self) -> list[Command]:
        place = [] if self._there else [self._place(node) for node in self._written]
        return [*place, Command(self.node, tuple(cluster_push.activate(self.way, self.wanted)))]

    @property
    def _there(self) -> bool:
        # Every node has it already, and ccs_tool takes only a higher version than the one there is.
        return self.way is Way.CCS_TOOL and self._same

    @property
    def _same(self) -> bool:
        return cluster_conf.same(self.before, self.text)

    @property
    def _written(self) -> tuple[str, ...]:
        return self.nodes if self.way is Way.COPY else (self.node,)

    def _place(self, node: str) -> Command:
        keep = ["cp", "-p", CONF, OLD]
        if self.way is Way.CCS_TOOL:
            return Command.chain(node, keep, cluster_push.update(NEW), ["rm", "-f", NEW])
        # A node that loses its power now must not come back with the old one, or with an empty one.
        return Command.chain(node, keep, ["mv", NEW, CONF], ["sync", CONF, CONF.rpartition("/")[0]])

    def done(self, world: Inventory) -> bool:
        """Tell whether the manager lists the service, or no longer does; of its attributes it says nothing."""
        if self.effect is Effect.RECONFIGURED:
            return False
        return (world.service(self.vm) is not None) is (self.effect is Effect.ADDED)

    def proven(self, work: Work, world: Inventory) -> bool:
        """Look at the nodes where the manager's list does not tell; what was left for later is no failure."""
        if self.waits:
            return True
        return self._settled(work) if self.effect is Effect.RECONFIGURED else self.done(world)

    def run(self, work: Work) -> None:
        """Push it, unless all nodes run it already, and wait until every node has it and the manager acts on it."""
        with ExitStack() as stack:
            try:
                held = stack.enter_context(lease.hold(work.nodes, min(self.nodes), LOCK, "cluster.conf"))
                needed = self._needed(work)
            except VmstoreError as error:
                if self.effect is not Effect.RECONFIGURED:
                    raise
                # The VM was started, which is what was asked for.
                self.waits.append(error)
                work.reporter.note(put_off(self.vm, error))
                return
            if needed:
                self._do(work, held, self._prepare())
                if self.effect is Effect.REMOVED:
                    register_steps.stopped(register_steps.now(work, self.node, "rgmanager"), self.vm)
                self._do(work, held, self._act())
            self._await(work)

    def _do(self, work: Work, held: lease.Lease, commands: Iterable[Command]) -> None:
        for command in commands:
            held.check()
            work.do(command, f"{self.title}: failed", self.failure)

    def _await(self, work: Work) -> None:
        began = time.monotonic()
        while not self._settled(work):
            if time.monotonic() - began > self.patience:
                raise ToolFailed(
                    f"{self.title}: it has not taken effect",
                    why=f"after {self.patience} s not on every node, or clustat does not show it",
                    hint="see `cman_tool version` on each node and rgmanager's log",
                )
            time.sleep(EVERY)

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a command that failed."""
        return ToolFailed(
            what,
            why=f"{node}: {result.reason()}",
            hint=f"see {NEW} and `cman_tool version` on {node}; what ran before is {OLD}",
        )

    def _needed(self, work: Work) -> bool:
        """Tell whether there is anything to push. Raises Refused, ClusterUnusable where it must not be now."""
        stale = self._refuse_other(work)
        state = register_steps.now(work, self.node, "rgmanager")
        if self.effect is Effect.REMOVED:
            register_steps.stopped(state, self.vm)
        running = self._running(work)
        if not stale and running == {self.wanted}:
            return False
        refuse_away(member.name for member in state.members if not member.online)
        refuse_frozen(state)
        if not self._same:
            refuse_unactivated(cluster_conf.version(self.before), running)
        return True

    def _refuse_other(self, work: Work) -> bool:
        """Tell whether some node lacks the new file. Raises Refused where one has neither that nor the old one."""
        stale = False
        for node in self.nodes:
            there = work.ask(node, ["cat", CONF]).out
            if cluster_conf.same(there, self.text):
                continue
            stale = True
            # Two changes at once would lose one of them: both would carry the same version.
            if not cluster_conf.same(there, self.before):
                raise Refused(
                    f"{CONF} on {node} has changed meanwhile",
                    why="it is not what this change was made from",
                    hint="run the same command again",
                )
        return stale

    def _active(self, work: Work) -> bool:
        return self._running(work) == {self.wanted}

    def _running(self, work: Work) -> set[int]:
        return {cluster_push.version(work.ask(node, cluster_push.ask_version())) for node in self.nodes}

    def _settled(self, work: Work) -> bool:
        try:
            state = cluster.ask(work.nodes, self.node, "rgmanager") if self._active(work) else None
        except Unreachable:
            return False
        listed = state is not None and self.vm in state.services
        return state is not None and not state.trouble and listed is (self.effect is not Effect.REMOVED)
