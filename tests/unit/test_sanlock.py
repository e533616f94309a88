"""What the leases of sanlock take of lvmlock."""

import json

import pytest

from tests.support.scripted import captured_report
from vmstore.run import Result
from vmstore.tools import lvm_report, sanlock

M = 2**20


@pytest.mark.parametrize(
    ("offsets", "area", "count"),
    [
        ((67,), 1, 68),
        ((67, 68, 70), 1, 70),
        ((68,), 1, 68),
        ((134, 136), 2, 69),
        ((67 * 8, 68 * 8), 8, 69),
        ((134, 137), 1, 69),
    ],
)
def test_the_size_of_an_area_is_told_from_where_leases_lie(offsets: tuple[int, ...], area: int, count: int) -> None:
    assert sanlock.used(f"1.0.0:{at * M}" for at in offsets) == count * area * M


def test_what_is_no_lease_takes_nothing() -> None:
    assert sanlock.used(["", "dlm", "1.0.0:lvmlock"]) == 0


def told(**vg: str) -> lvm_report.Report:
    """Read a real report to which words were added."""
    found = captured_report("volumes-of-all-plain-kinds")
    answer = json.loads(found.out)
    report = next(part for part in answer["report"] if part.get("vg"))
    report["vg"][0].update(vg)
    lock = dict(report["lv"][0], lv_name="[lvmlock]", lv_size=str(256 * M), lv_role="private,lockd,sanlock")
    report["lv"] = [dict(lv, lv_lockargs=f"1.0.0:{(67 + at) * M}") for at, lv in enumerate(report["lv"])] + [lock]
    return lvm_report.parse("vmstore", Result(found.argv, 0, json.dumps(answer), "", 0.1))


def test_lvmlock_and_its_use_are_in_the_report() -> None:
    vg = told().vg
    assert (vg.lock_size, vg.lock_used) == (256 * M, 70 * M)


def test_of_the_metadata_area_half_can_be_filled() -> None:
    # The area of that host was 16 MiB and what aligned the data; its metadata took less than 4 KiB.
    vg = told(vg_mda_size="17821696").vg
    assert 0 < vg.metadata_size - vg.metadata_free < 4096


def test_a_vg_without_lvmlock_and_an_older_report_have_neither() -> None:
    vg = lvm_report.parse("vmstore", captured_report("volumes-of-all-plain-kinds")).vg
    assert (vg.lock_size, vg.lock_used, vg.metadata_size) == (0, 0, 0)
