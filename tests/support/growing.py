"""An admin who lets VMs grow by themselves, on the simulated SAN, with a history and a clock."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.support.bench import Bench, Outcome
from tests.support.san import G, San
from vmstore.errors import ExitCode
from vmstore.history import acted
from vmstore.history.store import History

NOW = 1_800_000_000
DAY = 24 * 3600


class Admin:
    """The simulated SAN with a history, a clock and rules of growth."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench = bench
        self.folder = folder
        self.now = NOW
        self._nodes = bench.config.read_text(encoding="utf-8")
        self.rules('step = "1G"\ndaily = "3G"\nmost = "14G"')

    @property
    def san(self) -> San:
        """Give the SAN."""
        return self.bench.san

    @property
    def history(self) -> Path:
        """Name the history of this host."""
        return self.folder / "history.db"

    def rules(self, growth: str, more: str = "") -> None:
        """Set the rules, with growth on."""
        self.configure(f"[growth]\ngrow = true\n{growth}", more)

    def configure(self, growth: str, more: str = "") -> None:
        """Set the tables of growth as they are written."""
        report = f'[report]\nhistory = "{self.history}"\n'
        self.bench.config.write_text(f"{self._nodes}{more}\n{report}{growth}\n")

    def apply(self, *words: str, host: str | None = None, **tampering: Any) -> Outcome:
        """Run it."""
        return self.bench.vmstore("policy", "apply", *words, host=host, **tampering)

    def begin(self) -> None:
        """Have it known that nothing grew in the last day, before anything is over its limit."""
        lvs = self.san.lvs
        self.san.lvs = deepcopy(lvs)
        fill(self.san, 0, *lvs)
        assert self.apply("--begin").code == ExitCode.DONE
        self.san.lvs = lvs

    def size(self, vm: str = "web01") -> tuple[int, int]:
        """Give the size of a volume and of its file system, in GiB."""
        lv = self.san.lvs[vm]
        assert lv.fs is not None
        return lv.size // G, lv.fs.size // G

    def acts(self) -> list[str]:
        """Give what reports tell of, without times."""
        with History.open(self.history) as history:
            return [str(act).partition(" ")[2] for act in acted.since(history.state(acted.KEY), 0)]


def fill(san: San, share: int, *vms: str) -> None:
    """Fill the file systems of VMs, in per cent of what they are at this moment."""
    for vm in vms:
        fs = san.lvs[vm].fs
        assert fs is not None
        fs.used = fs.size * share // 100
