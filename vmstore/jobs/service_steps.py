"""Steps that have the cluster manager, or the agent itself, start, stop or relocate a VM, and see what came of it."""

import time
from dataclasses import dataclass
from typing import ClassVar

from vmstore.errors import Refused, ToolFailed, VmstoreError
from vmstore.jobs import direct
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Inventory
from vmstore.run import Result
from vmstore.services import SETTLED, Service, State
from vmstore.tools import cluster
from vmstore.tools.managers import Manager, Order
from vmstore.tools.unmanaged import Unmanaged

# Seconds after a command in which a manager may not have begun with it: Pacemaker's commands only note a wish,
# clusvcadm answers when the work is done, but one that was cut off takes effect later (rgmanager 3.1.8).
LAG = {"pacemaker": 15.0, "rgmanager": 3.0}
EVERY = 1.0


@dataclass(frozen=True, slots=True)
class ServiceStep(Step):
    """A step on the service of a VM; ``node`` is where the manager is spoken to, ``patience`` in seconds."""

    of_service: ClassVar[bool] = True
    everywhere: ClassVar[bool] = True
    node: str
    manager: Manager
    vm: str
    patience: int

    def orders(self) -> list[Order]:
        """Give the manager's commands."""
        raise NotImplementedError

    def recovery(self) -> list[Order]:
        """Give what brings back, after a failure, what was there before."""
        return []

    def reached(self, service: Service) -> bool:
        """Tell whether the service is where this step wants it."""
        raise NotImplementedError

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        ordered = [self._command(order) for order in self.orders()]
        return [*ordered, *(Command(self.node, tuple(argv)) for argv in self._settle())]

    def _command(self, order: Order) -> Command:
        return Command(order.node or self.node, order.argv)

    def _settle(self) -> list[list[str]]:
        return []

    def done(self, world: Inventory) -> bool:
        """Tell whether the manager says so."""
        service = world.cluster.find(self.vm) if world.cluster else None
        return service is not None and self.reached(service)

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a command that failed, in the manager's terms."""
        return self.manager.failure(what, node, result)

    def run(self, work: Work) -> None:
        """Have it done and wait until the manager is settled; its exit code alone proves nothing."""
        if isinstance(self.manager, Unmanaged):
            self._directly(work, self.manager, self._order(work))
            return
        failure: VmstoreError | None = None
        try:
            failure = self._order(work)
            service = self._settled(work, failure)
        finally:
            for argv in self._settle():
                work.do(Command(self.node, tuple(argv)), f"{self.title}: cleaning up failed", self.failure)
        if not self.reached(service):
            raise self._not_reached(service, failure)
        if failure is not None:
            work.reporter.note(f"{failure.what} ({failure.why}), but it came about")

    def _order(self, work: Work) -> VmstoreError | None:
        """Give the manager's commands to it; give what one that failed said."""
        try:
            for order in self.orders():
                work.do(self._command(order), f"{self.title}: failed", self.failure)
        except VmstoreError as error:
            return error
        return None

    def _directly(self, work: Work, alone: Unmanaged, failure: VmstoreError | None) -> None:
        """See at once what came of it, since the agent ends when its work does; say where the VM is now."""
        nodes = list(dict.fromkeys(self._command(order).node for order in self.orders()))
        back = [self._command(order) for order in self.recovery()]
        service = direct.outcome(work, alone, self, nodes, back, failure)
        # One that did come about is seen as such when the world is read again.
        if failure is not None or not self.reached(service):
            raise self._not_reached(service, failure)

    def _settled(self, work: Work, failure: VmstoreError | None) -> Service:
        """Ask until the service is where it was wanted, or rests elsewhere."""
        began = rest = time.monotonic()
        last: Service | None = None
        while True:
            state = cluster.ask(work.nodes, self.node, self.manager.name)
            service = state.services.get(self.vm) if state else None
            now = time.monotonic()
            if service is not None and self.reached(service):
                return service
            if service is None or service.state not in SETTLED or last is None or service != last:
                rest = now
            last = service or last
            settled = now - rest >= (LAG[self.manager.name] if failure is None else LAG["rgmanager"])
            if settled or now - began >= self.patience:
                if service is None:
                    raise ToolFailed(
                        f"{self.title}: what came of it is not known",
                        why=state.trouble
                        if state and state.trouble
                        else f"{self.manager.name} no longer lists {self.vm}",
                        hint=f"`vmstore status {self.vm}` shows it when the cluster answers again",
                    )
                return service
            time.sleep(EVERY)

    def _not_reached(self, service: Service, failure: VmstoreError | None) -> ToolFailed:
        where = f"{self.vm} is {service.state}" + (f" on {service.owner}" if service.owner else "")
        reasons = [where, service.detail, f"{failure.what}: {failure.why}" if failure else ""]
        return ToolFailed(
            f"{self.title}: it did not come about",
            why="; ".join(reason for reason in reasons if reason),
            hint=f"look for vmstore-vm in the log of {service.owner or self.node}; see `vmstore status {self.vm}`",
        )


