"""Build the command lines of e2fsprogs and util-linux, and read what they tell of a file system."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vmstore.errors import Refused, ToolFailed
from vmstore.run import Result

LABEL_MAX = 16
# e2fsck(8), EXIT CODE: 1 "errors corrected", 2 "corrected, system should be rebooted" (a mounted root only).
CHECKED = (0, 1)


@dataclass(frozen=True, slots=True)
class Superblock:
    """An ext file system by its superblock; ``size``, ``block`` and ``group`` (a block group) are in bytes."""

    size: int
    block: int
    group: int
    clean: bool


def make(fstype: str, device: str, label: str, reserved_percent: int) -> list[str]:
    """Make a file system; the label is the VM's name where it fits."""
    labelled = ["-L", label] if len(label) <= LABEL_MAX else []
    return [f"mkfs.{fstype}", "-q", "-m", str(reserved_percent), *labelled, device]


def check(device: str) -> list[str]:
    """Check an unmounted file system in full, and mend what is safe to mend without asking."""
    return ["e2fsck", "-f", "-p", device]


def resize(device: str) -> list[str]:
    """Let the file system fill its device: online where it is mounted."""
    return ["resize2fs", device]


def read(device: str) -> list[str]:
    """Show the superblock."""
    return ["dumpe2fs", "-h", device]


def device_size(device: str) -> list[str]:
    """Show the size of a block device in bytes."""
    return ["blockdev", "--getsize64", device]


def zero(device: str) -> list[str]:
    """Write zeros over a device; the kernel hands it to the storage where that can do it (blkdiscard(8) -z)."""
    return ["blkdiscard", "--zeroout", device]


def signatures(device: str) -> list[str]:
    """List the signatures a device carries, without a change."""
    return ["wipefs", "--no-act", "--noheadings", "--output", "TYPE", device]


def listed(device: str, result: Result) -> list[str]:
    """Read wipefs's list. Raises ToolFailed when the device cannot be read."""
    if not result.ok:
        raise ToolFailed(f"{device} cannot be read", why=result.reason(), hint="check the LUN's paths")
    return sorted({line.strip() for line in result.out.splitlines() if line.strip()})


def numbers(lv: str, fields: Mapping[str, str], *wanted: str) -> list[int]:
    """Read some of what dumpe2fs told. Raises ToolFailed where its answer was cut off before."""
    try:
        return [int(fields[name]) for name in wanted]
    except (KeyError, ValueError):
        raise ToolFailed(
            f"the file system of {lv} cannot be read", why="dumpe2fs told only a part of it", hint="run it again"
        ) from None


def superblock(lv: str, result: Result) -> Superblock:
    """Read dumpe2fs -h. Raises Refused where there is no ext file system, ToolFailed for any other failure."""
    if not result.ok:
        if "Bad magic number" in result.err:
            raise Refused(
                f"{lv} holds no ext3 or ext4 file system",
                why=result.reason(),
                hint="grow what is on it with its own tools; vmstore grows ext3 and ext4",
            )
        raise ToolFailed(f"the file system of {lv} cannot be read", why=result.reason(), hint="check the LUN's paths")
    fields = dict(re.findall(r"^([^:\n]+):\s*(.*)$", result.out, re.MULTILINE))
    block, count, group = numbers(lv, fields, "Block size", "Block count", "Blocks per group")
    return Superblock(count * block, block, group * block, clean=fields.get("Filesystem state", "") == "clean")
