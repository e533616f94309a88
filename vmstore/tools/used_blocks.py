"""Find which parts of a volume its ext file system uses, and copy and compare those alone.

What is copied are all blocks that the block bitmaps do not call free, backups of the superblock included, which e2image
leaves out (e2fsprogs misc/e2image.c, mark_table_blocks). They are taken by whole MiB, so that each read and write is
aligned and large, past the page cache.
"""

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from vmstore.errors import StoppedHalfway, ToolFailed
from vmstore.run import Result
from vmstore.tools import fs

MIB = 2**20
# MiB that one order to the node copies: a second's work of a fast LUN, so that a rate is kept and a stop is heard.
CHUNK = 64
# Seconds after which the program on the node ends where it hears nothing: sshd notices a lost line much later.
SILENCE = 60
# Linux Documentation/filesystems/ext4/super.rst: 1,024 bytes, as far into the file system.
SUPERBLOCK = 1024
_MAGIC = 0xEF53
_CLEAN, _ERRORS = 1, 2
_RECOVER, _JOURNAL_DEVICE, _64BIT = 0x4, 0x8, 0x80
_BIGALLOC = 0x200
_FREE = re.compile(r"^  Free blocks: (.*)$", re.MULTILINE)
# e2fsprogs before 1.43 calls all of a group that was never used free, its metadata included (commit 8e44eb64).
_METADATA = re.compile(r"(?:superblock|descriptors?|GDT blocks|[bB]itmap|table) at (\d+)(?:-(\d+))?")
# Both devices stay open all the while, so that LVM lets nobody take them away. cmp reads what is on the LUN: writing
# past the page cache also drops what that held. The last order makes the LUN keep what it still has in its own cache.
COPY = (
    'exec 3<"$1" 4<"$2" || exit 1; echo ready; '
    f"while read -r -t {SILENCE} what at count; do case $what in "
    "wait) said= ;; "
    'copy) said=$(dd if="$1" of="$2" bs=1M skip="$at" seek="$at" count="$count" iflag=direct oflag=direct '
    "conv=notrunc,nocreat 2>&1) ;; "
    'compare) said=$(cmp -i $((at * 1048576)) -n $((count * 1048576)) "$1" "$2" 2>&1) ;; '
    '*) said=$(dd if=/dev/null of="$2" conv=notrunc,nocreat,fsync 2>&1) ;; '
    'esac && echo ok || echo "failed: $(echo "$said" | tail -n 1)"; done'
)
# Arguments: pairs of a device and the sector at which a file system begins on it. A line of hexadecimal for each.
PEEK = """
while [ $# -gt 1 ]; do
    dd if="$1" bs=512 skip=$(($2 + 2)) count=2 iflag=direct 2>/dev/null | od -An -v -tx1 | tr -d ' \\n'
    echo
    shift 2
done
"""


@dataclass(frozen=True, slots=True)
class Span:
    """MiB of a device: the first, and how many."""

    start: int
    count: int

    def cut(self, most: int) -> "Iterator[Span]":
        """Cut it into spans of at most so many MiB."""
        for start in range(self.start, self.start + self.count, most):
            yield Span(start, min(most, self.start + self.count - start))


