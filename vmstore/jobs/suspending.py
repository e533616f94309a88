"""Suspend a VM around the move of its volume, and start what a run that was cut off left down."""

from collections.abc import Iterator

from vmstore.errors import VmstoreError
from vmstore.jobs import cut_off, half_moved, lock_steps, where
from vmstore.jobs.lock_steps import StartLocks
from vmstore.jobs.service_steps import Start
from vmstore.jobs.step import Read, Step, Work
from vmstore.jobs.suspend_steps import ForgetSuspended, NoteSuspended, StopMeanwhile, Suspended
from vmstore.model import Inventory, PhysicalVolume
from vmstore.tools.cluster import MANAGERS


def pair(world: Inventory, note: Suspended, pv: str, patience: int) -> tuple[list[Step], list[Step]]:
    """Plan suspending a VM, and starting it again; ``pv`` is the UUID of the PV that bears the note.

    Where the node on which it ran is off, it is started on any other.
    """
    assert world.cluster is not None
    manager, reporter = MANAGERS[world.cluster.manager], world.cluster.reporter
    on = note.on if note.on in world.nodes else ""
    by = on or world.reporter
    at = (by, world.vg.name, where.device(world, by, pv), pv, note.tag)
    forget = ForgetSuspended(*at)
    stop = StopMeanwhile(reporter, manager, note.vm, patience, on, tuple(forget.commands()))
    # The stock agents end the VG's locks on a node with its last volume.
    locks = [StartLocks(by, world.vg.name)] if world.vg.lockd else []
    before = [NoteSuspended(*at, manager, reporter), stop, *locks]
    return before, [Start(reporter, manager, note.vm, patience, on), forget]


def notes(world: Inventory) -> Iterator[tuple[PhysicalVolume, Suspended]]:
    """List what is noted as suspended by vmstore, and on which PV."""
    return ((pv, Suspended.parse(tag)) for pv in world.pvs for tag in pv.suspends)


def left(world: Inventory, lock: str, patience: int) -> list[Step]:
    """Plan starting what runs that are over left suspended, for one that holds their lock now."""
    steps: list[Step] = []
    for pv, note in notes(world):
        if note.lock == lock and world.cluster is not None:
            start, forget = pair(world, note, pv.uuid, patience)[1]
            steps += [*([] if start.done(world) else [start]), forget]
    return steps


def sweep(work: Work, world: Inventory, read: Read) -> Inventory:
    """Start the VMs that runs of vmstore that are no more left suspended; give the world then.

    One whose volume is between two names stays down until the evacuation is run again, and that is told.
    """
    changed = False
    ended = cut_off.notes(work, world, notes(world), "suspended", "down after", lambda note: _keeps(world, note))
    for pv, note in ended:
        _start(work, world, pv, note)
        changed = True
    return read() if changed else world


def _keeps(world: Inventory, note: Suspended) -> str:
    half = half_moved.why(world, note.vm) if world.lv(note.vm) is None else ""
    return cut_off.untold(world) or (f"{half}; run the evacuation again" if half else "")


def _start(work: Work, world: Inventory, pv: PhysicalVolume, note: Suspended) -> None:
    start, forget = pair(world, note, pv.uuid, work.config.cluster.patience)[1]
    try:
        if world.service(note.vm) is not None and not start.done(world):
            start.run(work)
            work.reporter.note(f"{note.vm} was left suspended by a run of vmstore that was cut off; it is started")
    except VmstoreError as error:
        work.reporter.note(f"{note.vm} was left suspended by a run of vmstore: {error.what} ({error.why})")
        return
    (drop,) = forget.commands()
    lock_steps.now(work, world, drop.node)
    work.do(drop, f"{forget.title}: failed")
