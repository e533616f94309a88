"""vmstore evacuate --engine raid1: several volumes at once, each on its node, and what else may be done meanwhile."""

import json

import pytest

from tests.support.bench import KILLED, Bench
from tests.support.legs import commands, cut, evacuate, fill, half_way, right, settle, soon
from tests.support.san import EXTENT, G
from tests.support.san_parts import Leg, Run
from vmstore.errors import ExitCode
from vmstore.jobs import lease

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """Put on iscsi1 what two nodes hold, what nobody does, and a service that is stopped."""
    fill(bench.san)
    return bench


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
    assert evacuate(busy, engine="dd").code == ExitCode.USAGE


def test_legs_are_not_added_where_they_would_have_to_rest(busy: Bench) -> None:
    refused = evacuate(busy, "--window", "22:00-06:00")
    assert (refused.code, "legs do not rest" in refused.err) == (ExitCode.REFUSED, True)
    assert busy.changes() == []


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
    reasons = ("it is in use", "what is used of it is not known", "a part of it lies on other PVs")
    assert sum(plain.out.count(f"| by mirror: {why}") for why in reasons) == 6
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


def test_a_rate_is_shared_by_those_at_work_and_follows_job_rate(busy: Bench) -> None:
    key = ("n1", lease.path(lease.evacuation(busy.san.label("iscsi1").uuid)))
    web = busy.san.lvs["web01"]

    def at(_: int) -> None:
        if web.leg and web.leg.synced == 80:
            web.leg.synced = 100
            busy.san.rates[key] = str(30 * 2**20)
            soon()

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


def test_one_host_without_cluster_locks_does_it_too(single: Bench) -> None:
    single.san.volume("web01", 2 * G, "disk1", active="host", mounted=True)
    single.san.volume("idle", 1 * G, "disk1")
    done = single.vmstore("evacuate", single.san.luns["disk1"].wwid, "--engine", "raid1", "--yes")
    assert done.code == 0, done.err
    assert single.san.used(single.san.label("disk1").uuid) == []
    assert single.san.holders(single.san.lvs["idle"]) == []
