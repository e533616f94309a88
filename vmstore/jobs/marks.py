"""Mark on a node the volumes that were activated there only to be worked on.

A mark lies in the node's /run, so it does not outlive the activation it speaks of: both are gone after a reboot.
It tells the next command that finds the volume active that nobody uses it. A mark without an activation, left by a
cut between the two, means nothing and is swept by the next command that changes anything.
"""

from collections.abc import Sequence

from vmstore.jobs.step import Command, Work
from vmstore.model import Inventory
from vmstore.tools import lvm

FOLDER = "/run/vmstore/idle"


def set_and(node: str, lv: str, *argvs: Sequence[str]) -> Command:
    """Mark an LV, then run commands that leave it active."""
    return Command.chain(node, ["mkdir", "-p", FOLDER], ["touch", f"{FOLDER}/{lv}"], *argvs)


def deactivate(node: str, vg: str, *lvs: str) -> Command:
    """Deactivate LVs and drop their marks."""
    return Command.chain(node, lvm.deactivate(vg, *lvs), drop(*lvs))


def sweep(work: Work, world: Inventory) -> None:
    """Drop the marks of volumes that are not active where they are marked."""
    for node, facts in world.nodes.items():
        stale = sorted(facts.marks - awake(world, node))
        if stale:
            work.do(Command(node, tuple(drop(*stale))), "dropping marks of earlier work: failed")


def awake(world: Inventory, node: str) -> set[str]:
    """Name the marked volumes that are still active on a node."""
    marked = world.nodes[node].marks
    return {
        lv.name
        for lv in world.lvs
        if lv.name in marked and any(activation.node == node for activation in world.activations(lv))
    }


def drop(*lvs: str) -> list[str]:
    """Give the command that drops marks."""
    return ["rm", "-f", *(f"{FOLDER}/{lv}" for lv in lvs)]
