"""vmstore rebalance: what is out of policy is brought within it, PV by PV, and no PV stays as a job left it."""

import json
from typing import Any

import pytest

from tests.support import jobs as support
from tests.support.bench import KILLED, Bench, Outcome
from tests.support.jobs import jobs
from tests.support.san import G, San
from vmstore.errors import ExitCode
from vmstore.jobs import lease

LUNS = ("fc1", "fc2", "iscsi1", "iscsi2")


@pytest.fixture
def full(bench: Bench) -> Bench:
    """Put too much on fc1 and on iscsi1, with services; the others have room."""
    fill(bench.san)
    return bench


def fill(san: San) -> None:
    """Put it there."""
    san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    san.volume("db01", 5 * G, "iscsi1", active="n2", mounted=True)
    san.volume("idle", 1 * G, "iscsi1")
    san.volume("spread", 4 * G, ("iscsi1", "iscsi2"), active="n3", mounted=True)
    san.volume("large", 6 * G, "fc1", active="n3", mounted=True)
    san.volume("other", 3 * G, "fc1", active="n1", mounted=True)
    for vm, node in (("web01", "n1"), ("spread", "n3"), ("other", "n1")):
        san.serve(vm, node)


def rebalance(bench: Bench, *words: str, **options: Any) -> Outcome:
    """Hold every PV to 40 %."""
    return bench.vmstore("rebalance", "--most", "40%", *words, **options)


