"""Ask an lvm2 that is too old for JSON: reports of its own, each value with the name of its field before it.

JSON, and one report of all, came with 2.02.158 (lvm2 WHATS_NEW); clusters of rgmanager have 2.02.143 at most, which was
built and asked for what is in tests/hosts/old-lvm. 2.02.107 at least is needed, the first to tell layouts and roles.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from vmstore.errors import ToolFailed
from vmstore.run import Result
from vmstore.tools.lvm_rows import Rows
from vmstore.tools.nodes import AND

_PREFIX = "LVM2_"
_VG = "vg_name,vg_uuid,vg_seqno,vg_extent_size,vg_size,vg_free,vg_attr,vg_mda_size,vg_mda_free"
_PV = "vg_name,pv_name,pv_uuid,pv_size,pv_free,pv_allocatable,pv_missing,pv_tags,pe_start"
_LV = "lv_name,lv_uuid,lv_size,lv_layout,lv_role,move_pv,lv_tags"
_PVSEG = "vg_name,pv_uuid,pvseg_start,pvseg_size,lv_name"
_SEG = "lv_name,devices,stripe_size"
# What tells the kinds of rows apart, the rarest first.
_KINDS = {"vg_seqno": "vg", "pv_size": "pv", "lv_uuid": "lv", "pvseg_start": "pvseg", "devices": "seg"}
_SEQNO = re.compile(rf"{_PREFIX}VG_SEQNO=(\d+)")
# vgs(8): the sixth letter of a VG's attributes.
_LOCKS = {"c": "clvm", "-": ""}


def wanted(result: Result) -> bool:
    """Tell whether an lvm2 did not know the report of all (lvm2 tools/errors.h: ENO_SUCH_CMD is 2)."""
    return result.rc == 2 and "No such command" in result.err


def argv(vg: str) -> list[str]:
    """Give the commands, none of which takes a lock; the VG is told first and last, to see a change between."""
    how = [
        "--readonly",
        "--noheadings",
        "--nameprefixes",
        "--unquoted",
        "--units",
        "b",
        "--nosuffix",
        "--separator",
        "|",
    ]
    group = ["lvm", "vgs", *how, "-o", _VG, vg]
    asked = (
        group,
        ["lvm", "pvs", *how, "-o", _PV],
        ["lvm", "lvs", "--all", *how, "-o", _LV, vg],
        ["lvm", "pvs", "--segments", *how, "-o", _PVSEG],
        ["lvm", "lvs", "--all", "--segments", *how, "-o", _SEG, vg],
        group,
    )
    return [word for number, command in enumerate(asked) for word in ([AND] if number else []) + command]


def told(text: str) -> bool:
    """Tell whether an answer is of this form."""
    return text.lstrip().startswith(_PREFIX)


def torn(text: str) -> bool:
    """Tell whether the VG was changed while it was asked for."""
    return len(set(_SEQNO.findall(text))) > 1


def lock_type(attributes: str) -> str | None:
    """Tell from a VG's attributes what guards it, "" for nothing; None where they do not say which of lvmlockd's."""
    return _LOCKS.get(attributes[5:6])


def read(vg: str, text: str) -> Rows:
    """Read the answer. Raises ToolFailed for one that makes no sense, was torn, or is of a VG that it cannot judge."""
    found: dict[str, list[Mapping[str, str]]] = {kind: [] for kind in _KINDS.values()}
    for row in _rows(text):
        # pvs tells of all PVs that there are.
        if row.get("vg_name", vg) == vg:
            found[next((kind for key, kind in _KINDS.items() if key in row), "seg")].append(row)
    if torn(text):
        raise ToolFailed(
            "LVM cannot be read", why=f"{vg} was changed each time it was asked for", hint="run it again in a moment"
        )
    group = found["vg"][0] if found["vg"] else {"vg_attr": ""}
    guarded = lock_type(group["vg_attr"])
    if guarded is None:
        raise ToolFailed(
            "LVM cannot be read",
            why=f"it is too old to tell under which locks {vg} is shared",
            hint="a VG under lvmlockd needs lvm2 2.02.158 or newer; see `lvm version` there",
        )
    found["vg"] = [{**group, "vg_lock_type": guarded}]
    try:
        return msgspec.convert(found, Rows)
    except msgspec.ValidationError as error:
        raise ToolFailed(
            "LVM's report cannot be read",
            why=str(error),
            hint="lvm2 2.02.107 or newer is needed; see `lvm version` there",
        ) from None


def _rows(text: str) -> Iterator[dict[str, str]]:
    for line in text.splitlines():
        parts = (part.partition("=") for part in line.strip().split("|"))
        # Of this one the old name has no blank between its words.
        yield {
            name.removeprefix(_PREFIX).lower().replace("stripesize", "stripe_size"): value
            for name, _, value in parts
            if name.startswith(_PREFIX)
        }
