"""Follow the boot of machines through the milestones on their consoles."""

import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from lab import process
from lab.errors import LabError
from lab.record import Record

_LINE = re.compile(r"^lab: (\w+) (.*?)\r?$", re.MULTILINE)
TAIL_LINES = 15
POLL_SECONDS = 0.2


class Console:
    """Read what a machine says from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def milestones(self) -> dict[str, str]:
        """Return the milestones of this boot with what was said of them."""
        return dict(_LINE.findall(self.text()))

    def text(self) -> str:
        """Return all that was said in this boot."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._offset)
                return stream.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def tail(self) -> str:
        """Return the last lines that are not empty."""
        lines = [line.rstrip() for line in self.text().splitlines() if line.strip()]
        return "\n".join(lines[-TAIL_LINES:]) or "(its console is empty)"


class Boot:
    """Wait for machines to come up; create it before they are started."""

    def __init__(self, record: Record, machines: Iterable[str], seconds: float) -> None:
        self._record = record
        self._consoles = {machine: Console(record.console(machine)) for machine in machines}
        self._deadline = time.monotonic() + seconds

    def wait(self, milestone: str, machines: Iterable[str], between: Callable[[], None] = lambda: None) -> None:
        """Wait until each machine has said the milestone; raise LabError when one fails, ends or takes too long."""
        missing = set(machines)
        while missing:
            for machine, console in self._consoles.items():
                said = console.milestones()
                if milestone in said:
                    missing.discard(machine)
                elif "failed" in said:
                    self._give_up(machine, said["failed"])
                elif not process.is_running(self._record.processes[machine]):
                    self._give_up(machine, f"its emulator ended; {self._emulator_said(machine)}")
            if missing and time.monotonic() > self._deadline:
                self._give_up(min(missing), f"it was not {milestone} in time")
            between()
            time.sleep(POLL_SECONDS)

    def _emulator_said(self, machine: str) -> str:
        log = self._record.state / "logs" / f"{machine}.emulator"
        return log.read_text(errors="replace").strip()[-500:] or "it said nothing"

    def _give_up(self, machine: str, reason: str) -> None:
        raise LabError(
            f"{machine} did not come up",
            why=f"{reason}; the end of its console:\n{self._consoles[machine].tail()}",
            hint=f"read the whole of it in {self._record.console(machine)}",
        )
