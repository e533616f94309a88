"""Steps that make a VM's service in Pacemaker's configuration, and take it out."""

from dataclasses import dataclass

from vmstore.errors import VmstoreError
from vmstore.jobs.step import Command, Step
from vmstore.model import Inventory
from vmstore.run import Result
from vmstore.tools import pacemaker_config
from vmstore.tools.cluster import MANAGERS
from vmstore.tools.managers import ServiceSpec


@dataclass(frozen=True, slots=True)
class AddResource(Step):
    """Make the service of a VM, stopped."""

    node: str
    spec: ServiceSpec

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"make the service {self.spec.vm}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(argv)) for argv in pacemaker_config.add(self.spec)]

    def done(self, world: Inventory) -> bool:
        """Tell whether the manager lists it."""
        return world.service(self.spec.vm) is not None

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a command that failed, in the manager's terms."""
        return MANAGERS["pacemaker"].failure(what, node, result)


@dataclass(frozen=True, slots=True)
class DropResource(Step):
    """Take the service of a VM out of the configuration."""

    node: str
    vm: str

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"take out the service {self.vm}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(argv)) for argv in pacemaker_config.remove(self.vm)]

    def done(self, world: Inventory) -> bool:
        """Tell whether the manager no longer lists it."""
        return world.service(self.vm) is None

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a command that failed, in the manager's terms."""
        return MANAGERS["pacemaker"].failure(what, node, result)
