"""See that the host has the programs the lab runs."""

import shutil

from lab.errors import LabError
from lab.places import LAB

# A program of each package in lab/packages.
_PROGRAMS = {
    "cpio": "cpio",
    "e2fsprogs": "mke2fs",
    "mmdebstrap": "mmdebstrap",
    "openssh-client": "ssh",
    "qemu-system-x86": "qemu-system-x86_64",
    "qemu-utils": "qemu-img",
    "uidmap": "newuidmap",
    "util-linux": "unshare",
}


def check() -> None:
    """Raise LabError naming the apt-get line when a package of lab/packages is missing."""
    folders = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    wanted = (LAB / "packages").read_text().split()
    missing = [name for name in wanted if not shutil.which(_PROGRAMS.get(name, name), path=folders)]
    if missing:
        raise LabError(
            "programs that the lab runs are missing on this host",
            why=f"not installed: {', '.join(missing)}",
            hint=f"apt-get install --no-install-recommends {' '.join(missing)}",
        )
