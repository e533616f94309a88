"""Have reports made on the simulated SAN, day after day, and made histories for them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import Bench, Outcome
from tests.support.san import G
from vmstore.commands import report_writing
from vmstore.history.store import History
from vmstore.history.values import Kind, Sample

DAY = 86_400
# 15 January 2027, 08:00 UTC.
NOW = 1_800_000_000


class Reports:
    """The cluster of a Bench, whose clock stands where ``now`` says."""

    def __init__(self, bench: Bench, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.bench = bench
        self.san = bench.san
        self.now = float(NOW)
        self.history = folder / "lib" / "history.db"
        self.settings("")
        patch.setattr(report_writing, "clock", lambda: self.now)

    def settings(self, text: str) -> None:
        """Write the configuration, with these tables in it."""
        nodes = "[" + ", ".join(f'"{name}"' for name in self.san.nodes) + "]"
        report = f'[report]\nhistory = "{self.history}"\nsizes = ["2G"]\n'
        self.bench.config.write_text(f"nodes = {nodes}\n{report}{text}\n", encoding="utf-8")

    def run(self, *words: str, **more: Any) -> Outcome:
        """Make a report."""
        return self.bench.vmstore("report", *words, **more)

    def cron(self, *words: str, hours: float = 1) -> Outcome:
        """Make the next report of cron, some hours after the last."""
        self.now += hours * 3600
        return self.run("--cron", *words)

    def past(self, kind: Kind, name: str, used: Callable[[int], int], days: int = 60) -> None:
        """Make a history of one report a day until yesterday; ``used`` tells the bytes of so many days ago."""
        with History.open(self.history, clock=lambda: NOW) as history:
            for ago in range(days, 0, -1):
                size = used(ago)
                taken, inside = (20 * G, size) if kind == "vm" else (size, None)
                assert history.add(NOW - ago * DAY, [Sample(kind, name, 20 * G, taken, inside)]) == []

    def vm(self, name: str, size: int, used: int, on: str = "iscsi1", node: str = "n1") -> None:
        """Put a VM there whose file system uses so many bytes; once more to have it use others."""
        if name in self.san.lvs:
            inside = self.san.lvs[name].fs
            assert inside is not None
            inside.used = used
        else:
            self.san.volume(name, size, on, active=node, mounted=True, used=used)
