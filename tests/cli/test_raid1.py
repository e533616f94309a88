"""vmstore evacuate --engine raid1: several volumes at once, each whole on one leg at every moment, whatever breaks."""

import json
import signal
from typing import Any

import pytest

from tests.support.bench import KILLED, Bench, Outcome
from tests.support.jobs import events, jobs, wish
from tests.support.san import EXTENT, G, San
from tests.support.san_parts import Leg, Run
from vmstore.errors import ExitCode
from vmstore.jobs import lease

pytestmark = pytest.mark.usefixtures("at_once")


def fill(san: San) -> None:
    """Put on iscsi1 what two nodes hold, what nobody does, and a service that is stopped."""
    san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    san.serve("web01", "n1")
    san.volume("db-01.prod", 4 * G, "iscsi1", active="n2", mounted=True)
    san.serve("db-01.prod", "n2")
    san.volume("idle", 1 * G, "iscsi1")
    san.volume("off", 3 * G, "iscsi1")
    san.serve("off")


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """Give that."""
    fill(bench.san)
    return bench


def evacuate(bench: Bench, *words: str, engine: str = "raid1", **tampering: Any) -> Outcome:
    """Empty iscsi1."""
    line = ["evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", *words]
    return bench.vmstore(*line, *(["--engine", engine] if engine else []), **tampering)


def commands(bench: Bench, program: str, word: str = "") -> list[tuple[str, str]]:
    """Name the nodes and volumes of the changing commands of a program, in order."""
    found = [(node, argv) for node, argv in bench.changes() if argv[0] == program and word in argv]
    return [(node, next(w for w in argv if w.startswith("vmstore/")).partition("/")[2]) for node, argv in found]


def settle(bench: Bench, text: str) -> None:
    """Add to the settings."""
    bench.config.write_text(f"{bench.config.read_text()}\n{text}\n", encoding="utf-8")


def half_way(bench: Bench) -> None:
    """Leave all four with a leg more, and nobody at work."""
    assert evacuate(bench, cut_at=cut(bench)).code == KILLED
    assert all(lv.leg for lv in bench.san.lvs.values())


def cut(bench: Bench) -> int:
    """Find a moment at which the legs come into sync."""
    kept = bench.san.copy()
    found: list[int] = []

    def at(moment: int) -> None:
        if all(lv.leg and 40 <= lv.leg.synced < 100 for lv in bench.san.lvs.values()):
            found.append(moment)

    assert evacuate(bench, on_moment=at).code == ExitCode.DONE
    bench.san = kept
    return found[0]


def right(bench: Bench) -> None:
    """Assert that iscsi1 is empty, that nothing is left of the job, and that each volume is as it was otherwise."""
    san = bench.san
    pv = san.label("iscsi1")
    assert san.used(pv.uuid) == []
    assert (pv.allocatable, pv.tags) == (False, {"vmstore.class=iscsi"})
    assert {name: (told["active"], told["layout"], told["classes"]) for name, told in san.volumes().items()} == {
        "web01": (["n1"], "linear", ["fc"]),
        "db-01.prod": (["n2"], "linear", ["fc"]),
        "idle": ([], "linear", ["fc"]),
        "off": ([], "linear", ["fc"]),
    }
    assert not any(service.frozen for service in san.services.values())
    assert (san.marks(), san.leases) == ({}, {})


@pytest.mark.parametrize("host", ["", "n1", "n3"])
def test_several_move_at_once_each_on_its_node(busy: Bench, host: str) -> None:
    together: list[int] = []
    frozen: list[list[str]] = []

    def at(_: int) -> None:
        together.append(sum(lv.leg is not None for lv in busy.san.lvs.values()))
        if any(lv.leg and 0 < lv.leg.synced < 100 for lv in busy.san.lvs.values()):
            assert busy.san.label("iscsi1").allocatable is False
            frozen.append(sorted(vm for vm, service in busy.san.services.items() if service.frozen))

    done = evacuate(busy, host=host, on_moment=at)
    assert done.code == ExitCode.DONE, done.err
    right(busy)
    by = host or "n1"
    added = [(by, "idle"), ("n1", "web01"), (by, "off"), ("n2", "db-01.prod")]
    assert commands(busy, "lvconvert", "raid1") == added
    assert commands(busy, "lvconvert", "0") == added
    assert commands(busy, "pvmove", "--name") == []
    assert max(together) == 4
    assert frozen[0] == ["db-01.prod", "off", "web01"]
    assert "(4 of 4)" in done.err


