"""Start, recognise and end processes, by pid and never by name."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError


@dataclass(frozen=True, slots=True)
class Identity:
    """Tell a process from a later one of the same pid: its start in clock ticks since the boot of the host."""

    pid: int
    start: int
    boot: str


def boot_id() -> str:
    """Read what is different after every boot of this host."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _start_of(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # proc(5): the name, in parentheses, may hold anything; after it come the state (3rd) and the start time (22nd).
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def identify(pid: int) -> Identity:
    """Take the identity of a process that is known to be ours and running."""
    return Identity(pid, _start_of(pid) or 0, boot_id())


def is_running(process: Identity) -> bool:
    """Tell whether that very process still runs."""
    return process.boot == boot_id() and _start_of(process.pid) == process.start


def spawn(argv: Sequence[str], log: Path) -> Identity:
    """Start a process that outlives this one: own session, no terminal, output appended to the log."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd="/"
        )
    # Popen returns after exec, so the identity is that of the program.
    return identify(child.pid)


def kill(process: Identity, *, wait: float = 10) -> None:
    """End one process by SIGKILL and wait until it is gone; do nothing when it is not that process any more."""
    if not is_running(process):
        return
    os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + wait
    while is_running(process):
        if time.monotonic() > deadline:
            raise LabError(
                f"process {process.pid} does not end",
                why=f"it was sent SIGKILL {wait:.0f} s ago",
                hint=f"look at /proc/{process.pid}/status",
            )
        time.sleep(0.02)


def run(argv: Sequence[str], *, what: str, hint: str, timeout: float | None = None) -> str:
    """Run a command to its end and return its stdout; raise LabError with its last words when it fails."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(what, why=f"{argv[0]} did not end within {timeout:.0f} s", hint=hint) from error
    if done.returncode:
        words = "\n".join((done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-15:])
        raise LabError(what, why=f"{argv[0]} ended with {done.returncode}: {words}", hint=hint)
    return done.stdout
