"""The step that gives the nodes a new cluster.conf: on every node before it is activated, its effect awaited.

rgmanager 3.1.8 answers `cman_tool version -r` at once and applies the change 17 to 34 s later; a node that lacks the
new file suspends its activity until it has it, while clustat looks healthy everywhere.
"""

import difflib
import time
from dataclasses import dataclass
from enum import StrEnum

from vmstore.errors import Refused, ToolFailed, VmstoreError
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Inventory
from vmstore.run import Result
from vmstore.tools import cluster, cluster_conf, cluster_push
from vmstore.tools.cluster_push import Way
from vmstore.tools.nodes import Unreachable

CONF = "/etc/cluster/cluster.conf"
NEW = f"{CONF}.vmstore"
OLD = f"{CONF}.vmstore-old"
EVERY = 2.0


class Effect(StrEnum):
    """What a new file does to the service it is about, in words for a title."""

    ADDED = "add the service {0}"
    REMOVED = "take out the service {0}"
    RECONFIGURED = "have {0} start with the cluster"


@dataclass(frozen=True, slots=True)
class PushConf(Step):
    """Give every node ``text`` in place of ``before`` and activate it; ``vm`` is the service that it is about.

    ``checker`` is the command that checks the new file before it is distributed, empty where there is none.
    """

    node: str
    nodes: tuple[str, ...]
    vm: str
    before: str
    text: str
    effect: Effect
    way: Way
    checker: tuple[str, ...]
    patience: int

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
        activate = Command(self.node, tuple(cluster_push.activate(self.way, self.wanted)))
        if self.way is Way.CCS_TOOL and cluster_conf.same(self.before, self.text):
            # Every node has it already, and ccs_tool takes only a higher version than the one there is.
            return [activate]
        written = self.nodes if self.way is Way.COPY else (self.node,)
        write = [Command(node, ("sh", "-c", f"umask 027; cat >{NEW}"), self.text) for node in written]
        check = [Command(self.node, self.checker)] if self.checker else []
        return [*write, *check, *(self._place(node) for node in written), activate]

    def _place(self, node: str) -> Command:
        keep = ["cp", "-p", CONF, OLD]
        if self.way is Way.CCS_TOOL:
            return Command.chain(node, keep, cluster_push.update(NEW), ["rm", "-f", NEW])
        return Command.chain(node, keep, ["mv", NEW, CONF])

    def done(self, world: Inventory) -> bool:
        """Tell whether the manager lists the service, or no longer does; of its attributes it says nothing."""
        if self.effect is Effect.RECONFIGURED:
            return False
        return (world.service(self.vm) is not None) is (self.effect is Effect.ADDED)

    def proven(self, work: Work, world: Inventory) -> bool:
        """Look at the nodes where the manager's list does not tell."""
        return self._settled(work) if self.effect is Effect.RECONFIGURED else self.done(world)

    def run(self, work: Work) -> None:
        """Push it, unless all nodes run it already, and wait until every node has it and the manager acts on it."""
        self._refuse_other(work)
        if not self._active(work):
            Step.run(self, work)
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

    def _refuse_other(self, work: Work) -> None:
        # Two changes at once would lose one of them: both would carry the same version.
        for node in self.nodes:
            there = work.ask(node, ["cat", CONF]).out
            if not any(cluster_conf.same(there, known) for known in (self.before, self.text)):
                raise Refused(
                    f"{CONF} on {node} has changed meanwhile",
                    why="it is not what this change was made from",
                    hint="run the same command again",
                )

    def _active(self, work: Work) -> bool:
        versions = [cluster_push.version(work.ask(node, cluster_push.ask_version())) for node in self.nodes]
        return all(version == self.wanted for version in versions)

    def _settled(self, work: Work) -> bool:
        try:
            state = cluster.ask(work.nodes, self.node, "rgmanager") if self._active(work) else None
        except Unreachable:
            return False
        listed = state is not None and self.vm in state.services
        return state is not None and not state.trouble and listed is (self.effect is not Effect.REMOVED)
