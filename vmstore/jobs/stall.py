"""Notice that a move does not get on, and find out why: a LUN fails, the cluster has no quorum, storage waits."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from vmstore.errors import StoppedHalfway
from vmstore.jobs.step import Work
from vmstore.tools import mirrors, quorum
from vmstore.tools.nodes import Unreachable

# Seconds without a byte after which the node is asked, and between two questions.
AFTER = 30.0


@dataclass(slots=True)
class Stall:
    """Watch over one move of a volume between legs, by the names of their devices on the node."""

    work: Work
    node: str
    lv: str
    legs: Sequence[str]
    there: int = -1
    asked: float = 0.0
    told: bool = False

    def __post_init__(self) -> None:
        """Begin to count."""
        self.asked = time.monotonic()

    def seen(self, there: int) -> None:
        """Take note of the bytes that are there."""
        if there > self.there:
            self.there, self.told = there, False
            self.asked = time.monotonic()

    def look(self) -> None:
        """Ask why nothing comes, if nothing has for long. Raises StoppedHalfway where waiting does not help."""
        if time.monotonic() - self.asked < AFTER:
            return
        try:
            said = self.work.ask(self.node, mirrors.ARGV)
            troubles = mirrors.troubles(said.out) if said.ok else []
            blocked = quorum.lost(self.work.ask(self.node, quorum.ARGV))
        except Unreachable:
            # ssh says so itself in a moment, and ends what is waited for.
            return
        finally:
            self.asked = time.monotonic()
        if troubles:
            told = "; ".join(f"{self._leg(each.leg)} {each.what}" for each in troubles)
            raise StoppedHalfway(
                f"a LUN fails while {self.lv} is moved",
                why=f"{self.node}: {told}; what was copied is on both sides, and LVM keeps it so",
                hint=f"when the LUN is back, run this again, or `vmstore job abort`; see dmesg on {self.node}",
            )
        if not self.told:
            self.told = True
            why = "the cluster has no quorum" if blocked else "its storage, or LVM's locks, keep it waiting"
            self.work.reporter.note(f"{self.lv} has not got on for {AFTER:.0f} s: {why}")

    def _leg(self, number: int) -> str:
        return self.legs[number] if number < len(self.legs) else "a LUN"
