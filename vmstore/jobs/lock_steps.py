"""The step that starts a shared VG's locks on a node that lacks them, put before the plan that needs them.

A node without them is no fault: ocf:heartbeat:LVM-activate ends the lock space with the last volume that it deactivates
on a node, and starts it with the next (resource-agents 4.12.0, heartbeat/LVM-activate, lvmlockd_deactivate).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Inventory
from vmstore.tools import lvm


@dataclass(frozen=True, slots=True)
class StartLocks(Step):
    """Have lvmlockd on a node join the lock space of a VG."""

    node: str
    vg: str

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"start the locks of {self.vg} on {self.node}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(lvm.start_locks(self.vg)))]

    def done(self, world: Inventory) -> bool:
        """Tell whether lvmlockd there has the lock space."""
        facts = world.nodes.get(self.node)
        return facts is not None and self.vg in facts.lockspaces


def first(world: Inventory, steps: Sequence[Step], nodes: Iterable[str] = ()) -> list[Step]:
    """Put before a plan what starts the VG's locks where its LVM commands run, and on ``nodes`` besides.

    Nothing before an empty plan. That lvmlockd runs there is for ``where.locks`` to see to.
    """
    if not steps or not world.vg.lockd:
        return list(steps)
    commands = (command for step in steps for command in step.commands())
    wanted = {command.node for command in commands if not lvm.PROGRAMS.isdisjoint(command.argv)}.union(nodes)
    starts = [StartLocks(node, world.vg.name) for node in sorted(wanted)]
    return [*(start for start in starts if not start.done(world)), *steps]


def now(work: Work, world: Inventory, node: str) -> None:
    """Start them on a node that lacks them, for an LVM command there that is in no plan."""
    start = StartLocks(node, world.vg.name)
    if world.vg.lockd and not start.done(world):
        start.run(work)
