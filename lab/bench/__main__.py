"""Run the benchmarks and write docs/benchmarks.md."""

import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from lab.bench import moves, relocations, scale
from lab.driver import LAB, ROOT, Cluster, finish

T = TypeVar("T")
MANAGERS = ("pacemaker", "rgmanager")
PAGE = ROOT / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Written by `make bench` on {date}: two-core machine, emulated nodes ({accelerator}), {system}. Emulation is
slow, so seconds mean little; the ratios, taken in one run, are what is measured.

"""


def main() -> int:
    """Measure everything and write the page."""
    scales = scale.measure()
    timings, accelerator = _on("default", moves.measure)
    stood = [each for name in MANAGERS for each in _on(name, partial(relocations.measure, manager=name))[0]]
    text = _HEAD.format(
        date=time.strftime("%Y-%m-%d"),
        accelerator=accelerator,
        system=platform.freedesktop_os_release()["PRETTY_NAME"],
    )
    PAGE.write_text(text + _moves(timings) + _relocations(stood) + _scales(scales) + _NOTES, encoding="utf-8")
    sys.stdout.write(PAGE.read_text(encoding="utf-8"))
    return 0


def _on(topology: str, measure: Callable[[Cluster], list[T]]) -> tuple[list[T], str]:
    """Measure on a topology of the lab; give what was found, and how its machines were emulated."""
    finish([str(LAB), "up", topology])
    try:
        status = json.loads(finish([str(LAB), "status", "--json"]).out)
        nodes = tuple(machine["name"] for machine in status["machines"] if machine["role"] == "node")
        return measure(Cluster(nodes, Path(status["vmstore_toml"]))), str(status["accelerator"])
    finally:
        finish([str(LAB), "down"])


def _relocations(found: Sequence[relocations.Stood]) -> str:
    lines = [
        "## How long a guest stands still in a relocation",
        "",
        "| manager | way | seconds, mean | each round | ratio to by hand |",
        "|---|---|---|---|---|",
    ]
    hand = {each.manager: each.seconds for each in found if each.way == relocations.HAND}
    for each in found:
        rounds = ", ".join(f"{seconds:.1f}" for seconds in each.rounds)
        ratio = each.seconds / hand[each.manager]
        lines.append(f"| {each.manager} | {each.way} | {each.seconds:.1f} | {rounds} | {ratio:.2f} |")
    return "\n".join(lines) + "\n\n"


def _moves(timings: Sequence[moves.Timing]) -> str:
    lines = ["## Against the raw tools", "", "| job | way | seconds | ratio to the first way |", "|---|---|---|---|"]
    first: dict[str, float] = {}
    for timing in timings:
        base = first.setdefault(timing.job, timing.seconds)
        lines.append(f"| {timing.job} | {timing.way} | {timing.seconds:.1f} | {timing.seconds / base:.2f} |")
    return "\n".join(lines) + "\n\n"


def _scales(scales: Sequence[scale.Scale]) -> str:
    lines = [
        "## `vmstore list` against one raw report",
        "",
        "A real VG on a loop file of the machine itself, never activated; medians of "
        f"{scale.RUNS} runs in turn. The raw report is the same trimmed `lvm fullreport`.",
        "",
        "| volumes | raw report, ms | `vmstore list`, ms | above, ms |",
        "|---|---|---|---|",
    ]
    lines += [f"| {s.volumes} | {s.raw * 1000:.0f} | {s.listed * 1000:.0f} | {s.above * 1000:.0f} |" for s in scales]
    return "\n".join(lines) + "\n\n"


_NOTES = """## How
- Volumes lie on an iSCSI LUN and go to an FC LUN; nobody uses them, so plain pvmove and vmstore both leave them
  inactive.
- `dd` copies the same bytes from the volumes to one scratch volume on the target, 4 MiB at a time, direct on both
  sides.
- vmstore runs on the workstation, over ssh, and its whole time counts: reading, locking, cordoning, moving,
  checking, and the proof at the end. The raw tools run inside the node.
- A relocation is measured by the guest: it counts once a second on its serial line, and what is missing in the count is
  the time that it stood still. By hand, the commands of each node go there in one ssh. Under rgmanager its commands are
  stand-ins that start and stop what it would.
"""


if __name__ == "__main__":
    sys.exit(main())
