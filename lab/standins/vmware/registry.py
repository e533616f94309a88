"""Register and unregister VMs, and let the whole product hang or be away: what both command lines share."""

import time
from pathlib import Path

from lab.standins.vmware.host import Host, Registered
from lab.standins.vmware.machine import Machine
from lab.standins.vmware.refusal import Reason, Refused
from lab.standins.vmware.vmx import registrable

_MAXIMUM_NAP = 3600.0


def reach(host: Host, operation: str) -> None:
    """Stand in front of every command: hang as the settings say; raises Refused NO_SERVER where authd is down."""
    if host.settings.hangs_on(operation):
        left = host.settings.seconds("hang")
        while left > 0:
            time.sleep(min(left, _MAXIMUM_NAP))
            left -= _MAXIMUM_NAP
    if host.settings.authd == "down":
        raise Refused(Reason.NO_SERVER, operation)


def register(host: Host, path: Path) -> int:
    """Register ``path`` and return its number.

    Raises Refused EXISTS for a second time, NOT_REGISTRABLE for a .vmx that is missing or not readable and executable
    by its owner.
    """
    with host.locked():
        if host.find(path):
            raise Refused(Reason.EXISTS, "register", detail=str(path))
        if path.suffix != ".vmx" or not registrable(path):
            raise Refused(Reason.NOT_REGISTRABLE, "register", detail=str(path))
        return host.register(path)


def unregister(host: Host, item: Registered, edition: str) -> None:
    """Unregister a VM that is off or suspended, also one whose .vmx is gone.

    Raises Refused STATE while it is on or asks, UNKNOWN as often as the settings say.
    """
    with host.locked():
        state = Machine(host, item.path, edition).state()
        if state in {"on", "stuck"}:
            raise Refused(Reason.STATE, "unregister", state)
        if host.next_fails("unregister_fails"):
            raise Refused(Reason.UNKNOWN, "unregister", state, "Unable to unregister the virtual machine")
        host.unregister(item.path)


def datastore_path(host: Host, path: Path) -> str:
    """Return ``path`` as Server 2 shows it: ``[standard] vm01/vm01.vmx``, or ``[] /elsewhere/vm.vmx``."""
    name, _, folder = host.settings.datastore.partition("=")
    return f"[{name}] {path.relative_to(folder)}" if path.is_relative_to(folder) else f"[] {path}"


def plain_path(host: Host, text: str) -> Path:
    """Return the path meant by ``text``: plain, in a datastore's form, or in quotes as heartbeat/vmware sends it."""
    text = text.strip().strip("\"'")
    name, _, folder = host.settings.datastore.partition("=")
    if text.startswith(f"[{name}]"):
        return Path(folder) / text.removeprefix(f"[{name}]").strip()
    return Path(text.removeprefix("[]").strip())
