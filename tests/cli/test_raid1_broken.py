"""Moves by legs that are cut off, spoiled, paused or given up: each volume is whole on one leg at every moment."""

import signal
import threading
import time
from collections.abc import Collection
from typing import Any

import pytest

from tests.support.bench import KILLED, Bench
from tests.support.jobs import events, jobs, wish
from tests.support.legs import commands, cut, evacuate, fill, half_way, right, settle, soon
from vmstore.errors import ExitCode
from vmstore.jobs import leg_sync

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """Put on iscsi1 what two nodes hold, what nobody does, and a service that is stopped."""
    fill(bench.san)
    return bench


def test_cut_off_at_any_moment_another_node_brings_it_to_its_end_in_any_way_asked_for(bench: Bench) -> None:
    fill(bench.san)
    start = bench.san.copy()
    assert evacuate(bench).code == ExitCode.DONE
    moments = bench.runner.moments
    for number in range(moments):
        bench.san = start.copy()
        assert evacuate(bench, cut_at=number).code == KILLED
        started = {name for name, lv in bench.san.lvs.items() if lv.leg}
        again = evacuate(bench, engine=("", "mirror", "raid1")[number % 3], host="n3")
        assert again.code == ExitCode.DONE, (number, again.err)
        right(bench)
        assert started.isdisjoint(vm for _, vm in commands(bench, "pvmove", "--name")), number


def test_when_the_node_dies_the_copy_goes_on_elsewhere_from_where_it_was(busy: Bench) -> None:
    half_way(busy)
    done_before = {name: lv.leg.synced for name, lv in busy.san.lvs.items() if lv.leg}
    busy.san.crash("n2")
    seen: list[int] = []

    def at(_: int) -> None:
        leg = busy.san.lvs["db-01.prod"].leg
        seen.append(leg.synced if leg else 100)

    busy.san.services["db-01.prod"].state = "disabled"
    busy.san.services["db-01.prod"].owner = "none"
    again = evacuate(busy, "--offline", "n2", engine="", host="n3", on_moment=at)
    assert again.code == ExitCode.DONE, again.err
    assert min(seen) >= done_before["db-01.prod"] > 0
    assert busy.san.used(busy.san.label("iscsi1").uuid) == []
    assert busy.san.holders(busy.san.lvs["db-01.prod"]) == []
    assert ("n3", "db-01.prod") in commands(busy, "lvconvert", "0")
    # What the lost node wrote last may have reached one leg only; those of this run need no second look.
    assert set(busy.san.repaired) == set(done_before)


@pytest.mark.parametrize("how", ["fail", "fail_done", "lie"])
def test_a_command_that_fails_or_lies_leaves_each_volume_whole_and_the_pv_closed(bench: Bench, how: str) -> None:
    fill(bench.san)
    start = bench.san.copy()
    assert evacuate(bench).code == ExitCode.DONE
    changes = len(bench.runner.changes)
    for number in range(changes):
        bench.san = start.copy()
        tampering: dict[str, Any] = {how: number}
        spoiled = evacuate(bench, **tampering)
        assert spoiled.code != ExitCode.BUG, spoiled.err
        argv = bench.changes()[number][1] if number < len(bench.changes()) else ()
        if spoiled.code != ExitCode.DONE and "vmstore.leg" not in " ".join(argv):
            assert bench.san.label("iscsi1").allocatable is ("--allocatable" in argv and "n" in argv and number < 2)
        assert not any(service.frozen for service in bench.san.services.values()), (number, argv)
        again = evacuate(bench, host="n3")
        assert again.code == ExitCode.DONE, (number, argv, again.err)
        right(bench)


def test_a_pv_that_a_failing_lvconvert_left_open_is_cordoned_again(busy: Bench) -> None:
    opened = next(n for n, (_, argv) in enumerate(_clean(busy)) if argv[0] == "lvconvert")
    failed = evacuate(busy, fail=opened)
    assert failed.code == ExitCode.TOOL
    assert "add a leg of 1 GiB to idle" in failed.err
    assert busy.san.label("iscsi1").allocatable is False
    assert [lv for lv in busy.san.lvs.values() if lv.leg] == []


