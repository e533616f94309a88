"""Leave what names there are where completion in a shell finds them, so that a TAB asks nobody.

One text file for each configuration, of lines ``KIND NAME`` or ``KIND NAME what it is``. The shells read it by
themselves: completions/engine.* know where it lies and what may be in it.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vmstore import names
from vmstore.config import Config
from vmstore.jobs import record
from vmstore.model import Inventory, PhysicalVolume

ENVIRONMENT = "VMSTORE_CACHE"
SHARED = Path("/var/cache/vmstore")
# What is known only where a node's disks were read.
_OF_DISKS = ("class ", "pv ")
_NAME = r"[A-Za-z0-9/_][A-Za-z0-9/_.:+=@,-]*"
_LINE = re.compile(rf"[a-z]+(?: {_NAME})+")
# All at once, since one by one costs a millisecond for 5,000 volumes.
_LINES = re.compile(rf"(?:{_LINE.pattern}\n)*")


def file(config_file: Path) -> Path | None:
    """Give the place of the names of what a configuration describes, None for a user that has no home."""
    try:
        return _folder() / "names" / str(config_file.absolute()).replace("/", "%")
    except RuntimeError:
        return None


def _folder() -> Path:
    """Give the folder of all that is left for later. Raises RuntimeError for a user that has no home."""
    if os.environ.get(ENVIRONMENT):
        return Path(os.environ[ENVIRONMENT])
    # Not where the environment says: sudo may have kept the one of somebody else.
    if os.geteuid() == 0:
        return SHARED
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vmstore"


def keep(place: Path, world: Inventory, config: Config) -> None:
    """Leave the names of an inventory; where that cannot be, those that were there stay, and nobody is told."""
    with suppress(OSError, ValueError), _readable(place):
        _make(place.parent)
        before = place.read_text(encoding="ascii", errors="replace") if place.exists() else ""
        now = text(world, config, before)
        if now != before:
            _replace(place, now)


def text(world: Inventory, config: Config, before: str = "") -> str:
    """Write the names; of PVs and classes those from ``before`` where no disks were read. Odd ones are left out."""
    pvs = sorted(world.pvs, key=lambda pv: pv.name)
    lines = [f"vg {world.vg.name}"]
    if any(pv.device for pv in pvs):
        lines += [f"class {name}" for name in sorted({*config.placement.classes, *(pv.storage_class for pv in pvs)})]
        lines += [line for pv in pvs for line in _called(pv)]
    else:
        lines += [line for line in before.splitlines() if line.startswith(_OF_DISKS)]
    lines += [f"vm {name}" for name in sorted(lv.name for lv in world.lvs if not lv.private and names.of_vm(lv.name))]
    lines += [f"node {name}" for name in sorted({*config.nodes, *world.nodes, *world.silent})]
    lines += [f"job {record.identity(tag)} {pv.name}" for pv in pvs for tag in pv.leases]
    whole = "".join(f"{line}\n" for line in lines)
    if _LINES.fullmatch(whole) and whole.count("\n") == len(lines):
        return whole
    return "".join(f"{line}\n" for line in lines if _LINE.fullmatch(line))


def _called(pv: PhysicalVolume) -> list[str]:
    """Write each name of a PV, with what else there is to it; one that is missing has only its UUID."""
    wwid = pv.device.wwid if pv.device else ""
    if pv.missing:
        return [f"pv {pv.uuid} missing"]
    if not wwid:
        return [f"pv {pv.name} {pv.storage_class}"]
    return [f"pv {wwid} {pv.name} {pv.storage_class}", f"pv {pv.name} {wwid} {pv.storage_class}"]


@contextmanager
def _readable(place: Path) -> Iterator[None]:
    """Have any user read what root leaves, so that a TAB behind sudo knows the names, whatever root's umask is."""
    if not place.is_relative_to(SHARED):
        yield
        return
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def _make(folder: Path) -> None:
    """Make the folder, and raise OSError where others could write to it."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    about = folder.lstat()
    if about.st_uid != os.geteuid() or about.st_mode & 0o022:
        raise PermissionError(f"{folder} is open to others")


def _replace(place: Path, text: str) -> None:
    new = place.with_name(f".{os.getpid()}.new")
    # What is in it is in /dev/mapper, too.
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644), "w") as written:
            written.write(text)
        new.replace(place)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
