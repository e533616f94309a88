"""Grow by themselves the volumes whose file systems are over their limit, as the policy says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vmstore.errors import Locked, LockLost, NotFound, Refused, StoppedHalfway, VmstoreError
from vmstore.history import acted
from vmstore.history.acted import Act
from vmstore.jobs import grow, lease, where
from vmstore.jobs.growth_judge import Judge, State, Verdict
from vmstore.jobs.growth_record import NotKept, Record
from vmstore.jobs.step import Read
from vmstore.model import Inventory

# For these a volume is let alone before its growth begins. What else stops it is a failure.
_LETS_ALONE = (Locked, NotFound, Refused)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a volume: what was done, None where nothing was begun.

    ``error`` is why growing it failed, ``repeated``: it failed just so before.
    """

    verdict: Verdict
    act: Act | None = None
    error: VmstoreError | None = None
    repeated: bool = False


def apply(judge: Judge, world: Inventory, read: Read, guard: Callable[[], None]) -> Iterator[Outcome]:
    """Grow what is over its limit, one volume after the other; what fails does not stop the next.

    ``guard`` raises where this run must not go on. Raises NotKept where what is done cannot be written down, and
    StoppedHalfway on the admin's wish.
    """
    judge.record.look(world)
    judge.record.save()
    for verdict in judge.all(world):
        if verdict.acts or verdict.error:
            guard()
            outcome = _one(judge, world, verdict, read, guard)
            try:
                judge.record.save()
            finally:
                # What was done is told also where it cannot be written down, which ends the run.
                yield outcome
        else:
            yield Outcome(verdict)


def _one(judge: Judge, world: Inventory, verdict: Verdict, read: Read, guard: Callable[[], None]) -> Outcome:
    """Grow one volume, which is judged once more under its lock, by the world as it is then."""
    record, vm, begun = judge.record, verdict.vm, False
    try:
        lock = grow.lock(world, where.volume(world, vm))
        with lease.hold(judge.work.nodes, lock.node, lock.lock, vm) as held:

            def both() -> None:
                guard()
                held.check()

            world = read()
            record.look(world)
            verdict = judge.one(world, vm, {})
            if verdict.error:
                raise verdict.error
            if not verdict.acts:
                return Outcome(verdict)
            _refuse_elsewhere(lock.node, world, vm)
            record.begin(_act(record, verdict))
            begun = True
            world, _ = grow.carry_out(judge.work, world, judge.policies.wish(world, vm, verdict.target), read, both)
    except NotKept:
        raise
    except VmstoreError as error:
        if isinstance(error, StoppedHalfway) and not isinstance(error, LockLost):
            raise
        if not begun and isinstance(error, _LETS_ALONE):
            return Outcome(verdict.but(State.STUCK, f"{error.what} ({error.why})"))
        return _failed(record, verdict, error, begun=begun)
    record.look(world)
    return Outcome(verdict, record.end(acted.DONE))


def _refuse_elsewhere(node: str, world: Inventory, vm: str) -> None:
    """Raise Refused where the volume is held by another node than the one on which its lock was taken."""
    now = grow.lock(world, where.volume(world, vm)).node
    if now != node:
        raise Refused(f"{vm} went to {now} meanwhile", why=f"its lock was taken on {node}", hint="run it again")


def _failed(record: Record, verdict: Verdict, error: VmstoreError, *, begun: bool) -> Outcome:
    if not begun:
        record.acts.append(_act(record, verdict))
    before = record.acts[:-1]
    act = record.end(f"{acted.FAILED}{error.what} ({error.why})")
    return Outcome(verdict, act if begun else None, error, any(act.again(other) for other in before))


def _act(record: Record, verdict: Verdict) -> Act:
    return Act(record.now, verdict.vm, verdict.size, verdict.target, verdict.over)