def _clean(bench: Bench) -> list[tuple[str, tuple[str, ...]]]:
    kept = bench.san.copy()
    assert evacuate(bench).code == ExitCode.DONE
    bench.san = kept
    return bench.changes()


def test_aborted_while_legs_come_in_each_volume_is_where_it_was(busy: Bench) -> None:
    at_work = cut(busy)

    def at(moment: int) -> None:
        if moment == at_work:
            wish(busy, "abort")
            soon()

    done = evacuate(busy, on_moment=at)
    assert done.code == ExitCode.RESUMABLE
    assert "every volume is whole: " in done.err
    _as_before(busy)
    assert events(busy)[-1] == "aborted"


@pytest.mark.parametrize("moment", range(0, 40, 3))
def test_aborted_after_it_was_cut_off_nothing_is_half_way(busy: Bench, moment: int) -> None:
    if evacuate(busy, cut_at=moment).code != KILLED or not jobs(busy):
        assert moment < 2 or moment > 30
        return
    moved = {name for name, lv in busy.san.lvs.items() if busy.san.luns_class(lv.runs[0].pv) == "fc"}
    done = busy.vmstore("job", "abort", busy.san.luns["iscsi1"].wwid, "--yes", host="n3")
    assert done.code == 0, done.err
    _as_before(busy, moved)


def _as_before(bench: Bench, moved: Collection[str] = ()) -> None:
    san = bench.san
    for name, told in san.volumes().items():
        assert (told["layout"], told["moving"]) == ("linear", False), name
        assert told["classes"] == (["fc"] if name in moved else ["iscsi"]), name
    held = {name: san.holders(lv) for name, lv in san.lvs.items()}
    assert held == {"web01": ["n1"], "db-01.prod": ["n2"], "idle": [], "off": []}
    assert san.label("iscsi1").tags == {"vmstore.class=iscsi"}
    assert san.label("iscsi1").allocatable is True
    assert not any(service.frozen for service in san.services.values())
    assert (san.marks(), san.leases) == ({}, {})


def test_ctrl_c_twice_drops_the_new_leg_of_what_is_not_in_sync_and_keeps_what_is(busy: Bench) -> None:
    at_work = cut(busy)

    def at(moment: int) -> None:
        if moment == at_work:
            leg = busy.san.lvs["web01"].leg
            assert leg
            leg.synced = 100
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    done = evacuate(busy, on_moment=at)
    assert done.code == ExitCode.RESUMABLE, done.err
    assert "stopped in the middle of a piece" in done.err
    classes = {name: told["classes"] for name, told in busy.san.volumes().items()}
    assert classes == {"web01": ["fc"], "db-01.prod": ["iscsi"], "idle": ["iscsi"], "off": ["iscsi"]}
    assert all(lv.leg is None for lv in busy.san.lvs.values())
    assert evacuate(busy, host="n2").code == ExitCode.DONE
    right(busy)


def test_ctrl_c_once_brings_the_batch_to_its_end(busy: Bench) -> None:
    settle(busy, "[move]\ntogether = 2")
    pressed: list[int] = []

    def at(moment: int) -> None:
        if not pressed and any(lv.leg for lv in busy.san.lvs.values()):
            pressed.append(moment)
            signal.raise_signal(signal.SIGINT)

    done = evacuate(busy, on_moment=at)
    assert done.code == ExitCode.RESUMABLE, done.err
    classes = {name: told["classes"] for name, told in busy.san.volumes().items()}
    assert classes == {"web01": ["fc"], "db-01.prod": ["iscsi"], "idle": ["fc"], "off": ["iscsi"]}
    assert all(lv.leg is None for lv in busy.san.lvs.values())
    assert busy.san.marks() == {}


