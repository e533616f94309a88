"""vmstore grow: on the node that has it mounted, or checked and left inactive."""

import pytest

from tests.support.bench import Bench
from tests.support.san import GROUP, G, M
from vmstore.errors import ExitCode


@pytest.fixture
def mounted(bench: Bench) -> Bench:
    """Have web01 mounted on n2."""
    bench.san.volume("web01", 8 * G, "fc1", active="n2", mounted=True)
    return bench


def filesystem(bench: Bench) -> int:
    """Give the size of web01's file system."""
    fs = bench.san.lvs["web01"].fs
    assert fs is not None
    return fs.size


@pytest.mark.parametrize("host", ["", "n1", "n2", "n3"])
def test_it_is_done_on_the_holder_while_mounted_from_anywhere(mounted: Bench, host: str) -> None:
    outcome = mounted.vmstore("grow", "web01", "+2G", host=host)
    assert outcome.code == ExitCode.DONE, outcome.err
    device = mounted.san.luns["fc1"].device("n2")
    assert mounted.changes() == [
        ("n2", ("lvextend", "--extents", "2560", "vmstore/web01", device)),
        ("n2", ("resize2fs", "/dev/vmstore/web01")),
    ]
    assert (mounted.san.lvs["web01"].size, filesystem(mounted)) == (10 * G, 10 * G)
    assert "web01 is now 10 GiB (2 GiB more), and so is its file system" in outcome.err


def test_plus_grows_each_time_and_a_size_only_once(mounted: Bench) -> None:
    for expected in (9, 10):
        assert mounted.vmstore("grow", "web01", "+1G").code == ExitCode.DONE
        assert mounted.san.lvs["web01"].size == expected * G
    for _ in range(2):
        assert mounted.vmstore("grow", "web01", "12G").code == ExitCode.DONE
        assert mounted.san.lvs["web01"].size == 12 * G


def test_plus_cut_off_before_the_file_system_grew_ends_at_the_same_size(mounted: Bench) -> None:
    mounted.vmstore("grow", "web01", "+2G", cut_at=0)
    assert (mounted.san.lvs["web01"].size, filesystem(mounted)) == (10 * G, 8 * G)
    assert mounted.vmstore("grow", "web01", "+2G").code == ExitCode.DONE
    assert (mounted.san.lvs["web01"].size, filesystem(mounted)) == (10 * G, 10 * G)


def test_a_file_system_that_falls_short_of_its_device_by_a_tiny_group_is_grown_enough(mounted: Bench) -> None:
    fs = mounted.san.lvs["web01"].fs
    assert fs is not None
    fs.size = 8 * G - GROUP + 4096
    outcome = mounted.vmstore("grow", "web01", "8G")
    assert outcome.code == ExitCode.DONE
    assert "nothing was changed" in outcome.err
    assert mounted.changes() == []
    fs.size = 8 * G - GROUP
    assert mounted.vmstore("grow", "web01", "8G").code == ExitCode.DONE
    assert filesystem(mounted) == 8 * G


def test_what_nobody_uses_is_checked_first_and_left_inactive_without_a_mark(bench: Bench) -> None:
    bench.san.volume("web01", 8 * G, "fc1")
    assert bench.vmstore("grow", "web01", "10G").code == ExitCode.DONE
    programs = [argv[0] for _, argv in bench.changes()]
    assert programs == ["mkdir", "touch", "lvchange", "e2fsck", "lvextend", "resize2fs", "lvchange", "rm"]
    assert bench.san.holders(bench.san.lvs["web01"]) == []
    assert [node.marks for node in bench.san.nodes.values()] == [set(), set(), set()]
    assert filesystem(bench) == 10 * G


def test_what_was_active_and_not_mounted_stays_active(bench: Bench) -> None:
    bench.san.volume("web01", 8 * G, "fc1", active="n3")
    assert bench.vmstore("grow", "web01", "10G").code == ExitCode.DONE
    assert bench.san.holders(bench.san.lvs["web01"]) == ["n3"]
    assert {node for node, _ in bench.changes()} == {"n3"}


