"""Copying by used blocks on the simulated SAN; see tests/support/san.py for what this stands for."""

import struct
from collections.abc import Callable, Sequence

from tests.support.san import EXTENT, Lv, M, Node, San
from tests.support.san_parts import FileSystem

Answer = tuple[int, str, str]
# Where the first extent of each simulated PV begins, as `pvs -o pe_start` tells it.
PE_START = 17 * M
BLOCK = 4096


def peek(san: San, node: Node, places: Sequence[str]) -> Answer:
    """Read superblocks from PVs: a line for each, empty for what is no file system."""
    lines = []
    for device, sector in zip(places[::2], places[1::2], strict=True):
        lun = next(lun for lun in san.luns.values() if lun.device(node.name) == device)
        assert lun.pv is not None
        extent = (int(sector) * 512 - PE_START) // EXTENT
        lv = next(lv for lv in san.lvs.values() if (lv.runs[0].pv, lv.runs[0].start) == (lun.pv.uuid, extent))
        lines.append(superblock(lv.fs).hex() if lv.fs and lv.fs.used is not None else "")
    return 0, "".join(f"{line}\n" for line in lines), ""


def superblock(fs: FileSystem, *, incompatible: int = 0x80, read_only: int = 0) -> bytes:
    """Write a superblock as ext4 does."""
    raw = bytearray(1024)
    blocks = fs.size // BLOCK
    free = blocks - (fs.used or 0) // BLOCK
    for at, value in ((0x4, blocks), (0xC, free), (0x18, 2), (0x60, incompatible), (0x64, read_only)):
        struct.pack_into("<I", raw, at, value)
    struct.pack_into("<HH", raw, 0x38, 0xEF53, 1 if fs.clean else 0)
    return bytes(raw)


def dumpe2fs(fs: FileSystem) -> str:
    """Tell of all groups; what is used lies at the front, a hole of 8 MiB behind its first MiB."""
    used = fs.used if fs.used is not None else fs.size
    blocks, last, hole = fs.size // BLOCK, used // BLOCK, 8 * M // BLOCK
    free = [f"{M // BLOCK}-{M // BLOCK + hole - 1}"] if last + hole < blocks else []
    start = last + hole if free else last
    free += [f"{start}-{blocks - 1}"] if start < blocks else []
    return (
        f"Filesystem features:      has_journal extent 64bit\n"
        f"Filesystem state:         {'clean' if fs.clean else 'not clean'}\n"
        f"Block count:              {blocks}\nBlock size:               {BLOCK}\n\n\n"
        f"Group 0: (Blocks 0-{blocks - 1})\n  Free blocks: {', '.join(free)}\n  Free inodes: 12-8192\n"
    )


class SanCopy:
    """The program that copies and compares on a node."""

    def __init__(
        self, san: San, node: Node, devices: Sequence[str], moment: Callable[[], None], *, fails: bool
    ) -> None:
        self._san = san
        self._node = node
        self._lvs = [self._open(device) for device in devices]
        self._moment = moment
        self._fails = fails
        self._copied: set[int] = set()
        self._data: str | None = None

    def _open(self, device: str) -> Lv | None:
        lv = self._san.lvs.get(device.removeprefix(f"/dev/{self._san.vg}/"))
        if lv is None or lv.uuid not in self._node.active:
            return None
        self._node.opened.add(lv.uuid)
        return lv

    def first_line(self) -> str:
        """Say whether both devices could be opened."""
        return "ready" if all(self._lvs) else ""

    def exchange(self, line: str) -> str:
        """Do one order."""
        what, at, count = line.split()
        source, copy = self._lvs
        assert source is not None
        assert copy is not None
        if not self._node.up:
            return ""
        parts = set(range(int(at), int(at) + int(count)))
        match what:
            case "copy":
                self._copied |= parts
                self._data = source.data if self._data in (None, source.data) else "of several states"
            case "compare" if self._fails or not parts <= self._copied or self._data != source.data:
                return f"failed: {source.name} {copy.name} differ: byte 1, line 1"
            case "flush":
                copy.data = self._data or ""
                copy.fs = source.fs
        self._moment()
        return "ok"

    def release(self) -> None:
        """Close both devices."""
        for lv in self._lvs:
            if lv is not None:
                self._node.opened.discard(lv.uuid)
