"""Carry out an evacuation under its cluster-wide lock."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace

from vmstore.errors import ClusterUnusable, Locked, LockLost, Paused, Refused, StoppedHalfway, VmstoreError
from vmstore.jobs import engine, lease, marks, record
from vmstore.jobs.activation_steps import LeaveInactive
from vmstore.jobs.control import Control
from vmstore.jobs.mirror import MoveVolume
from vmstore.jobs.pv_steps import BeginEvacuation, NotEmpty
from vmstore.jobs.record import Record
from vmstore.jobs.step import Read, Step, Work
from vmstore.jobs.volume_steps import VolumeStep
from vmstore.model import LEASE_TAG, RELIEF_CORDONED_TAG, RELIEF_TAG, Inventory, PhysicalVolume
from vmstore.tools.nodes import Nodes

# A volume that grew, or was made with LVM's own tools, while the PV was being emptied takes another round.
ROUNDS = 3


def own_tag(world: Inventory, uuid: str, *, relieves: bool = False) -> str:
    """Give the tag under which the PV is emptied, or relieved: that of a job which was cut off, or a new one.

    A PV that was emptied stays cordoned. One that is relieved takes new extents again if it did before, and whether it
    did is said by the tag.
    """
    alive = _alive(world, uuid)
    kind = _kind(world, uuid) if relieves else LEASE_TAG
    return lease.of_kind(alive[0], kind) if alive else lease.tag(world.reporter, uuid, kind)


def _kind(world: Inventory, uuid: str) -> str:
    pv = world.pv(uuid)
    opens = pv is not None and (any(map(lease.opens, pv.leases)) if pv.leases else pv.allocatable)
    return RELIEF_TAG if opens else RELIEF_CORDONED_TAG


def _alive(world: Inventory, uuid: str) -> list[str]:
    # The lock behind the tag of a node that is switched off is gone with it.
    pv = world.pv(uuid)
    return [tag for tag in pv.leases if lease.node_of(tag) not in world.absent] if pv else []


@contextmanager
def locked(nodes: Nodes, world: Inventory, uuid: str, *, relieves: bool = False) -> Iterator[tuple[lease.Lease, str]]:
    """Hold the lock of the PV's evacuation, or relief; give it and the tag that stands for it.

    A tag that is on the PV already is an evacuation that runs or was cut off: its lock, on the node that the tag
    names, tells which. The lock of one that was cut off is taken over with its tag. Raises Locked when it runs,
    ClusterUnusable when that node cannot be asked.
    """
    source = next(pv for pv in world.pvs if pv.uuid == uuid)
    alive = _alive(world, uuid)
    unreachable = [lease.node_of(tag) for tag in alive if lease.node_of(tag) not in world.nodes]
    if unreachable:
        raise ClusterUnusable(
            f"whether {source.name} is being emptied is not known",
            why=f"the lock of an evacuation that began earlier is on {unreachable[0]}, which does not answer",
            hint=f"bring it back; if it is switched off, say so: --offline {unreachable[0]}",
        )
    own = own_tag(world, uuid, relieves=relieves)
    tags = {lease.node_of(tag): tag for tag in reversed([own, *alive])}
    with ExitStack() as stack:
        locks = {node: stack.enter_context(_hold(nodes, source, tag)) for node, tag in sorted(tags.items())}
        yield locks[lease.node_of(own)], own


def alone(before: Inventory, now: Inventory, uuid: str, own: str) -> None:
    """Raise Locked where another run marked the PV between the look by which locks were taken and this one."""
    others = set(_alive(now, uuid)) - set(_alive(before, uuid)) - {own}
    if others:
        raise Locked(
            "another vmstore has begun to empty this PV",
            why=f"it bears the mark of a job on {lease.node_of(min(others))}",
            hint="see `vmstore job list`",
        )


def _hold(nodes: Nodes, source: PhysicalVolume, tag: str) -> AbstractContextManager[lease.Lease]:
    what = f"emptying {source.name}"
    return lease.hold(nodes, lease.node_of(tag), lease.evacuation(source.uuid), what, record.path(tag))


@dataclass(frozen=True, slots=True)
class Break:
    """Break off the piece that is being moved when the job is aborted, or when the admin does not wait for it."""

    stop: engine.Stop
    control: Control

    def breakable(self) -> AbstractContextManager[None]:
        """Let the admin's second request break off what runs."""
        return self.stop.breakable()

    def reason(self) -> VmstoreError | None:
        """Say why, or None."""
        if self.stop.pressing:
            return StoppedHalfway("stopped in the middle of a piece", why="you asked to, twice", hint=engine.AGAIN)
        return self.control.aborted()


