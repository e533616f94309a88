"""Carry out a plan: skip what is done, run, read the world again, and believe only that."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from types import FrameType

from vmstore.errors import LockLost, StoppedHalfway, ToolFailed, VmstoreError
from vmstore.jobs.beside import Beside
from vmstore.jobs.step import Read, Step, Work
from vmstore.model import Inventory

AGAIN = "run the same command again, here or on another node: it goes on from there"


class Stop:
    """Remember that the admin asked to stop; the second request does not wait for the step that runs."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self.asked = False
        self._note = note

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        del number, frame
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._note("stopping after this step; press Ctrl-C again to leave at once (nothing is lost either way)")


@contextmanager
def stoppable(work: Work) -> Iterator[Stop]:
    """Let SIGINT, SIGTERM and SIGHUP end the work between two steps."""
    stop = Stop(work.reporter.note)
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def carry_out(
    steps: Sequence[Step],
    work: Work,
    read: Read,
    world: Inventory,
    guard: Callable[[], None] = lambda: None,
    stop: Stop | None = None,
) -> Inventory:
    """Run the steps that are not done yet and return the world as it is afterwards.

    ``guard`` is called before each step and raises where the work must not go on; ``stop`` is given by a job of
    several plans, so that a wish to stop in one also ends the next. What ends a step that copies, and its proof,
    run beside the next one that copies, so that reading does not hold up the disks. When a step fails, what the
    earlier ones made only for it is taken back. Raises StoppedHalfway on the admin's wish, the step's own
    error, or ToolFailed where a tool said yes and the world says no.
    """
    ran: list[Step] = []
    beside = Beside(world)
    with nullcontext(stop) if stop else stoppable(work) as wish:
        try:
            for step in steps:
                known = beside.known if step.copies else beside.wait()
                if step.done(known):
                    continue
                if wish.asked:
                    beside.wait()
                    raise StoppedHalfway(f"stopped before: {step.title}", why="you asked to", hint=AGAIN)
                guard()
                work.reporter.began(step)
                failure = _run(step, work)
                beside.wait()
                beside.start(partial(_end, step, work, read, beside.known, failure, ran))
                if failure or not step.copies:
                    beside.wait()
            return beside.wait()
        except LockLost:
            beside.give_up(work)
            raise
        except VmstoreError:
            beside.give_up(work)
            take_back(ran, work)
            raise


def _run(step: Step, work: Work) -> ToolFailed | None:
    try:
        step.run(work)
    except ToolFailed as error:
        # Whatever the exit code said: what counts is how things are then.
        return error
    return None


def _end(
    step: Step, work: Work, read: Read, known: Inventory, failure: ToolFailed | None, ran: list[Step]
) -> Inventory:
    """Finish a step, prove it by reading the world again, and count it among those that ran."""
    try:
        if failure is None:
            step.settle(work)
    except ToolFailed as error:
        failure = error
    world = read(known, {command.node for command in step.commands()})
    if not step.proven(work, world):
        raise failure or ToolFailed(
            f"{step.title}: it did not take effect",
            why="the tool reported success, but it is not so",
            hint="look at it with `vmstore list` and `vmstore pv list`, then run the same command again",
        )
    if failure is not None:
        work.reporter.note(f"{step.title}: the tool reported a failure, but it is done")
    ran.append(step)
    work.reporter.ended(step)
    return world


def take_back(ran: Sequence[Step], work: Work) -> None:
    """Undo what steps made only for later ones, last first; what cannot be undone is told and left."""
    for step in reversed(ran):
        for command in step.undo():
            try:
                work.do(command, f"taking back: {step.title}")
            except VmstoreError as error:
                work.reporter.note(f"{error.what}: {error.why}")
