"""Run the benchmarks and write docs/benchmarks.md: all of them, or the parts that are named, with the others kept."""

import platform
import re
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from lab.bench import moves, relocations, scale
from lab.driver import LAB, ROOT, Cluster, finish, running

T = TypeVar("T")
MANAGERS = ("pacemaker", "rgmanager")
PAGE = ROOT / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Written by `make bench` on a two-core machine with emulated nodes. Emulation is slow, so seconds mean little; the
ratios, each taken in one run, are what is measured.

"""


def main(words: Sequence[str]) -> int:
    """Measure what is named, or everything, and write the page."""
    unknown = sorted(set(words) - PARTS.keys())
    if unknown:
        sys.stderr.write(f"there is no benchmark {unknown[0]}; there are {', '.join(PARTS)}\n")
        return 2
    parts = _parts(PAGE.read_text(encoding="utf-8"))
    for name, (heading, measure) in PARTS.items():
        if name in words or not words:
            lines = measure()
            parts[heading] = "\n".join([f"## {heading}", "", f"On {_when()}.", "", *lines, "", ""])
    known = [parts[heading] for heading, _ in PARTS.values() if heading in parts]
    PAGE.write_text(_HEAD + "".join(known) + _NOTES, encoding="utf-8")
    sys.stdout.write(PAGE.read_text(encoding="utf-8"))
    return 0


def _when() -> str:
    return f"{time.strftime('%Y-%m-%d')}, {platform.freedesktop_os_release()['PRETTY_NAME']}"


def _parts(page: str) -> dict[str, str]:
    """Give the page's parts by their headings."""
    found = re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]
    return {part.splitlines()[0].removeprefix("## "): part for part in found}


def _measure_moves() -> list[str]:
    return _moves(_on("default", moves.measure))


def _measure_relocations() -> list[str]:
    return _relocations([each for name in MANAGERS for each in _on(name, partial(relocations.measure, manager=name))])


def _measure_scales() -> list[str]:
    return _scales(scale.measure())


PARTS: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "moves": ("Against the raw tools", _measure_moves),
    "relocations": ("How long a guest stands still in a relocation", _measure_relocations),
    "scale": ("`vmstore list` against one raw report", _measure_scales),
}


def _on(topology: str, measure: Callable[[Cluster], list[T]]) -> list[T]:
    """Measure on a topology of the lab."""
    finish([str(LAB), "up", topology])
    try:
        return measure(running())
    finally:
        finish([str(LAB), "down"])


def _relocations(found: Sequence[relocations.Stood]) -> list[str]:
    lines = ["| manager | way | seconds, mean | each round | ratio to by hand |", "|---|---|---|---|---|"]
    hand = {each.manager: each.seconds for each in found if each.way == relocations.HAND}
    for each in found:
        rounds = ", ".join(f"{seconds:.1f}" for seconds in each.rounds)
        ratio = each.seconds / hand[each.manager]
        lines.append(f"| {each.manager} | {each.way} | {each.seconds:.1f} | {rounds} | {ratio:.2f} |")
    return lines


def _moves(timings: Sequence[moves.Timing]) -> list[str]:
    lines = ["| job | way | seconds | ratio to the first way |", "|---|---|---|---|"]
    first: dict[str, float] = {}
    for timing in timings:
        base = first.setdefault(timing.job, timing.seconds)
        lines.append(f"| {timing.job} | {timing.way} | {timing.seconds:.1f} | {timing.seconds / base:.2f} |")
    return lines


def _scales(scales: Sequence[scale.Scale]) -> list[str]:
    lines = [
        "A real VG on a loop file of the machine itself, never activated; medians of "
        f"{scale.RUNS} runs in turn. The raw report is the same trimmed `lvm fullreport`.",
        "",
        "| volumes | raw report, ms | `vmstore list`, ms | above, ms |",
        "|---|---|---|---|",
    ]
    lines += [f"| {s.volumes} | {s.raw * 1000:.0f} | {s.listed * 1000:.0f} | {s.above * 1000:.0f} |" for s in scales]
    return lines


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
    sys.exit(main(sys.argv[1:]))
