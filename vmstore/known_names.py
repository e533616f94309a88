"""Leave what names there are where completion in a shell finds them, so that a TAB asks nobody.

One text file for each configuration, of lines ``KIND NAME`` or ``KIND NAME what it is``. The shells read it by
themselves: completions/engine.* know where it lies and what may be in it.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from vmstore import names
from vmstore.config import Config
from vmstore.jobs import record
from vmstore.model import Inventory, PhysicalVolume

ENVIRONMENT = "VMSTORE_CACHE"
SHARED = Path("/var/cache/vmstore")
# What is known only where a node's disks were read.
_OF_DISKS = ("class ", "pv ")
_NAME = re.compile(r"[A-Za-z0-9/_][A-Za-z0-9/_.:+=@,-]*")


def file(config_file: Path) -> Path:
    """Give the place of the names of what a configuration describes."""
    return _folder() / "names" / str(config_file.absolute()).replace("/", "%")


def _folder() -> Path:
    if os.environ.get(ENVIRONMENT):
        return Path(os.environ[ENVIRONMENT])
    # Not where the environment says: sudo may have kept the one of somebody else.
    if os.geteuid() == 0:
        return SHARED
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vmstore"


def keep(place: Path, world: Inventory, config: Config) -> None:
    """Leave the names of an inventory; where that cannot be, those that were there stay, and nobody is told."""
    with suppress(OSError, ValueError):
        _make(place.parent)
        before = place.read_text(encoding="ascii") if place.exists() else ""
        now = "".join(f"{line}\n" for line in lines(world, config, before.splitlines()))
        if now != before:
            _replace(place, now)


def lines(world: Inventory, config: Config, before: Iterable[str] = ()) -> Iterator[str]:
    """Write the names; of PVs and classes those from ``before`` where no disks were read."""
    yield from _named("vg", [world.vg.name])
    if any(pv.device for pv in world.pvs):
        classes = {pv.storage_class for pv in world.pvs} | set(config.placement.classes)
        yield from _named("class", sorted(classes))
        for pv in sorted(world.pvs, key=lambda pv: pv.name):
            yield from _pv(pv)
    else:
        yield from (line for line in before if line.startswith(_OF_DISKS))
    yield from _named("vm", sorted(lv.name for lv in world.lvs if not lv.private and names.of_vm(lv.name)))
    yield from _named("node", sorted({*config.nodes, *world.nodes, *world.silent}))
    for pv in world.pvs:
        yield from (f"{line} {pv.name}" for line in _named("job", map(record.identity, pv.leases)))


def _named(kind: str, found: Iterable[str]) -> Iterator[str]:
    return (f"{kind} {name}" for name in found if _NAME.fullmatch(name))


def _pv(pv: PhysicalVolume) -> Iterator[str]:
    called = [pv.device.wwid, pv.name] if pv.device else []
    called = [name for name in called if _NAME.fullmatch(name)] or [pv.uuid]
    for line in _named("pv", called):
        others = [name for name in called if not line.endswith(f" {name}")]
        yield " ".join((line, *others, pv.storage_class))


def _make(folder: Path) -> None:
    """Make the folder, and raise OSError where others could write to it."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    about = folder.lstat()
    if about.st_uid != os.geteuid() or about.st_mode & 0o022:
        raise PermissionError(f"{folder} is open to others")


def _replace(place: Path, text: str) -> None:
    new = place.with_name(f".{os.getpid()}.new")
    # What is in it is in /dev/mapper, too: any user may read it, so that a TAB behind sudo knows the names.
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644), "w") as written:
            written.write(text)
        new.replace(place)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
