"""Run a guest that counts: a process that adds a growing number to DIR/serial.log.

Its suspended state is the last number. VMWARE_STANDIN_TICK is the time between two numbers in seconds, 1 by default.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lab.standins.vmware.refusal import BrokenStandIn

COUNTER = Path(__file__).with_name("counter.py")
TICK_VARIABLE = "VMWARE_STANDIN_TICK"
_PATIENCE = 10.0
_START_TIME = 19  # of the fields behind the name in /proc/PID/stat, see proc(5)


class FileGuest:
    """Count in the folder of one VM. ``memory`` holds the last number while the process runs."""

    def __init__(self, vmx: Path, memory: Path) -> None:
        """Take the folder from ``vmx``."""
        self._log = vmx.parent / "serial.log"
        self._memory = memory

    def boot(self) -> dict[str, Any]:
        """Count from 0."""
        return self._count(0)

    def resume(self, state: Path) -> dict[str, Any]:
        """Count on from the number in ``state``; raises BrokenStandIn where it holds none."""
        try:
            last = int(json.loads(state.read_text(encoding="utf-8"))["counter"])
        except (ValueError, KeyError) as error:
            raise BrokenStandIn(f"{state} is not a suspended state: {error}") from error
        return self._count(last + 1)

    def suspend(self, noted: dict[str, Any], state: Path) -> None:
        """End the process and write its number; on an error a process with the next number takes its place.

        The caller notes the run anew after an error, since the process is another one.
        """
        self.kill(noted)
        last = int(self._memory.read_text(encoding="utf-8"))
        try:
            state.write_text(json.dumps({"counter": last}) + "\n", encoding="utf-8")
        except OSError:
            state.unlink(missing_ok=True)
            noted.update(self._count(last + 1))
            raise

    def kill(self, noted: dict[str, Any]) -> None:
        """End the process after the number it is at, and wait until it is gone."""
        if self.alive(noted):
            os.kill(int(noted["pid"]), signal.SIGTERM)
        until = time.monotonic() + _PATIENCE
        while self.alive(noted):
            if time.monotonic() > until:
                raise BrokenStandIn(f"the counter {noted['pid']} does not end")
            time.sleep(0.005)

    def alive(self, noted: dict[str, Any]) -> bool:
        """Return whether this very process, not one that got its number later, still runs."""
        return noted.get("started") is not None and _started(int(noted["pid"])) == noted["started"]

    def _count(self, first: int) -> dict[str, Any]:
        tick = os.environ.get(TICK_VARIABLE) or "1"
        command = [sys.executable, str(COUNTER), str(self._log), str(self._memory), str(first), tick]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BrokenStandIn(f"the counter does not start: {done.stderr.strip()}")
        pid = int(done.stdout)
        return {"pid": pid, "started": _started(pid)}


def _started(pid: int) -> str | None:
    """Return when process ``pid`` was started, in clock ticks since boot; None where it is gone or a zombie."""
    try:
        behind_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if behind_name[0] in {"Z", "X"} else behind_name[_START_TIME]
