"""Know where the lab keeps its files: the checkout, the image cache, the state of the running lab."""

import hashlib
import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LAB = REPOSITORY / "lab"

# sun_path holds 108 bytes with its final NUL (unix(7)); ssh appends a dot and 16 random characters while it binds.
SOCKET_PATH_LIMIT = 107
LONGEST_SOCKET_NAME = len("/ssh-") + 32 + 17


def _folder(variable: str, xdg_variable: str, default: str) -> Path:
    if own := os.environ.get(variable):
        return Path(own).absolute()
    base = os.environ.get(xdg_variable)
    return (Path(base) if base else Path.home() / default) / "vmstore-lab"


def cache_folder() -> Path:
    """Name the folder of the built images, one sub-folder per recipe."""
    return _folder("VMSTORE_LAB_CACHE", "XDG_CACHE_HOME", ".cache")


def state_folder() -> Path:
    """Name the folder of the running lab: one lab per folder."""
    return _folder("VMSTORE_LAB_STATE", "XDG_STATE_HOME", ".local/state")


def socket_folder(state: Path) -> Path:
    """Name the folder of the unix sockets: in the state folder, or below /tmp when that path is too long for them."""
    own = state / "sockets"
    if len(os.fsencode(own)) + LONGEST_SOCKET_NAME <= SOCKET_PATH_LIMIT:
        return own
    digest = hashlib.sha256(os.fsencode(state)).hexdigest()[:12]
    return Path(f"/tmp/vmstore-lab-{os.getuid()}-{digest}")
