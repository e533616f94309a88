"""Read from the kernel's log which regions its mirrors could not copy: nothing else keeps that."""

import re
from collections.abc import Sequence

ARGV = ("dmesg",)
# drivers/md/dm-raid1.c, recovery_complete(): "device-mapper: raid1: Unable to read primary mirror during recovery" and
# "… Write error during recovery (error = 0x1)". With the time in front, if the kernel puts it there.
_FAILED = re.compile(r"^.*device-mapper: raid1: .* during recovery\b.*$", re.MULTILINE)


def failures(log: str) -> Sequence[str]:
    """Give those lines of what ARGV prints."""
    return [line.strip() for line in _FAILED.findall(log)]