def test_no_more_than_the_settings_allow_are_on_their_way_at_once(busy: Bench) -> None:
    settle(busy, '[move]\nengine = "raid1"\ntogether = 2')
    together: list[int] = []
    notes: list[set[str]] = []

    def at(_: int) -> None:
        together.append(sum(lv.leg is not None for lv in busy.san.lvs.values()))
        notes.append({tag for tag in busy.san.label("iscsi1").tags if tag.startswith("vmstore.leg=")})

    done = evacuate(busy, engine="", on_moment=at)
    assert done.code == ExitCode.DONE, done.err
    right(busy)
    assert (max(together), max(map(len, notes))) == (2, 2)
    assert evacuate(busy, engine="mirror").code == ExitCode.DONE


def test_the_command_line_has_the_last_word_on_the_engine(busy: Bench) -> None:
    settle(busy, '[move]\nengine = "raid1"')
    assert evacuate(busy, engine="mirror").code == ExitCode.DONE
    assert commands(busy, "lvconvert") == []
    right(busy)
    assert evacuate(busy, engine="used").code == ExitCode.USAGE


def test_a_dry_run_says_of_each_volume_how_it_moves_and_why(busy: Bench) -> None:
    busy.san.volume("spread", 2 * G, ("iscsi1", "iscsi2"))
    busy.san.volume("striped", 2 * G, ("iscsi1", "iscsi2"), layout="striped")
    steps = evacuate(busy, "--dry-run", "-o", "json").json["steps"]
    why = {step["title"].partition(" to ")[2].partition(" ")[0]: step["detail"] for step in steps if step["detail"]}
    assert why["web01"] == "by raid1: as asked for"
    told = [step["detail"] for step in steps if step["title"].startswith("move ")]
    assert told == [
        "by mirror: raid1 was asked for, but a part of it lies on another PV, and LVM drops legs as a whole",
        "by mirror: raid1 was asked for, but LVM adds a leg to linear volumes only",
    ]
    plain = evacuate(busy, "--dry-run", engine="")
    assert plain.out.count("| by mirror: it moves any volume, in use or not") == 6
    assert busy.changes() == []


def test_what_cannot_have_a_leg_is_moved_by_the_mirror(busy: Bench) -> None:
    busy.san.volume("spread", 6 * G, ("iscsi1", "iscsi2"), active="n3", mounted=True)
    busy.san.volume("striped", 2 * G, ("iscsi1", "iscsi2"), layout="striped")
    done = evacuate(busy)
    assert done.code == ExitCode.DONE, done.err
    assert busy.san.used(busy.san.label("iscsi1").uuid) == []
    assert sorted(commands(busy, "pvmove", "--name")) == [("n1", "striped"), ("n3", "spread")]
    assert len(commands(busy, "lvconvert", "raid1")) == 4


@pytest.mark.parametrize(("free", "by_mirror"), [(0, ["idle"]), (3, ["idle"]), (4, [])])
def test_on_a_full_pv_the_first_go_by_mirror_until_there_is_room_for_legs(
    busy: Bench, free: int, by_mirror: list[str]
) -> None:
    # Nothing but the note of an exclusion tells them apart from free extents, so the PV itself is cut to size.
    pv = busy.san.label("iscsi1")
    pv.extents = 10 * G // EXTENT + free
    done = evacuate(busy)
    assert done.code == ExitCode.DONE, done.err
    right(busy)
    assert [vm for _, vm in commands(busy, "pvmove", "--name")] == by_mirror
    assert len(commands(busy, "lvconvert", "raid1")) == 4 - len(by_mirror)