def bears(san: San) -> dict[str, int]:
    """Give the GiB on each LUN."""
    return {lun: sum(run.count for _, run in san.used(san.label(lun).uuid)) * 4 // 1024 for lun in LUNS}


def left(san: San) -> dict[str, object]:
    """Say what of a job is left; nothing is what it shall be."""
    more = {
        "cordoned": [lun for lun in LUNS if not san.label(lun).allocatable],
        "idle is active": san.holders(san.lvs["idle"]),
    }
    return support.left(san, *LUNS, **more)


def configure(bench: Bench, text: str) -> None:
    """Add to the settings."""
    with bench.config.open("a", encoding="utf-8") as file:
        file.write(text)


def test_pvs_come_below_their_limit_by_the_least_bytes_and_nothing_is_left(full: Bench) -> None:
    done = rebalance(full, "--yes")
    assert done.code == ExitCode.DONE, done.err
    assert bears(full.san) == {"fc1": 6, "fc2": 3, "iscsi1": 7, "iscsi2": 5}
    assert left(full.san) == {}
    assert "every PV and class is within policy (6 GiB in 3 volumes moved)" in done.err
    assert [json.loads(lines[-1])["event"] for lines in full.san.records.values()] == ["done", "done"]


def test_it_is_shown_with_before_and_after_and_dry_run_changes_nothing(full: Bench) -> None:
    before = full.san.copy()
    shown = rebalance(full, "--dry-run")
    assert (shown.code, full.san) == (0, before)
    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert lines[0] == "CLASS PV SIZE MOST BEFORE AFTER NOTE"
    assert "fc /dev/sda 19.98 GiB 7.99 GiB 9 GiB 6 GiB was 1.01 GiB too much" in lines
    assert [line.endswith(" 12 GiB 12 GiB -") for line in lines if line.startswith("iscsi all 39.96 GiB")] == [True]
    assert rebalance(full, "--yes").code == 0
    done = [
        f"{node}: {' '.join(argv)}" for node, argv in full.changes() if argv[0] in ("pvmove", "pvchange", "clusvcadm")
    ]
    assert len(done) > 6
    assert [line for line in done if not any(line[4:] in told and line[:4] == told[:4] for told in lines)] == []


def test_json_tells_moves_levels_and_steps(full: Bench) -> None:
    plan = rebalance(full, "--dry-run", "-o", "json").json
    assert (plan["schema"], plan["kind"], plan["unmet"]) == (1, "rebalance-plan", [])
    assert [(move["vm"], move["from"], move["to"], move["bytes"] // G) for move in plan["moves"]] == [
        ("other", "/dev/sda", "/dev/sdb", 3),
        ("idle", "/dev/sdc", "/dev/mapper/mpatha", 1),
        ("spread", "/dev/sdc", "/dev/mapper/mpatha", 2),
    ]
    levels = {row["name"]: (row["before"] // G, row["after"] // G) for row in plan["levels"] if row["kind"] == "pv"}
    assert levels == {"/dev/sda": (9, 6), "/dev/sdb": (0, 3), "/dev/sdc": (10, 7), "/dev/mapper/mpatha": (2, 5)}
    assert sum(step["bytes"] for step in plan["steps"]) == 6 * G
    told = rebalance(full, "--yes", "-o", "json").json
    assert (told["kind"], told["changed"], told["moved_bytes"], told["levels"]) == (
        "rebalance",
        True,
        6 * G,
        plan["levels"],
    )
    again = rebalance(full, "--yes", "-o", "json").json
    assert (again["changed"], again["moves"]) == (False, [])


@pytest.mark.parametrize(("typed", "code"), [("y\n", ExitCode.DONE), ("n\n", ExitCode.REFUSED)])
def test_it_asks_with_before_and_after_in_view(full: Bench, typed: str, code: ExitCode) -> None:
    before = full.san.copy()
    done = rebalance(full, stdin=typed)
    assert done.code == code
    assert done.err.index("BEFORE") < done.err.index("1. cordon") < done.err.index("move 6 GiB in 3 volumes? [y/N]")
    assert (full.san == before) is (code == ExitCode.REFUSED)


def test_a_pv_takes_nothing_new_while_volumes_leave_it_and_one_is_at_work_at_a_time(full: Bench) -> None:
    seen: set[tuple[str, ...]] = set()

    def look(_: int) -> None:
        marked = tuple(lun for lun in LUNS if any("relieve" in tag for tag in full.san.label(lun).tags))
        assert all(not full.san.label(lun).allocatable for lun in marked)
        moving = {full.san.lun_of(lv.move.source).name for lv in full.san.lvs.values() if lv.move}
        assert moving <= set(marked)
        seen.add(marked)

    assert rebalance(full, "--yes", on_moment=look).code == 0
    assert seen == {(), ("fc1",), ("iscsi1",)}


def test_services_are_frozen_only_while_their_own_volume_moves(full: Bench) -> None:
    seen: set[tuple[str, ...]] = set()
    rebalance(
        full,
        "--yes",
        on_moment=lambda _: seen.add(tuple(vm for vm, each in full.san.services.items() if each.frozen)),
    )
    assert seen == {(), ("other",), ("spread",)}


def test_groups_that_shall_lie_apart_are_taken_apart(full: Bench) -> None:
    configure(full, '[placement]\napart = [["web01", "db01"], ["large", "idle"]]\n')
    shown = full.vmstore("rebalance", "--dry-run")
    assert "db01 and web01 together" in shown.out
    done = full.vmstore("rebalance", "--yes")
    assert done.code == 0, done.err
    assert bears(full.san) == {"fc1": 9, "fc2": 0, "iscsi1": 8, "iscsi2": 4}
    assert left(full.san) == {}


@pytest.mark.parametrize(
    "reserve",
    [
        'reserve = { iscsi = "29G" }',
        '[thresholds.classes.iscsi]\nreserve = "29G"',
        'reserve = { iscsi = "29G" }\n[thresholds.classes.iscsi]\nreserve = "1G"',
        'reserve = { iscsi = "1G" }\n[thresholds.class]\nreserve = "29G"\n[thresholds.classes.fc]\nreserve = "none"'
        '\n[thresholds.classes.iscsi]\nreserve = "29G"',
    ],
)
def test_a_reserve_is_made_again_in_the_preferred_class(full: Bench, reserve: str) -> None:
    configure(full, f'[placement]\nclasses = ["fc", "iscsi"]\n{reserve}\n')
    done = full.vmstore("rebalance", "--yes")
    assert done.code == 0, done.err
    # 12 of 39.96 GiB are used: 1.04 GiB must go, and 2 GiB is the least that does it.
    assert bears(full.san) == {"fc1": 9, "fc2": 2, "iscsi1": 8, "iscsi2": 2}
    assert "nothing was changed" in full.vmstore("rebalance", "--yes").err


def test_what_cannot_be_brought_within_policy_is_named_and_left_alone(full: Bench) -> None:
    before = full.san.copy()
    done = full.vmstore("rebalance", "--most", "20%", "--exclude", "large", "--yes")
    assert (done.code, full.san) == (ExitCode.NO_ROOM, before)
    assert "vmstore: 2 things stay out of policy\n" in done.err
    assert "/dev/sda: 5 GiB too much; only 3 GiB on it may be moved" in done.err
    words = ("rebalance", "--most", "20%", "--exclude", "large", "--dry-run")
    shown = full.vmstore(*words)
    # As the run itself ends.
    assert (shown.code, done.err.endswith(shown.err), shown.err.count("\n")) == (ExitCode.NO_ROOM, True, 3)
    assert shown.out.endswith("nothing to do\n")
    told = full.vmstore(*words, "-o", "json")
    assert (told.code, len(told.json["unmet"])) == (ExitCode.NO_ROOM, 2)


def test_what_can_be_met_is_met_although_something_cannot(full: Bench) -> None:
    full.san.volume("filler", 6 * G, "fc2")
    done = rebalance(full, "--yes", "-o", "json")
    assert done.code == ExitCode.NO_ROOM
    assert bears(full.san) == {"fc1": 9, "fc2": 6, "iscsi1": 7, "iscsi2": 5}
    assert [each["name"] for each in done.json["unmet"]] == ["/dev/sda"]
    assert left(full.san) == {}


def test_a_pv_that_was_cordoned_is_relieved_and_stays_so(full: Bench) -> None:
    full.san.label("iscsi1").allocatable = False
    assert rebalance(full, "--yes").code == 0
    assert left(full.san) == {"cordoned": ["iscsi1"]}
    assert bears(full.san)["iscsi1"] == 7


def test_what_is_free_on_a_cordoned_pv_is_no_room_of_its_class_as_the_report_has_it(full: Bench) -> None:
    full.san.label("fc2").allocatable = False
    configure(full, '[thresholds.class]\nwarn = "none"\nblock = "40%"')

    def alerts() -> list[str]:
        found = full.vmstore("report", "-o", "json").json["alerts"]
        return [each["subject"] for each in found if each["code"] == "VMS-C01"]

    assert alerts() == ["fc"]
    done = full.vmstore("rebalance", "--yes")
    assert done.code == ExitCode.DONE, done.err
    # 9 GiB of the 19.98 GiB that are used or may be: 1.01 GiB too much.
    assert bears(full.san) == {"fc1": 6, "fc2": 0, "iscsi1": 10, "iscsi2": 5}
    assert alerts() == []


@pytest.mark.parametrize("options", [(), ("--engine", "raid1"), ("--engine", "mirror")])
@pytest.mark.parametrize("record", [True, False])
def test_cut_off_at_any_moment_and_given_up_every_pv_is_as_before(
    bench: Bench, options: tuple[str, ...], record: bool
) -> None:
    fill(bench.san)
    start = bench.san.copy()
    assert rebalance(bench, "--yes", *options).code == 0
    moments, seen = bench.runner.moments, 0
    for moment in range(moments):
        bench.san = start.copy()
        assert rebalance(bench, "--yes", *options, cut_at=moment).code == KILLED
        if not record:
            bench.san.records.clear()
        for job in jobs(bench):
            seen += 1
            assert (job["verb"], job["state"]) == ("rebalance", "stopped")
            done = bench.vmstore("job", "abort", str(job["job"]), "--yes", host="n3")
            assert done.code == 0, done.err
        bench.vmstore("rebalance", "--yes")
        assert left(bench.san) == {}, moment
        assert {name: (lv.size, lv.data) for name, lv in bench.san.lvs.items()} == {
            name: (lv.size, lv.data) for name, lv in start.lvs.items()
        }
    assert seen > moments // 2


def test_one_that_was_cut_off_is_taken_up_as_it_was_asked(full: Bench) -> None:
    assert rebalance(full, "--rate", "50M", "--exclude", "web01", "--yes", cut_at=5).code == KILLED
    (job,) = jobs(full)
    assert (job["verb"], job["state"], job["pv"], job["total"]) == ("rebalance", "stopped", "/dev/sda", 3 * G)
    told = full.vmstore("pv", "list")
    assert "being relieved of volumes" in told.out
    done = full.vmstore("job", "resume", str(job["job"]), "--yes", host="n2")
    assert done.code == 0, done.err
    asked = [json.loads(lines[0]) for lines in full.san.records.values()]
    assert [(each["most"], each["rate"], each["exclude"]) for each in asked] == [("40%", 50 * 2**20, ["web01"])] * 2
    assert bears(full.san) == {"fc1": 6, "fc2": 3, "iscsi1": 7, "iscsi2": 5}
    assert left(full.san) == {}


def test_without_its_record_it_is_planned_anew(full: Bench) -> None:
    assert rebalance(full, "--yes", cut_at=9).code == KILLED
    full.san.records.clear()
    (job,) = jobs(full)
    refused = full.vmstore("job", "resume", str(job["job"]), "--yes")
    assert refused.code == ExitCode.REFUSED
    assert "vmstore rebalance" in refused.err
    assert rebalance(full, "--yes").code == 0
    assert left(full.san) == {}
    assert bears(full.san)["fc1"] == 6


def test_while_one_is_at_work_another_is_refused(full: Bench) -> None:
    refused: list[Outcome] = []
    runner = full.runner

    def at(_: int) -> None:
        nonlocal runner
        if not refused and any("relieve" in tag for tag in full.san.label("fc1").tags):
            runner = full.runner
            refused.append(rebalance(full, "--yes", host="n2"))
            full.runner = runner

    assert rebalance(full, "--yes", on_moment=at).code == 0
    (other,) = refused
    assert other.code == ExitCode.LOCKED
    assert "at work on what PVs bear" in other.err
    assert left(full.san) == {}


def test_when_the_target_fills_up_meanwhile_it_stops_between_two_pvs(full: Bench) -> None:
    def fill_up(_: int) -> None:
        if any("relieve" in tag for tag in full.san.label("fc1").tags) and "late" not in full.san.lvs:
            full.san.volume("late", 6 * G, "iscsi2")

    done = rebalance(full, "--yes", on_moment=fill_up)
    assert done.code == ExitCode.RESUMABLE, done.err
    assert "would not keep to the limits" in done.err
    assert bears(full.san) == {"fc1": 6, "fc2": 3, "iscsi1": 10, "iscsi2": 8}
    assert left(full.san) == {}


def test_a_volume_that_comes_onto_a_relieved_pv_by_hand_stays_there(full: Bench) -> None:
    def make(_: int) -> None:
        if any("relieve" in tag for tag in full.san.label("fc1").tags) and "byhand" not in full.san.lvs:
            full.san.volume("byhand", 1 * G, "fc1")

    assert rebalance(full, "--yes", on_moment=make).code == 0
    assert bears(full.san) == {"fc1": 7, "fc2": 3, "iscsi1": 7, "iscsi2": 5}
    assert left(full.san) == {}


def test_a_run_that_began_meanwhile_on_another_pv_ends_this_one_between_two(full: Bench) -> None:
    mark = "vmstore.relieve=n2:20260102T115959Z-abcd"

    def begin(_: int) -> None:
        if any("relieve=n1" in tag for tag in full.san.label("fc1").tags):
            full.san.label("fc2").tags.add(mark)

    done = rebalance(full, "--yes", on_moment=begin)
    assert done.code == ExitCode.LOCKED
    assert "/dev/sdb bears the mark of a job on n2" in done.err
    assert bears(full.san)["iscsi1"] == 10
    assert left(full.san) == {"tags": [mark]}


def test_the_room_on_a_pv_that_gives_counts_for_the_reserve_of_its_class(full: Bench) -> None:
    configure(full, '[placement]\nreserve = { iscsi = "16G" }\n')
    assert rebalance(full, "--yes").code == 0
    assert bears(full.san) == {"fc1": 6, "fc2": 3, "iscsi1": 7, "iscsi2": 5}


@pytest.mark.usefixtures("at_once")
def test_aborted_while_it_runs_no_further_pv_is_begun(full: Bench) -> None:
    key = ("n1", lease.path(lease.evacuation(full.san.label("fc1").uuid)))

    def at(_: int) -> None:
        if full.san.lvs["other"].move:
            full.san.wishes[key] = "abort"

    done = rebalance(full, "--yes", on_moment=at)
    assert done.code == ExitCode.RESUMABLE
    assert "every volume is whole: other on " in done.err
    assert len(full.san.records) == 1
    assert left(full.san) == {}


def test_an_evacuation_under_way_is_let_alone(full: Bench) -> None:
    wwid = full.san.luns["iscsi1"].wwid
    assert full.vmstore("evacuate", wwid, "--to", "fc", "--yes", cut_at=9).code == KILLED
    before = full.san.label("iscsi1").tags.copy()
    rebalance(full, "--yes")
    assert {tag for tag in before if "evacuate=" in tag} <= full.san.label("iscsi1").tags
    assert full.san.label("iscsi1").allocatable is False
    assert full.vmstore("evacuate", wwid, "--to", "fc", "--yes").code == 0
    assert full.san.used(full.san.label("iscsi1").uuid) == []


def test_evacuated_while_it_is_half_relieved_a_pv_stays_cordoned(full: Bench) -> None:
    assert rebalance(full, "--yes", cut_at=5).code == KILLED
    done = full.vmstore("evacuate", full.san.luns["fc1"].wwid, "--yes")
    assert done.code == 0, done.err
    assert left(full.san) == {"cordoned": ["fc1"]}
    assert bears(full.san)["fc1"] == 0


@pytest.mark.parametrize("share", ["", "0%", "101%", "80", "ten%", "-5%"])
def test_a_share_that_is_none_is_refused(full: Bench, share: str) -> None:
    done = full.vmstore("rebalance", f"--most={share}", "--yes")
    assert done.code == (ExitCode.USAGE if share else ExitCode.DONE)
    assert full.runner.changes == []


def test_the_thresholds_of_a_pv_are_kept_without_a_share_on_the_command_line(full: Bench) -> None:
    configure(full, '[thresholds.pv]\nblock = "40%"')
    whole = full.san.luns["fc1"].size // G
    done = full.vmstore("rebalance", "--yes")
    assert done.code == ExitCode.DONE, done.err
    assert max(bears(full.san).values()) <= 0.4 * whole
    assert left(full.san) == {}


def test_the_threshold_of_a_class_sends_volumes_to_another(full: Bench) -> None:
    before = bears(full.san)
    whole = sum(full.san.luns[lun].size for lun in ("fc1", "fc2")) // G
    assert before["fc1"] + before["fc2"] > 0.2 * whole
    configure(full, '[thresholds.classes.fc]\nwarn = "10%"\nblock = "20%"')
    done = full.vmstore("rebalance", "--yes")
    assert done.code == ExitCode.DONE, done.err
    now = bears(full.san)
    assert now["fc1"] + now["fc2"] <= 0.2 * whole
    assert sum(now.values()) == sum(before.values())
    assert left(full.san) == {}
