"""Volumes of two legs: what LVM and the kernel tell of them, and whose legs are vmstore's to drop."""

import json

import pytest

from tests.support.scripted import captured_report
from vmstore.jobs import where
from vmstore.model import LogicalVolume
from vmstore.run import Result
from vmstore.tools import lvm_report, raid
from vmstore.tools.raid import Sync

SOURCE = "KDjrRU-fcvQ-ieDT-B9R2-wkwm-u2P1-2pC272"
TARGET = "rOPGSo-B0gU-IYG9-fkRz-uZCy-5tDm-18ONX4"


def read(*, first: str = "", second: str = "") -> dict[str, LogicalVolume]:
    """Parse what a real host said, with other tags on the PVs where they are given."""
    told = captured_report("legs-half-way")
    answer = json.loads(told.out)
    for pv, tags in zip(answer["report"][0]["pv"], (first, second), strict=True):
        pv["pv_tags"] = tags or pv["pv_tags"]
    report = lvm_report.parse("vmstore", Result(told.argv, 0, json.dumps(answer), "", 0.1))
    return {lv.name: lv for lv in report.lvs}


def test_a_volume_with_two_legs_lies_where_its_legs_lie_and_their_metadata() -> None:
    lvs = read()
    web = lvs["web01"]
    assert (web.layout, web.role, web.private) == (("raid", "raid1"), ("public",), False)
    assert (web.on(SOURCE), web.on(TARGET)) == (21, 21)
    parts = {name for name, lv in lvs.items() if lv.private}
    assert parts == {"web01_rimage_0", "web01_rimage_1", "web01_rmeta_0", "web01_rmeta_1"}
    assert [lvs[name].extents for name in parts] == [()] * 4
    assert lvs["db01"].on(SOURCE) == 10


def test_with_vmstore_s_note_on_its_pv_it_is_moving_and_plain() -> None:
    web = read()["web01"]
    assert (web.leaving, web.moving, where.plain(web)) == (SOURCE, True, "")


@pytest.mark.parametrize(
    "tags",
    [
        {"first": "vmstore.class=iscsi"},
        {"first": "vmstore.leg=db01"},
        # The first leg is the old one, so this is a leg that somebody has added on that PV.
        {"first": "vmstore.class=iscsi", "second": "vmstore.leg=web01"},
    ],
)
def test_without_it_the_legs_are_the_admin_s(tags: dict[str, str]) -> None:
    web = read(**tags)["web01"]
    assert (web.leaving, web.moving) == ("", False)
    assert where.plain(web) == "its layout is raid,raid1"


@pytest.mark.parametrize("pv", [SOURCE, TARGET])
def test_a_volume_over_more_pvs_than_two_legs_need_is_moving_only_off_a_whole_leg(pv: str) -> None:
    told = captured_report("legs-half-way")
    answer = json.loads(told.out)
    # The metadata of the first leg lies elsewhere.
    moved = next(seg for seg in answer["report"][0]["pvseg"] if seg["lv_name"] == "[web01_rmeta_0]")
    moved["pv_uuid"] = pv
    report = lvm_report.parse("vmstore", Result(told.argv, 0, json.dumps(answer), "", 0.1))
    web = next(lv for lv in report.lvs if lv.name == "web01")
    assert web.leaving == (SOURCE if pv == SOURCE else "")


@pytest.mark.parametrize("name", ["web01_rmeta_0", "web01_rimage_1", "web01_rimage_0_extracted"])
def test_what_an_lvconvert_left_behind_is_no_volume_of_a_vm(name: str) -> None:
    lv = LogicalVolume(name, "u", 4, ("linear",), ("public",), ())
    assert where.plain(lv) == "an lvconvert that was cut off has left it behind"


@pytest.mark.parametrize(
    ("line", "sync"),
    [
        ("vmstore-web01: 0 163840 raid raid1 2 Aa 65536/163840 recover 0 0 -", Sync("Aa", 65536, 163840, "recover")),
        ("vmstore-web01: 0 163840 raid raid1 2 AA 163840/163840 idle 0", Sync("AA", 163840, 163840, "idle")),
        ("vmstore-web01: 0 163840 raid raid1 2 AA 163840/163840", Sync("AA", 163840, 163840)),
        ("vmstore-web01: 0 163840 raid raid1 2 AD 163840/163840 idle 0 0 -", Sync("AD", 163840, 163840, "idle")),
    ],
)
def test_the_kernel_s_line_is_read(line: str, sync: Sync) -> None:
    assert raid.parse(f"{line}\nvmstore-other: 0 8 raid raid5_ls 3 AAA 8/8 idle 0\n") == {"vmstore-web01": sync}


def test_no_legs_are_no_lines() -> None:
    assert raid.parse("No devices found\n") == {}


@pytest.mark.parametrize(
    ("sync", "whole"),
    [
        (Sync("AA", 8, 8, "idle"), True),
        (Sync("AA", 8, 8), True),
        # Before the copy begins, all seems to be there.
        (Sync("Aa", 8, 8, "idle"), False),
        (Sync("AA", 0, 0, "idle"), False),
        (Sync("AA", 7, 8, "idle"), False),
        (Sync("AA", 8, 8, "resync"), False),
        (Sync("AA", 8, 8, "check"), False),
        (Sync("AD", 8, 8, "idle"), False),
        (Sync("aA", 8, 8, "idle"), False),
        (Sync("", 8, 8, "idle"), False),
    ],
)
def test_legs_are_whole_only_where_everything_says_so(sync: Sync, whole: bool) -> None:
    assert sync.whole is whole
    assert sync.part(800) == (800 if whole else 700 if sync.done == 7 else 0)


@pytest.mark.parametrize(
    ("health", "whole", "dead"),
    [("AA", True, ()), ("Aa", True, ()), ("AD", True, (1,)), ("aa", True, ()), ("aA", False, ()), ("DA", False, (0,))],
)
def test_the_first_leg_is_whole_unless_it_is_filled_from_the_other_or_dead(
    health: str, whole: bool, dead: tuple[int, ...]
) -> None:
    sync = Sync(health, 4, 8, "recover")
    assert (sync.first_whole, sync.dead) == (whole, dead)
