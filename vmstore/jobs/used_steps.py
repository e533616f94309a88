"""Move a volume that nobody uses by copying what its file system uses to a new volume, which then takes its name."""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

from vmstore import names, sizes
from vmstore.errors import Refused, StoppedHalfway, ToolFailed, VmstoreError
from vmstore.jobs import marks
from vmstore.jobs.engine import AGAIN
from vmstore.jobs.step import Command, Step, Work
from vmstore.jobs.volume_steps import VolumeStep
from vmstore.model import Inventory
from vmstore.run import Held
from vmstore.tools import lvm, used_blocks
from vmstore.tools.used_blocks import MIB, Span


@dataclass(frozen=True, slots=True)
class MakeCopy(VolumeStep):
    """Make the new volume beside the old one, and have both active on a node.

    ``extents`` is its length, ``targets`` are the devices on which it may lie, ``tags`` the old one's.
    """

    extents: int
    extent: int
    targets: tuple[str, ...]
    shared: bool
    knows_autoactivation: bool
    tags: tuple[str, ...] = ()

    taken_back_in_doubt: ClassVar[bool] = True

    @property
    def copy(self) -> str:
        """Name the new volume."""
        return self.lv + names.COPYING

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        size = sizes.show(self.extents * self.extent)
        return (
            f"make {self.copy} of {size} on {', '.join(self.targets)} and activate {self.lv} on {self.node} meanwhile"
        )

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        make = lvm.create(
            self.vg, self.copy, self.extents, self.targets,
            shared=self.shared, knows_autoactivation=self.knows_autoactivation, wipe=False, tags=self.tags,
        )  # fmt: skip
        return [
            marks.set_and(self.node, self.lv, lvm.activate(self.vg, self.lv, shared=self.shared)),
            marks.set_and(self.node, self.copy, make),
        ]

    def done(self, world: Inventory) -> bool:
        """Tell whether both are there and active on the node."""
        return all(_active(world, name, self.node) for name in (self.lv, self.copy))

    def undo(self) -> list[Command]:
        """Throw the copy away."""
        away = lvm.remove(self.vg, self.copy)
        return [Command.chain(self.node, lvm.deactivate(self.vg, self.copy), away, marks.drop(self.copy))]


