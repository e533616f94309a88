"""Move a volume that nobody uses by copying what its file system uses to a new volume, which then takes its name."""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

from vmstore import names, sizes
from vmstore.errors import LockLost, StoppedHalfway, ToolFailed, VmstoreError
from vmstore.jobs import marks
from vmstore.jobs.engine import AGAIN
from vmstore.jobs.step import Command, Step, Work
from vmstore.jobs.volume_steps import VolumeStep
from vmstore.model import Inventory
from vmstore.run import Held
from vmstore.tools import lvm, used_blocks
from vmstore.tools.used_blocks import MIB, Span

# Seconds between two looks at the rate while a copy waits for it, far fewer than those after which the program ends.
EVERY = 5.0


@dataclass(frozen=True, slots=True)
class CopyStep(VolumeStep):
    """A step on a volume and the copy of it that takes its name."""

    @property
    def copy(self) -> str:
        """Name the copy before it has the volume's name."""
        return self.lv + names.COPYING

    @property
    def copy_device(self) -> str:
        """Give the path under which the active copy is opened."""
        return self.device + names.COPYING

    def both_active(self, world: Inventory) -> bool:
        """Tell whether the volume and its copy are there and active on the node."""
        there = [world.lv(name) for name in (self.lv, self.copy)]
        return all(lv and any(active.node == self.node for active in world.activations(lv)) for lv in there)


@dataclass(frozen=True, slots=True)
class MakeCopy(CopyStep):
    """Make the new volume beside the old one, and have both active on a node.

    ``extents`` is its length, ``targets`` are the devices on which it may lie, ``onto`` is what the admin calls them,
    ``tags`` are the old one's; ``why`` it is moved so.
    """

    extents: int
    extent: int
    targets: tuple[str, ...]
    shared: bool
    knows_autoactivation: bool
    tags: tuple[str, ...] = ()
    why: str = ""
    onto: str = ""

    taken_back_in_doubt: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        size = sizes.show(self.extents * self.extent)
        onto = self.onto or ", ".join(self.targets)
        return f"make {self.copy} of {size} on {onto} and activate {self.lv} on {self.node} meanwhile"

    @property
    def detail(self) -> str:
        """Say why it is moved so."""
        return self.why

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        make = lvm.create(
            self.vg, self.copy, self.extents, self.targets,
            shared=self.shared, knows_autoactivation=self.knows_autoactivation, wipe=False, tags=self.tags,
        )  # fmt: skip
        wake = lvm.activate(self.vg, self.lv, shared=self.shared)
        mark = marks.set_and(self.node, self.copy, make)
        return [Command.chain(self.node, marks.set_and(self.node, self.lv, wake).argv, mark.argv)]

    def done(self, world: Inventory) -> bool:
        """Tell whether both are there and active on the node."""
        return self.both_active(world)

    def undo(self) -> list[Command]:
        """Leave the volume inactive as it was, and throw the copy away, which may never have been made."""
        away = lvm.remove(self.vg, self.copy)
        return [
            marks.deactivate(self.node, self.vg, self.lv),
            Command.chain(self.node, lvm.deactivate(self.vg, self.copy), away, marks.drop(self.copy)),
        ]


