"""Carry out a plan: skip what is done, run, read the world again, and believe only that."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType

from vmstore.errors import LockLost, LunFailed, Paused, StoppedHalfway, ToolFailed, VmstoreError
from vmstore.jobs.step import Read, Step, Work
from vmstore.model import Inventory

# Seconds. A large volume is looked at when it is moved, of small ones several at once.
PROVE_EVERY = 20.0
AGAIN = "run the same command again, here or on another node: it goes on from there"


class Stop:
    """Remember that the admin asked to stop.

    The second request does not wait for the step that runs: one that can be broken off is, any other is left at once.
    The third leaves in any case.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self.asked = False
        self.pressing = False
        self._breakable = False
        self._note = note
        # A terminal that is gone does not say any more that it was one.
        self._terminals = [number for number in (1, 2) if os.isatty(number)]

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        del frame
        if number == signal.SIGHUP:
            # The terminal is gone, and it may be said twice, by the shell and by the kernel.
            self._lose_terminals()
            if not self.asked:
                self.asked = True
                self._note("the terminal is gone: stopping after this step (nothing is lost)")
            return
        if self.pressing or (self.asked and not self._breakable):
            raise KeyboardInterrupt
        if self.asked:
            self.pressing = True
            self._note("breaking off what is being moved; press Ctrl-C once more to leave at once (nothing is lost)")
            return
        self.asked = True
        self._note("stopping after this step; press Ctrl-C again not to wait for it (nothing is lost either way)")

    def _lose_terminals(self) -> None:
        """Have what is still told go nowhere: writing to a terminal that is gone fails."""
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            for number in self._terminals:
                os.dup2(nowhere.fileno(), number)

    @contextmanager
    def breakable(self) -> Iterator[None]:
        """Let the second request break off what runs."""
        self._breakable = True
        try:
            yield
        finally:
            self._breakable = False


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
    several plans, so that a wish to stop in one also ends the next. Each step is proven before the next begins, by
    a look at the world or by the next one itself if that vouches for it; only of steps that copy, several are proven
    by one look, before any other step and at least every PROVE_EVERY seconds, so that looking does not hold up the
    disks. When a step fails, what the earlier ones made only for it is taken back. Raises StoppedHalfway on the
    admin's wish, the step's own error, or ToolFailed where a tool said yes and the world says no.
    """
    proof = _Proof(work, read, world)
    with nullcontext(stop) if stop else stoppable(work) as wish:
        try:
            for step in steps:
                vouches = step.vouches and proof.can_wait()
                if not vouches:
                    proof.bring_before(step)
                    if step.done(proof.world):
                        continue
                    step.check(proof.world)
                if wish.asked and not step.unbroken:
                    proof.bring()
                    raise StoppedHalfway(f"stopped {_where(step, proof.ran)}", why="you asked to", hint=AGAIN)
                _ask(guard, step)
                work.reporter.began(step)
                proof.begin(step)
                failure = _run(step, work)
                if vouches and not failure:
                    proof.settle()
                proof.owe(step, failure)
            return proof.bring()
        except LockLost:
            raise
        except VmstoreError:
            take_back(proof.to_take_back(), work)
            raise


def _where(step: Step, ran: Sequence[Step]) -> str:
    """Say where the work stops; a step that takes back an earlier one is not left out, since that is taken back."""
    return f"after: {ran[-1].title}" if any(step.ends(each) for each in ran) else f"before: {step.title}"


def _ask(guard: Callable[[], None], step: Step) -> None:
    """Raise where the work must not go on; a rest comes later where the step belongs to what is at work."""
    try:
        guard()
    except Paused:
        if not step.unbroken:
            raise


def _run(step: Step, work: Work) -> ToolFailed | None:
    work.log.step = step.title
    try:
        step.run(work)
    except ToolFailed as error:
        # Whatever the exit code said: what counts is how things are then.
        return error
    finally:
        work.log.step = ""
    return None


class _Proof:
    """Know which steps ran and were seen to have taken effect, and which still have to be looked at."""

    def __init__(self, work: Work, read: Read, world: Inventory) -> None:
        self.world = world
        self.ran: list[Step] = []
        self._doubted: Step | None = None
        self._work = work
        self._read = read
        self._owed: list[tuple[Step, ToolFailed | None]] = []
        self._unseen: list[Step] = []
        self._looked = time.monotonic()

    def can_wait(self) -> bool:
        """Tell whether there is something to be looked at that need not be at once."""
        failed = any(failure for _, failure in self._owed)
        return bool(self._owed) and not failed and time.monotonic() - self._looked < PROVE_EVERY

    def bring_before(self, step: Step) -> None:
        """Look, unless the step and all that ran since the last look copy, and it can wait."""
        if not (step.copies and all(each.copies for each, _ in self._owed) and self.can_wait()):
            self.bring()

    def to_take_back(self) -> list[Step]:
        """List what was seen to be done, and what was not but must not be left in doubt."""
        doubt = [step for step, _ in self._owed]
        if self._doubted is not None and self._doubted not in (*self.ran, *doubt):
            doubt.append(self._doubted)
        return [*self.ran, *(step for step in doubt if step.taken_back_in_doubt)]

    def begin(self, step: Step) -> None:
        """Take note of a step that is about to run."""
        self._doubted = step

    def owe(self, step: Step, failure: ToolFailed | None) -> None:
        """Take note of a step that ran, and of what its tool complained of."""
        self._owed.append((step, failure))
        self._unseen.append(step)

    def bring(self) -> Inventory:
        """Read the world again, if anything ran since, and compare; give the world."""
        if self._owed:
            touched = {command.node for step in self._unseen for command in step.commands()}
            services = any(step.of_service for step in self._unseen)
            everything = any(step.everywhere for step in self._unseen)
            self.world = self._read() if everything else self._read(self.world, touched, services=services)
            self._looked = time.monotonic()
            self._unseen.clear()
            # What one that vouches fails of is the reason; what was before it may look undone by then.
            if self._owed[-1][0].vouches and self._owed[-1][1]:
                self._compare(*self._owed[-1])
                self.settle()
        while self._owed:
            self._compare(*self._owed[0])
            self._end()
        return self.world

    def settle(self) -> None:
        """Take what ran before for done: the step after it could not have done its work otherwise."""
        while self._owed:
            self._end()

    def _end(self) -> None:
        step, _ = self._owed.pop(0)
        self.ran.append(step)
        self._work.log.seen(step.title, "done")
        self._work.reporter.ended(step)

    def _compare(self, step: Step, failure: ToolFailed | None) -> None:
        if failure is not None and (isinstance(failure, LunFailed) or not step.proven(self._work, self.world)):
            if step.rescue(self._work, failure, self.world):
                self.world = self._read()
            raise self._failed(step, step.failed(failure, self.world))
        if failure is None and not step.proven(self._work, self.world):
            error = ToolFailed(
                f"{step.title}: it did not take effect",
                why="the tool reported success, but it is not so",
                hint="look at it with `vmstore list` and `vmstore pv list`, then run the same command again",
            )
            raise self._failed(step, error)
        if failure is not None:
            self._work.reporter.note(f"{step.title}: the tool reported a failure, but it is done")

    def _failed(self, step: Step, error: ToolFailed) -> ToolFailed:
        self._work.log.seen(step.title, "failed", str(error))
        return error


def take_back(ran: Sequence[Step], work: Work) -> None:
    """Undo what steps made only for later ones, last first; what cannot be undone is told and left.

    Of one step, nothing is undone behind what could not be: a note that a service is down goes when it is up again.
    """
    for step in reversed(ran):
        if any(later.ends(step) for later in ran):
            continue
        commands = step.undo()
        work.log.step = what = f"taking back: {step.title}"
        try:
            for command in commands:
                work.do(command, what, step.failure)
        except VmstoreError as error:
            work.reporter.note(f"{error.what}: {error.why}")
            work.log.seen(step.title, "not taken back", str(error))
        else:
            if commands:
                work.log.seen(step.title, "taken back")
        finally:
            work.log.step = ""
