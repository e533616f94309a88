"""Start, stop and check a script or a logical volume, as script.sh and lvm.sh do (resource-agents 3.9.7).

The volume is activated as lvm.sh does in a clustered volume group: exclusively, through clvmd there, lvmlockd here.
"""

import os
from collections.abc import Callable
from pathlib import Path

from lab.standins.rgmanager.conf import Resource
from lab.standins.rgmanager.processes import quote, run
from lab.standins.rgmanager.settings import Settings

Log = Callable[[str], None]
GENERIC, BAD_ARGUMENTS, NOT_RUNNING = 1, 2, 7


class Script:
    """Stand for script.sh."""

    def __init__(self, resource: Resource, settings: Settings, log: Log) -> None:
        del settings
        self._resource = resource
        self._file = resource.get("file")
        self._log = log

    def start(self) -> int:
        """Run ``FILE start``."""
        return self._execute("start")

    def stop(self) -> int:
        """Run ``FILE stop``."""
        return self._execute("stop")

    def status(self, _depth: int) -> int:
        """Run ``FILE status``."""
        return self._execute("status")

    def _execute(self, action: str) -> int:
        path = Path(self._file)
        if not path.is_file() or not path.stat().st_size:
            self._log(f"[script] script:{self._resource.name}: {path} does not exist or has a size of zero")
            return BAD_ARGUMENTS
        if not os.access(path, os.X_OK):
            self._log(f"[script] script:{self._resource.name}: {path} is not executable")
            return BAD_ARGUMENTS
        self._log(f"[script] Executing {path} {action}")
        # What rgmanager tells each agent in its environment, script.sh hands on (rgmanager/src/daemons/restree.c).
        told = {"OCF_RESKEY_file": self._file, "OCF_RESKEY_name": self._resource.name}
        told |= {"OCF_RESOURCE_TYPE": "script", "OCF_RESOURCE_INSTANCE": f"script:{self._resource.name}"}
        code = run([str(path), action], told)
        if code:
            self._log(f"[script] script:{self._resource.name}: {action} of {path} failed (returned {code})")
            return GENERIC
        return 0


class Volume:
    """Stand for lvm.sh."""

    def __init__(self, resource: Resource, settings: Settings, log: Log) -> None:
        self._settings = settings
        self._log = log
        volume = resource.get("lv_name")
        self._tool = "lvchange" if volume else "vgchange"
        self._name = f"{resource.get('vg_name')}/{volume}" if volume else resource.get("vg_name")

    def start(self) -> int:
        """Activate exclusively; what is active elsewhere refuses that, and is tried once more after a clean-up."""
        if run([self._tool, "-aey", self._name]) == 0:
            return 0
        self._log(f"[lvm] Failed to activate logical volume, {self._name}")
        self._log(f"[lvm] Attempting cleanup of {self._name}")
        self._settings.pause(5)
        run([self._tool, "-an", self._name])
        if run([self._tool, "-aey", self._name]) == 0:
            return 0
        self._log(f"[lvm] Failed second attempt to activate {self._name}")
        return GENERIC

    def stop(self) -> int:
        """Deactivate."""
        if run([self._tool, "-an", self._name]) == 0:
            return 0
        self._log(f"[lvm] Unable to deactivate {self._name}")
        return GENERIC

    def status(self, _depth: int) -> int:
        """Ask whether it is active; a volume that is suspended for a moment counts as not, as lvm.sh has it."""
        code, text = quote(["lvs", "-o", "attr", "--noheadings", self._name])
        if code == 0 and all(line.strip()[4:5] == "a" for line in text.splitlines()):
            return 0
        self._log(f"[lvm] {self._name} is not active")
        return NOT_RUNNING
