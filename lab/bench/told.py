"""Run vmstore and note when it said what."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from threading import Timer

from lab.driver import HOST, LONG, ROOT, Cluster
from vmstore.errors import ExitCode

# The first two of the three lines of an error.
_LABELS = ("vmstore: ", "  why: ")


@dataclass(frozen=True, slots=True)
class Told:
    """A run: its exit code, how long it took, and each line of stderr with its seconds since the start."""

    rc: int
    began: float
    seconds: float
    lines: tuple[tuple[float, str], ...]

    @property
    def refused(self) -> str:
        """Say why it was refused, "" if it was not."""
        if self.rc != ExitCode.REFUSED:
            return ""
        found = {
            label: text.removeprefix(label) for _, text in self.lines for label in _LABELS if text.startswith(label)
        }
        return ": ".join(found[label] for label in _LABELS if label in found) or "refused"


def run(cluster: Cluster, *words: str) -> Told:
    """Run vmstore from the workstation; a refusal is an answer, any other failure is raised."""
    argv = cluster.vmstore_argv(HOST, *words)
    argv[argv.index("vmstore")] = "lab.bench.often"
    lines: list[tuple[float, str]] = []
    began = time.monotonic()
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "VMSTORE_CONFIG": "", "VMSTORE_CACHE": os.environ.get("VMSTORE_LAB_STATE", "")},
        start_new_session=True,
    ) as process:  # fmt: skip
        # Its ssh hold the pipe open, too.
        patience = Timer(LONG, os.killpg, (process.pid, signal.SIGKILL))
        patience.start()
        try:
            assert process.stderr is not None
            for line in process.stderr:
                lines.append((time.monotonic() - began, line.rstrip("\n")))
            rc = process.wait()
        finally:
            patience.cancel()
    seconds = time.monotonic() - began
    if rc not in (ExitCode.DONE, ExitCode.REFUSED):
        raise AssertionError("\n".join([" ".join(argv), f"exit code {rc}", *(text for _, text in lines)]))
    return Told(rc, began, seconds, tuple(lines))
