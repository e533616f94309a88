"""Read from the kernel how far the legs of volumes are in sync, without LVM's locks, all of a node at once.

The line of a volume is that of Linux Documentation/admin-guide/device-mapper/dm-raid.rst, such as "raid1 2 Aa 17/200
recover 0". LVM's own columns (sync_percent, raid_sync_action, lv_health_status) are made of it. But each look would
take the lock of the VG, and they do not say which leg is in sync: an action is idle, too, before the copy begins.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

ARGV = ("dmsetup", "status", "--target", "raid")
_LINE = re.compile(r"(\S+): \d+ \d+ raid raid1 \d+ (\S+) (\d+)/(\d+)(?: (\S+))?")


@dataclass(frozen=True, slots=True)
class Sync:
    """How a volume's legs are.

    ``health`` has a letter for each leg: A is alive and in sync, a alive and not, D dead. Kernels before 3.11 tell no
    ``action``.
    """

    health: str
    done: int
    total: int
    action: str = ""

    @property
    def whole(self) -> bool:
        """Tell whether each leg holds all there is."""
        return set(self.health) == {"A"} and 0 < self.total == self.done and self.action in ("idle", "")

    @property
    def first_whole(self) -> bool:
        """Tell whether the first leg holds all there is: it does not while it is filled from another, or is dead.

        After a crash the kernel makes all legs alike again; those it has not come to are all small letters, and it
        copies from the first.
        """
        return self.health[:1] == "A" or set(self.health) == {"a"}

    @property
    def dead(self) -> tuple[int, ...]:
        """Count out the legs that the kernel has given up."""
        return tuple(number for number, letter in enumerate(self.health) if letter not in "Aa")

    def part(self, size: int) -> int:
        """Give how much of so many bytes is there; none where all seems to be there and a leg is not in sync."""
        if self.whole:
            return size
        return size * self.done // self.total if self.done < self.total else 0


def parse(out: str) -> Mapping[str, Sync]:
    """Read what ARGV prints, by device-mapper's names (``names.dm_name``)."""
    found = {}
    for line in out.splitlines():
        match = _LINE.match(line)
        if match:
            found[match[1]] = Sync(match[2], int(match[3]), int(match[4]), match[5] or "")
    return found
