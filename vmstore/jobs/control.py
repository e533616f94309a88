"""Do what is wanted of a job that runs: rest, go on, or end. Who wants it writes a word beside the job's lock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vmstore.errors import Aborted, Paused
from vmstore.jobs.engine import AGAIN
from vmstore.jobs.lease import Lease
from vmstore.policies.window import Window

EVERY = 1.0


class Wish(StrEnum):
    """What may be wanted of a job."""

    PAUSE = "pause"
    ABORT = "abort"


@dataclass(slots=True)
class Rate:
    """Know how fast a job may copy, in bytes a second, 0 for no limit: as was asked, until somebody says otherwise.

    ``tell`` is told each new rate.
    """

    asked: int
    held: Lease
    tell: Callable[[int], None]

    def __call__(self) -> int:
        """Give the rate of this moment."""
        if self.held.rate not in (None, self.asked):
            self.asked = self.held.rate or 0
            self.tell(self.asked)
        return self.asked


@dataclass(frozen=True, slots=True)
class Control:
    """What is wanted of one run: wishes, which come with its lock's signs of life, and when it may work."""

    held: Lease
    window: Window | None = None
    now: Callable[[], datetime] = datetime.now

    def check(self) -> None:
        """Raise LockLost, Aborted or Paused before anything else is begun."""
        self.held.check()
        aborted = self.aborted()
        if aborted:
            raise aborted
        if self.held.wish == Wish.PAUSE:
            raise Paused(
                "the job is paused", why="somebody asked for it: `vmstore job pause`", hint="`vmstore job resume`"
            )
        if self.window and not self.window.open_at(self.now()):
            opens = self.window.opens(self.now())
            raise Paused(
                "the job rests outside its window",
                why=f"it works only {self.window}",
                hint=f"it goes on at {opens:%Y-%m-%d %H:%M}",
            )

    def aborted(self) -> Aborted | None:
        """Say that the job shall end, or None."""
        if self.held.wish != Wish.ABORT:
            return None
        return Aborted("the job was aborted", why="somebody asked for it: `vmstore job abort`", hint=AGAIN)

    def rest(self, stopped: Callable[[], bool]) -> None:
        """Wait as long as the job shall rest, or until the admin stops the run. Raises LockLost."""
        while not stopped():
            try:
                self.check()
            except Paused:
                time.sleep(EVERY)
            except Aborted:
                return
            else:
                return
