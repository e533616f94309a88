"""Hold the time that vmstore said is left against the time that was left. Pure."""

import re
from collections.abc import Sequence

# What vmstore.ui_progress says: "32 MiB of 400 MiB at 7.1 MiB/s, 1 min 20 s left". Early claims know nothing yet.
_TALLY = re.compile(r" at [0-9.]+ \w+/s(?:, (?:about )?(?P<left>[0-9hmins ]+) left)?")
_UNITS = {"h": 3600, "min": 60, "s": 1}
EARLY = 0.25


def seconds(text: str) -> int:
    """Read a time such as ``1 min 20 s``."""
    words = text.split()
    return sum(int(number) * _UNITS[unit] for number, unit in zip(words[::2], words[1::2], strict=True))


def errors(lines: Sequence[tuple[float, str]], total: float) -> tuple[float, ...]:
    """Say how far off each claim's end was, in per cent of the whole time, after the run's first quarter."""
    found = []
    for at, text in lines:
        match = _TALLY.search(text)
        if match and match["left"] and at >= EARLY * total:
            found.append(round(abs(at + seconds(match["left"]) - total) / total * 100, 1))
    return tuple(found)


def copying(lines: Sequence[tuple[float, str]]) -> tuple[float, float] | None:
    """Say from when to when bytes were seen to come; None if that is not to be seen."""
    times = [at for at, text in lines if _TALLY.search(text)]
    return (times[0], times[-1]) if len(times) > 1 else None
