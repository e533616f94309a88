"""Take a LUN away from all nodes, as an array that has lost it, and give it back."""

from lab import record, ssh
from lab.errors import UsageError
from lab.topology import SAN

MASK = "/opt/vmstore-src/lab/guest/mask"


def mask(name: str) -> None:
    """Show a LUN to no node: I/O on it fails at once (LOGICAL UNIT NOT SUPPORTED). Done already is a success."""
    _change(name, MASK)


def unmask(name: str) -> None:
    """Show a LUN to all nodes again; done already is a success."""
    _change(name, f"{MASK} -u")


def _change(name: str, command: str) -> None:
    with record.exclusive():
        lab = record.existing()
        known = [lun.name for lun in lab.topology.luns]
        if name not in known:
            raise UsageError(
                f"{name!r} is not a LUN of this lab", why=f"the LUNs are {', '.join(known)}", hint="./lab/lab status"
            )
        ssh.check(lab, SAN, f"{command} {name}")
