"""Read the times that an admin allows."""

import re

from vmstore.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600}


def parse(text: str) -> int:
    """Turn ``90s``, ``5m`` or ``1h`` into seconds. Raises UsageError."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smh])", text)
    if not match:
        raise UsageError(
            f"{text!r} is no time",
            why="a time is a whole number with s, m or h behind it",
            hint="write it as 90s, 5m or 1h",
        )
    return int(match[1]) * _UNITS[match[2]]
