"""Freeze services only around the work on their own volumes, and thaw what a run that was cut off left frozen."""

from collections.abc import Collection, Iterator, Sequence

from vmstore.errors import Refused, VmstoreError
from vmstore.jobs import cut_off, half_moved, lock_steps, where
from vmstore.jobs.freeze_steps import Freeze, Note, Thaw
from vmstore.jobs.pv_steps import SetAllocatable
from vmstore.jobs.step import Command, Read, Step, Work
from vmstore.model import Inventory, LogicalVolume, PhysicalVolume
from vmstore.tools import lvm
from vmstore.tools.cluster import MANAGERS


def pair(world: Inventory, lv: LogicalVolume, lock: Note, pv: str) -> tuple[list[Step], list[Step]]:
    """Plan freezing and thawing a VM's service; nothing where it has none or where the admin froze it.

    ``pv`` is the UUID of the PV that shall bear the note.
    """
    service = world.service(lv.name)
    if service is None or world.cluster is None:
        return [], []
    mine = [note for bearer, note in notes(world) if bearer.uuid == pv and (note.vm, note.lock) == (lv.name, lock.lock)]
    # A run before may have held that lock on a node that is off now.
    left = next((note for note in mine if note.node == lock.node or note.node in world.absent), None)
    if service.frozen and left is None:
        return [], []
    # The note is taken where the work is done: other nodes may lack the VG's locks.
    by = where.place(world, lv).node
    tag = (left or lock).tag
    at = (world.cluster.reporter, world.cluster.manager, lv.name, by, where.device(world, by, pv), pv, tag)
    return [Freeze(*at)], [Thaw(*at)]


def around(world: Inventory, lv: LogicalVolume, lock: Note, steps: Sequence[Step]) -> list[Step]:
    """Put the work on a volume between freezing and thawing its service."""
    before, after = pair(world, lv, lock, lv.extents[0].pv)
    if steps:
        return [*before, *steps, *after]
    # A freeze that only the last part of this very work left behind.
    return [step for step in after if not step.done(world)]


def notes(world: Inventory) -> Iterator[tuple[PhysicalVolume, Note]]:
    """List what is noted as frozen by vmstore, and on which PV."""
    return ((pv, Note.parse(tag)) for pv in world.pvs for tag in pv.freezes)


def sweep(work: Work, world: Inventory, read: Read) -> Inventory:
    """Thaw what runs of vmstore that are no more left frozen; give the world then.

    What is safe to say is read first: a service whose volume is still being moved, or which is in use elsewhere than
    the manager thinks, stays frozen, and that is told.
    """
    changed = False
    for pv, note in cut_off.notes(work, world, notes(world), "froze", "frozen by", lambda note: _keeps(world, note)):
        _thaw(work, world, pv, note)
        changed = True
    return read() if changed else world


def left(world: Inventory, lock: str, ended: Collection[str] = (), only: Collection[str] | None = None) -> list[Step]:
    """Plan thawing what a run that is over left frozen, for one that holds its lock now.

    ``ended`` are volumes whose move will have been ended by then, ``only`` the VMs that it is about. Raises Refused
    where a service must stay frozen.
    """
    steps: list[Step] = []
    for pv, note in notes(world):
        if note.lock != lock or not (only is None or note.vm in only):
            continue
        why = _keeps(world, note, ended)
        if why or world.cluster is None:
            raise Refused(f"{note.vm} has to stay frozen", why=why, hint=f"see `vmstore status {note.vm}`")
        lv = world.lv(note.vm)
        by = where.place(world, lv).node if lv else world.reporter
        device = where.device(world, by, pv.uuid)
        if world.service(note.vm) is None:
            steps.append(SetAllocatable(by, world.vg.name, device, pv.uuid, pv.allocatable, (note.tag,)))
        else:
            manager = world.cluster.manager
            steps.append(Thaw(world.cluster.reporter, manager, note.vm, by, device, pv.uuid, note.tag))
    return steps


def _keeps(world: Inventory, note: Note, ended: Collection[str] = ()) -> str:
    untold = cut_off.untold(world)
    if untold:
        return untold
    lv = world.lv(note.vm)
    if lv is None:
        return half_moved.why(world, note.vm)
    if lv.moving_in and note.vm not in ended:
        return "LVM still moves its volume; run the evacuation again"
    try:
        where.place(world, lv)
    except VmstoreError as error:
        return f"{error.what} ({error.why})"
    return ""


def _thaw(work: Work, world: Inventory, pv: PhysicalVolume, note: Note) -> None:
    service = world.service(note.vm)
    lv = world.lv(note.vm)
    by = where.place(world, lv).node if lv else world.reporter
    drop = Command(by, tuple(lvm.change_pv(where.device(world, by, pv.uuid), drop=[note.tag])))
    if world.cluster and service and service.frozen:
        manager = MANAGERS[world.cluster.manager]
        for argv in manager.thaw(note.vm):
            work.do(Command(world.cluster.reporter, tuple(argv)), f"thaw {note.vm}: failed", manager.failure)
        work.reporter.note(f"{note.vm} was left frozen by a run of vmstore that was cut off; it is thawed")
    lock_steps.now(work, world, by)
    work.do(drop, f"thaw {note.vm}: failed")