@dataclass(frozen=True, slots=True)
class CopyUsed(CopyStep):
    """Copy what the file system uses, and compare all of it afterwards.

    ``size`` is the volume's, ``used`` are the bytes that its file system said it uses, ``limit`` the seconds
    that it may take, 0 for no limit. ``verified`` are the spans that were found to be equal, once all are and are
    kept by the LUN.
    """

    copies: ClassVar[bool] = True
    vouches: ClassVar[bool] = True
    size: int
    used: int
    limit: int = 0
    verified: list[Span] = field(default_factory=list, compare=False, repr=False)

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"copy the {sizes.show(self.used)} that the file system of {self.lv} uses, and compare them"

    @property
    def subject(self) -> str:
        """Name the volume."""
        return self.lv

    @property
    def moves(self) -> tuple[str, ...]:
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
        return [Command(self.node, ("bash", "-c", used_blocks.COPY, "copy", self.device, self.copy_device))]

    def done(self, world: Inventory) -> bool:
        """Never take it for done: a copy of before is not trusted."""
        del world
        return False

    def proven(self, work: Work, world: Inventory) -> bool:
        """Go by what was compared to the end; whatever else was said, a copy of which that is not known is none."""
        del work
        return bool(self.verified) and self.both_active(world)

    def run(self, work: Work) -> None:
        """Copy and compare; the program on the node ends by itself when this end is lost."""
        (copy,) = self.commands()
        listing = work.nodes.run(self.node, used_blocks.list_blocks(self.device), timeout=3600)
        found = used_blocks.spans(self.lv, listing)
        with work.change(copy):
            held = work.nodes.hold(self.node, copy.argv)
            try:
                if held.first_line() != "ready":
                    raise self._failed("its devices cannot be opened")
                with work.breaker.breakable():
                    self._orders(work, held, found)
            finally:
                held.release()
        work.reporter.moved(self, self.bytes)

    def _orders(self, work: Work, held: Held, found: list[Span]) -> None:
        rate = work.throttle.rate()
        # With a rate, a second's worth at a time.
        most = min(used_blocks.CHUNK, max(1, rate // MIB)) if rate else used_blocks.CHUNK
        orders = [(what, span) for what in ("copy", "compare") for each in found for span in each.cut(most)]
        # Last comes the superblock, which each mount, check and resize writes to.
        orders.append(("compare", Span(0, 1)))
        total = sum(span.count for _, span in orders)
        began, there = time.monotonic(), 0
        for what, span in orders:
            reason = work.breaker.reason()
            if reason:
                raise reason
            since = time.monotonic()
            self._order(held, f"{what} {span.start} {span.count}")
            work.hook("during", self.node, f"{self.lv} {what} {span.start}")
            there += span.count
            work.reporter.moved(self, self.bytes * there // total)
            if self.limit and time.monotonic() - began > self.limit:
                done = f"{sizes.show(self.bytes * there // total)} of {sizes.show(self.bytes)} are done"
                raise StoppedHalfway(
                    f"{self.lv} would be down for longer than is allowed",
                    why=f"after {self.limit} s, {done}",
                    hint="it is started again where it was; allow more with --suspend, or use --engine mirror",
                )
            self._wait(work, held, since, span.count * MIB)
        self._order(held, "flush 0 0")
        self.verified.extend(found)

    def _wait(self, work: Work, held: Held, since: float, size: int) -> None:
        """Wait as long as the rate of the moment wants for so many bytes; the program ends where it hears nothing."""
        while rate := work.throttle.rate():
            left = since + size / rate - time.monotonic()
            if left <= 0 or work.breaker.reason():
                return
            time.sleep(min(left, EVERY))
            self._order(held, "wait 0 0")

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
class TakeName(CopyStep):
    """Have the copy take the volume's name, and remove the old one.

    Both are inactive by then: LVM renames those in a third of the time, and deactivates none that is open. What it
    begins with fails for a copy that is not active, and none is compared to the end that was not.
    """

    vouches: ClassVar[bool] = True

    @property
    def old(self) -> str:
        """Name the old volume as long as it is there."""
        return self.lv + names.LEAVING

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        return f"have the copy take the name {self.lv}, and remove the old volume"

    def commands(self) -> list[Command]:
        """Give the exact commands, in order; each may be tried again by itself while the VG is locked."""
        same = used_blocks.same_size(self.device, self.copy_device)
        away = lvm.remove(self.vg, self.old)
        return [
            Command.chain(self.node, same, lvm.deactivate(self.vg, self.lv, self.copy)),
            Command(self.node, tuple(lvm.rename(self.vg, self.lv, self.old))),
            Command(self.node, tuple(lvm.rename(self.vg, self.copy, self.lv))),
            Command.chain(self.node, away, marks.drop(self.lv, self.copy)),
        ]

    def done(self, world: Inventory) -> bool:
        """Tell whether the copy has the name."""
        return world.lv(self.lv) is not None and world.lv(self.copy) is None

    def proven(self, work: Work, world: Inventory) -> bool:
        """Tell whether it has, and is inactive unless somebody uses it; one that is idle is marked as such again."""
        lv = world.lv(self.lv)
        idle = [each for each in world.activations(lv) if not each.opens] if lv else []
        if idle:
            work.do(marks.set_and(self.node, self.lv), f"{self.title}: failed")
        return self.done(world) and not idle

    def run(self, work: Work) -> None:
        """Swap the names. Raises StoppedHalfway where somebody took the old volume into use; it has its name again."""
        sleep, *swap, remove = self.commands()
        failed = f"{self.title}: failed"
        self._do(work, sleep, failed)
        try:
            for command in swap:
                self._do(work, command, failed)
        except LockLost:
            raise
        except VmstoreError:
            # Where the old volume never lost its name, this fails, and what is raised is the reason anyhow.
            with suppress(VmstoreError):
                self._rename(work, self.old, self.lv)
            raise
        try:
            self._do(work, remove, failed)
        except LockLost:
            raise
        except VmstoreError as error:
            self._give_back(work, error)

    def _do(self, work: Work, command: Command, failed: str) -> None:
        # A process that was stopped for long finds another run at work on the same names.
        work.guard()
        work.do(command, failed, self.failure)

    def _give_back(self, work: Work, error: VmstoreError) -> None:
        """Have the old volume be what it was, since it could not be removed: somebody may have taken it into use."""
        if lvm.is_gone(work.ask(self.node, lvm.exists(self.vg, self.old))):
            return
        void = self.lv + names.VOID
        self._rename(work, self.lv, void)
        self._rename(work, self.old, self.lv)
        # Left, it is found and thrown away by the next run.
        with suppress(VmstoreError):
            work.do(Command(self.node, tuple(lvm.remove(self.vg, void))), f"{void} is not removed")
        used = "in use" in error.why
        again = "run this again while nobody uses it, or while its VM runs" if used else AGAIN
        raise StoppedHalfway(
            f"{self.lv} was taken into use while it was copied" if used else f"the old volume of {self.lv} stays",
            why=error.why,
            hint=f"it has its name again; {again}",
        ) from error

    def _rename(self, work: Work, old: str, new: str) -> None:
        work.do(Command(self.node, tuple(lvm.rename(self.vg, old, new))), f"{self.lv} cannot have its name back")

    def ends(self, step: Step) -> bool:
        """Tell that the copy is not to be thrown away any more."""
        return isinstance(step, MakeCopy) and step.lv == self.lv