def test_it_rests_between_batches_only_with_everything_thawed(busy: Bench) -> None:
    settle(busy, "[move]\ntogether = 2")
    seen: list[object] = []

    def at(_: int) -> None:
        if not busy.san.wishes and any(lv.leg for lv in busy.san.lvs.values()):
            wish(busy, "pause")

    def watch() -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not (busy.san.records and "paused" in events(busy)):
            time.sleep(0.005)
        seen.append([vm for vm, service in busy.san.services.items() if service.frozen])
        seen.append([name for name, lv in busy.san.lvs.items() if lv.leg])
        seen.append({name: busy.san.holders(lv) for name, lv in busy.san.lvs.items()})
        wish(busy, "none")

    thread = threading.Thread(target=watch)
    thread.start()
    done = evacuate(busy, on_moment=at)
    thread.join()
    assert done.code == 0, done.err
    right(busy)
    assert seen == [[], [], {"web01": ["n1"], "db-01.prod": ["n2"], "idle": [], "off": []}]
    told = [event for event in events(busy) if event in ("began", "moved", "paused", "resumed")]
    assert told == ["began", "moved", "paused", "resumed", "began", "moved"]


@pytest.mark.parametrize(("dead", "lun"), [(0, "iscsi1"), (1, "fc")])
def test_a_leg_that_fails_is_told_of_and_no_leg_is_dropped(busy: Bench, dead: int, lun: str) -> None:
    del lun
    web = busy.san.lvs["web01"]

    def at(_: int) -> None:
        if web.leg and web.leg.synced == 40:
            web.leg.dead.add(dead)

    failed = evacuate(busy, on_moment=at)
    assert failed.code == ExitCode.TOOL, failed.err
    assert "the leg of web01 on /dev/" in failed.err
    assert "lvchange --refresh vmstore/web01" in failed.err
    assert web.leg is not None
    again = evacuate(busy, host="n3")
    assert again.code == ExitCode.TOOL
    aborted = busy.vmstore("job", "abort", busy.san.luns["iscsi1"].wwid, "--yes")
    if dead == 1:
        assert aborted.code == 0, aborted.err
        _as_before(busy)
    else:
        assert aborted.code == ExitCode.TOOL
        assert "is not dropped" in aborted.err
        assert web.leg is not None


def test_a_vm_that_somebody_moves_by_hand_meanwhile_is_found_again(busy: Bench) -> None:
    san = busy.san
    web = san.lvs["web01"]

    def by_hand(_: int) -> None:
        if web.leg and web.leg.synced == 40:
            san.nodes["n1"].active.discard(web.uuid)
            san.nodes["n1"].mounts.pop(web.uuid, None)
            san.nodes["n3"].active.add(web.uuid)
            san.nodes["n3"].mounts[web.uuid] = "/vm/web01"
            san.services["web01"].owner = "n3"

    done = evacuate(busy, on_moment=by_hand)
    assert done.code == ExitCode.RESUMABLE
    assert "web01 does not come into sync on n1 any more" in done.err
    assert evacuate(busy).code == 0
    assert ("n3", "web01") in commands(busy, "lvconvert", "0")


def test_a_node_that_is_lost_meanwhile_leaves_its_volume_half_way_and_whole(busy: Bench) -> None:
    db = busy.san.lvs["db-01.prod"]

    def at(_: int) -> None:
        if db.leg and db.leg.synced == 80:
            busy.san.nodes["n2"].hangs = True

    done = evacuate(busy, on_moment=at)
    assert done.code == ExitCode.RESUMABLE, done.err
    assert "lost a node while idle, web01, off, db-01.prod came into sync" in done.err
    assert db.leg is not None
    busy.san.nodes["n2"].hangs = False
    again = evacuate(busy, engine="", host="n3")
    assert again.code == ExitCode.DONE, again.err
    right(busy)


def test_a_copy_that_the_kernel_has_given_up_is_not_waited_for(busy: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leg_sync, "sleep", lambda _: None)
    web = busy.san.lvs["web01"]

    def at(_: int) -> None:
        if web.leg and web.leg.synced == 40:
            web.leg.stuck = True

    failed = evacuate(busy, on_moment=at)
    assert failed.code == ExitCode.TOOL, failed.err
    assert "does not come into sync" in failed.err
    assert not any(service.frozen for service in busy.san.services.values())
    assert busy.vmstore("job", "abort", busy.san.luns["iscsi1"].wwid, "--yes").code == 0
    assert web.leg is None