def peek(places: Iterable[tuple[str, int]]) -> list[str]:
    """Read the superblocks of volumes that nobody uses, from the PVs; a place is a device and an offset in bytes."""
    words = [word for device, offset in places for word in (device, str(offset // 512))]
    return ["sh", "-c", PEEK, "peek", *words]


def used(line: str) -> int | None:
    """Read from a superblock in hexadecimal how many bytes the file system uses.

    None for what is no ext file system, or one that has to be recovered or checked first, or that counts its blocks in
    another way.
    """
    raw = bytes.fromhex(line) if re.fullmatch(r"([0-9a-f]{2})*", line) else b""
    if len(raw) < SUPERBLOCK:
        return None
    magic, state = struct.unpack_from("<HH", raw, 0x38)
    _, incompatible, read_only = struct.unpack_from("<III", raw, 0x5C)
    if magic != _MAGIC or not state & _CLEAN or state & _ERRORS:
        return None
    if incompatible & (_RECOVER | _JOURNAL_DEVICE) or read_only & _BIGALLOC:
        return None
    blocks, free, log = (struct.unpack_from("<I", raw, at)[0] for at in (0x4, 0xC, 0x18))
    if incompatible & _64BIT:
        blocks += struct.unpack_from("<I", raw, 0x150)[0] << 32
        free += struct.unpack_from("<I", raw, 0x158)[0] << 32
    return int(blocks - free) << (10 + log) if 0 <= free <= blocks and log <= 6 else None


def sample(device: str) -> list[str]:
    """Read the first 32 MiB of a device, past the page cache."""
    return ["dd", f"if={device}", "of=/dev/null", "bs=1M", "count=32", "iflag=direct"]


def speed(result: Result) -> int:
    """Read bytes a second from dd's last line, such as "33554432 bytes (34 MB, 32 MiB) copied, 1.05 s, 32 MB/s"."""
    match = re.search(r"^(\d+) bytes .*?, ([0-9.e+-]+) s(?:econds)?,", result.err, re.MULTILINE)
    return int(int(match[1]) / float(match[2])) if match and float(match[2]) > 0 else 0


def same_size(device: str, other: str) -> list[str]:
    """Compare the sizes of two devices; one that was grown while it was copied has another."""
    test = 'test "$(blockdev --getsz "$1")" = "$(blockdev --getsz "$2")"'
    return ["sh", "-c", test, "same", device, other]


def list_blocks(device: str) -> list[str]:
    """Show all of a file system's groups with their free blocks (dumpe2fs(8))."""
    return ["dumpe2fs", device]


def spans(lv: str, result: Result) -> list[Span]:
    """Read dumpe2fs's list into the spans that hold anything.

    Raises ToolFailed where there is no list, StoppedHalfway for a file system that cannot be copied like this any more:
    other volumes may have been moved since it was looked at.
    """
    head = dict(re.findall(r"^([A-Z][^:\n]+):\s*(.*)$", result.out, re.MULTILINE))
    features = head.get("Filesystem features", "").split()
    odd = [name for name in ("needs_recovery", "journal_dev", "bigalloc") if name in features]
    if not result.ok:
        raise ToolFailed(
            f"the file system of {lv} cannot be read",
            why=result.reason(),
            hint=f"run it again; `--engine mirror` moves {lv} as it is",
        )
    if head.get("Filesystem state") != "clean" or odd:
        raise StoppedHalfway(
            f"the file system of {lv} cannot be copied block by block",
            why=", ".join(odd) or head.get("Filesystem state", "") or "dumpe2fs does not tell its state",
            hint=f"start its VM once and stop it, or check it: e2fsck -f; `--engine mirror` moves {lv} as it is",
        )
    block, count = fs.numbers(lv, head, "Block size", "Block count")
    taken = _taken(result.out, block, count)
    for first, last in _METADATA.findall(result.out):
        for number in range(int(first) * block // MIB, (int(last or first) + 1) * block // MIB + 1):
            if number < len(taken):
                taken[number] = True
    return _joined(taken)


def _taken(text: str, block: int, count: int) -> bytearray:
    """Mark the MiB that hold a block which is not free; what dumpe2fs does not call free counts as used."""
    total = -(-block * count // MIB)
    free = [0] * total
    for listed in _FREE.findall(text):
        for word in filter(None, listed.split(", ")):
            first, _, last = word.partition("-")
            _add(free, int(first) * block, (int(last or first) + 1) * block)
    sizes = (min(MIB, block * count - number * MIB) for number in range(total))
    return bytearray(gone < size for gone, size in zip(free, sizes, strict=True))


def _add(free: list[int], start: int, end: int) -> None:
    while start < end:
        number = start // MIB
        part = min(end, (number + 1) * MIB) - start
        free[number] += part
        start += part


def _joined(taken: Sequence[int]) -> list[Span]:
    runs = ([number for number, _ in run] for used, run in groupby(enumerate(taken), itemgetter(1)) if used)
    return [Span(run[0], len(run)) for run in runs]