@dataclass(frozen=True, slots=True)
class Evacuation:
    """An evacuation at work: what it needs, the wishes for it, its record, and how the world is read for it."""

    work: Work
    control: Control
    record: Record
    read: Read
    reread: Read

    def carry_out(self, plan: Callable[[Inventory], Sequence[Step]], world: Inventory) -> Inventory:
        """Run the plan, and plan again what came up meanwhile, until nothing is left to do; give the world then.

        It rests between two steps where that is wanted, with services thawed and idle volumes inactive. Raises
        StoppedHalfway on the admin's wish, Aborted, LockLost, or the error of a step.
        """
        try:
            with engine.stoppable(self.work) as stop:
                breaking = replace(self, work=replace(self.work, breaker=Break(stop, self.control)))
                return breaking._rounds(plan, world, stop)
        except VmstoreError as error:
            if not isinstance(error, LockLost):
                halfway = isinstance(error, StoppedHalfway)
                self.record.add("stopped" if halfway else "failed", what=error.what, why=error.why)
            raise

    def _rounds(self, plan: Callable[[Inventory], Sequence[Step]], world: Inventory, stop: engine.Stop) -> Inventory:
        rounds = 0
        while True:
            steps = plan(world)
            if not steps:
                return world
            marked = False
            try:
                world = self._mark(steps, world, stop)
                marked = True
                world = engine.carry_out(steps, self.work, self.reread, world, self.control.check, stop)
            except LockLost:
                raise
            except Paused as pause:
                _let_go(self.work, steps, self.reread, world)
                self._rest(pause, stop)
                world = self.read()
                continue
            except (Locked, Refused, NotEmpty) as error:
                _let_go(self.work, steps, self.reread, world)
                rounds += isinstance(error, NotEmpty)
                # One that does not get its mark is not the only one there.
                if not marked or rounds == ROUNDS:
                    raise
                world = self.read()
                if not (isinstance(error, NotEmpty) or _elsewhere(steps, world)):
                    raise
                self.work.reporter.note(f"{error.what}: the rest is planned anew")
                continue
            except VmstoreError:
                _let_go(self.work, steps, self.reread, world)
                raise
            if not plan(world):
                return world
            rounds += 1
            if rounds == ROUNDS:
                break
            world = self.read()
        raise StoppedHalfway(
            "the job does not come to its end",
            why=f"after {ROUNDS} rounds something is still left to do",
            hint="see with `vmstore list` and `vmstore job list` what that is, then run this again",
        )

    def _mark(self, steps: Sequence[Step], world: Inventory, stop: engine.Stop) -> Inventory:
        """Mark the PV before anything may have to wait: what rests shall be seen, and be the only one there."""
        number = next((number for number, step in enumerate(steps) if isinstance(step, BeginEvacuation)), -1)
        return engine.carry_out(steps[: number + 1], self.work, self.reread, world, self.control.held.check, stop)

    def _rest(self, pause: Paused, stop: engine.Stop) -> None:
        self.record.add("paused", why=pause.why)
        self.work.reporter.note(f"{pause.what}: {pause.why}; {pause.hint}")
        began = time.monotonic()
        self.control.rest(lambda: stop.asked)
        self.work.reporter.rested(time.monotonic() - began)
        self.record.add("resumed")


def _elsewhere(steps: Sequence[Step], world: Inventory) -> bool:
    """Tell whether a volume is by now held by another node than was planned for, as after a relocation."""
    planned = {step.lv: step.node for step in steps if isinstance(step, MoveVolume | VolumeStep)}
    return any(
        active.node != planned[lv.name] for lv in world.lvs if lv.name in planned for active in world.activations(lv)
    )


def _let_go(work: Work, steps: Sequence[Step], read: Read, world: Inventory) -> None:
    """Leave inactive what was only moved when an error ends the work; a failure here is only told."""
    try:
        world = read(world, work.nodes.names)
        moving = {lv.name for lv in world.lvs if lv.moving_in}
        for step in steps:
            if isinstance(step, LeaveInactive) and step.node in world.nodes:
                awake = marks.awake(world, step.node) - moving
                rest = LeaveInactive(step.node, step.vg, tuple(name for name in step.lvs if name in awake))
                if not rest.done(world):
                    work.do(rest.commands()[0], f"{rest.title}: failed")
    except VmstoreError as error:
        work.reporter.note(f"{error.what}: {error.why}")
