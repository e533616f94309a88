"""Watch a mirror while it copies: LUNs that fail under it, and what keeps it from getting on.

The kernel takes a region that it could not copy for copied all the same where nobody handles errors, and for pvmove LVM
has nobody do so (Linux drivers/md/dm-region-hash.c, dm_rh_update_states; lvm2 lib/mirror/mirrored.c). What LVM
commits then has garbage in it, so a move must be taken back before.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vmstore.errors import LunFailed, VmstoreError
from vmstore.jobs.step import Command, Work
from vmstore.tools import lvm, mirrors, quorum
from vmstore.tools.nodes import Unreachable

# Seconds between two looks at what the kernel says.
EVERY = 5.0
# Seconds without a byte after which it is told why nothing comes.
STILL = 30.0


@dataclass(slots=True)
class MirrorWatch:
    """Watch over the move of a volume from ``source`` to ``targets``, the names of the PVs on the node."""

    work: Work
    node: str
    lv: str
    source: str
    targets: Sequence[str]
    there: int = -1
    _looked: float = 0.0
    _moved: float = 0.0
    _told: bool = False

    def begin(self, *, begun: bool) -> None:
        """Take note of what the kernel has said before. A move that was ``begun`` under a failing LUN is taken back."""
        if begun or self.node not in self.work.heard:
            said = self._said()
            if begun and said:
                self.work.reporter.note(f"a LUN failed under the move of {self.lv}: it is taken back and begun anew")
                self._take_back()
            self.work.heard[self.node] = said
        self._looked = self._moved = time.monotonic()

    def seen(self, there: int) -> None:
        """Take note of the bytes that are there."""
        if there > self.there:
            self.there, self._told, self._moved = there, False, time.monotonic()

    def look(self) -> None:
        """Look now and then. Raises LunFailed where a LUN has failed; the move is taken back then, if LVM can."""
        now = time.monotonic()
        if now - self._looked < EVERY:
            return
        self._looked = now
        try:
            said = self.failed()
            if said:
                raise self._failure(said)
            if now - self._moved >= STILL and not self._told:
                self._told = True
                blocked = quorum.lost(self.work.ask(self.node, quorum.ARGV))
                why = "the cluster has no quorum" if blocked else "its storage, or LVM's locks, keep it waiting"
                self.work.reporter.note(f"{self.lv} has not got on for {STILL:.0f} s: {why}")
        except Unreachable:
            # ssh says so itself in a moment, and ends what is waited for.
            return

    def failed(self) -> str:
        """Give what the kernel has said anew of a region that it could not copy, or ""."""
        before, said = self.work.heard[self.node], self._said()
        self.work.heard[self.node] = said
        line = next(iter(said - before), "")
        # What is in front of it is the time since the node was booted.
        return line[line.find("device-mapper") :]

    def committed(self, said: str, extents: str) -> LunFailed:
        """Make the error of a move that LVM has committed though not all of it could be copied, off these extents."""
        return LunFailed(
            f"{self.lv} was moved, but not all of it was copied",
            why=f"{self.node}: {said}; LVM did not heed it. What it held is still on {extents}",
            hint=f"stop its VM, leave {self.source} as it is, and read 'What can go wrong' in docs/evacuation.md",
        )

    def _failure(self, said: str) -> LunFailed:
        try:
            self._take_back()
        except VmstoreError as error:
            return LunFailed(
                f"a LUN fails while {self.lv} is moved",
                why=f"{self.node}: {said}; and the move cannot be taken back now: {error.why}",
                hint="run no pvmove by hand; when the LUN is back, run this again: it takes the move back first",
            )
        return LunFailed(
            f"a LUN fails while {self.lv} is moved",
            why=f"{self.node}: {said}; the move was taken back, and the volume is on {self.source} as before",
            hint=f"see dmesg on {self.node}; `--exclude {self.lv}` moves the others first",
        )

    def _take_back(self) -> None:
        command = Command(self.node, tuple(lvm.abort_move(self.source)))
        self.work.do(command, f"the move of {self.lv} cannot be taken back")

    def _said(self) -> "Counter[str]":
        return Counter(mirrors.failures(self.work.ask(self.node, mirrors.ARGV).out))
