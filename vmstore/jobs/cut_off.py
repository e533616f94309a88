"""Find the notes on PVs that runs which are over have left, and tell whether the manager can be told what follows."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from vmstore.jobs import lease
from vmstore.jobs.step import Work
from vmstore.model import Inventory, PhysicalVolume


class Left(Protocol):
    """What a note says: the VM, and the lock, on which node, of the run that left it."""

    @property
    def vm(self) -> str:
        """Name the VM."""

    @property
    def node(self) -> str:
        """Name the node of the lock."""

    @property
    def lock(self) -> str:
        """Name the lock."""


N = TypeVar("N", bound=Left)


def notes(
    work: Work,
    world: Inventory,
    found: Iterable[tuple[PhysicalVolume, N]],
    did: str,
    still: str,
    keeps: Callable[[N], str],
) -> Iterator[tuple[PhysicalVolume, N]]:
    """Give the notes of runs that are over and whose end nothing ``keeps``; of what is kept it is told why.

    ``did`` says what such a run did to a VM, ``still`` how that is now.
    """
    for pv, note in found:
        if not _over(work, world, note, did):
            continue
        why = keeps(note)
        if why:
            work.reporter.note(f"{note.vm} is still {still} a run of vmstore that was cut off: {why}")
        else:
            yield pv, note


def _over(work: Work, world: Inventory, note: Left, did: str) -> bool:
    """Tell whether a run is over: its lock is free, or the node of that is off."""
    if note.node in world.absent:
        return True
    if note.node not in world.nodes:
        work.reporter.note(f"whether the run that {did} {note.vm} still works is not known: {note.node} is silent")
        return False
    return lease.free(work.nodes, note.node, note.lock)


def untold(world: Inventory) -> str:
    """Say why the states of services are not known, or ""; then nothing may be taken for what it was."""
    cluster = world.cluster
    if cluster is None:
        return f"there is no cluster manager as {world.reporter} sees it"
    return cluster.trouble or ("" if cluster.quorate else "the cluster has no quorum")
