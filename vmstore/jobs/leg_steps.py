"""Steps that move a volume by its legs: open the PV for what LVM keeps of a leg, add one elsewhere, drop one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from vmstore import names, sizes
from vmstore.errors import ToolFailed
from vmstore.jobs.pv_steps import PvStep, SetAllocatable
from vmstore.jobs.step import Command, Step, Work
from vmstore.jobs.volume_steps import VolumeStep
from vmstore.model import LEG_TAG, Inventory, LogicalVolume, PhysicalVolume
from vmstore.tools import lvm, raid
from vmstore.tools.raid import Sync


@dataclass(frozen=True, slots=True)
class OpenForLegs(PvStep):
    """Let LVM have an extent for each leg on a PV that is being emptied, and note in the same commit whose they are.

    vmstore itself puts nothing new on a PV that is being emptied, so only other tools could, until it is closed again.
    """

    taken_back_in_doubt: ClassVar[bool] = True
    uuid: str
    lvs: tuple[str, ...]
    stale: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"open {self.device} for the metadata of {sizes.counted(len(self.lvs), 'leg')}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        argv = lvm.change_pv(self.device, allocatable=True, add=self._notes(), drop=self.stale)
        return [Command(self.node, tuple(argv))]

    def done(self, world: Inventory) -> bool:
        """Tell whether it is open and noted, or no longer wanted."""
        pv = world.pv(self.uuid)
        if pv is None or all(_has_legs(world, lv) for lv in self.lvs):
            return True
        return pv.allocatable and set(self._notes()) <= pv.tags

    def undo(self) -> list[Command]:
        """Close it again; the notes stay, and mean something only for a volume that got its leg."""
        return [Command(self.node, tuple(lvm.change_pv(self.device, allocatable=False)))]

    def _notes(self) -> list[str]:
        return [note(lv) for lv in self.lvs]


@dataclass(frozen=True, slots=True)
class CloseAfterLegs(SetAllocatable):
    """Cordon the PV again once the legs are there."""

    unbroken: ClassVar[bool] = True

    def ends(self, step: Step) -> bool:
        """Tell whether this takes back what that opening did."""
        return isinstance(step, OpenForLegs) and step.uuid == self.uuid


@dataclass(frozen=True, slots=True)
class AddLeg(VolumeStep):
    """Give a volume a second leg on other PVs, on the node that has it active.

    ``uuid`` is the PV that it leaves, ``targets`` are device names on that node, ``onto`` is what the admin calls them.
    """

    unbroken: ClassVar[bool] = True
    uuid: str
    targets: tuple[str, ...]
    size: int
    why: str
    onto: str = ""

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        onto = self.onto or ", ".join(self.targets)
        return f"add a leg of {sizes.show(self.size)} to {self.lv} on {onto}, through {self.node}"

    @property
    def detail(self) -> str:
        """Say why it is moved so."""
        return self.why

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(lvm.add_leg(self.vg, self.lv, self.targets)))]

    def done(self, world: Inventory) -> bool:
        """Tell whether it has one, or is off the PV."""
        lv = world.lv(self.lv)
        return lv is None or not lv.on(self.uuid) or _has_legs(world, self.lv)


@dataclass(frozen=True, slots=True)
class DropLeg(VolumeStep):
    """Drop one of a volume's two legs, on the node that has it active, if the kernel says that the other is good.

    ``pvs`` are the UUIDs of the PVs of that leg, ``devices`` their names on that node. Of the ``first`` leg, from which
    the other is filled, nothing may be missing on the other one.
    """

    unbroken: ClassVar[bool] = True
    pvs: tuple[str, ...]
    devices: tuple[str, ...]
    first: bool

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"drop the {'first' if self.first else 'second'} leg of {self.lv}, through {self.node}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(lvm.drop_leg(self.vg, self.lv, self.devices)))]

    def done(self, world: Inventory) -> bool:
        """Tell whether nothing of it lies there."""
        lv = world.lv(self.lv)
        return lv is None or ("raid1" not in lv.layout and not any(lv.on(pv) for pv in self.pvs))

    def run(self, work: Work) -> None:
        """Drop it. Raises ToolFailed where what would stay is not the whole volume."""
        sync = look(work, self.node).get(names.dm_name(self.vg, self.lv))
        stays = sync is not None and (sync.whole if self.first else sync.first_whole)
        if not stays:
            seen = f"{sync.health} {sync.done}/{sync.total} {sync.action}" if sync else "no legs"
            raise ToolFailed(
                f"the leg of {self.lv} on {', '.join(self.devices)} is not dropped",
                why=f"the other one is not known to hold the whole volume: {self.node} says {seen}",
                hint=f"on {self.node}, see `lvs -a -o+sync_percent,lv_health_status {self.vg}`, and run this again",
            )
        for command in self.commands():
            work.do(command, f"{self.title}: failed")


def note(lv: str) -> str:
    """Give the tag that says on a PV that vmstore moves a volume off it by a leg elsewhere."""
    return LEG_TAG + lv


def stale(world: Inventory, pv: PhysicalVolume) -> tuple[str, ...]:
    """List a PV's notes of volumes that have no leg to drop there; to one that gets legs later they would be a lie."""
    kept = {note(lv.name) for lv in world.lvs if lv.leaving == pv.uuid}
    return tuple(tag for tag in pv.legs if tag not in kept)


def beyond(lv: LogicalVolume) -> tuple[str, ...]:
    """Name the PVs, by UUID, on which a volume that leaves one has its new leg."""
    return tuple(sorted({run.pv for run in lv.extents} - {lv.leaving}))


def look(work: Work, node: str) -> dict[str, Sync]:
    """Ask a node's kernel for the state of all legs there. Raises ToolFailed, Unreachable."""
    result = work.ask(node, raid.ARGV)
    if not result.ok:
        raise ToolFailed(
            f"{node} does not tell how far its legs are in sync",
            why=result.reason(),
            hint=f"run it on {node} to see all it says: {' '.join(raid.ARGV)}",
        )
    return dict(raid.parse(result.out))


def _has_legs(world: Inventory, name: str) -> bool:
    lv = world.lv(name)
    return lv is None or "raid1" in lv.layout


def listed(legs: Sequence[str]) -> str:
    """List volumes for a title: all of a few, some of many."""
    return ", ".join(legs[:4]) + (f" and {len(legs) - 4} more" if len(legs) > 4 else "")
