"""Check the names an admin may type before they reach LVM or a remote shell."""

import re
from collections.abc import Iterable

from vmstore.errors import UsageError

# device-mapper: DM_NAME_LEN is 128 with the closing NUL; the name is VG-LV with each hyphen doubled
# (linux/dm-ioctl.h; lvm2 libdm dm_build_dm_name).
DM_NAME_MAX = 127
# LVM keeps these for itself: lvm(8) "VALID NAMES".
_RESERVED_STARTS = ("snapshot", "pvmove")
_RESERVED_PARTS = (
    "_cdata", "_cmeta", "_corig", "_cvol", "_iorig", "_mimage", "_mlog", "_pmspare", "_rimage", "_rmeta",
    "_tdata", "_tmeta", "_vdata", "_vorigin", "_wcorig",
)  # fmt: skip
# A volume in the making and one that is being wiped carry a suffix that no VM's name may have, so that a
# volume under its VM's own name is always whole.
MAKING = "+new"
GOING = "+gone"
# While a volume is copied by what its file system uses: the copy, and the old one once the copy has its name.
COPYING = "+to"
LEAVING = "+from"
# A copy that had the name and lost it again, since the old volume was taken into use.
VOID = "+void"
HALVES = (COPYING, LEAVING, VOID)
_PASSING = (MAKING, GOING, *HALVES)
_OF_LEG = re.compile(r".+_(rimage|rmeta)_\d+(_extracted)?")
_VM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_CLASS = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_NODE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PV = re.compile(r"[A-Za-z0-9/_][A-Za-z0-9/_.:+=@,-]*")


def vm(text: str, vg: str) -> str:
    """Return the VM's name if it can name an LV of this VG, else raise UsageError."""
    why = _why_no_vm(text, vg)
    if why:
        raise UsageError(
            f"{text!r} cannot name a VM",
            why=why,
            hint="use letters, digits, '_', '.' and '-', such as web01 or db-01.prod",
        )
    return text


def _why_no_vm(text: str, vg: str) -> str:
    if not text:
        return "it is empty"
    if text.startswith("-"):
        return "a leading '-' would be read as an option"
    if not _VM.fullmatch(text):
        odd = next((c for c in text if not re.fullmatch(r"[A-Za-z0-9_.-]", c)), text[0])
        return f"LVM volumes of VMs cannot contain {odd!r} there"
    if text in (".", "..") or text == "lvmlock":
        return "LVM reserves this name"
    for start in _RESERVED_STARTS:
        if text.startswith(start):
            return f"LVM reserves names that start with {start!r}"
    for part in _RESERVED_PARTS:
        if part in text:
            return f"LVM reserves names that contain {part!r}"
    longest = len(dm_name(vg, text + GOING))
    if longest > DM_NAME_MAX:
        return f"it is {longest - DM_NAME_MAX} characters too long for device-mapper (each '-' counts twice)"
    return ""


def alike(text: str, known: Iterable[str]) -> str:
    """Ask whether the known name that is most like a mistyped one was meant; "" where none is like it."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where a name is wrong

    found = get_close_matches(text, sorted(set(known)), n=1)
    return f"is {found[0]} meant? " if found else ""


def of_vm(lv: str) -> bool:
    """Tell by its name whether an LV is a VM's volume: not in the making, on its way out, or a half or leg of one."""
    return not (lv.endswith(_PASSING) or of_leg(lv))


def of_leg(lv: str) -> bool:
    """Tell whether LVM has given an LV its name as a part of a leg (lvm2 lib/metadata/raid_manip.c)."""
    # Few have that, and each LV is asked.
    return "_r" in lv and _OF_LEG.fullmatch(lv) is not None


def dm_name(vg: str, lv: str) -> str:
    """Give the device-mapper name of an LV: hyphens doubled, one between (db-01.prod becomes VG-db--01.prod)."""
    return f"{vg.replace('-', '--')}-{lv.replace('-', '--')}"


def storage_class(text: str) -> str:
    """Return the class if it can be written into a PV tag, else raise UsageError."""
    if not _CLASS.fullmatch(text):
        raise UsageError(
            f"{text!r} cannot name a class",
            why="a class is 1 to 32 small letters, digits, '_' or '-'",
            hint="name a transport such as fc or iscsi, or a class that `vmstore pv list` shows",
        )
    return text


def node(text: str) -> str:
    """Return the node's name if it is a host name, else raise UsageError."""
    if not _NODE.fullmatch(text) or ".." in text:
        raise UsageError(
            f"{text!r} cannot name a node",
            why="it is no host name",
            hint="use a name from `nodes` in the configuration",
        )
    return text


def pv(text: str) -> str:
    """Return what names a PV (a device path, WWID or PV UUID) if it is safe to pass on, else raise UsageError."""
    if not _PV.fullmatch(text) or len(text) > 255 or ".." in text.split("/"):
        raise UsageError(
            f"{text!r} cannot name a PV",
            why="it is empty, too long, or has characters that no device path has",
            hint="name it as `vmstore pv list` does: by device, WWID or UUID",
        )
    return text
