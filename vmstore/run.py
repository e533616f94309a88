"""Start processes: the only door to them. Argument lists only, a made environment, C locale, no shell."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import queue

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NO_SUCH_PROGRAM = 127
# Seconds without a line after which a stream says that there is none.
QUIET = 5.0
# Seconds that a killed process has to end: one that waits for a LUN that hangs does not, however long one waits for it.
ENDING = 2.0
# LVM closes with a line that only repeats that it failed, and warns of what did not stop it.
_UNTELLING = ("WARNING:", "Cannot process ", "Run `", "See ", "(", "Failed to find physical volume")
# What ssh needs to find keys, and the switch to another LVM configuration (lvm(8)); nothing else is passed on.
_KEPT = ("HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "LVM_SYSTEM_DIR")


@dataclass(frozen=True, slots=True)
class Result:
    """What a process left: exit code, output, and the seconds it took. ``timed_out``: nobody waits for it any more."""

    argv: tuple[str, ...]
    rc: int
    out: str
    err: str
    seconds: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Tell whether it ended with exit code 0."""
        return self.rc == 0

    def reason(self) -> str:
        """Give the most telling line of its complaint, or say how it ended."""
        if self.timed_out:
            return f"`{self.argv[0]}` gave no answer within {self.seconds:.0f} s"
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        telling = [line for line in lines if not line.startswith(_UNTELLING)] or lines
        return telling[-1] if telling else f"`{self.argv[0]}` ended with exit code {self.rc} and no message"


class Held(Protocol):
    """A process that is kept running beside the work and talked to through its standard input."""

    def first_line(self) -> str:
        """Wait for its first line; "" when it ended without one."""

    def exchange(self, line: str) -> str:
        """Send a line and wait for the one that answers it; "" when it is gone."""

    def release(self) -> None:
        """Close its input and wait for its end."""


class Runner(Protocol):
    """Run argument lists; tests put a scripted one in place."""

    def run(self, argv: Sequence[str], *, stdin: str = "", timeout: float = 60) -> Result:
        """Run to the end; a process over its time is no longer waited for and said to have timed out."""

    def stream(
        self, argv: Sequence[str], on_line: Callable[[str], None], on_quiet: Callable[[], None] = lambda: None
    ) -> Result:
        """Run without limit and hand over each line of output as it comes; say so each time none comes for QUIET s."""

    def hold(self, argv: Sequence[str]) -> Held:
        """Start a process that is to live as long as this one needs it."""


class LocalRunner:
    """Run processes on this machine."""

    def run(self, argv: Sequence[str], *, stdin: str = "", timeout: float = 60) -> Result:
        """Run to the end; a process over its time is no longer waited for and said to have timed out."""
        began = time.monotonic()
        try:
            process = _start(argv, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        except FileNotFoundError:
            return _missing(argv)
        # Neither subprocess.run nor `with` will do: both wait without limit for what they killed.
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            _leave(process)
            _let_go(process)
            return Result(tuple(argv), -1, "", "", time.monotonic() - began, timed_out=True)
        except BaseException:
            _leave(process)
            _let_go(process)
            raise
        return Result(tuple(argv), process.returncode, out, err, time.monotonic() - began)

    def stream(
        self, argv: Sequence[str], on_line: Callable[[str], None], on_quiet: Callable[[], None] = lambda: None
    ) -> Result:
        """Run without limit and hand over each line of output as it comes; say so each time none comes for QUIET s."""
        began = time.monotonic()
        lines: list[str] = []
        # These take a third of this module's time to load, for what only moves need.
        import queue  # noqa: PLC0415
        import tempfile  # noqa: PLC0415
        import threading  # noqa: PLC0415

        told: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        with tempfile.TemporaryFile("w+", errors="replace") as complaints:
            try:
                process = _start(argv, stdin=subprocess.DEVNULL, stderr=complaints)
            except FileNotFoundError:
                return _missing(argv)
            threading.Thread(target=_hand_over, args=(process, told), daemon=True).start()
            try:
                while True:
                    try:
                        line = told.get(timeout=QUIET)
                    except queue.Empty:
                        on_quiet()
                        continue
                    if line is None:
                        break
                    lines.append(line)
                    on_line(line.rstrip("\n"))
                process.wait()
            except BaseException:
                _leave(process)
                raise
            complaints.seek(0)
            err = complaints.read()
        return Result(tuple(argv), process.returncode, "".join(lines), err, time.monotonic() - began)

    def hold(self, argv: Sequence[str]) -> "HeldProcess":
        """Start a process that is to live as long as this one needs it."""
        return HeldProcess(_start(argv, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL))


class HeldProcess:
    """Keep a process that ends by itself when its standard input closes, as it does when vmstore is killed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def first_line(self) -> str:
        """Wait for its first line; "" when it ended without one."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def exchange(self, line: str) -> str:
        """Send a line and wait for the one that answers it; "" when it is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            return self.first_line()
        except (BrokenPipeError, ValueError):
            return ""

    def release(self) -> None:
        """Close its input and wait for its end, at most 10 s."""
        try:
            self._process.communicate(timeout=10)
        except (subprocess.TimeoutExpired, BrokenPipeError, ValueError):
            _cut_off(self._process)


def _hand_over(process: "subprocess.Popen[str]", told: "queue.SimpleQueue[str | None]") -> None:
    """Pass on what a process says, line by line, and None at the end."""
    assert process.stdout is not None
    try:
        with process.stdout as stdout:
            for line in stdout:
                told.put(line)
    finally:
        told.put(None)


def _leave(process: "subprocess.Popen[str]") -> None:
    """Wait no longer: cut the way to another node, and let what runs here go on, as what runs there does.

    Killed in the middle, LVM leaves a volume suspended under its VM, and resize2fs a file system half grown.
    """
    import threading  # noqa: PLC0415  # as above

    if isinstance(process.args, list | tuple) and process.args[0] == "ssh":
        _end(process)
    else:
        threading.Thread(target=process.wait, daemon=True).start()


def _end(process: "subprocess.Popen[str]") -> None:
    """Kill a process and wait for its end, but leave one that does not end to itself."""
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDING)


def _cut_off(process: "subprocess.Popen[str]") -> None:
    """End a process, and let go of it."""
    _end(process)
    _let_go(process)


def _let_go(process: "subprocess.Popen[str]") -> None:
    """Let go of what is said to a process and by it."""
    for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
        with suppress(OSError):
            pipe.close()


def _start(argv: Sequence[str], *, stdin: int, stderr: IO[str] | int) -> "subprocess.Popen[str]":
    # A session of its own keeps a Ctrl-C on the terminal from ending an LVM command half-way. SIGPIPE, which Python
    # ignores, stays ignored: a line that nobody reads any more must not end one either.
    return subprocess.Popen(
        argv,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        errors="replace",
        env=_environment(),
        start_new_session=True,
        restore_signals=False,
    )


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # LVM complains about descriptors it inherited unless told not to (lvm(8), LVM_SUPPRESS_FD_WARNINGS).
    return {**kept, "PATH": PATH, "LC_ALL": "C", "LVM_SUPPRESS_FD_WARNINGS": "1"}


def _missing(argv: Sequence[str]) -> Result:
    return Result(tuple(argv), NO_SUCH_PROGRAM, "", f"{argv[0]}: no such program", 0.0)
