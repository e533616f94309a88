"""Steps on a PV: take it in, note its class, keep new extents off, mark it as being emptied, take it out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from vmstore.errors import Locked, StoppedHalfway
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import CLASS_TAG, LEASE_TAG, Inventory
from vmstore.tools import fs, lvm


class NotEmpty(StoppedHalfway):
    """At its end a job finds on the PV what was not there when it was planned."""

    def __init__(self, device: str, left: Sequence[str]) -> None:
        super().__init__(
            f"new extents keep appearing on {device}",
            why=f"{', '.join(left)} came to lie there, each time it was empty",
            hint="see with `vmstore list` what grows or is made there, then run this again",
        )


@dataclass(frozen=True, slots=True)
class PvStep(Step):
    """A step on one PV; ``device`` is its name on the node that does it."""

    node: str
    vg: str
    device: str


@dataclass(frozen=True, slots=True)
class AddPv(PvStep):
    """Make a device a PV of the VG."""

    wwid: str

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"take {self.device} into {self.vg}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(lvm.add_pv(self.vg, self.device)))]

    def done(self, world: Inventory) -> bool:
        """Tell whether a PV of the VG lies on it."""
        return any(pv.name == self.device or (pv.device and self.wwid == pv.device.wwid != "") for pv in world.pvs)


@dataclass(frozen=True, slots=True)
class RecordClass(PvStep):
    """Note the PV's class as a tag, which travels with the VG to every node."""

    storage_class: str
    old: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"record class {self.storage_class} for {self.device}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        argv = lvm.change_pv(self.device, add=[CLASS_TAG + self.storage_class], drop=self.old)
        return [Command(self.node, tuple(argv))]

    def done(self, world: Inventory) -> bool:
        """Tell whether the PV bears the tag."""
        return any(pv.name == self.device and CLASS_TAG + self.storage_class in pv.tags for pv in world.pvs)


@dataclass(frozen=True, slots=True)
class SetAllocatable(PvStep):
    """Cordon a PV, or let it take new extents again."""

    uuid: str
    allocatable: bool
    drop: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"{'uncordon' if self.allocatable else 'cordon'} {self.device}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(lvm.change_pv(self.device, allocatable=self.allocatable, drop=self.drop)))]

    def done(self, world: Inventory) -> bool:
        """Tell whether LVM has it so."""
        pv = world.pv(self.uuid)
        return pv is not None and pv.allocatable is self.allocatable and not set(self.drop) & pv.tags


@dataclass(frozen=True, slots=True)
class BeginEvacuation(PvStep):
    """Cordon a PV and mark it as being emptied, in one commit."""

    uuid: str
    lease: str
    stale: tuple[str, ...]

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        relieved = not self.lease.startswith(LEASE_TAG)
        return f"cordon {self.device} {'while volumes leave it' if relieved else 'and mark it as being emptied'}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        argv = lvm.change_pv(self.device, allocatable=False, add=[self.lease], drop=self.stale)
        return [Command(self.node, tuple(argv))]

    def done(self, world: Inventory) -> bool:
        """Tell whether it is cordoned and the mark is this run's alone."""
        pv = world.pv(self.uuid)
        return pv is not None and pv.cordoned and pv.leases == (self.lease,)

    def proven(self, work: Work, world: Inventory) -> bool:
        """Back off where another run marked it at the same time: whoever came second sees both marks."""
        pv = world.pv(self.uuid)
        if pv is not None and len(pv.leases) > 1:
            work.do(Command(self.node, tuple(lvm.change_pv(self.device, drop=[self.lease]))), "taking the mark back")
            raise Locked(
                f"another run has begun to move volumes off {self.device}",
                why="both began at the same moment",
                hint="watch it with `vmstore pv list`; if it stopped, run this again",
            )
        return self.done(world)


@dataclass(frozen=True, slots=True)
class EndEvacuation(PvStep):
    """Take the mark off a PV that is proven empty; it stays cordoned, or new volumes would land on it.

    ``tags`` are the marks, ``staying`` volumes that shall stay, against which it is empty.
    """

    uuid: str
    tags: tuple[str, ...]
    staying: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"prove that {self.device} is empty{' but for ' if self.staying else ''}{', '.join(self.staying)}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(lvm.change_pv(self.device, drop=self.tags)))]

    def done(self, world: Inventory) -> bool:
        """Tell whether no extent of any LV lies on it and the mark is gone."""
        pv = world.pv(self.uuid)
        if pv is None:
            return True
        there = sum(lv.on(self.uuid) for lv in world.lvs if lv.name in self.staying) * world.vg.extent
        return not (pv.leases or pv.legs) and pv.allocated == there and not _anything_on(world, self.uuid, self.staying)

    def check(self, world: Inventory) -> None:
        """Raise NotEmpty where something else lies there; the mark stays then, by which the job is known."""
        left = _anything_on(world, self.uuid, self.staying)
        if left:
            raise NotEmpty(self.device, left)


@dataclass(frozen=True, slots=True)
class EndRelief(PvStep):
    """Take the mark off a PV that volumes have left, and let it take new extents again if it did before."""

    uuid: str
    tags: tuple[str, ...]
    lvs: tuple[str, ...]
    allocatable: bool

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        proof = f"prove that {', '.join(self.lvs)} left {self.device}" if self.lvs else ""
        after = "let it take new volumes again" if self.allocatable else "leave it cordoned"
        return f"{proof} and {after}" if proof else f"end the job on {self.device} and {after}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        argv = lvm.change_pv(self.device, allocatable=self.allocatable, drop=self.tags)
        return [Command(self.node, tuple(argv))]

    def done(self, world: Inventory) -> bool:
        """Tell whether no extent of those volumes lies on it, and the mark and the cordon are gone."""
        pv = world.pv(self.uuid)
        if pv is None:
            return True
        there = {name for name in self.lvs if (lv := world.lv(name)) and (lv.on(self.uuid) or lv.moving)}
        return not (there or pv.leases or pv.legs) and pv.allocatable is self.allocatable


@dataclass(frozen=True, slots=True)
class DropPv(PvStep):
    """Take an empty PV out of the VG."""

    uuid: str

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"take {self.device} out of {self.vg}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(lvm.drop_pv(self.vg, self.device)))]

    def done(self, world: Inventory) -> bool:
        """Tell whether the VG no longer has it."""
        return world.pv(self.uuid) is None


@dataclass(frozen=True, slots=True)
class WipeLabel(PvStep):
    """Remove the PV label from a device that is in no VG any more."""

    # A rest before it would forget it: what is planned then no longer finds the device in the VG.
    unbroken: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"remove the PV label of {self.device}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(lvm.wipe_pv(self.device)))]

    def done(self, world: Inventory) -> bool:
        """Run it in any case: the inventory is of the VG, to which the device no longer belongs."""
        del world
        return False

    def proven(self, work: Work, world: Inventory) -> bool:
        """Read the device for signatures."""
        del world
        return fs.listed(self.device, work.ask(self.node, fs.signatures(self.device))) == []


def _anything_on(world: Inventory, pv: str, but: Collection[str] = ()) -> Sequence[str]:
    return [lv.name for lv in world.lvs if lv.on(pv) and lv.name not in but]
