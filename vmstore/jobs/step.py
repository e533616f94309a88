"""Say what a step of a plan is: exact commands on a node, whether it is done already, and how to take it back."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from vmstore.config import Config
from vmstore.errors import ToolFailed, VmstoreError
from vmstore.jobs import hook
from vmstore.log.writing import Change, Log
from vmstore.model import Inventory
from vmstore.run import Result
from vmstore.tools import lvm
from vmstore.tools.nodes import AND, Nodes, shown

# An LVM command waits for locks and for udev; one that takes this long hangs on storage that is gone.
PATIENCE = 600


@dataclass(frozen=True, slots=True)
class Command:
    """An argument list and the node it runs on; ``stdin`` is what it reads."""

    node: str
    argv: tuple[str, ...]
    stdin: str = ""

    @classmethod
    def chain(cls, node: str, *argvs: Sequence[str]) -> "Command":
        """Join argument lists into one command that stops at the first that fails."""
        words: list[str] = []
        for argv in argvs:
            words += [AND, *argv] if words else argv
        return cls(node, tuple(words))

    def __str__(self) -> str:
        return f"{self.node}: {shown(self.argv)}"


class Reporter(Protocol):
    """Hear how the work goes; the terminal and the tests each have one."""

    def began(self, step: "Step") -> None:
        """A step starts."""

    def moved(self, step: "Step", done: int) -> None:
        """So many bytes of a step that copies are there."""

    def ended(self, step: "Step") -> None:
        """A step is done and was seen to be."""

    def note(self, text: str) -> None:
        """Something the admin should know."""

    def rested(self, seconds: float) -> None:
        """Nothing was to be done for so long."""


class Read(Protocol):
    """Read the world: all of it, or only what a step on some nodes may have changed since ``known`` was read.

    ``services``: the step may have changed what the cluster manager says.
    """

    def __call__(
        self, known: Inventory | None = None, touched: Collection[str] = (), *, services: bool = True
    ) -> Inventory:
        """Read."""


class Breaker(Protocol):
    """Tell a step that can be broken off in the middle whether it shall be."""

    def breakable(self) -> AbstractContextManager[None]:
        """Give what holds while such a step runs."""

    def reason(self) -> VmstoreError | None:
        """Say why it shall be broken off, or None."""


class Never:
    """Break nothing off."""

    def breakable(self) -> AbstractContextManager[None]:
        """Give what holds nothing."""
        return nullcontext()

    def reason(self) -> VmstoreError | None:
        """Give none."""
        return None


class Throttle(Protocol):
    """Hold back what a step copies."""

    def over(self, node: str, devices: Sequence[str], grain: int) -> AbstractContextManager[Callable[[int], None]]:
        """Hold back a copy between devices of a node; give what is told the bytes that are there.

        ``grain`` are the bytes by which progress is seen to jump.
        """

    def rate(self) -> int:
        """Give the bytes a second that all copies together may take at this moment, 0 for no limit."""


class Unthrottled:
    """Hold nothing back."""

    def over(self, node: str, devices: Sequence[str], grain: int) -> AbstractContextManager[Callable[[int], None]]:
        """Give what takes no notice."""
        del node, devices, grain
        return nullcontext(lambda _: None)

    def rate(self) -> int:
        """Give no limit."""
        return 0


@dataclass(frozen=True, slots=True)
class Work:
    """What steps need to do their work; ``guard`` raises where the lock of the work is lost.

    ``heard`` is what the kernel of each node said last of mirrors that could not copy, and when. Whatever changes
    something goes through ``do``, ``run`` or ``stream``, or ``change`` where none of them will do: there it is logged.
    """

    nodes: Nodes
    config: Config
    reporter: Reporter
    breaker: Breaker = field(default_factory=Never)
    throttle: Throttle = field(default_factory=Unthrottled)
    hook: Callable[[str, str, str], None] = hook.nothing
    log: Log = field(default_factory=Log)
    guard: Callable[[], None] = lambda: None
    heard: dict[str, tuple[float, Counter[str]]] = field(default_factory=dict)

    def do(
        self, command: Command, what: str, failure: Callable[[str, str, Result], VmstoreError] = lvm.failure
    ) -> Result:
        """Run a command, again while another host holds the VG's lock; raise what ``failure`` makes of a failure."""
        result = lvm.run(lambda: self.run(command, PATIENCE))
        if not result.ok:
            raise failure(what, command.node, result)
        return result

    def run(self, command: Command, timeout: float = 60) -> Result:
        """Run a command once; whether it failed is for the caller to say."""
        with self.change(command) as change:
            result = self.nodes.run(command.node, command.argv, stdin=command.stdin, timeout=timeout)
            change.took(result)
        return result

    @contextmanager
    def change(self, command: Command) -> Iterator[Change]:
        """Give what holds while a command runs that changes something."""
        self.hook("before", command.node, str(command))
        # What it reads may hold secrets, such as cluster.conf with the passwords of fence devices.
        with self.log.change(command.node, shown(command.argv)) as change:
            yield change
        self.hook("after", command.node, str(command))

    def stream(
        self, command: Command, on_line: Callable[[str], None], on_quiet: Callable[[], None] = lambda: None
    ) -> Result:
        """Run a command without a limit, each line of output as it comes, as a runner does; again as ``do`` does."""

        def line(text: str) -> None:
            self.hook("during", command.node, text)
            on_line(text)

        def once() -> Result:
            with self.change(command) as change:
                result = self.nodes.stream(command.node, command.argv, line, on_quiet)
                change.took(result)
            return result

        return lvm.run(once)

    def ask(self, node: str, argv: Sequence[str]) -> Result:
        """Run what only reads."""
        return self.nodes.run(node, argv)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to be done. Subclasses say which commands, and by which sign in the inventory it is done.

    ``everywhere`` is for steps whose commands change other nodes than the one they run on, ``of_service`` for those
    that show in what the cluster manager says. ``taken_back_in_doubt``: it is undone, too, where it failed or was not
    seen to have taken effect; that must be as good as undoing it once. ``unbroken``: the work does not rest or stop
    before it, since what the steps before have begun would go on by itself. ``vouches``: it fails unless the step
    before it took effect, so that nothing is looked at between the two.
    """

    copies: ClassVar[bool] = False
    unbroken: ClassVar[bool] = False
    vouches: ClassVar[bool] = False
    everywhere: ClassVar[bool] = False
    aside: ClassVar[bool] = False
    of_service: ClassVar[bool] = False
    taken_back_in_doubt: ClassVar[bool] = False

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        raise NotImplementedError

    @property
    def subject(self) -> str:
        """Name what it is done to, for a line that tells how far it is."""
        return ""

    @property
    def detail(self) -> str:
        """Show what its commands alone do not: lines for a plan."""
        return ""

    @property
    def moves(self) -> tuple[str, ...]:
        """Name the volumes that it moves off a PV."""
        return ()

    @property
    def bytes(self) -> int:
        """Count the bytes it has to go through, copying and comparing; by them its progress is told."""
        return 0

    @property
    def leaves(self) -> int:
        """Count the bytes that leave the PV by it."""
        return self.bytes

    def commands(self) -> list[Command]:
        """Give the exact commands, in order."""
        raise NotImplementedError

    def done(self, world: Inventory) -> bool:
        """Tell from the inventory whether there is nothing left to do."""
        raise NotImplementedError

    def check(self, world: Inventory) -> None:
        """Raise what keeps it from being run, as the world is before it."""
        del world

    def run(self, work: Work) -> None:
        """Do it."""
        for command in self.commands():
            work.do(command, f"{self.title}: failed", self.failure)

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of one of its commands that failed."""
        return lvm.failure(what, node, result)

    def proven(self, work: Work, world: Inventory) -> bool:
        """Tell, after it ran, whether the world agrees; ``world`` was read again."""
        del work
        return self.done(world)

    def rescue(self, work: Work, failure: ToolFailed, world: Inventory) -> bool:
        """Do what its failure calls for, as the world is then; tell whether that was anything."""
        del work, failure, world
        return False

    def failed(self, failure: ToolFailed, world: Inventory) -> ToolFailed:
        """Say why it failed, as the world is when that has been done."""
        del world
        return failure

    def undo(self) -> list[Command]:
        """Give what takes it back when a later step fails; nothing for a step that is good to keep."""
        return []

    def ends(self, step: "Step") -> bool:
        """Tell whether this, once done, has taken back what an earlier step made."""
        del step
        return False
