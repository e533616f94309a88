"""Suspend a VM for as long as its volume is moved, noted on the PV so that a run that is cut off leaves no VM down."""

from dataclasses import dataclass
from typing import ClassVar

from vmstore.errors import Refused
from vmstore.jobs import marks
from vmstore.jobs.pv_steps import PvStep
from vmstore.jobs.service_steps import Stop
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import SUSPEND_TAG, Inventory
from vmstore.services import State
from vmstore.tools import cluster, fs, lvm
from vmstore.tools.managers import Manager


@dataclass(frozen=True, slots=True)
class Suspended:
    """What a tag says: the VM, where it ran (``on``), and the lock, on which ``node``, of the run that did it."""

    vm: str
    on: str
    node: str
    lock: str

    @property
    def tag(self) -> str:
        """Write it as a PV tag."""
        return f"{SUSPEND_TAG}{self.vm}:{self.on}:{self.node}:{self.lock}"

    @classmethod
    def parse(cls, tag: str) -> "Suspended":
        """Read it from a PV tag."""
        vm, on, node, lock = (*tag.removeprefix(SUSPEND_TAG).split(":", 3), "", "", "")[:4]
        return cls(vm, on, node, lock)


@dataclass(frozen=True, slots=True)
class SuspendNote(PvStep):
    """A step on the PV, of that UUID, that bears the note ``tag``."""

    uuid: str
    tag: str

    @property
    def said(self) -> Suspended:
        """Give what the note says."""
        return Suspended.parse(self.tag)


@dataclass(frozen=True, slots=True)
class NoteSuspended(SuspendNote):
    """Note on a PV that a VM is down only meanwhile."""

    manager: Manager
    reporter: str

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"note that {self.said.vm} is down only meanwhile"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(lvm.change_pv(self.device, add=[self.tag])))]

    def done(self, world: Inventory) -> bool:
        """Tell whether the PV bears the note."""
        pv = world.pv(self.uuid)
        return pv is None or self.tag in pv.tags

    def run(self, work: Work) -> None:
        """Note it. Raises Refused where the VM is no longer what was planned for, or its file system is odd.

        The note goes with the VM's start; one that means nothing, the next command sweeps.
        """
        vm, on = self.said.vm, self.said.on
        state = cluster.ask(work.nodes, self.reporter, self.manager.name)
        service = state.services.get(vm) if state else None
        if service is None or (service.state, service.owner, service.frozen) != (State.STARTED, on, False):
            raise Refused(
                f"{vm} is not suspended",
                why=f"it no longer runs on {on} as it did when this was planned",
                hint="run this again; it is planned anew then",
            )
        head = work.ask(self.node, fs.read(f"/dev/{self.vg}/{vm}"))
        if not head.ok or "bigalloc" in head.out or "with errors" in head.out:
            raise Refused(
                f"{vm} is not suspended",
                why="its file system has errors, or counts its blocks in another way than this can read",
                hint="use --engine mirror",
            )
        SuspendNote.run(self, work)


@dataclass(frozen=True, slots=True)
class ForgetSuspended(SuspendNote):
    """Take the note off once the VM runs again, and the mark that its volume is active for nobody."""

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"take back the note on {self.said.vm}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        change = lvm.change_pv(self.device, drop=[self.tag])
        return [Command.chain(self.node, change, marks.drop(self.said.vm))]

    def done(self, world: Inventory) -> bool:
        """Tell whether the note is gone."""
        pv = world.pv(self.uuid)
        return pv is None or self.tag not in pv.tags

    def ends(self, step: Step) -> bool:
        """Tell that the VM runs again, so that nothing of its stop is to be taken back."""
        return isinstance(step, StopMeanwhile) and step.vm == self.said.vm


@dataclass(frozen=True, slots=True)
class StopMeanwhile(Stop):
    """Stop a VM that is started again by a later step, or when one in between fails."""

    taken_back_in_doubt: ClassVar[bool] = True
    forget: tuple[Command, ...] = ()

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"suspend {self.vm} on {self.on} meanwhile"

    def undo(self) -> list[Command]:
        """Start it where it ran, and then take the note off."""
        orders = [self._command(order) for order in self.manager.start(self.vm, self.on)]
        settled = (Command(self.node, tuple(argv)) for argv in self.manager.settle(self.vm, self.on))
        return [*orders, *settled, *self.forget]
