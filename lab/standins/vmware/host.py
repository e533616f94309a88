"""Keep what one host knows: its id, the registered VMs, what runs, and how many failures were already given.

All of it lies in the state folder. What runs is forgotten when the machine was started anew since.
"""

import fcntl
import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.standins.vmware import settings

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FIRST_VMID = 16


@dataclass(frozen=True)
class Registered:
    """Hold one registered VM: the number Server 2 gives it, and its .vmx."""

    vmid: int
    path: Path


class Host:
    """Stand for one host running VMware Server."""

    def __init__(self, folder: Path) -> None:
        """Open the host whose state lies in ``folder``; the folder is made where it is missing."""
        self.folder = folder
        (folder / "vms").mkdir(parents=True, exist_ok=True)
        self.settings = settings.read(folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one command at a time change this host."""
        with (self.folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @property
    def id(self) -> str:
        """Return the id that distinguishes this host; made at first use, or written to ``hostid`` by a test."""
        path = self.folder / "hostid"
        if not path.exists():
            self._write(path, str(uuid.uuid4()))
        return path.read_text(encoding="utf-8").strip()

    def registered(self) -> list[Registered]:
        """Return the registered VMs in the order they were registered."""
        return [Registered(int(row["id"]), Path(row["path"])) for row in self._registry()["vms"]]

    def find(self, path: Path) -> Registered | None:
        """Return the registered VM with this .vmx, or None."""
        return next((item for item in self.registered() if item.path == path), None)

    def register(self, path: Path) -> int:
        """Add ``path`` and return its new number; numbers are not used twice."""
        registry = self._registry()
        vmid = int(registry["next"])
        registry["vms"].append({"id": vmid, "path": str(path)})
        registry["next"] = vmid + 1
        self._write(self.folder / "registry.json", json.dumps(registry))
        return vmid

    def unregister(self, path: Path) -> None:
        """Forget ``path`` and what is known of its run."""
        registry = self._registry()
        registry["vms"] = [row for row in registry["vms"] if row["path"] != str(path)]
        self._write(self.folder / "registry.json", json.dumps(registry))
        self.forget_run(path)

    def run(self, path: Path) -> dict[str, Any] | None:
        """Return what was noted of the run of ``path`` since this machine was started, or None."""
        try:
            noted: dict[str, Any] = json.loads(self._run_file(path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return noted if noted.get("boot") == _boot_id() else None

    def note_run(self, path: Path, **values: Any) -> None:
        """Note a run of ``path``: a question that is open, or the guest and when it was started."""
        self._write(self._run_file(path), json.dumps({"boot": _boot_id(), **values}))

    def forget_run(self, path: Path) -> None:
        """Note that ``path`` does not run."""
        self._run_file(path).unlink(missing_ok=True)

    def next_fails(self, key: str) -> bool:
        """Return whether the failures that the setting ``key`` asks for are not yet used up, and use one."""
        wanted = str(getattr(self.settings, key))
        file = self.folder / "failures.json"
        given: dict[str, list[Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        count = int(given[key][1]) if given.get(key, [None])[0] == wanted else 0
        if count >= int(wanted):
            return False
        given[key] = [wanted, count + 1]
        self._write(file, json.dumps(given))
        return True

    def memory(self, path: Path) -> Path:
        """Return the file in which a guest of the ``file`` kind keeps its memory while it runs."""
        return self._run_file(path).with_suffix(".memory")

    def _registry(self) -> dict[str, Any]:
        path = self.folder / "registry.json"
        if not path.exists():
            return {"next": _FIRST_VMID, "vms": []}
        registry: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return registry

    def _run_file(self, path: Path) -> Path:
        return self.folder / "vms" / f"{path.stem}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}.json"

    @staticmethod
    def _write(path: Path, text: str) -> None:
        new = path.with_name(path.name + ".new")
        new.write_text(text + "\n", encoding="utf-8")
        new.replace(path)


def _boot_id() -> str:
    return _BOOT_ID.read_text(encoding="utf-8").strip()
