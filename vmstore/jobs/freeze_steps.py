"""Steps that freeze the service of a VM while its volume is changed, and thaw it again.

Before a service is frozen, a PV on which its volume lies gets a tag that says so and names the lock of the run that
does it. So a freeze that outlives its run is told from one that the admin has set, whatever was lost: the tag travels
with the VG to every node, and the lock falls with the run.
"""

from dataclasses import dataclass
from typing import ClassVar

from vmstore.errors import VmstoreError
from vmstore.jobs.step import Command, Step
from vmstore.model import FREEZE_TAG, Inventory
from vmstore.run import Result
from vmstore.tools import lvm
from vmstore.tools.cluster import MANAGERS


@dataclass(frozen=True, slots=True)
class Note:
    """What a tag says: the VM whose service was frozen, and the lock, on which node, of the run that froze it."""

    vm: str
    node: str
    lock: str

    @property
    def tag(self) -> str:
        """Write it as a PV tag."""
        return f"{FREEZE_TAG}{self.vm}:{self.node}:{self.lock}"

    @classmethod
    def parse(cls, tag: str) -> "Note":
        """Read it from a PV tag."""
        vm, _, rest = tag.removeprefix(FREEZE_TAG).partition(":")
        node, _, lock = rest.partition(":")
        return cls(vm, node, lock)


@dataclass(frozen=True, slots=True)
class FreezeStep(Step):
    """A step on the service of a VM; ``device`` is the name, on ``by``, of the PV with UUID ``pv`` that bears the note.

    ``node`` is where the manager is spoken to.
    """

    of_service: ClassVar[bool] = True
    aside: ClassVar[bool] = True
    node: str
    manager: str
    vm: str
    by: str
    device: str
    pv: str
    tag: str

    def _marked(self, world: Inventory) -> bool:
        pv = world.pv(self.pv)
        return pv is not None and self.tag in pv.tags

    def _frozen(self, world: Inventory) -> bool:
        service = world.service(self.vm)
        return service is not None and service.frozen

    def _thaw(self) -> list[Command]:
        thaw = [Command(self.node, tuple(argv)) for argv in MANAGERS[self.manager].thaw(self.vm)]
        return [*thaw, Command(self.by, tuple(lvm.change_pv(self.device, drop=[self.tag])))]

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a command that failed, in the terms of LVM or of the manager."""
        of_lvm = result.argv[:1] == ("pvchange",)
        return (lvm.failure if of_lvm else MANAGERS[self.manager].failure)(what, node, result)


@dataclass(frozen=True, slots=True)
class Freeze(FreezeStep):
    """Freeze a service, noted first."""

    taken_back_in_doubt: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"freeze {self.vm}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        note = Command(self.by, tuple(lvm.change_pv(self.device, add=[self.tag])))
        return [note, *(Command(self.node, tuple(argv)) for argv in MANAGERS[self.manager].freeze(self.vm))]

    def done(self, world: Inventory) -> bool:
        """Tell whether it is frozen and noted as this run's own."""
        return self._marked(world) and self._frozen(world)

    def undo(self) -> list[Command]:
        """Thaw it."""
        return self._thaw()


@dataclass(frozen=True, slots=True)
class Thaw(FreezeStep):
    """Thaw a service that was frozen for work on its volume; the note goes last."""

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"thaw {self.vm}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return self._thaw()

    def done(self, world: Inventory) -> bool:
        """Tell whether it is thawed and the note is gone."""
        return not self._marked(world) and not self._frozen(world)

    def ends(self, step: Step) -> bool:
        """Tell whether this takes back what that freeze did."""
        return isinstance(step, Freeze) and step.tag == self.tag
