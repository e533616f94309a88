"""Name what can go wrong in the admin's words, and give each its exit code."""

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """Fix what a script may rely on; an unknown non-zero code is a failure."""

    DONE = 0
    BUG = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    NO_ROOM = 5
    LOCKED = 6
    CLUSTER = 7
    TOOL = 8
    RESUMABLE = 9
    THRESHOLD = 10
    INTERRUPTED = 130


class VmstoreError(Exception):
    """Carry the three lines of an error: what is wrong, why, and what to try."""

    exit_code = ExitCode.BUG

    def __init__(self, what: str, *, why: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


class UsageError(VmstoreError):
    """The request itself makes no sense: a bad name, size, class or option."""

    exit_code = ExitCode.USAGE


class ConfigError(VmstoreError):
    """The configuration cannot be used as it is written."""

    exit_code = ExitCode.USAGE


class NotFound(VmstoreError):
    """A VM, PV, VG or node of that name does not exist."""

    exit_code = ExitCode.NOT_FOUND


class NoSuchNode(NotFound):
    """None of the nodes that there are bears that name."""

    def __init__(
        self, node: str, known: Iterable[str], hint: str = "use a name from `nodes` in the configuration"
    ) -> None:
        super().__init__(f"there is no node {node}", why=f"the nodes are {', '.join(known)}", hint=hint)


class Refused(VmstoreError):
    """Policy or safety forbids it; nothing was changed."""

    exit_code = ExitCode.REFUSED


class NoRoom(VmstoreError):
    """The storage asked for has too little free space."""

    exit_code = ExitCode.NO_ROOM


class Locked(VmstoreError):
    """Somebody else is at work on the same thing."""

    exit_code = ExitCode.LOCKED


class ClusterUnusable(VmstoreError):
    """Nodes or locks that the work depends on do not answer."""

    exit_code = ExitCode.CLUSTER


class ToolFailed(VmstoreError):
    """A program that does the work failed; what it left behind was looked at."""

    exit_code = ExitCode.TOOL


class LunFailed(ToolFailed):
    """A LUN failed under a copy: whatever the tools say that they did is not to be believed."""


class StoppedHalfway(VmstoreError):
    """The work stopped in a good state and the same command goes on from there."""

    exit_code = ExitCode.RESUMABLE


class LockLost(StoppedHalfway):
    """Another run may have begun on the same thing, so nothing is done any more, not even taken back."""


class Paused(StoppedHalfway):
    """The work shall rest; what was done only for its next part is taken back meanwhile."""


class Aborted(StoppedHalfway):
    """The work shall end where it is; every volume is whole."""


def unforeseen(problem: Exception) -> VmstoreError:
    """Give the three lines of what nobody thought of."""
    return VmstoreError(
        "this should not have happened",
        why=f"{type(problem).__name__}: {problem}",
        hint="run it again with `vmstore --debug …` and report what it shows; look at `vmstore list` first",
    )