@dataclass(frozen=True, slots=True)
class Start(ServiceStep):
    """Start a service; ``on`` names a node or is "" for the manager's choice.

    ``mounted``: its volume was mounted there before, so that a failure does not take it away.
    """

    on: str = ""
    mounted: bool = False

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"start {self.vm}" + (f" on {self.on}" if self.on else "")

    def orders(self) -> list[Order]:
        """Give the manager's commands."""
        return self.manager.start(self.vm, self.on)

    def recovery(self) -> list[Order]:
        """Let go of the volume."""
        return [] if self.mounted else self.manager.recover(self.vm, "", self.on)

    def _settle(self) -> list[list[str]]:
        return self.manager.settle(self.vm, self.on) if self.on else []

    def reached(self, service: Service) -> bool:
        """Tell whether it runs; on which node is told afterwards."""
        return service.state is State.STARTED


@dataclass(frozen=True, slots=True)
class Stop(ServiceStep):
    """Stop a service, on the node where it runs: its VM is suspended to its own volume, and that is let go of."""

    on: str = ""

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"stop {self.vm}"

    def orders(self) -> list[Order]:
        """Give the manager's commands."""
        return self.manager.stop(self.vm, self.on)

    def reached(self, service: Service) -> bool:
        """Tell whether the manager has it stopped."""
        # What is merely stopped is started by a manager as soon as it can be: after a failure, or when a node comes.
        rest = (State.STOPPED, State.DISABLED) if isinstance(self.manager, Unmanaged) else (State.DISABLED,)
        return service.state in rest and not service.owner

    def done(self, world: Inventory) -> bool:
        """Look at the nodes, too: a service may be called disabled while parts of it are still in use."""
        lv = world.lv(self.vm)
        in_use = lv is not None and any(active.opens for active in world.activations(lv))
        return ServiceStep.done(self, world) and not in_use


@dataclass(frozen=True, slots=True)
class Relocate(ServiceStep):
    """Move a running service from one node to another."""

    source: str
    to: str

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"relocate {self.vm} to {self.to}"

    def orders(self) -> list[Order]:
        """Give the manager's commands."""
        return self.manager.relocate(self.vm, self.source, self.to)

    def recovery(self) -> list[Order]:
        """Start it where it ran."""
        return self.manager.recover(self.vm, self.source, self.to)

    def _settle(self) -> list[list[str]]:
        return self.manager.settle(self.vm, self.to)

    def reached(self, service: Service) -> bool:
        """Tell whether it runs there."""
        return service.state is State.STARTED and service.owner == self.to


@dataclass(frozen=True, slots=True)
class Warm(Step):
    """Prepare a node to take a VM before its guest is suspended: the agent opens what costs time there."""

    node: str
    vm: str
    argv: tuple[str, ...]

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"prepare {self.node} for {self.vm}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, self.argv)]

    def done(self, world: Inventory) -> bool:
        """Prepare in any case."""
        del world
        return False

    def run(self, work: Work) -> None:
        """Have the agent look; its no is final, since there is nothing in the world that could prove it wrong."""
        try:
            Step.run(self, work)
        except ToolFailed as error:
            raise Refused(error.what, why=error.why, hint=error.hint) from error

    def proven(self, work: Work, world: Inventory) -> bool:
        """Believe the agent's exit code: it changed nothing that could be seen."""
        del work, world
        return True

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of an agent that cannot take the VM there."""
        return ToolFailed(
            what, why=f"{node}: {result.reason()}", hint=f"the VM was not touched; mend {node} or name another node"
        )


@dataclass(frozen=True, slots=True)
class SetFreeze(Step):
    """Freeze or thaw a service on the admin's own account."""

    of_service: ClassVar[bool] = True
    node: str
    manager: Manager
    vm: str
    frozen: bool

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"{'freeze' if self.frozen else 'thaw'} {self.vm}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        change = self.manager.freeze if self.frozen else self.manager.thaw
        return [Command(self.node, tuple(argv)) for argv in change(self.vm)]

    def done(self, world: Inventory) -> bool:
        """Tell whether the manager says so."""
        service = world.service(self.vm)
        return service is not None and service.frozen is self.frozen

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a command that failed, in the manager's terms."""
        return self.manager.failure(what, node, result)
