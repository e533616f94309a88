"""LVM's report: outputs of real hosts become the model, and what is no report is refused."""

import pytest

from tests.support.scripted import captured_report
from vmstore.errors import NotFound, ToolFailed
from vmstore.jobs import where
from vmstore.model import Allocation
from vmstore.run import Result
from vmstore.tools import lvm_report

M = 2**20
ISCSI = "AFePYW-sYgd-HSfN-DtjE-5GY3-ZmQI-rsLYOD"
FC = "B9xudL-382p-i0Qp-WWGr-eZPo-MCC6-lOSDWU"
CORDONED = "L0omCK-lW7X-rNcc-pygk-7wKx-5i54-2FkrX4"


def read(situation: str) -> lvm_report.Report:
    """Parse what a real host said."""
    return lvm_report.parse("vmstore", captured_report(situation))


def test_the_call_takes_no_lock_shows_hidden_lvs_and_names_every_column() -> None:
    argv = lvm_report.argv("vmstore")
    assert argv[:4] == ["lvm", "fullreport", "--readonly", "--all"]
    assert argv[-1] == "vmstore"
    assert argv[argv.index("--units") + 1] == "b"
    assert [argv[n + 1] for n, word in enumerate(argv) if word == "--configreport"] == [
        "vg",
        "pv",
        "lv",
        "pvseg",
        "seg",
    ]


def test_a_vg_with_plain_striped_and_spread_volumes() -> None:
    report = read("volumes-of-all-plain-kinds")
    vg = report.vg
    assert (vg.name, vg.extent, vg.lock_type, vg.shared) == ("vmstore", 4 * M, "", False)
    assert vg.size == sum(pv.size for pv in report.pvs)
    assert vg.free == sum(pv.free for pv in report.pvs)
    assert vg.metadata_free > 8 * M
    pvs = {pv.uuid: pv for pv in report.pvs}
    assert (pvs[ISCSI].storage_class, pvs[FC].storage_class, pvs[CORDONED].storage_class) == ("iscsi", "fc", "unknown")
    assert [pvs[uuid].cordoned for uuid in (ISCSI, FC, CORDONED)] == [False, False, True]
    assert pvs[CORDONED].leases == ("vmstore.evacuate=n1:20260101T000000Z",)
    assert (pvs[CORDONED].allocated, pvs[ISCSI].missing) == (0, False)
    lvs = {lv.name: lv for lv in report.lvs}
    assert set(lvs) == {"web01", "db-01.prod", "st"}
    assert lvs["web01"].extents == (Allocation(ISCSI, 0, 25, "web01"),)
    assert lvs["web01"].size == 100 * M
    assert (lvs["st"].layout, lvs["st"].on(ISCSI), lvs["st"].on(FC)) == (("striped",), 8, 8)
    assert [where.plain(lv) for lv in report.lvs] == ["", "", ""]


def test_stripes_are_told_with_their_width_part_by_part() -> None:
    report = read("stripes-of-several-widths")
    lvs = {lv.name: lv for lv in report.lvs}
    pvs = {pv.uuid: pv.name for pv in report.pvs}
    assert lvs["striped"].stripes == ((2, 65536), (1, 0), (2, 32768))
    assert [(pvs[run.pv], run.start, run.count) for run in lvs["striped"].extents] == [
        ("/dev/loop5", 100, 10),
        ("/dev/loop4", 7, 10),
        ("/dev/loop4", 50, 5),
        ("/dev/loop5", 3, 3),
        ("/dev/loop4", 60, 3),
    ]
    assert lvs["linear"].stripes == ()


def test_snapshot_and_thin_pool_are_told_from_plain_volumes() -> None:
    report = read("snapshot-and-thin-pool")
    odd = {lv.name: where.plain(lv) for lv in report.lvs if where.plain(lv)}
    assert odd == {
        "web01": "it is a origin, thickorigin",
        "snap": "it is a snapshot, thicksnapshot",
        "thin1": "its layout is thin,sparse",
        "pool": "it is LVM's own (private)",
        "pool_tdata": "it is LVM's own (private, thin, pool, data)",
        "pool_tmeta": "it is LVM's own (private, thin, pool, metadata)",
        "lvol0_pmspare": "it is LVM's own (private, pool, spare)",
    }
    hidden = {lv.name for lv in report.lvs if lv.private}
    assert hidden == {"pool", "pool_tdata", "pool_tmeta", "lvol0_pmspare"}
    assert next(lv for lv in report.lvs if lv.name == "pool_tdata").on(CORDONED) == 16


def test_a_move_under_way_is_seen_with_its_source_and_where_it_goes() -> None:
    report = read("move-under-way")
    lvs = {lv.name: lv for lv in report.lvs}
    assert lvs["web01"].moving_in == ("pvmove0",)
    assert lvs["web01"].extents == ()
    mover = lvs["pvmove0"]
    assert (mover.private, mover.move_source, mover.role) == (True, "/dev/loop2", ("private", "pvmove"))
    assert (mover.on(ISCSI), mover.on(CORDONED)) == (25, 25)
    assert lvs["st"].moving_in == ()


def test_a_missing_pv_is_said_to_be_missing() -> None:
    report = read("missing-pv")
    assert {pv.uuid: pv.missing for pv in report.pvs} == {ISCSI: False, FC: True, CORDONED: False}
    assert next(lv for lv in report.lvs if lv.name == "db-01.prod").on(FC) == 225


@pytest.mark.parametrize(("told", "shared"), [("none", False), ("", False), ("dlm", True), ("sanlock", True)])
def test_the_lock_type_is_empty_where_there_is_none(told: str, shared: bool) -> None:
    result = captured_report("missing-pv")
    out = result.out.replace('"vg_lock_type":""', f'"vg_lock_type":"{told}"')
    vg = lvm_report.parse("vmstore", Result(result.argv, 0, out, "", 0.1)).vg
    assert (vg.lock_type, vg.shared) == ("" if told == "none" else told, shared)


def test_a_vg_that_does_not_exist_is_not_found() -> None:
    err = '  WARNING: x\n  Volume group "nosuch" not found\n  Cannot process volume group nosuch\n'
    with pytest.raises(NotFound, match="there is no VG nosuch"):
        lvm_report.parse("nosuch", Result(("lvm",), 5, '{"report": []}', err, 0.1))


def test_an_lvm_that_fails_is_a_failed_tool_with_its_reason() -> None:
    with pytest.raises(ToolFailed) as caught:
        lvm_report.parse("vmstore", Result(("lvm",), 5, "", '  Volume group "other" not found\n  No.\n', 0.1))
    assert caught.value.why == "No."


@pytest.mark.parametrize(
    "out",
    [
        "",
        "garbage",
        "{}",
        '{"report": []}',
        '{"report": [{"vg": []}]}',
        '{"report": [{"vg": [{"vg_name": "x"}]}]}',
        "[1]",
        '{"report": 1}',
    ],
)
def test_what_is_no_report_is_refused(out: str) -> None:
    with pytest.raises(ToolFailed, match="report cannot be read"):
        lvm_report.parse("vmstore", Result(("lvm",), 0, out, "", 0.1))
