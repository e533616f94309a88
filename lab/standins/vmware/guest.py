"""Run what is inside a VM: a counting process, or the lab's real libvirt guest.

VMWARE_STANDIN_GUEST chooses (``file``, the default, or ``virsh``), else the host's setting ``guest``.
"""

import os
import subprocess
from pathlib import Path
from typing import Any, Protocol

from lab.standins.vmware.guest_file import FileGuest
from lab.standins.vmware.refusal import BrokenStandIn
from lab.standins.vmware.settings import Settings

GUEST_VARIABLE = "VMWARE_STANDIN_GUEST"
URI_VARIABLE = "VMWARE_STANDIN_URI"


class Guest(Protocol):
    """Run one VM. ``noted`` is what ``boot`` or ``resume`` returned; all raise OSError where storage fails."""

    def boot(self) -> dict[str, Any]:
        """Start from nothing; return what identifies the run."""
        ...

    def resume(self, state: Path) -> dict[str, Any]:
        """Go on from the file ``state``, which stays."""
        ...

    def suspend(self, noted: dict[str, Any], state: Path) -> None:
        """Write the guest's state to ``state`` and end it; on an error it goes on running."""
        ...

    def kill(self, noted: dict[str, Any]) -> None:
        """End it as by pulling the plug."""
        ...

    def alive(self, noted: dict[str, Any]) -> bool:
        """Return whether it runs; something else may have ended it."""
        ...


class VirshGuest:
    """Run DIR/VM.xml, where VM is the base name of the .vmx, as a transient domain: gone is off."""

    def __init__(self, vmx: Path, uri: str) -> None:
        """Take the folder and the name from ``vmx``; ``uri`` is libvirt's."""
        self._uri = uri
        self._name = vmx.stem
        self._definition = vmx.with_suffix(".xml")

    def boot(self) -> dict[str, Any]:
        """Start with ``virsh create``; raises BrokenStandIn where libvirt refuses."""
        self._must("create", str(self._definition))
        return {"domain": self._name}

    def resume(self, state: Path) -> dict[str, Any]:
        """Go on with ``virsh restore``."""
        self._must("restore", str(state))
        return {"domain": self._name}

    def suspend(self, noted: dict[str, Any], state: Path) -> None:
        """Write ``state`` with ``virsh save``; OSError where that fails, and libvirt lets the domain go on."""
        done = self._virsh("save", str(noted["domain"]), str(state))
        if done.returncode:
            state.unlink(missing_ok=True)
            raise OSError(done.stderr.strip())

    def kill(self, noted: dict[str, Any]) -> None:
        """End it with ``virsh destroy``."""
        self._must("destroy", str(noted["domain"]))

    def alive(self, noted: dict[str, Any]) -> bool:
        """Ask ``virsh domstate``; no such domain means no, no connection raises BrokenStandIn."""
        done = self._virsh("domstate", str(noted["domain"]))
        if done.returncode == 0:
            return done.stdout.split("\n")[0].strip() in {"running", "idle", "paused", "in shutdown"}
        if "failed to get domain" in done.stderr or "Domain not found" in done.stderr:
            return False
        raise BrokenStandIn(f"virsh domstate: {done.stderr.strip()}")

    def _must(self, *arguments: str) -> None:
        done = self._virsh(*arguments)
        if done.returncode:
            raise BrokenStandIn(f"virsh {' '.join(arguments)}: {done.stderr.strip()}")

    def _virsh(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["virsh", "-q", "-c", self._uri, *arguments]
        environment = {**os.environ, "LC_ALL": "C"}
        try:
            return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        except FileNotFoundError as error:
            raise BrokenStandIn(f"virsh is not installed: {error}") from error


def choose(vmx: Path, memory: Path, settings: Settings) -> Guest:
    """Return the kind of guest the environment, else ``settings`` ask for; raises BrokenStandIn for an unknown kind."""
    kind = os.environ.get(GUEST_VARIABLE) or settings.guest
    if kind == "file":
        return FileGuest(vmx, memory)
    if kind == "virsh":
        return VirshGuest(vmx, os.environ.get(URI_VARIABLE) or settings.uri)
    raise BrokenStandIn(f"{GUEST_VARIABLE} or the setting guest is neither file nor virsh: {kind}")
