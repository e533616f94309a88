"""Run the benchmarks and write docs/benchmarks.md."""

import json
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lab.bench import moves, scale
from lab.driver import LAB, ROOT, Cluster, finish

PAGE = ROOT / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Written by `make bench` on {date}: two-core machine, emulated nodes ({accelerator}), {system}. Emulation is
slow, so seconds mean little; the ratios, taken in one run, are what is measured.

"""


def main() -> int:
    """Measure everything and write the page."""
    scales = scale.measure()
    finish([str(LAB), "up"])
    try:
        status = json.loads(finish([str(LAB), "status", "--json"]).out)
        nodes = tuple(machine["name"] for machine in status["machines"] if machine["role"] == "node")
        timings = moves.measure(Cluster(nodes, Path(status["vmstore_toml"])))
    finally:
        finish([str(LAB), "down"])
    text = _HEAD.format(
        date=time.strftime("%Y-%m-%d"),
        accelerator=status["accelerator"],
        system=platform.freedesktop_os_release()["PRETTY_NAME"],
    )
    PAGE.write_text(text + _moves(timings) + _scales(scales) + _NOTES, encoding="utf-8")
    sys.stdout.write(PAGE.read_text(encoding="utf-8"))
    return 0


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
"""


if __name__ == "__main__":
    sys.exit(main())
