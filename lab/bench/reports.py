"""Measure what `vmstore report` takes above the LVM report, on a made storage of 5,000 volumes with a long history."""

import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lab.bench import made
from lab.driver import ROOT

RUNS = 5
FORMS = ("table", "json", "html")


@dataclass(frozen=True, slots=True)
class Cost:
    """Median seconds, also on a CPU, and the most MiB of a command."""

    what: str
    seconds: float
    cpu: float
    mebibytes: int


def measure() -> list[Cost]:
    """Time `list`, and reports by how much of the growth of VMs is to be worked out."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "history.db"
        used = made.history(file, int(time.time()))
        (folder / "lvm").write_text(made.report(), encoding="utf-8")
        for number in range(made.NODES - made.SILENT):
            (folder / made.node(number)).write_text(made.probe(number, used), encoding="utf-8")
        nodes = json.dumps([made.node(number) for number in range(made.NODES)])
        settings = f'nodes = {nodes}\n[cluster]\nmanager = "none"\n[report]\nhistory = "{file}"\n'
        (folder / "vmstore.toml").write_text(settings, encoding="utf-8")
        (folder / "vmstore.toml").chmod(0o600)
        found = [_cost(folder, "list, for comparison", ["list"])]
        found.append(_cost(folder, "report, the growth of most VMs not known yet", ["report"]))
        while "not worked out yet" in _run(folder, ["report", "-o", "json"])[1]:
            pass
        found += [_cost(folder, f"report -o {form}, an hour later", ["report", "-o", form], file) for form in FORMS]
        _older(file, 86_400, 1)
        found.append(_cost(folder, "report, a day later", ["report"]))
        return found


def table(costs: Sequence[Cost]) -> list[str]:
    """Write the table."""
    lines = [
        f"Made storage: {made.VOLUMES} volumes on {made.PVS} PVs and {made.NODES} nodes, {made.SILENT} of them silent, "
        f"and a history of {made.DAYS} days, {made.HOURLY} of them hourly. Whole processes; LVM and all nodes "
        f"answer at once, out of files. Medians of {RUNS} runs.",
        "",
        "| command | seconds above LVM and the nodes | of them on a CPU | MiB |",
        "|---|---|---|---|",
    ]
    return lines + [f"| {cost.what} | {cost.seconds:.2f} | {cost.cpu:.2f} | {cost.mebibytes} |" for cost in costs]


def _cost(folder: Path, what: str, words: list[str], hourly: Path | None = None) -> Cost:
    times: list[float] = []
    cpu: list[float] = []
    most = 0
    for number in range(RUNS):
        if hourly:
            # Each hour has its share of what is worked out once in twenty.
            _older(hourly, 86_400, 20, number)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds, _, memory = _run(folder, words)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(seconds)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        most = max(most, memory)
    return Cost(what, statistics.median(times), statistics.median(cpu), most)


def _older(file: Path, seconds: int, share: int, part: int = 0) -> None:
    """Have one in so many VMs look as if its growth was worked out so long ago."""
    with closing(sqlite3.connect(file, isolation_level=None)) as history:
        history.execute("UPDATE fits SET time = time - ? WHERE subject % ? = ?", (seconds, share, part))


def _run(folder: Path, words: list[str]) -> tuple[float, str, int]:
    # As an admin has it, with the bytecode kept.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    argv = [sys.executable, "-m", "lab.bench.report_run", str(folder), *words]
    began = time.monotonic()
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    took = time.monotonic() - began
    if done.returncode not in (0, 10):
        raise RuntimeError(f"{words} failed: {done.stderr}")
    return took, done.stdout, int(done.stderr.splitlines()[-1]) // 1024


if __name__ == "__main__":
    sys.stdout.write("\n".join([*table(measure()), ""]))
