"""Move one LV off a PV with pvmove, LVM's own mirror: the move engine for volumes that are in use."""

import re
from dataclasses import dataclass
from typing import ClassVar

from vmstore import sizes
from vmstore.errors import LunFailed, StoppedHalfway, VmstoreError
from vmstore.jobs import marks
from vmstore.jobs.engine import AGAIN
from vmstore.jobs.mirror_watch import MirrorWatch
from vmstore.jobs.pieces import Range
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Allocation, Inventory
from vmstore.tools import lvm
from vmstore.tools.nodes import Unreachable

# lvm2 lib/../tools/polldaemon.c prints "NAME: Moved: 12.34%" at each poll.
_MOVED = re.compile(r": Moved: ([0-9.]+)%")
# What pvmove says, with exit code 5, when lvmpolld has just finished what an earlier run began. Its authors mean the
# exit code so (lvm2 issue 119).
_NOTHING_LEFT = "No data to move"


@dataclass(frozen=True, slots=True)
class MoveVolume(Step):
    """Move an LV's extents off a PV on the node that holds it.

    ``source`` and ``targets`` are device names on that node, ``uuid`` is the source PV's, ``size`` the bytes to
    move. ``ranges`` are the extents of the PV that are moved, none for all that the LV has there; ``piece`` says which
    part of how many this is, and ``why`` it is moved so; LVM has ``begun`` it in a run before, and ``extents`` are its
    in any case. An LV that nobody holds (``idle``) is activated by pvmove itself, which leaves it so (lvm2
    tools/pvmove.c); it is marked, and a later step makes it inactive again.
    """

    copies: ClassVar[bool] = True
    node: str
    vg: str
    lv: str
    uuid: str
    source: str
    targets: tuple[str, ...]
    size: int
    idle: bool
    region_mib: int
    poll_seconds: int
    ranges: tuple[Range, ...] = ()
    piece: tuple[int, int] = (1, 1)
    why: str = ""
    begun: bool = False
    extents: tuple[Range, ...] = ()

    @property
    def detail(self) -> str:
        """Say why it is moved so."""
        return self.why

    @property
    def moves(self) -> tuple[str, ...]:
        """Name the volume."""
        return (self.lv,)

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        where = f"on {self.node}" + (", where nobody uses it" if self.idle else ", which holds it")
        return f"move {sizes.show(self.size)} of {self.subject} to {', '.join(self.targets)} {where}"

    @property
    def subject(self) -> str:
        """Name the volume, and the piece of it."""
        number, of = self.piece
        return self.lv if of == 1 else f"{self.lv} (piece {number} of {of})"

    @property
    def bytes(self) -> int:
        """Count the bytes it copies."""
        return self.size

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        source = ":".join([self.source, *map(str, self.ranges)])
        move = lvm.move(
            self.vg, self.lv, source, self.targets, region_mib=self.region_mib, poll_seconds=self.poll_seconds
        )
        if not self.idle:
            return [Command(self.node, tuple(move))]
        return [marks.set_and(self.node, self.lv, move)]

    def done(self, world: Inventory) -> bool:
        """Tell whether no extent is left there and no move is under way."""
        lv = world.lv(self.lv)
        return lv is None or not (lv.moving_in or any(self._wanted(run) for run in lv.extents))

    def _wanted(self, run: Allocation) -> bool:
        ours = not self.ranges or any(each.meets(run.start, run.count) for each in self.ranges)
        return run.pv == self.uuid and ours

    def run(self, work: Work) -> None:
        """Move, and tell of each percent; LVM goes on by itself if this end is lost.

        Raises what the work is broken off for; LVM then has put back what it was copying. Raises LunFailed where a LUN
        fails meanwhile, also if LVM has not heeded it.
        """
        command = self.commands()[0]
        devices = (self.source, *self.targets)
        # pvmove tells hundredths of a per cent.
        grain = max(self.region_mib * sizes.UNITS["M"], self.size // 10_000)
        broken: list[VmstoreError] = []
        watch = MirrorWatch(work, self.node, self.lv, self.source, self.targets)

        def line(text: str) -> None:
            match = _MOVED.search(text)
            if match:
                there = int(float(match[1]) * self.size / 100)
                work.reporter.moved(self, there)
                held_back(there)
                watch.seen(there)
            quiet()

        def quiet() -> None:
            if not broken:
                watch.look()
            reason = work.breaker.reason()
            if reason and not broken:
                broken.append(reason)
                work.do(Command(self.node, tuple(lvm.abort_move(self.source))), f"{self.title}: cannot be broken off")

        try:
            watch.begin(begun=self.begun)
            with work.breaker.breakable(), work.throttle.over(self.node, devices, grain) as held_back:
                result = work.stream(command, line, quiet)
        except Unreachable as error:
            raise StoppedHalfway(
                f"lost {self.node} while it moved {self.lv}",
                why=f"{error.why}; the volume is whole, and LVM on {self.node} goes on if it still runs",
                hint=AGAIN,
            ) from error
        if broken:
            raise broken[0]
        if not result.ok and _NOTHING_LEFT not in result.err:
            raise lvm.failure(f"{self.title}: failed", self.node, result)
        said = watch.failed()
        if said:
            raise watch.committed(said, ":".join([self.source, *map(str, self.extents)]))
        work.reporter.moved(self, self.size)

    def rescued(self, work: Work, failure: VmstoreError, world: Inventory) -> VmstoreError:
        """Take the move back where a PV is missing: pvmove itself neither finishes it then nor takes it back."""
        gone = [pv for pv in world.pvs if pv.missing]
        lv = world.lv(self.lv)
        if not gone or lv is None:
            return failure
        what = f"a LUN is gone while {self.lv} is moved"
        misses = ", ".join(self.source if pv.uuid == self.uuid else pv.uuid for pv in gone)
        try:
            for mover in lv.moving_in:
                command = Command(self.node, tuple(lvm.abort_move_without(self.vg, mover)))
                work.do(command, f"the move of {self.lv} cannot be taken back")
        except VmstoreError as error:
            why = f"LVM on {self.node} misses {misses}, and the move cannot be taken back now: {error.why}"
            return LunFailed(what, why=why, hint="run no pvmove by hand; when the LUN is back, run this again")
        return LunFailed(
            what,
            why=f"LVM on {self.node} misses {misses}; the move was taken back: it is on {self.source} as before",
            hint="when the LUN is back, run this again; gone for good: see 'What can go wrong' in docs/evacuation.md",
        )


@dataclass(frozen=True, slots=True)
class AbortMove(Step):
    """End the move of an LV off a PV, on the node where LVM carries it out; ``source`` is the PV's name there.

    ``without`` are LVM's mirrors to be ended by name, since a PV is missing.
    """

    node: str
    vg: str
    lv: str
    source: str
    without: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"end the move of {self.lv} on {self.node}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        if self.without:
            return [Command(self.node, tuple(lvm.abort_move_without(self.vg, mover))) for mover in self.without]
        return [Command(self.node, tuple(lvm.abort_move(self.source)))]

    def done(self, world: Inventory) -> bool:
        """Tell whether no move of it is under way."""
        lv = world.lv(self.lv)
        return lv is None or not lv.moving_in