@dataclass(frozen=True, slots=True)
class CopyUsed(VolumeStep):
    """Copy what the file system uses, and compare all of it afterwards.

    ``size`` is the volume's, ``used`` are the bytes that its file system said it uses, ``rate`` is in bytes a
    second, 0 for no limit.
    ``verified`` are the spans that were found to be equal, once all are and are kept by the LUN.
    """

    copies: ClassVar[bool] = True
    size: int
    used: int
    rate: int = 0
    verified: list[Span] = field(default_factory=list, compare=False, repr=False)

    @property
    def copy(self) -> str:
        """Give the path of the new volume."""
        return self.device + names.COPYING

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"copy the {sizes.show(self.used)} that the file system of {self.lv} uses, and compare them"

    @property
    def subject(self) -> str:
        """Name the volume."""
        return self.lv

    @property
    def volumes(self) -> tuple[str, ...]:
        """Name the volume that it moves."""
        return (self.lv,)

    @property
    def bytes(self) -> int:
        """Count the bytes it copies, and those that it compares."""
        return 2 * self.used

    @property
    def leaves(self) -> int:
        """Count the bytes that leave the PV by it."""
        return self.size

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        return [Command(self.node, ("bash", "-c", used_blocks.COPY, "copy", self.device, self.copy))]

    def done(self, world: Inventory) -> bool:
        """Never take it for done: a copy of before is not trusted."""
        del world
        return False

    def proven(self, work: Work, world: Inventory) -> bool:
        """Go by what was compared to the end; whatever else was said, a copy of which that is not known is none."""
        del work
        return bool(self.verified) and all(
            _active(world, name, self.node) for name in (self.lv, self.lv + names.COPYING)
        )

    def run(self, work: Work) -> None:
        """Copy and compare; the program on the node ends by itself when this end is lost."""
        (copy,) = self.commands()
        listing = work.nodes.run(self.node, used_blocks.list_blocks(self.device), timeout=3600)
        found = used_blocks.spans(self.lv, listing)
        work.hook("before", self.node, str(copy))
        held = work.nodes.hold(self.node, copy.argv)
        try:
            if held.first_line() != "ready":
                raise self._failed("its devices cannot be opened")
            with work.breaker.breakable():
                self._orders(work, held, found)
        finally:
            held.release()
        work.hook("after", self.node, str(copy))
        work.reporter.moved(self, self.bytes)

    def _orders(self, work: Work, held: Held, found: list[Span]) -> None:
        orders = [
            (what, span) for what in ("copy", "compare") for each in found for span in each.cut(used_blocks.CHUNK)
        ]
        total = 2 * sum(span.count for span in found)
        began, there = time.monotonic(), 0
        for what, span in orders:
            reason = work.breaker.reason()
            if reason:
                raise reason
            self._order(held, f"{what} {span.start} {span.count}")
            work.hook("during", self.node, f"{self.lv} {what} {span.start}")
            there += span.count
            work.reporter.moved(self, self.bytes * there // total)
            if self.rate:
                time.sleep(max(0.0, began + there * MIB / self.rate - time.monotonic()))
        self._order(held, "flush 0 0")
        self.verified.extend(found)

    def _order(self, held: Held, order: str) -> None:
        said = held.exchange(order)
        if not said:
            raise StoppedHalfway(
                f"lost {self.node} while it copied {self.lv}",
                why="the program that copies there does not answer; the volume is as it was",
                hint=AGAIN,
            )
        if said != "ok":
            raise self._failed(said)

    def _failed(self, why: str) -> VmstoreError:
        return ToolFailed(
            f"{self.title}: failed",
            why=f"{self.node}: {why}",
            hint=f"the volume is as it was; `--engine mirror` moves {self.lv} in another way",
        )


@dataclass(frozen=True, slots=True)
class TakeName(VolumeStep):
    """Have the copy take the volume's name; the old one keeps another until it is removed.

    Both stay active on the node meanwhile, so that no other node can open the old one.
    """

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"have the copy take the name {self.lv}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        old, new = self.lv + names.LEAVING, self.lv + names.COPYING
        same = used_blocks.same_size(self.device, self.device + names.COPYING)
        swap = (lvm.rename(self.vg, self.lv, old), lvm.rename(self.vg, new, self.lv))
        return [marks.set_and(self.node, old, same, *swap)]

    def done(self, world: Inventory) -> bool:
        """Tell whether the copy has the name, and the old one another or none."""
        return world.lv(self.lv) is not None and world.lv(self.lv + names.COPYING) is None

    def run(self, work: Work) -> None:
        """Swap the names; give the volume its own back where the copy could not take it."""
        try:
            VolumeStep.run(self, work)
        except VmstoreError:
            back = Command(self.node, tuple(lvm.rename(self.vg, self.lv + names.LEAVING, self.lv)))
            with suppress(VmstoreError):
                work.do(back, f"{self.title}: cannot be taken back")
            raise

    def ends(self, step: Step) -> bool:
        """Tell that the copy is not to be thrown away any more."""
        return isinstance(step, MakeCopy) and step.lv == self.lv


@dataclass(frozen=True, slots=True)
class DropOld(VolumeStep):
    """Remove the old volume, whose name the copy has now."""

    @property
    def old(self) -> str:
        """Name it."""
        return self.lv + names.LEAVING

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"remove {self.old}"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        gone = marks.drop(self.old, self.lv + names.COPYING)
        sleep = Command.chain(self.node, lvm.deactivate(self.vg, self.old), gone)
        return [sleep, Command(self.node, tuple(lvm.remove(self.vg, self.old)))]

    def done(self, world: Inventory) -> bool:
        """Tell whether it is gone."""
        return world.lv(self.old) is None

    def run(self, work: Work) -> None:
        """Remove it. Raises Refused where somebody opened it while it was copied; then it has its name again."""
        sleep, remove = self.commands()
        try:
            work.do(sleep, f"{self.title}: failed", self.failure)
        except ToolFailed as error:
            copy = self.lv + names.COPYING
            back = (lvm.rename(self.vg, self.lv, copy), lvm.rename(self.vg, self.old, self.lv))
            work.do(Command.chain(self.node, *back), f"{self.lv} cannot have its name back")
            raise Refused(
                f"{self.lv} was used while it was copied",
                why=error.why,
                hint="it stays where it was; run this again while nobody uses it, or while its VM runs",
            ) from error
        work.do(remove, f"{self.title}: failed", self.failure)


def _active(world: Inventory, name: str, node: str) -> bool:
    lv = world.lv(name)
    return lv is not None and any(activation.node == node for activation in world.activations(lv))
