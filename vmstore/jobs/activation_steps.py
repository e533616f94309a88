"""Steps that activate a volume for work on it only, and that leave volumes inactive again."""

from dataclasses import dataclass
from typing import ClassVar

from vmstore.jobs import marks
from vmstore.jobs.step import Command, Step, Work
from vmstore.jobs.volume_steps import VolumeStep
from vmstore.model import Activation, Inventory
from vmstore.tools import lvm


@dataclass(frozen=True, slots=True)
class Activate(VolumeStep):
    """Activate an LV that nobody holds, for work on it only."""

    # Active without a mark, it would count as in use from then on.
    taken_back_in_doubt: ClassVar[bool] = True
    shared: bool

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"activate {self.lv} on {self.node} meanwhile"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [marks.set_and(self.node, self.lv, lvm.activate(self.vg, self.lv, shared=self.shared))]

    def done(self, world: Inventory) -> bool:
        """Tell whether it is active on this node and marked, without which nobody would put it to sleep again."""
        facts = world.nodes.get(self.node)
        return _active_on(world, self.lv) == {self.node} and facts is not None and self.lv in facts.marks

    def undo(self) -> list[Command]:
        """Leave it as it was: inactive."""
        return [marks.deactivate(self.node, self.vg, self.lv)]


@dataclass(frozen=True, slots=True)
class Deactivate(VolumeStep):
    """Deactivate an LV that nobody uses."""

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"leave {self.lv} inactive"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [marks.deactivate(self.node, self.vg, self.lv)]

    def done(self, world: Inventory) -> bool:
        """Tell whether it is active nowhere and bears no mark on its node; marks elsewhere are swept."""
        facts = world.nodes.get(self.node)
        return not _active_on(world, self.lv) and not (facts and self.lv in facts.marks)


@dataclass(frozen=True, slots=True)
class LeaveInactive(Step):
    """Deactivate volumes that were only moved, all in one command; one that somebody uses by now is theirs."""

    node: str
    vg: str
    lvs: tuple[str, ...]

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"leave {', '.join(self.lvs)} inactive"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [marks.deactivate(self.node, self.vg, *self.lvs)]

    def done(self, world: Inventory) -> bool:
        """Tell whether each is inactive there, or in use and no longer marked."""
        return all(active.opens and name not in self._marked(world) for name, active in self._active(world).items())

    def proven(self, work: Work, world: Inventory) -> bool:
        """Give up the marks of those in use: LVM did not deactivate them, and their users will.

        One that LVM only said it had deactivated is marked again, or nothing would tell that it is idle.
        """
        active = self._active(world)
        taken = sorted(name for name, activation in active.items() if activation.opens and name in self._marked(world))
        if taken:
            work.do(Command(self.node, tuple(marks.drop(*taken))), f"{self.title}: failed")
        idle = {name for name, activation in active.items() if not activation.opens}
        for name in sorted(idle - self._marked(world)):
            work.do(marks.set_and(self.node, name), f"{self.title}: failed")
        return not idle

    def ends(self, step: Step) -> bool:
        """Tell whether that activation is over: by now the volume may be active for its VM."""
        return isinstance(step, Activate) and step.node == self.node and step.lv in self.lvs

    def _marked(self, world: Inventory) -> frozenset[str]:
        facts = world.nodes.get(self.node)
        return facts.marks if facts else frozenset()

    def _active(self, world: Inventory) -> dict[str, Activation]:
        return {
            lv.name: activation
            for lv in world.lvs
            if lv.name in self.lvs
            for activation in world.activations(lv)
            if activation.node == self.node
        }


def _active_on(world: Inventory, name: str) -> set[str]:
    lv = world.lv(name)
    return {activation.node for activation in world.activations(lv)} if lv else set()
