"""Watch a mirror while it copies: LUNs that fail under it, and what keeps it from getting on.

The kernel takes a region that it could not copy for copied all the same where nobody handles errors, and for pvmove's
sake nobody does (Linux commit f44db678, "dm raid1: handle resync failures"). What LVM commits then has garbage in it.
"""

import time
from collections import Counter
from dataclasses import dataclass, field

from vmstore.errors import ClusterUnusable, LunFailed, StoppedHalfway
from vmstore.jobs.step import Command, Work
from vmstore.tools import lvm, mirrors, quorum
from vmstore.tools.mirrors import Look
from vmstore.tools.nodes import Unreachable

# Seconds between two looks at what the kernel says.
EVERY = 2.0
# Seconds without a byte after which it is told why nothing comes.
STILL = 30.0


@dataclass(slots=True)
class MirrorWatch:
    """Watch over the move of a volume off ``source``, its PV's name on the node; ``still``: seconds, as STILL."""

    work: Work
    node: str
    lv: str
    source: str
    still: float = STILL
    there: int = -1
    _before: "Counter[str]" = field(default_factory=Counter)
    _lines: "Counter[str]" = field(default_factory=Counter)
    _looked: float = 0.0
    _moved: float = 0.0
    _told: bool = False

    def begin(self, *, begun: bool, resumed: bool) -> None:
        """Take note of what the kernel has said before.

        A move that was ``begun`` under a failing LUN is taken back. Raises StoppedHalfway, once, where a LUN failed
        while LVM went on by itself with what a run that is ``resumed`` now had begun; ClusterUnusable for a node that
        tells nothing.
        """
        self._looked = self._moved = time.monotonic()
        when, self._lines = self.work.heard.get(self.node, (0.0, self._lines))
        if begun or self._looked - when > EVERY:
            self._catch_up(begun=begun, resumed=resumed)
        self._before = self._lines

    def _catch_up(self, *, begun: bool, resumed: bool) -> None:
        look = self._look()
        if look is None:
            raise ClusterUnusable(
                f"{self.node} does not tell what its kernel says",
                why="dmsetup or dmesg fails there, and pvmove takes what could not be copied for copied",
                hint=f"on {self.node}: dmesg; dmsetup status --target mirror",
            )
        # Where nobody has looked since the node was booted, what is old is so for all but a move that is under way.
        known = look.seen if look.seen is not None else Counter[str]() if begun else look.lines
        missed = look.lines - known
        if begun and (missed or look.ill):
            self.work.reporter.note(f"a LUN failed under the move of {self.lv}: it is taken back and begun anew")
            if not self.take_back():
                raise self._failure("its mirror is still there")
        elif look.seen is None or missed:
            self._keep()
        if missed and resumed and not begun:
            raise StoppedHalfway(
                f"a LUN failed on {self.node} while no vmstore watched",
                why=f"{mirrors.told(next(iter(missed)))}; what the run before was moving then may hold garbage",
                hint="see `vmstore job show` for what that was, and 'What can go wrong' in docs/evacuation.md; "
                "the same command again goes on",
            )

    def seen(self, there: int) -> None:
        """Take note of the bytes that are there."""
        if there > self.there:
            self.there, self._told, self._moved = there, False, time.monotonic()

    def look(self) -> None:
        """Look now and then. Raises LunFailed where a LUN has failed; LVM is told at once to take the move back."""
        now = time.monotonic()
        if now - self._looked < EVERY:
            return
        self._looked = now
        try:
            said = self._failed()
            if said:
                self.take_back()
                raise self._failure(said)
            if now - self._moved >= self.still and not self._told:
                self._told = True
                blocked = quorum.lost(self.work.ask(self.node, quorum.ARGV))
                why = "the cluster has no quorum" if blocked else "its storage, or LVM's locks, keep it waiting"
                self.work.reporter.note(f"{self.lv} has not got on for {self.still:.0f} s: {why}")
        except Unreachable:
            # ssh says so itself in a moment, and ends what is waited for.
            return

    def judge(self) -> None:
        """Raise LunFailed where a LUN has failed since the move began; what became of the volume the world says.

        Raises StoppedHalfway where the node does not tell that: what it said meanwhile the next run finds in its log.
        """
        look = self._look()
        if look is None:
            raise StoppedHalfway(
                f"whether all of {self.lv} was copied is not known",
                why=f"{self.node} no longer tells what its kernel says",
                hint=f"on {self.node}: dmesg; dmsetup status --target mirror; the same command again goes on",
            )
        said = self._said(look)
        if said:
            self.settle()
            raise self._failure(said)

    def _failure(self, said: str) -> LunFailed:
        return LunFailed(f"a LUN fails while {self.lv} is moved", why=f"{self.node}: {said}", hint="")

    def _failed(self) -> str:
        look = self._look()
        return self._said(look) if look else ""

    def _said(self, look: Look) -> str:
        return mirrors.told(next(iter(look.lines - self._before), "")) or look.ill

    def take_back(self) -> bool:
        """Tell LVM to, and tell whether the mirror is gone; what became of the volume the world says."""
        self.work.run(Command(self.node, tuple(lvm.abort_move(self.source))))
        return self.settle()

    def settle(self) -> bool:
        """Take note for the next run of what was said until the mirror was gone; tell whether it is.

        While it is there, nothing is noted, or the next run would go on with it.
        """
        look = self._look()
        gone = look is not None and not look.legs
        if gone:
            self._keep()
        return gone

    def _look(self) -> Look | None:
        told = self.work.ask(self.node, mirrors.LOOK)
        if not told.ok:
            return None
        look = mirrors.parse(told.out)
        self._lines = look.lines
        self.work.heard[self.node] = (time.monotonic(), look.lines)
        return look

    def _keep(self) -> None:
        self.work.nodes.run(self.node, mirrors.KEEP, stdin=mirrors.kept(self._lines))
