"""The reports of an lvm2 that knows no JSON: they become the same model, and what they cannot tell is refused."""

from dataclasses import replace

import msgspec.structs
import pytest

from tests.support.scripted import captured, captured_report
from vmstore.errors import NotFound, ToolFailed
from vmstore.run import Result
from vmstore.tools import lvm_fields, lvm_report
from vmstore.tools.nodes import shown

OLD = "old-lvm"
UNKNOWN = Result(("lvm", "fullreport"), 2, "", "  No such command.  Try 'help'.\n", 0.1)


def read(name: str) -> lvm_report.Report:
    """Parse what lvm2 2.02.143 said."""
    return lvm_report.parse("vmstore", Result(("lvm", "vgs"), 0, captured(OLD)[name], "", 0.1))


def test_an_old_lvm_tells_the_same_of_a_vg_as_a_new_one() -> None:
    old, new = read("fields.txt"), lvm_report.parse("vmstore", captured_report(OLD))
    # By 512 bytes they differ in what of the metadata's room they count as used.
    assert abs(old.vg.metadata_free - new.vg.metadata_free) == 512
    same = msgspec.structs.replace(old.vg, metadata_free=new.vg.metadata_free)
    assert replace(old, vg=same) == new
    assert {lv.name: lv.layout for lv in old.lvs} == {
        "str01": ("striped",),
        "web01": ("linear",),
        "wide01": ("linear",),
    }
    assert {pv.name: (pv.storage_class, pv.cordoned) for pv in old.pvs} == {
        "/dev/loop0": ("unknown", True),
        "/dev/loop1": ("fc", False),
        "/dev/loop2": ("unknown", False),
    }


def test_a_clustered_vg_is_under_clvmd() -> None:
    assert (read("fields.txt").vg.lock_type, read("clustered.txt").vg.lock_type) == ("", "clvm")


def test_a_pv_that_is_missing_is_there_and_said_to_be() -> None:
    found = read("missing.txt")
    assert sorted((pv.name, pv.missing) for pv in found.pvs) == [
        ("/dev/loop0", False),
        ("/dev/loop1", False),
        ("unknown device", True),
    ]
    lost = next(pv.uuid for pv in found.pvs if pv.missing)
    assert [lv.name for lv in found.lvs if lv.on(lost)] == ["str01", "wide01"]


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        (UNKNOWN, True),
        (replace(UNKNOWN, rc=5), False),
        (replace(UNKNOWN, err='  Volume group "vmstore" not found\n'), False),
        (Result((), 0, '{"report": []}', "", 0.1), False),
    ],
)
def test_only_an_lvm_that_does_not_know_the_report_of_all_is_asked_so(result: Result, wanted: bool) -> None:
    assert lvm_fields.wanted(result) is wanted


def test_no_command_takes_a_lock_and_the_vg_is_told_first_and_last() -> None:
    commands = shown(lvm_fields.argv("vmstore")).split(" && ")
    assert [command.split()[1] for command in commands] == ["vgs", "pvs", "lvs", "pvs", "lvs", "vgs"]
    assert all(" --readonly " in command for command in commands)
    assert commands[0] == commands[-1]


def test_a_vg_that_changed_meanwhile_is_not_believed() -> None:
    text = captured(OLD)["fields.txt"]
    first, _, rest = text.partition("\n")
    torn = f"{first.replace('VG_SEQNO=7', 'VG_SEQNO=6')}\n{rest}"
    assert (lvm_fields.torn(text), lvm_fields.torn(torn)) == (False, True)
    with pytest.raises(ToolFailed, match="cannot be read") as failure:
        lvm_fields.read("vmstore", torn)
    assert "was changed" in failure.value.why


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("VG_ATTR=wz--n-", "VG_ATTR=wz--ns", "too old to tell under which locks"),
        ("LVM2_LV_LAYOUT=linear|", "", "lv_layout"),
        ("LVM2_VG_NAME=vmstore|LVM2_VG_UUID", "LVM2_VG_NAME=nosuch|LVM2_VG_UUID", "too old to tell"),
    ],
)
def test_what_it_cannot_tell_is_said(before: str, after: str, why: str) -> None:
    text = captured(OLD)["fields.txt"]
    assert before in text
    with pytest.raises(ToolFailed) as failure:
        lvm_fields.read("vmstore", text.replace(before, after))
    assert why in failure.value.why


def test_a_vg_that_is_not_there_is_not_found() -> None:
    result = Result(("lvm", "vgs"), 5, "", '  Volume group "vmstore" not found\n', 0.1)
    with pytest.raises(NotFound):
        lvm_report.parse("vmstore", result)
