"""The step that puts a VM's init-like script, a link to the bundled agent, on a node."""

from dataclasses import dataclass

from vmstore.errors import ToolFailed, VmstoreError
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Inventory
from vmstore.run import Result
from vmstore.tools.agent import AGENT

# The agent is an OCF agent and an init script in one; under its links it takes the link's name for the VM's.
FOLDER = "/etc/vmstore/vm.d"


def script(vm: str) -> str:
    """Give the path of a VM's script on every node."""
    return f"{FOLDER}/{vm}"


@dataclass(frozen=True, slots=True)
class _Everywhere(Step):
    """A step on one VM's script on several nodes, which the inventory does not show."""

    vm: str
    nodes: tuple[str, ...]

    def done(self, world: Inventory) -> bool:
        """Do it in any case; it is as good when done twice."""
        del world
        return False

    def proven(self, work: Work, world: Inventory) -> bool:
        """Look for the script on each node."""
        del world
        return all(work.ask(node, ["test", "-x", script(self.vm)]).ok is self.wanted for node in self.nodes)

    @property
    def wanted(self) -> bool:
        """Tell whether the script shall be there afterwards."""
        raise NotImplementedError

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a node that lacks the agent."""
        return ToolFailed(
            what, why=f"{node}: {result.reason()}", hint=f"see that the agent is installed there: ls -l {AGENT}"
        )


@dataclass(frozen=True, slots=True)
class LinkScript(_Everywhere):
    """Put the VM's script on every node."""

    @property
    def wanted(self) -> bool:
        """Tell whether the script shall be there afterwards."""
        return True

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"put the script of {self.vm} on {', '.join(self.nodes)}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [
            Command.chain(node, ["test", "-x", AGENT], ["mkdir", "-p", FOLDER], ["ln", "-sfn", AGENT, script(self.vm)])
            for node in self.nodes
        ]


@dataclass(frozen=True, slots=True)
class DropScript(_Everywhere):
    """Take the VM's script off every node."""

    @property
    def wanted(self) -> bool:
        """Tell whether the script shall be there afterwards."""
        return False

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"take the script of {self.vm} off {', '.join(self.nodes)}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(node, ("rm", "-f", script(self.vm))) for node in self.nodes]
