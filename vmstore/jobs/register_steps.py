"""Steps that make a VM's service in Pacemaker's configuration, and take it out; what must be so right before that."""

from dataclasses import dataclass
from typing import ClassVar

from vmstore.errors import ClusterUnusable, Refused, VmstoreError
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Inventory
from vmstore.policies import safety
from vmstore.run import Result
from vmstore.services import Cluster, State
from vmstore.tools import cluster, pacemaker_config
from vmstore.tools.cluster import MANAGERS
from vmstore.tools.managers import ServiceSpec


def now(work: Work, node: str, manager: str) -> Cluster:
    """Ask the manager once more, through a node. Raises ClusterUnusable where it cannot be relied on."""
    state = cluster.ask(work.nodes, node, manager)
    if state is None:
        raise ClusterUnusable(
            f"{manager} does not tell the states of its services",
            why=f"{node}: it gave no answer",
            hint="see what the manager itself says there: clustat, or crm_mon -1",
        )
    safety.cluster(state)
    return state


def stopped(state: Cluster, vm: str) -> None:
    """Raise Refused where a service must not be taken out: its VM runs, or whoever froze it is not done."""
    safety.services(state, [vm])
    service = state.services.get(vm)
    if service is None:
        return
    if service.frozen:
        raise safety.frozen(service)
    if service.state not in (State.STOPPED, State.DISABLED):
        raise Refused(
            f"{vm} is not stopped", why=f"{state.manager} says {service.state}", hint=f"`vmstore stop {vm}` first"
        )


@dataclass(frozen=True, slots=True)
class AddResource(Step):
    """Make the service of a VM, stopped."""

    of_service: ClassVar[bool] = True
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

    of_service: ClassVar[bool] = True
    node: str
    vm: str

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"take out the service {self.vm}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(argv)) for argv in pacemaker_config.remove(self.vm)]

    def run(self, work: Work) -> None:
        """Do it, unless somebody has started the VM meanwhile: Pacemaker would forget it, or stop it."""
        stopped(now(work, self.node, "pacemaker"), self.vm)
        Step.run(self, work)

    def done(self, world: Inventory) -> bool:
        """Tell whether the manager no longer lists it."""
        return world.service(self.vm) is None

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a command that failed, in the manager's terms."""
        return MANAGERS["pacemaker"].failure(what, node, result)
