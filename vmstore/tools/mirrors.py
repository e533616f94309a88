"""Read from the kernel how LVM's mirrors do while they copy, without LVM's locks.

The line of a mirror is that of Linux drivers/md/dm-raid1.c, mirror_status(), such as
"vmstore-pvmove0: 0 819200 mirror 2 8:48 8:0 12/25 1 AA 1 core".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

ARGV = ("dmsetup", "status", "--target", "mirror")
_LINE = re.compile(r"\S+: \d+ \d+ mirror (\d+)((?: \d+:\d+)+) \d+/\d+ \d+ ([A-Z]+)")
# drivers/md/dm-raid1.c, device_status_char().
_TROUBLES = {
    "F": "does not keep what is written",
    "D": "cannot be written",
    "S": "cannot be read to be copied",
    "R": "cannot be read",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the kernel found of a leg: the first, 0, is what is copied."""

    leg: int
    what: str


def troubles(out: str) -> Sequence[Trouble]:
    """Read what ARGV prints: what is wrong with the legs of all mirrors of a node."""
    found: dict[Trouble, None] = {}
    for line in out.splitlines():
        match = _LINE.match(line)
        for leg, letter in enumerate(match[3] if match else ""):
            if letter != "A":
                found[Trouble(leg, _TROUBLES.get(letter, f"has failed ({letter})"))] = None
    return list(found)
