"""See what came of running the agent without a manager, and bring a VM back where it did not start elsewhere."""

from collections.abc import Sequence
from typing import Protocol

from vmstore.errors import ClusterUnusable, VmstoreError
from vmstore.jobs.step import Command, Work
from vmstore.run import Result
from vmstore.services import NONE, Service, State
from vmstore.tools import cluster
from vmstore.tools.nodes import Unreachable
from vmstore.tools.unmanaged import Unmanaged


class Doing(Protocol):
    """A step as far as it is needed here."""

    @property
    def vm(self) -> str:
        """Name the VM."""

    @property
    def title(self) -> str:
        """Say in a few words what it does."""

    def reached(self, service: Service) -> bool:
        """Tell whether the VM is where the step wants it."""

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a command that failed."""


def outcome(
    work: Work,
    alone: Unmanaged,
    step: Doing,
    nodes: Sequence[str],
    back: Sequence[Command],
    failure: VmstoreError | None,
) -> Service:
    """Tell how the VM is now; after a failure, once it was brought back.

    Nothing is begun where an agent was lost sight of: it may still be at work. Raises ClusterUnusable where a node does
    not tell.
    """
    service = _look(work, alone, step, nodes)
    if failure is None or isinstance(failure, Unreachable) or step.reached(service):
        return service
    try:
        for command in back:
            work.do(command, f"bringing {step.vm} back: failed", step.failure)
    except VmstoreError as error:
        work.reporter.note(f"{error.what}: {error.why}")
    return _look(work, alone, step, nodes) if back else service


def _look(work: Work, alone: Unmanaged, step: Doing, nodes: Sequence[str]) -> Service:
    found = []
    for node in nodes:
        try:
            state = cluster.ask(work.nodes, node, NONE, alone)
        except ClusterUnusable as error:
            raise ClusterUnusable(
                f"{step.title}: what came of it is not known",
                why=f"{error.what}: {error.why}",
                hint=f"see `vmstore status {step.vm}` when {node} answers; until then, start it nowhere else",
            ) from error
        if state is not None and step.vm in state.services:
            found.append(state.services[step.vm])
    return found[0] if len(found) == 1 else Service(step.vm, State.UNKNOWN if found else State.STOPPED)
