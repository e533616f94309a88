"""Steps on a volume: make, name, check, grow, wipe and remove it."""

from dataclasses import dataclass

from vmstore import sizes
from vmstore.errors import Refused, ToolFailed, VmstoreError
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Inventory
from vmstore.run import Result
from vmstore.tools import fs, lvm


@dataclass(frozen=True, slots=True)
class VolumeStep(Step):
    """A step on one LV of a VG, done on a node."""

    node: str
    vg: str
    lv: str

    @property
    def device(self) -> str:
        """Give the path under which the active LV is opened."""
        return f"/dev/{self.vg}/{self.lv}"


@dataclass(frozen=True, slots=True)
class MakeVolume(VolumeStep):
    """Make an LV, active on its node."""

    extents: int
    extent: int
    pvs: tuple[str, ...]
    shared: bool
    knows_autoactivation: bool

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"make a volume of {sizes.show(self.extents * self.extent)}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        argv = lvm.create(
            self.vg, self.lv, self.extents, self.pvs,
            shared=self.shared, knows_autoactivation=self.knows_autoactivation,
        )  # fmt: skip
        return [Command(self.node, tuple(argv))]

    def done(self, world: Inventory) -> bool:
        """Tell whether the LV exists in that size."""
        lv = world.lv(self.lv)
        return lv is not None and lv.size == self.extents * self.extent

    def undo(self) -> list[Command]:
        """Remove the LV again."""
        return [Command(self.node, tuple(lvm.remove(self.vg, self.lv)))]


@dataclass(frozen=True, slots=True)
class MakeFileSystem(VolumeStep):
    """Make a file system on the active LV."""

    fstype: str
    label: str
    reserved_percent: int

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"make an {self.fstype} file system"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(fs.make(self.fstype, self.device, self.label, self.reserved_percent)))]

    def done(self, world: Inventory) -> bool:
        """Never take it for done: it only ever runs on an LV that is still in the making."""
        del world
        return False

    def run(self, work: Work) -> None:
        """Make it; where all inode tables are written, as in ext3, a large one takes its time, so there is no limit."""
        result = work.stream(self.commands()[0], lambda _: None)
        if not result.ok:
            raise self.failure(f"{self.title}: failed", self.node, result)

    def proven(self, work: Work, world: Inventory) -> bool:
        """Read the superblock back."""
        lv = world.lv(self.lv)
        block = _superblock(self, work)
        return lv is not None and block is not None and block.clean and 0 < block.size <= lv.size


@dataclass(frozen=True, slots=True)
class Rename(VolumeStep):
    """Give an LV the name it is to keep, or take that name from it."""

    new: str

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"name it {self.new}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(lvm.rename(self.vg, self.lv, self.new)))]

    def done(self, world: Inventory) -> bool:
        """Tell whether there is an LV of the new name and none of the old."""
        return world.lv(self.lv) is None and world.lv(self.new) is not None


@dataclass(frozen=True, slots=True)
class CheckFileSystem(VolumeStep):
    """Check the unmounted file system in full."""

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"check the file system of {self.lv}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(fs.check(self.device)))]

    def done(self, world: Inventory) -> bool:
        """Never skip it: resize2fs wants a check that is younger than the last mount."""
        del world
        return False

    def run(self, work: Work) -> None:
        """Check; corrections that e2fsck makes unasked are a success."""
        result = work.run(self.commands()[0], timeout=24 * 3600)
        if result.rc not in fs.CHECKED:
            raise Refused(
                f"the file system of {self.lv} is damaged, so it is not touched",
                why=f"{self.node}: {result.reason()}",
                hint=f"mend it on {self.node}: lvchange -aey {self.vg}/{self.lv} && e2fsck -f {self.device}",
            )

    def proven(self, work: Work, world: Inventory) -> bool:
        """Take e2fsck's word; it is the one that looked."""
        del work, world
        return True


@dataclass(frozen=True, slots=True)
class ExtendVolume(VolumeStep):
    """Make an LV longer; where the file system is mounted it stays so."""

    extents: int
    extent: int
    pvs: tuple[str, ...]

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"extend {self.lv} to {sizes.show(self.extents * self.extent)}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(lvm.extend(self.vg, self.lv, self.extents, self.pvs)))]

    def done(self, world: Inventory) -> bool:
        """Tell whether LVM gives it at least that size."""
        lv = world.lv(self.lv)
        return lv is not None and lv.size >= self.extents * self.extent

    def proven(self, work: Work, world: Inventory) -> bool:
        """Ask LVM and the kernel's block device alike."""
        result = work.ask(self.node, fs.device_size(self.device))
        return self.done(world) and result.ok and result.out.strip() == str(self.extents * self.extent)


@dataclass(frozen=True, slots=True)
class ResizeFileSystem(VolumeStep):
    """Let the file system fill its LV. ``size`` is the LV's, in bytes."""

    size: int
    online: bool

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"grow the file system of {self.lv}{' while it is mounted' if self.online else ''}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(fs.resize(self.device)))]

    def done(self, world: Inventory) -> bool:
        """Run it in any case: it changes nothing on a file system that fills its device."""
        del world
        return False

    def run(self, work: Work) -> None:
        """Resize; a large file system takes its time offline, so there is no limit."""
        result = work.stream(self.commands()[0], lambda _: None)
        if not result.ok:
            raise ToolFailed(
                f"{self.title}: failed",
                why=f"{self.node}: {result.reason()}",
                hint="the volume itself is larger now; run the same command again to grow the file system",
            )

    def proven(self, work: Work, world: Inventory) -> bool:
        """Read the superblock: less than one block group may be missing at the end (mke2fs drops a tiny last one)."""
        del world
        block = _superblock(self, work)
        return block is not None and block.size > self.size - block.group


@dataclass(frozen=True, slots=True)
class ZeroVolume(VolumeStep):
    """Write zeros over an active LV that is on its way out."""

    size: int

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"wipe {sizes.show(self.size)}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(fs.zero(self.device)))]

    def done(self, world: Inventory) -> bool:
        """Never take it for done: zeros cannot be told from the inventory."""
        del world
        return False

    def run(self, work: Work) -> None:
        """Wipe without a limit of time."""
        result = work.stream(self.commands()[0], lambda _: None)
        if not result.ok:
            raise _wipe_failed(self.title, self.node, result)

    def proven(self, work: Work, world: Inventory) -> bool:
        """Compare the first and last MiB with zeros."""
        del world
        sample = str(min(self.size, sizes.UNITS["M"]))
        last = str(self.size - int(sample))
        return all(
            work.ask(
                self.node, ["cmp", f"--bytes={sample}", f"--ignore-initial={start}:0", self.device, "/dev/zero"]
            ).ok
            for start in ("0", last)
        )


@dataclass(frozen=True, slots=True)
class RemoveVolume(VolumeStep):
    """Remove an LV that is active nowhere."""

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"remove {self.lv}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, tuple(lvm.remove(self.vg, self.lv)))]

    def done(self, world: Inventory) -> bool:
        """Tell whether it is gone."""
        return world.lv(self.lv) is None


def _wipe_failed(what: str, node: str, result: Result) -> VmstoreError:
    return ToolFailed(
        f"{what}: failed", why=f"{node}: {result.reason()}", hint="run the same command again: it wipes from the start"
    )


def _superblock(step: VolumeStep, work: Work) -> fs.Superblock | None:
    """Read the superblock after a step; none at all means that the step's tool did nothing."""
    try:
        return fs.superblock(step.lv, work.ask(step.node, fs.read(step.device)))
    except Refused:
        return None
