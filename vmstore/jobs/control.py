"""Do what is wanted of a job that runs: rest, go on, or end. Who wants it writes a word beside the job's lock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from vmstore.errors import Aborted, Paused
from vmstore.jobs.engine import AGAIN
from vmstore.jobs.lease import Lease

EVERY = 1.0


class Wish(StrEnum):
    """What may be wanted of a job."""

    PAUSE = "pause"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Control:
    """The wishes for one run, which come with its lock's signs of life."""

    held: Lease

    def check(self) -> None:
        """Raise LockLost, Paused or Aborted before anything else is begun."""
        self.held.check()
        if self.held.wish == Wish.ABORT:
            raise Aborted("the job was aborted", why="somebody asked for it: `vmstore job abort`", hint=AGAIN)
        if self.held.wish == Wish.PAUSE:
            raise Paused(
                "the job is paused", why="somebody asked for it: `vmstore job pause`", hint="`vmstore job resume`"
            )

    def rest(self, stopped: Callable[[], bool]) -> None:
        """Wait while the job shall rest, or until the admin stops the run. Raises LockLost."""
        while self.held.wish == Wish.PAUSE and not stopped():
            self.held.check()
            time.sleep(EVERY)