def test_targets_that_have_room_for_the_volume_alone_take_it_by_mirror(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    bench.san.volume("db01", 1 * G, "iscsi1", active="n2", mounted=True)
    for lun in ("fc1", "fc2"):
        bench.san.label(lun).extents = 2 * G // EXTENT
    done = evacuate(bench)
    assert done.code == ExitCode.DONE, done.err
    assert commands(bench, "pvmove", "--name") == [("n1", "web01")]
    assert commands(bench, "lvconvert", "raid1") == [("n2", "db01")]


def test_a_leg_may_lie_on_several_targets(bench: Bench) -> None:
    bench.san.volume("big", 12 * G, "iscsi1", active="n1", mounted=True)
    for lun in ("fc1", "fc2"):
        bench.san.label(lun).extents = 7 * G // EXTENT
    done = evacuate(bench)
    assert done.code == ExitCode.DONE, done.err
    assert len({run.pv for run in bench.san.lvs["big"].runs}) == 2
    assert commands(bench, "pvmove") == []


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
        # What only keeps vmstore's own marks is not the work.
        if how == "lie" and argv[:1] in (("mkdir",), ("touch",), ("rm",)):
            continue
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
            _soon()

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


def _as_before(bench: Bench, moved: set[str] = frozenset()) -> None:  # type: ignore[assignment]
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


def _soon() -> None:
    import time  # noqa: PLC0415

    time.sleep(0.1)


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
    busy.san.heard_once = True
    asked: list[int] = []

    def at(moment: int) -> None:
        if not asked and any(lv.leg for lv in busy.san.lvs.values()):
            asked.append(moment)
            wish(busy, "pause")
            _soon()

    done = evacuate(busy, on_moment=at)
    assert done.code == 0, done.err
    right(busy)
    told = [json.loads(line) for line in next(iter(busy.san.records.values()))]
    order = [line["event"] for line in told if line["event"] in ("began", "moved", "paused", "resumed")]
    assert order in (
        ["began", "moved", "paused", "resumed", "began", "moved"],
        ["began", "moved", "began", "moved"],
    )


def test_a_rate_is_shared_by_those_at_work_and_follows_job_rate(busy: Bench) -> None:
    key = ("n1", lease.path(lease.evacuation(busy.san.label("iscsi1").uuid)))
    web = busy.san.lvs["web01"]

    def at(_: int) -> None:
        if web.leg and web.leg.synced == 80:
            web.leg.synced = 100
            busy.san.rates[key] = str(30 * 2**20)
            _soon()

    done = evacuate(busy, "--rate", "40M", on_moment=at)
    assert done.code == 0, done.err
    assert busy.san.limits[:4] == [(vm, "10240k") for vm in ("idle", "web01", "off", "db-01.prod")]
    # 30 MiB/s among the four, and at the next look among the three that are left.
    assert busy.san.limits[4:8] == [(vm, "7680k") for vm in ("idle", "web01", "off", "db-01.prod")]
    assert busy.san.limits[8:] == [(vm, "10240k") for vm in ("idle", "off", "db-01.prod")]
    assert "from now on at 30 MiB/s at most" in done.err
    assert busy.san.shares == []


def test_a_rate_of_a_run_before_is_over_with_it(busy: Bench) -> None:
    assert evacuate(busy, "--rate", "40M", cut_at=cut(busy) + 4).code == KILLED
    assert busy.san.limits
    busy.san.limits.clear()
    assert evacuate(busy, engine="").code == 0
    assert {rate for _, rate in busy.san.limits} == {"0k"}
    busy.san.limits.clear()


def test_without_a_rate_no_leg_is_touched(busy: Bench) -> None:
    assert evacuate(busy).code == 0
    assert busy.san.limits == []


def test_limits_of_load_are_a_mirror_s(busy: Bench) -> None:
    settle(busy, "[load]\nlatency_ms = 50")
    refused = evacuate(busy)
    assert refused.code == ExitCode.REFUSED
    assert "legs do not stand back" in refused.err
    assert busy.changes() == []
    assert evacuate(busy, engine="mirror").code == 0


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


def test_half_way_each_other_command_says_so_or_works(busy: Bench) -> None:
    half_way(busy)
    san = busy.san
    rows = {row["name"]: row for row in busy.vmstore("list", "-o", "json").json["items"]}
    assert set(rows) == {"web01", "db-01.prod", "idle", "off"}
    assert {row["note"] for row in rows.values()} == {"moving"}
    assert all(len(row["pvs"]) == 2 and row["classes"] == ["fc", "iscsi"] for row in rows.values())
    assert sum(run["size"] for run in busy.vmstore("show", "idle", "-o", "json").json["extents"]) == 2 * G + 2 * EXTENT
    grown = busy.vmstore("grow", "web01", "9G")
    assert (grown.code, "web01 is being moved" in grown.err, "run it again" in grown.err) == (4, True, True)
    # The mark says that nobody uses it.
    removed = busy.vmstore("remove", "idle", "--confirm", "idle")
    assert (removed.code, "idle is being moved" in removed.err) == (4, True)
    assert busy.vmstore("create", "web01", "9G").code == ExitCode.REFUSED
    target = next(lun for lun in ("fc1", "fc2") if any("web01" in name for name, _ in san.used(san.label(lun).uuid)))
    other = busy.vmstore("evacuate", san.luns[target].wwid, "--yes")
    assert other.code == ExitCode.REFUSED
    assert "being moved off another PV" in other.err
    moved = busy.vmstore("relocate", "web01", "n3")
    assert moved.code == 0, moved.err
    assert san.holders(san.lvs["web01"]) == ["n3"]
    again = evacuate(busy, engine="", host="n2")
    assert again.code == 0, again.err
    assert san.used(san.label("iscsi1").uuid) == []
    assert ("n3", "web01") in commands(busy, "lvconvert", "0")


def test_legs_that_the_admin_made_are_not_vmstore_s_to_drop(bench: Bench) -> None:
    san = bench.san
    lv = san.volume("safe", 2 * G, "iscsi1", active="n1", mounted=True)
    new = san.take(2 * G // EXTENT + 1, [san.label("iscsi2").uuid])
    assert new
    meta = san.take(1, [san.label("iscsi1").uuid])
    assert meta
    lv.leg = Leg([Run(new[0].pv, new[0].start + 1, new[0].count - 1)], [*meta, Run(new[0].pv, new[0].start, 1)], 100)
    lv.layout = "raid,raid1"
    for lun in ("iscsi1", "iscsi2"):
        refused = bench.vmstore("evacuate", san.luns[lun].wwid, "--yes")
        assert refused.code == ExitCode.REFUSED
        assert "safe: its layout is raid,raid1" in refused.err
    assert bench.vmstore("list", "-o", "json").json["items"][0]["note"] == "its layout is raid,raid1"


def test_what_shall_stay_and_is_half_way_is_brought_to_its_end(busy: Bench) -> None:
    half_way(busy)
    done = evacuate(busy, "--exclude", "web01", engine="")
    assert done.code == 0, done.err
    assert busy.san.used(busy.san.label("iscsi1").uuid) == []


def test_a_job_that_is_taken_up_keeps_its_engine(busy: Bench) -> None:
    assert evacuate(busy, cut_at=3).code == KILLED
    (record,) = busy.san.records.values()
    assert json.loads(record[0])["engine"] == "raid1"
    done = busy.vmstore("job", "resume", busy.san.luns["iscsi1"].wwid, "--yes", host="n2")
    assert done.code == 0, done.err
    assert len(commands(busy, "lvconvert", "raid1")) == 4
    right(busy)


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


def test_one_host_without_cluster_locks_does_it_too(single: Bench) -> None:
    single.san.volume("web01", 2 * G, "disk1", active="host", mounted=True)
    single.san.volume("idle", 1 * G, "disk1")
    done = single.vmstore("evacuate", single.san.luns["disk1"].wwid, "--engine", "raid1", "--yes")
    assert done.code == 0, done.err
    assert single.san.used(single.san.label("disk1").uuid) == []
    assert single.san.holders(single.san.lvs["idle"]) == []
