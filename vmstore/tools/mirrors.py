"""Read from the kernel which regions its mirrors could not copy, without LVM's locks.

While a mirror is there, its status has a letter for each leg, A for one that is well (Linux drivers/md/dm-raid1.c,
device_status_char); when all is copied, the kernel forgets what failed, and only its log tells.
"""

import re
from collections import Counter
from dataclasses import dataclass

# Seen lines are kept for the next run until the node is booted, as the log is.
SEEN = "/run/vmstore/mirrors"
_LOOK = 'dmsetup status --target mirror || exit; echo --; cat "$1" 2>/dev/null; echo --; dmesg'
_KEEP = 'mkdir -p "${1%/*}" && cat >"$1"'
# dm-raid1.c, recovery_complete(): "device-mapper: raid1: Unable to read primary mirror during recovery" and "… Write
# error during recovery (error = 0x1)", with the time in front if the kernel puts it there.
_FAILED = re.compile(r"^.*device-mapper: raid1: .* during recovery\b.*$", re.MULTILINE)
# "vmstore-pvmove0: 0 819200 mirror 2 8:48 8:0 12/25 1 SA 1 core"
_LEGS = re.compile(r"^\S+-pvmove\d+: \d+ \d+ mirror \d+(?: \d+:\d+)+ \d+/\d+ \d+ ([A-Z]+) ", re.MULTILINE)
LOOK = ("sh", "-c", _LOOK, "mirrors", SEEN)
KEEP = ("sh", "-c", _KEEP, "mirrors", SEEN)


@dataclass(frozen=True, slots=True)
class Look:
    """What a node says: the ``lines`` of its log, those that a run before has ``seen`` (None: none has looked since
    the node was booted), and the letters of the legs of pvmove's mirrors."""

    lines: "Counter[str]"
    seen: "Counter[str] | None"
    legs: tuple[str, ...]

    @property
    def ill(self) -> str:
        """Say which leg is not well, or ""."""
        bad = next((letters for letters in self.legs if set(letters) != {"A"}), "")
        return f"device-mapper says {bad} of the two sides" if bad else ""


def parse(out: str) -> Look:
    """Read what LOOK prints."""
    status, seen, log = out.split("--\n", 2)
    return Look(
        Counter(line.strip() for line in _FAILED.findall(log)),
        Counter(seen.splitlines()) - Counter([""]) if seen else None,
        tuple(_LEGS.findall(status)),
    )


def kept(lines: "Counter[str]") -> str:
    """Write lines for KEEP."""
    return "".join(f"{line}\n" for line in ["", *lines.elements()])


def told(line: str) -> str:
    """Leave out of a line the time since the node was booted."""
    return line[line.find("device-mapper") :]