def test_the_new_extents_lie_beside_the_old_where_there_is_room(bench: Bench) -> None:
    bench.san.volume("web01", 8 * G, "fc2", active="n1", mounted=True)
    assert bench.vmstore("grow", "web01", "12G").code == ExitCode.DONE
    assert {run.pv for run in bench.san.lvs["web01"].runs} == {bench.san.label("fc2").uuid}
    assert bench.vmstore("grow", "web01", "30G").code == ExitCode.DONE
    assert bench.san.volumes()["web01"]["classes"] == ["fc"]


def test_another_class_is_never_taken_unasked(bench: Bench) -> None:
    bench.san.volume("web01", 8 * G, "fc1", active="n1", mounted=True)
    before = bench.san.copy()
    outcome = bench.vmstore("grow", "web01", "60G")
    assert outcome.code == ExitCode.NO_ROOM
    assert "class iscsi" not in outcome.err
    assert bench.san == before


def test_room_on_a_cordoned_pv_is_no_room(bench: Bench) -> None:
    bench.san.volume("web01", 8 * G, "fc1", active="n1", mounted=True)
    bench.san.label("fc1").allocatable = False
    assert bench.vmstore("grow", "web01", "10G").code == ExitCode.DONE
    assert {run.pv for run in bench.san.lvs["web01"].runs} == {bench.san.label("fc1").uuid, bench.san.label("fc2").uuid}


def test_a_failed_check_leaves_the_volume_small_and_inactive(bench: Bench) -> None:
    lv = bench.san.volume("web01", 8 * G, "fc1")
    assert lv.fs is not None
    lv.fs.broken = True
    outcome = bench.vmstore("grow", "web01", "10G")
    assert outcome.code == ExitCode.REFUSED
    assert "RUN fsck MANUALLY" in outcome.err
    assert lv.size == 8 * G
    assert bench.san.holders(lv) == []
    assert bench.san.nodes["n1"].marks == set()


def test_a_device_that_did_not_grow_is_found_out(mounted: Bench) -> None:
    outcome = mounted.vmstore("grow", "web01", "10G", lie=0)
    assert outcome.code == ExitCode.TOOL
    assert "it did not take effect" in outcome.err


def test_a_volume_that_runs_on_is_grown_by_less_than_an_extent_to_a_whole_one(mounted: Bench) -> None:
    told = "vmstore: 1M is rounded up to 4M, since LVM gives whole extents of 4M"
    for words in (("--dry-run",), ()):
        assert mounted.san.lvs["web01"].size == 8 * G
        outcome = mounted.vmstore("grow", "web01", "+1M", *words)
        assert (outcome.code, outcome.err.splitlines()[0]) == (ExitCode.DONE, told)
    assert mounted.san.lvs["web01"].size == 8 * G + 4 * M
    assert "is rounded up" not in mounted.vmstore("grow", "web01", "+1G").err


def test_json_says_how_it_was_and_is(mounted: Bench) -> None:
    told = mounted.vmstore("grow", "web01", "10G", "-o", "json")
    assert told.json == {"schema": 1, "kind": "grow", "vm": "web01", "size": 10 * G, "before": 8 * G, "changed": True}
    assert mounted.vmstore("grow", "web01", "10G", "-o", "json").json["changed"] is False


def test_the_plan_for_what_has_its_size_already_is_what_is_then_done(bench: Bench) -> None:
    bench.san.volume("web01", 8 * G, "fc1")
    shown = bench.vmstore("grow", "web01", "8G", "--dry-run", "-o", "json").json["steps"]
    assert not any("lvextend" in command["argv"] for step in shown for command in step["commands"])
    before = bench.san.summary()
    outcome = bench.vmstore("grow", "web01", "8G")
    assert outcome.code == ExitCode.DONE
    assert "nothing was changed" in outcome.err
    assert bench.san.summary() == before
