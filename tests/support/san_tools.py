"""e2fsprogs, util-linux and coreutils on the simulated SAN; see tests/support/san.py for what this stands for."""

from collections.abc import Sequence

from tests.support import san_copy
from tests.support.san import GROUP, Lun, Lv, Node, San
from tests.support.san_lvm import Answer
from tests.support.san_options import UnknownCommand
from tests.support.san_parts import FileSystem

MARKS = "/run/vmstore/idle"


class Tools:
    """The programs on one node that work on a volume's device."""

    def __init__(self, san: San, node: Node) -> None:
        self.san = san
        self.node = node

    def run(self, argv: Sequence[str]) -> Answer:
        """Run a program."""
        match list(argv):
            case ["dd", device, "of=/dev/null", "bs=1M", "count=32", "iflag=direct"] if self._active(device[3:]):
                rate = self.san.speed
                took = 32 * 2**20 / rate if rate else 0
                return int(not rate), "", f"33554432 bytes (34 MB, 32 MiB) copied, {took} s, 1 GB/s\n" if rate else ""
            case ["sh", "-c", _, "same", device, other]:
                return int(self._volume(device).size != self._volume(other).size), "", ""
            case ["mkdir", "-p", folder]:
                assert folder == MARKS
                return 0, "", ""
            case ["touch", path]:
                self.node.marks.add(path.removeprefix(f"{MARKS}/"))
                return 0, "", ""
            case ["rm", "-f", *paths]:
                self.node.marks -= {path.removeprefix(f"{MARKS}/") for path in paths}
                return 0, "", ""
            case ["wipefs", "--no-act", "--noheadings", "--output", "TYPE", device]:
                return self._wipefs(device)
            case ["cmp", _, _, device, "/dev/zero"]:
                return (0, "", "") if self._volume(device).zeroed else (1, f"{device} /dev/zero differ\n", "")
            case [program, *_, device] if self._active(device) is None:
                return 1, "", f"{program}: No such file or directory while opening {device}\n"
            case ["mkfs.ext3" | "mkfs.ext4" as program, "-q", "-m", _, *label, device]:
                lv = self._volume(device)
                lv.fs = FileSystem(program.removeprefix("mkfs."), lv.size, label[-1] if label else "", checked=True)
                lv.zeroed = False
                return 0, "", ""
            case ["dumpe2fs", device]:
                fs = self._volume(device).fs
                return (0, san_copy.dumpe2fs(fs), "") if fs else (1, "", "dumpe2fs: Bad magic number\n")
            case ["dumpe2fs", "-h", device]:
                return self._dumpe2fs(device)
            case ["e2fsck", "-f", "-p", device]:
                return self._e2fsck(device)
            case ["resize2fs", device]:
                return self._resize2fs(device)
            case ["blockdev", "--getsize64", device]:
                return 0, f"{self._volume(device).size}\n", ""
            case ["blkdiscard", "--zeroout", device]:
                lv = self._volume(device)
                if lv.uuid in self.node.mounts:
                    return 1, "", f"blkdiscard: {device}: Device or resource busy\n"
                lv.fs, lv.zeroed = None, True
                return 0, "", ""
        raise UnknownCommand(str(argv))

    def _active(self, device: str) -> Lv | None:
        lv = self.san.lvs.get(device.removeprefix(f"/dev/{self.san.vg}/"))
        return lv if lv and lv.uuid in self.node.active else None

    def _volume(self, device: str) -> Lv:
        lv = self._active(device)
        assert lv is not None, f"{device} is not active on {self.node.name}"
        return lv

    def _lun(self, device: str) -> Lun | None:
        for lun in self.san.luns.values():
            if device in (lun.device(self.node.name), *(f"/dev/{path}" for path in lun.paths.get(self.node.name, []))):
                return lun
        return None

    def _wipefs(self, device: str) -> Answer:
        lun = self._lun(device)
        if lun is None:
            return 1, "", f"wipefs: error: {device}: probing initialization failed: No such file or directory\n"
        found = sorted({*lun.signatures, *(["LVM2_member"] if lun.pv else [])})
        return 0, "".join(f"{kind}\n" for kind in found), ""

    def _dumpe2fs(self, device: str) -> Answer:
        fs = self._volume(device).fs
        if fs is None or not fs.kind.startswith("ext"):
            return 1, "", f"dumpe2fs 1.47.0\ndumpe2fs: Bad magic number in super-block while trying to open {device}\n"
        lines = {
            "Filesystem volume name": fs.label or "<none>",
            "Filesystem state": "clean" if fs.clean else "not clean",
            "Block count": str(fs.size // 4096),
            "Block size": "4096",
            "Blocks per group": str(GROUP // 4096),
        }
        return 0, "".join(f"{key + ':':<26}{value}\n" for key, value in lines.items()), "dumpe2fs 1.47.0\n"

    def _e2fsck(self, device: str) -> Answer:
        lv = self._volume(device)
        if lv.uuid in self.node.mounts:
            return 8, "", f"{device} is mounted.\ne2fsck: Cannot continue, aborting.\n"
        assert lv.fs is not None
        if lv.fs.broken:
            return 4, f"{device}: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.\n", ""
        lv.fs.checked = True
        return 0, f"{device}: clean\n", ""

    def _resize2fs(self, device: str) -> Answer:
        lv = self._volume(device)
        assert lv.fs is not None
        if lv.uuid not in self.node.mounts and not lv.fs.checked:
            return 1, "", f"Please run 'e2fsck -f {device}' first.\n"
        lv.fs.size = lv.size
        return 0, f"The filesystem on {device} is now {lv.size // 4096} (4k) blocks long.\n", "resize2fs 1.47.0\n"
