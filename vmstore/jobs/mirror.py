"""Move one LV off a PV with pvmove, LVM's own mirror: the move engine for volumes that are in use."""

import re
from dataclasses import dataclass
from typing import ClassVar

from vmstore import sizes
from vmstore.errors import LunFailed, StoppedHalfway, ToolFailed, VmstoreError
from vmstore.jobs import marks
from vmstore.jobs.engine import AGAIN
from vmstore.jobs.mirror_watch import STILL, MirrorWatch
from vmstore.jobs.pieces import Range
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Allocation, Inventory, LogicalVolume
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

    ``source`` and ``targets`` are device names on that node, ``onto`` is what the admin calls the latter, ``uuid`` is
    the source PV's, ``size`` the bytes to move. ``ranges`` are the extents of the PV that are moved, none for all that
    the LV has there; ``extents`` are the same in any case. ``piece`` says which part of how many this is, and ``why``
    it is moved so. LVM has ``begun`` it in a run before; the job is ``resumed`` if there was one. An LV that nobody
    holds (``idle``) is activated by pvmove itself, which leaves it so (lvm2 tools/pvmove.c); it is marked, and a later
    step makes it inactive again.
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
    resumed: bool = False
    extents: tuple[Range, ...] = ()
    onto: str = ""

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
        return f"move {sizes.show(self.size)} of {self.subject} to {self.onto or ', '.join(self.targets)} {where}"

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

        Raises what the work is broken off for, when LVM has put back what it was copying, and LunFailed where a LUN
        fails meanwhile.
        """
        command = self.commands()[0]
        devices = (self.source, *self.targets)
        # pvmove tells hundredths of a per cent.
        grain = max(self.region_mib * sizes.UNITS["M"], self.size // 10_000)
        broken: list[VmstoreError] = []
        rate = work.throttle.rate()
        still = max(STILL, 3 * self.poll_seconds, 2 * grain / rate if rate else 0)
        watch = MirrorWatch(work, self.node, self.lv, self.source, still)

        def line(text: str) -> None:
            match = _MOVED.search(text)
            there = int(float(match[1]) * self.size / 100) if match else None
            if there is not None:
                work.reporter.moved(self, there)
                watch.seen(there)
            quiet()
            if there is not None:
                held_back(there)

        def quiet() -> None:
            if not broken:
                watch.look()
            reason = work.breaker.reason()
            if reason and not broken:
                broken.append(reason)
                work.do(Command(self.node, tuple(lvm.abort_move(self.source))), f"{self.title}: cannot be broken off")

        try:
            watch.begin(begun=self.begun, resumed=self.resumed)
            with work.breaker.breakable(), work.throttle.over(self.node, devices, grain) as held_back:
                result = work.stream(command, line, quiet)
            watch.judge()
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
        work.reporter.moved(self, self.size)

    def rescue(self, work: Work, failure: ToolFailed, world: Inventory) -> bool:
        """Take the move back where a LUN failed, by the mirror's name where a PV is missing: pvmove refuses then."""
        lv = world.lv(self.lv)
        missing = any(pv.missing for pv in world.pvs)
        if lv is None or not lv.moving_in or not (missing or isinstance(failure, LunFailed)):
            return False
        end = AbortMove(self.node, self.vg, self.lv, self.source, lv.moving_in if missing else ())
        for command in end.commands():
            work.run(command)
        MirrorWatch(work, self.node, self.lv, self.source).settle()
        return True

    def failed(self, failure: ToolFailed, world: Inventory) -> ToolFailed:
        """Say of a LUN that failed what became of the volume: what LVM says that it did is not believed."""
        lv = world.lv(self.lv)
        gone = ", ".join(self.source if pv.uuid == self.uuid else pv.uuid for pv in world.pvs if pv.missing)
        if lv is None or not (gone or isinstance(failure, LunFailed)):
            return failure
        what = f"a LUN {'is gone' if gone else 'fails'} while {self.lv} is moved"
        why = f"LVM on {self.node} misses {gone}" if gone else failure.why
        if lv.moving_in:
            return LunFailed(
                what,
                why=f"{why}; the move is not taken back yet",
                hint="run no pvmove by hand; when the LUN is back, run this again: it takes the move back first",
            )
        left = [each for each in self.extents if not _all_on(lv, self.uuid, each)]
        if left:
            return LunFailed(
                f"{self.lv} was moved, but not all of it was copied",
                why=f"{why}; LVM did not heed it. What it held is on {':'.join([self.source, *map(str, left)])}",
                hint=f"stop its VM, leave {self.source} as it is, and read 'What can go wrong' in docs/evacuation.md",
            )
        return LunFailed(
            what,
            why=f"{why}; the move was taken back: it is on {self.source} as before",
            hint=f"check the file system if its VM was running; see dmesg on {self.node}; "
            f"`--exclude {self.lv}` moves the others first",
        )


def _all_on(lv: LogicalVolume, pv: str, extents: Range) -> bool:
    """Tell whether a volume has all of these extents of a PV."""
    last = extents.start + extents.count
    runs = [run for run in lv.extents if run.pv == pv]
    shared = (min(last, run.start + run.count) - max(extents.start, run.start) for run in runs)
    return sum(max(0, each) for each in shared) == extents.count


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
