"""The step that gives the nodes a new cluster.conf: on every node before it is activated, its effect awaited.

rgmanager 3.1.8 answers `cman_tool version -r` at once and applies the change 17 to 34 s later; a node that lacks the
new file suspends its activity until it has it, while clustat looks healthy everywhere.
"""

import difflib
import time
from dataclasses import dataclass

from vmstore.errors import Refused, ToolFailed, VmstoreError
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Inventory
from vmstore.run import Result
from vmstore.tools import cluster, cluster_conf, cluster_push
from vmstore.tools.nodes import Unreachable

CONF = "/etc/cluster/cluster.conf"
EVERY = 2.0


@dataclass(frozen=True, slots=True)
class PushConf(Step):
    """Give every node ``text`` in place of ``before`` and activate it; ``vm`` is the service that it is about.

    ``present`` tells whether the service shall be there afterwards.
    """

    node: str
    nodes: tuple[str, ...]
    vm: str
    before: str
    text: str
    present: bool
    patience: int

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        what = "add" if self.present else "take out"
        return f"{what} the service {self.vm}: cluster.conf version {self.wanted} on {', '.join(self.nodes)}"

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
        new = f"{CONF}.vmstore"
        write = [Command(node, ("sh", "-c", f"umask 027; cat >{new}"), self.text) for node in self.nodes]
        check = Command(self.node, tuple(cluster_push.validate(new)))
        place = [
            Command.chain(node, ["cp", "-p", CONF, f"{CONF}.vmstore-old"], ["mv", new, CONF]) for node in self.nodes
        ]
        return [*write, check, *place, Command(self.node, tuple(cluster_push.activate()))]

    def done(self, world: Inventory) -> bool:
        """Tell whether the manager lists the service, or no longer does."""
        return (world.service(self.vm) is not None) is self.present

    def run(self, work: Work) -> None:
        """Push it, and wait until every node has it and the manager acts on it."""
        self._refuse_other(work)
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
            hint=f"see {CONF}.vmstore and `cman_tool version` on {node}; what ran before is {CONF}.vmstore-old",
        )

    def _refuse_other(self, work: Work) -> None:
        # Two changes at once would lose one of them: both would carry the same version.
        for node in self.nodes:
            if work.ask(node, ["cat", CONF]).out not in (self.before, self.text):
                raise Refused(
                    f"{CONF} on {node} has changed meanwhile",
                    why="it is not what this change was made from",
                    hint="run the same command again",
                )

    def _settled(self, work: Work) -> bool:
        try:
            versions = {node: cluster_push.version(work.ask(node, cluster_push.ask_version())) for node in self.nodes}
            if any(version != self.wanted for version in versions.values()):
                return False
            state = cluster.ask(work.nodes, self.node, "rgmanager")
        except Unreachable:
            return False
        return state is not None and not state.trouble and (self.vm in state.services) is self.present
