"""Mount, unmount and check a file system, as fs.sh does (resource-agents 3.9.7, fs.sh and utils/fs-lib.sh)."""

from pathlib import Path

from lab.standins.rgmanager.agents import BAD_ARGUMENTS, GENERIC, NOT_RUNNING, Log
from lab.standins.rgmanager.conf import Resource
from lab.standins.rgmanager.processes import run
from lab.standins.rgmanager.settings import Settings

# These repair themselves when they are mounted.
_NEEDS_NO_CHECK = frozenset(["ext3", "ext4", "jfs", "xfs", "reiserfs", "btrfs"])
_TRIES = 3
_WORST_GOOD_FSCK = 1


class FileSystem:
    """Stand for fs.sh."""

    def __init__(self, resource: Resource, settings: Settings, log: Log) -> None:
        self._resource = resource
        self._settings = settings
        self._device = resource.get("device")
        self._point = resource.get("mountpoint").rstrip("/")
        self._into = log

    def start(self) -> int:
        """Mount it, after a check where one is asked for."""
        if self._is_mounted():
            self._log(f"{self._device} already mounted")
            return 0
        device, point = _real(self._device), _real(self._point)
        if any(device == _real(source) or point == target for source, target in self._mounts()):
            self._log(f"Cannot mount {self._device} on {self._point}, the device or mount point is already in use!")
            return BAD_ARGUMENTS
        Path(self._point).mkdir(parents=True, exist_ok=True)
        kind = self._resource.get("fstype")
        if self._resource.says_yes("force_fsck") or (kind and kind not in _NEEDS_NO_CHECK):
            self._log(f"Running fsck on {self._device}")
            code = run(["fsck", "-p", self._device])
            if code > _WORST_GOOD_FSCK:
                self._log(f"start_filesystem: 'fsck -p {self._device}' failed, error={code}")
                return GENERIC
        return self._mount(kind, self._resource.get("options"))

    def stop(self) -> int:
        """Unmount it; who uses it is killed only with force_unmount."""
        force = self._resource.says_yes("force_unmount")
        code = 0
        for number in range(1, _TRIES + 1):
            if not self._is_mounted():
                if number == 1:
                    self._log(f"{self._device} is not mounted")
                return 0
            self._log(f"unmounting {self._point}")
            code = run(["umount", self._point])
            if code == 0:
                return 0
            self._log(f"'umount {self._point}' failed, error={code}")
            if force:
                self._log(f"Forcefully unmounting {self._point}")
                run(["fuser", "-TERM" if number == 1 else "-KILL", "-k", "-m", self._point])
            if number < _TRIES:
                self._settings.pause(5)
        if self._resource.says_yes("self_fence"):
            self._log("umount failed - REBOOTING")
            run(["reboot", "-fn"])
        return GENERIC

    def status(self, depth: int) -> int:
        """Look whether it is mounted; deeper, whether it can be read, and written."""
        self._log(f'Checking fs "{self._resource.name}", Level {depth}')
        name = f"fs:{self._resource.name}"
        if not self._is_mounted():
            self._log(f"{name}: {self._device} is not mounted on {self._point}")
            return NOT_RUNNING
        try:
            if depth >= 10:
                list(Path(self._point).iterdir())
            if depth >= 20 and "ro" not in self._resource.get("options").split(","):
                probe = Path(self._point) / f".{self._settings.node}_{self._resource.name}"
                probe.touch()
                probe.unlink()
        except OSError as error:
            self._log(f"{name}: {self._point} is not usable: {error.strerror}")
            return GENERIC
        return 0

    def _log(self, text: str) -> None:
        self._into(f"[fs] {text}")

    def _mount(self, kind: str, options: str) -> int:
        self._log(f"mounting {self._device} on {self._point}")
        typed = f"-t {kind} " if kind else ""
        given = f"-o {options}" if options else ""
        self._log(f"mount {typed}{given} {self._device} {self._point}")
        words = ["mount", *typed.split(), *(["-o", options] if options else []), self._device, self._point]
        code = run(words)
        if code:
            self._log(f"'mount {typed}{given} {self._device} {self._point}' failed, error={code}")
            return GENERIC
        self._log("quotaon not found in /bin:/sbin:/usr/bin:/usr/sbin")
        return 0

    def _mounts(self) -> list[tuple[str, str]]:
        lines = self._settings.mounts.read_text(encoding="utf-8", errors="replace").splitlines()
        return [(_plain(words[0]), _plain(words[1])) for words in map(str.split, lines) if len(words) > 1]

    def _is_mounted(self) -> bool:
        device, point = _real(self._device), _real(self._point)
        return any(_real(source) == device and target == point for source, target in self._mounts())


def _real(path: str) -> str:
    """Follow links: /dev/VG/LV and /dev/mapper/VG-LV are one device."""
    return str(Path(path).resolve())


def _plain(text: str) -> str:
    """Undo the escapes of /proc/mounts."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
