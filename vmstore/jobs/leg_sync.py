"""Wait until the new legs of several volumes are in sync, at the rate of the job."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from vmstore import names, sizes
from vmstore.errors import StoppedHalfway, ToolFailed
from vmstore.jobs import leg_steps
from vmstore.jobs.engine import AGAIN
from vmstore.jobs.leg_steps import DropLeg
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Inventory
from vmstore.tools import lvm, raid
from vmstore.tools.nodes import Unreachable
from vmstore.tools.raid import Sync

sleep = time.sleep
# So many looks in a row at which the kernel rests mean that it has given up: it may rest at one before it begins.
RESTS = 30


@dataclass(frozen=True, slots=True)
class Leg:
    """A volume on its way: where it is active, its size, and its two legs, by the PVs' names there and by UUID.

    ``begun``: the new leg is of a run before, and may keep to the rate of that.
    """

    lv: str
    node: str
    size: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    new_pvs: tuple[str, ...]
    begun: bool = False


@dataclass(frozen=True, slots=True)
class WaitInSync(Step):
    """Wait for the new legs of volumes that leave the PV ``uuid``, and keep them to the rate, which they share."""

    copies: ClassVar[bool] = True
    unbroken: ClassVar[bool] = True
    vg: str
    uuid: str
    legs: tuple[Leg, ...]
    poll_seconds: int
    why: str = ""

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"wait until {sizes.show(self.bytes)} of {self.subject} are in sync"

    @property
    def subject(self) -> str:
        """Name the volumes."""
        return leg_steps.listed(self.moves)

    @property
    def detail(self) -> str:
        """Say why those that were begun before are moved so."""
        return self.why

    @property
    def moves(self) -> tuple[str, ...]:
        """Name the volumes."""
        return tuple(leg.lv for leg in self.legs)

    @property
    def bytes(self) -> int:
        """Count the bytes that the kernel copies."""
        return sum(leg.size for leg in self.legs)

    def commands(self) -> list[Command]:
        """Give the command that tells how far they are; it runs until they are there."""
        return [Command(node, raid.ARGV) for node in dict.fromkeys(leg.node for leg in self.legs)]

    def done(self, world: Inventory) -> bool:
        """Tell whether all of them are off the PV; whether they are in sync, only the kernel says."""
        there = (world.lv(leg.lv) for leg in self.legs)
        return not any(lv is not None and lv.on(self.uuid) for lv in there)

    def proven(self, work: Work, world: Inventory) -> bool:
        """Ask the kernel again where a volume is still on both sides."""
        there = {leg.lv for leg in self.legs if (lv := world.lv(leg.lv)) is not None and lv.on(self.uuid)}
        return all(sync is not None and sync.whole for leg, sync in _Watch(self, work).ask() if leg.lv in there)

    def run(self, work: Work) -> None:
        """Wait. Raises what the work is broken off for, when each volume is whole on one side again."""
        watch = _Watch(self, work)
        with work.breaker.breakable():
            while not watch.look():
                for _ in range(self.poll_seconds):
                    reason = work.breaker.reason()
                    if reason:
                        watch.settle()
                        raise reason
                    sleep(1)


@dataclass(slots=True)
class _Watch:
    """Look after the legs of one step until all are in sync."""

    step: WaitInSync
    work: Work
    there: set[str] = field(default_factory=set)
    rates: dict[str, int] = field(default_factory=dict)
    resting: dict[str, int] = field(default_factory=dict)
    compared: set[str] = field(default_factory=set)

    def look(self) -> bool:
        """Tell how far they are and share the rate out anew; True when all are there. Raises ToolFailed."""
        for node in dict.fromkeys(leg.node for leg in self.step.legs):
            self.work.hook("during", node, self.step.title)
        seen = {leg.lv: self._going(leg, self._healthy(leg, sync)) for leg, sync in self.ask()}
        self.work.reporter.moved(self.step, sum(seen[leg.lv].part(leg.size) for leg in self.step.legs))
        for leg in self.step.legs:
            if seen[leg.lv].whole and leg.lv not in self.there:
                self.there.add(leg.lv)
                if len(self.step.legs) > 1:
                    self.work.reporter.note(f"  {leg.lv} is in sync ({len(self.there)} of {len(self.step.legs)})")
        busy = [leg for leg in self.step.legs if not seen[leg.lv].whole]
        self._share(busy)
        return not busy and not self._compared_again()

    def _going(self, leg: Leg, sync: Sync) -> Sync:
        """Raise ToolFailed where the kernel rests with a leg that is not in sync, as after an error of the disk."""
        rests = not sync.whole and sync.action == "idle" and sync.done == sync.total
        self.resting[leg.lv] = self.resting.get(leg.lv, 0) + 1 if rests else 0
        if self.resting[leg.lv] >= RESTS:
            raise ToolFailed(
                f"the leg of {leg.lv} on {', '.join(leg.new)} does not come into sync",
                why=f"the kernel of {leg.node} has given up copying ({sync.health}), as after an error of a disk",
                hint=f"see dmesg on {leg.node}; `vmstore job abort` drops the new leg, and the volume is what it was",
            )
        return sync

    def _compared_again(self) -> bool:
        """Have legs of a run before compared once more; tell whether that had to begin.

        A node that lost its power while it wrote may have reached one leg only, below where the copy had come to, and
        the kernel goes on from there without looking back (Linux drivers/md/dm-raid.c, disk_recovery_offset).
        """
        due = [leg for leg in self.step.legs if leg.begun and leg.lv not in self.compared]
        for leg in due:
            argv = lvm.repair_sync(self.step.vg, leg.lv)
            self.work.do(Command(leg.node, tuple(argv)), f"comparing the legs of {leg.lv}: failed")
            self.compared.add(leg.lv)
        return bool(due)

    def settle(self) -> None:
        """Drop the leg on the PV of those that are in sync, and the new one of all others."""
        for leg, sync in self.ask():
            if sync is not None:
                moved = sync.whole
                pvs, devices = ((self.step.uuid,), leg.old) if moved else (leg.new_pvs, leg.new)
                DropLeg(leg.node, self.step.vg, leg.lv, pvs, devices, first=moved).run(self.work)

    def ask(self) -> list[tuple[Leg, Sync | None]]:
        """Ask the nodes. Raises StoppedHalfway where one is lost."""
        nodes = dict.fromkeys(leg.node for leg in self.step.legs)
        try:
            told: dict[str, Mapping[str, Sync]] = {node: leg_steps.look(self.work, node) for node in nodes}
        except Unreachable as error:
            raise StoppedHalfway(
                f"lost a node while {self.step.subject} came into sync",
                why=f"{error.why}; the volumes are whole, and its kernel goes on if it still runs",
                hint=AGAIN,
            ) from error
        return [(leg, told[leg.node].get(names.dm_name(self.step.vg, leg.lv))) for leg in self.step.legs]

    def _healthy(self, leg: Leg, sync: Sync | None) -> Sync:
        if sync is None:
            raise StoppedHalfway(
                f"{leg.lv} does not come into sync on {leg.node} any more",
                why="it is not active there with two legs: somebody has moved its VM, or dropped one",
                hint=AGAIN,
            )
        if sync.dead:
            lost = ", ".join(", ".join((leg.old, leg.new)[min(number, 1)]) or "a PV" for number in sync.dead)
            name = f"{self.step.vg}/{leg.lv}"
            raise ToolFailed(
                f"the leg of {leg.lv} on {lost} has failed",
                why=f"the kernel of {leg.node} has given it up ({sync.health}); the volume works on with the other one",
                hint=f"when the LUN is back: on {leg.node}, lvchange --refresh {name}, and run this again; where it "
                f"is gone for good: vgreduce --removemissing --force {self.step.vg}, then `vmstore job abort`",
            )
        return sync

    def _share(self, busy: list[Leg]) -> None:
        """Divide the rate over those at work."""
        rate = self.work.throttle.rate()
        each = rate // len(busy) if busy else 0
        for leg in busy:
            if self.rates.get(leg.lv, -1 if leg.begun else 0) != each:
                argv = lvm.limit_sync(self.step.vg, leg.lv, each)
                self.work.do(Command(leg.node, tuple(argv)), f"holding back the leg of {leg.lv}: failed")
                self.rates[leg.lv] = each
