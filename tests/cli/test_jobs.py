"""vmstore job: what is under way is seen, rests, goes on and ends from any node, and nothing of it is left behind."""

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.support.bench import KILLED, Bench, Outcome
from tests.support.san import G, San
from vmstore import ui
from vmstore.errors import ExitCode
from vmstore.jobs import control, lease
from vmstore.policies.window import Window


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have signs of life and looks at wishes at once."""
    monkeypatch.setattr(lease, "BEAT", 0.01)
    monkeypatch.setattr(control, "EVERY", 0.01)


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """Put two running VMs and an idle volume on iscsi1; one is moved in two pieces."""
    fill(bench.san)
    return bench


def fill(san: San) -> None:
    """Put them there."""
    san.volume("web01", 14 * G, "iscsi1", active="n1", mounted=True)
    san.serve("web01", "n1")
    san.volume("db01", 2 * G, "iscsi1", active="n2", mounted=True)
    san.serve("db01", "n2")
    san.volume("idle", 1 * G, "iscsi1")


def evacuate(bench: Bench, **tampering: Any) -> Outcome:
    """Empty iscsi1."""
    return bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", **tampering)


def jobs(bench: Bench) -> list[dict[str, object]]:
    """List the jobs."""
    return list(json.loads(bench.vmstore("job", "list", "-o", "json").out)["items"])


def wish(bench: Bench, word: str) -> None:
    """Leave a wish as another vmstore does."""
    key = ("n1", lease.path(lease.evacuation(bench.san.label("iscsi1").uuid)))
    bench.san.wishes[key] = word


def events(bench: Bench) -> list[str]:
    """Name what the job's record tells, in order."""
    (record,) = bench.san.records.values()
    return [json.loads(line)["event"] for line in record]


def clean(san: San, *, cordoned: bool = False) -> dict[str, object]:
    """Say what of a job is left in the world; nothing is what it shall be."""
    pv = san.label("iscsi1")
    left = {
        "tags": sorted(tag for tag in pv.tags if "class" not in tag),
        "frozen": sorted(vm for vm, service in san.services.items() if service.frozen),
        "moving": sorted(lv.name for lv in san.lvs.values() if lv.move),
        "idle is active": san.holders(san.lvs["idle"]),
        "marks": san.marks(),
        "locks": sorted(san.leases),
        "cordoned": not pv.allocatable,
    }
    return {key: value for key, value in left.items() if value and (key, value) != ("cordoned", cordoned)}


def test_without_a_job_there_is_nothing_to_see(busy: Bench) -> None:
    told = busy.vmstore("job", "list")
    assert (told.code, told.out.count("\n")) == (0, 1)
    assert "no job is under way" in told.err
    for verb in ("show", "watch", "pause", "resume", "abort"):
        for name in ("n1-20260101T000000Z", busy.san.luns["iscsi1"].wwid):
            refused = busy.vmstore("job", verb, name)
            assert refused.code == ExitCode.NOT_FOUND, verb
            assert "there is no job" in refused.err


def test_a_finished_job_leaves_its_record_and_nothing_else(busy: Bench) -> None:
    assert evacuate(busy).code == 0
    assert clean(busy.san, cordoned=True) == {}
    told = events(busy)
    assert (told[0], told[-1]) == ("asked", "done")
    assert told.count("began") == told.count("moved") == 4
    assert jobs(busy) == []


def test_one_that_was_cut_off_is_seen_from_anywhere_and_taken_up_as_it_was_asked(busy: Bench) -> None:
    assert evacuate(busy, cut_at=9).code == KILLED
    (job,) = jobs(busy)
    assert (job["state"], job["total"], job["why"]) == ("stopped", 17 * G, "it was cut off")
    assert 0 < int(str(job["left"])) < 17 * G
    name = str(job["job"])
    shown = busy.vmstore("job", "show", name, host="n3")
    assert "it was cut off" in shown.out
    assert "asked" in shown.out
    watched = busy.vmstore("job", "watch", name, host="n2")
    assert "nobody works on it" in watched.err
    assert busy.vmstore("job", "pause", name).code == ExitCode.REFUSED
    planned = busy.vmstore("job", "resume", name, "--dry-run")
    assert "pvmove" in planned.out
    done = busy.vmstore("job", "resume", name, "--yes", host="n3")
    assert done.code == 0, done.err
    assert clean(busy.san, cordoned=True) == {}
    assert busy.san.used(busy.san.label("iscsi1").uuid) == []
    assert {san_class for lv in busy.san.volumes().values() for san_class in list(lv["classes"])} == {"fc"}  # type: ignore[call-overload]


def _soon(true: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.005)
    return true()


def test_it_rests_with_everything_thawed_and_goes_on(busy: Bench) -> None:
    seen: dict[str, object] = {}

    def watch() -> None:
        try:
            seen["paused"] = _soon(lambda: bool(busy.san.records) and "paused" in events(busy))
            seen["used"] = len(busy.san.used(busy.san.label("iscsi1").uuid))
            seen["frozen"] = [vm for vm, service in busy.san.services.items() if service.frozen]
            seen["idle"] = busy.san.holders(busy.san.lvs["idle"])
            seen["locks"] = len(busy.san.leases)
        finally:
            wish(busy, "")

    def at(moment: int) -> None:
        if moment == 9:
            wish(busy, "pause")

    thread = threading.Thread(target=watch)
    thread.start()
    done = evacuate(busy, on_moment=at)
    thread.join()
    assert done.code == 0, done.err
    assert "the job is paused" in done.err
    assert seen["paused"]
    assert seen["used"]
    assert (seen["frozen"], seen["idle"], seen["locks"]) == ([], [], 1)
    told = events(busy)
    assert told.index("paused") < told.index("resumed") < told.index("done")
    assert clean(busy.san, cordoned=True) == {}


@pytest.mark.parametrize("cordoned", [False, True])
def test_aborted_while_it_runs_every_volume_is_whole_and_said_where(busy: Bench, cordoned: bool) -> None:
    busy.san.label("iscsi1").allocatable = not cordoned

    def at(moment: int) -> None:
        if moment == 9:
            wish(busy, "abort")

    done = evacuate(busy, on_moment=at)
    assert done.code == ExitCode.RESUMABLE
    assert "every volume is whole: " in done.err
    assert "web01 on " in done.err
    assert clean(busy.san, cordoned=cordoned) == {}
    assert busy.san.label("iscsi1").allocatable is not cordoned
    assert [lv["size"] for lv in busy.san.volumes().values()] == [2 * G, 1 * G, 14 * G]
    assert events(busy)[-1] == "aborted"
    assert jobs(busy) == []


@pytest.mark.parametrize("moment", range(24))
def test_aborted_after_it_was_cut_off_at_any_moment_nothing_is_left(busy: Bench, moment: int) -> None:
    before = busy.san.volumes()
    if evacuate(busy, cut_at=moment).code != KILLED:
        assert moment > 16, "the run ends long before so many moments"
        return
    if not jobs(busy):
        return
    done = busy.vmstore("job", "abort", busy.san.luns["iscsi1"].wwid, "--yes", host="n3")
    assert done.code == 0, done.err
    assert "is given up; every volume is whole" in done.err
    assert clean(busy.san) == {}
    after = busy.san.volumes()
    for name, told in before.items():
        kept = ("size", "filesystem", "active", "mounted")
        assert {key: told[key] for key in kept} == {key: after[name][key] for key in kept}
    assert jobs(busy) == []


def test_what_is_wanted_of_one_that_runs_is_left_beside_its_lock(busy: Bench) -> None:
    evacuate(busy, cut_at=9)
    key = ("n1", lease.path(lease.evacuation(busy.san.label("iscsi1").uuid)))
    busy.san.leases[key] = "root on n1 (process 7) at noon"
    pv = busy.san.luns["iscsi1"].wwid
    assert [job["state"] for job in jobs(busy)] == ["running"]
    assert "nothing was changed" in busy.vmstore("job", "resume", pv).err
    paused = busy.vmstore("job", "pause", pv, host="n2")
    assert "rests after the piece" in paused.err
    assert busy.san.wishes[key] == "pause"
    assert [(job["state"], job["by"]) for job in jobs(busy)] == [("pausing", "root on n1 (process 7) at noon")]
    assert "nothing was changed" in busy.vmstore("job", "pause", pv).err
    assert "goes on" in busy.vmstore("job", "resume", pv, host="n3").err
    assert busy.san.wishes[key] == ""


def test_a_record_that_is_lost_costs_what_it_told_and_no_more(busy: Bench) -> None:
    evacuate(busy, cut_at=9)
    busy.san.records.clear()
    (job,) = jobs(busy)
    assert (job["state"], job["total"], job["moved"]) == ("stopped", None, None)
    refused = busy.vmstore("job", "resume", str(job["job"]))
    assert refused.code == ExitCode.REFUSED
    assert "vmstore evacuate" in refused.err
    assert busy.vmstore("job", "abort", str(job["job"]), "--yes").code == 0
    # Whether it was cordoned before is not known any more; so it takes nothing new until the admin says so.
    assert clean(busy.san, cordoned=True) == {}


def test_a_record_that_is_torn_is_read_as_far_as_it_goes(busy: Bench) -> None:
    evacuate(busy, cut_at=9)
    (record,) = busy.san.records.values()
    record += ['{"v":1,"time":"2026-11-25T04:0', "[]", '{"v":2,"time":"2026-11-25T04:00:00+00:00","event":"x"}']
    (job,) = jobs(busy)
    assert (job["state"], job["total"]) == ("stopped", 17 * G)


def test_where_the_node_of_its_lock_is_silent_nobody_knows_whether_it_runs(busy: Bench) -> None:
    evacuate(busy, cut_at=9)
    busy.san.nodes["n1"].hangs = True
    (job,) = jobs(busy)
    assert job["state"] == "unknown"
    for verb in ("pause", "resume", "abort"):
        assert busy.vmstore("job", verb, str(job["job"])).code == ExitCode.REFUSED, verb
    busy.san.crash("n1")
    off = json.loads(busy.vmstore("job", "list", "-o", "json", "--offline", "n1").out)["items"]
    assert [(each["state"], each["why"]) for each in off] == [("stopped", "n1, where it ran, is off")]


def test_outside_its_window_it_rests_and_goes_on_when_that_opens(busy: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    # In the host's own time, as windows are.
    hours = [10, 10, 10, 12, 14, 16]

    def now() -> datetime:
        return datetime(2026, 11, 25, hours.pop(0) if len(hours) > 1 else hours[0], 30)

    defaults = control.Control.__init__.__defaults__
    assert defaults is not None
    monkeypatch.setattr(control.Control.__init__, "__defaults__", (*defaults[:-1], now))
    done = busy.vmstore("evacuate", busy.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", "--window", "15:00-10:00")
    assert done.code == 0, done.err
    assert "rests outside its window: it works only 15:00-10:00; it goes on at 2026-11-25 15:00" in done.err
    told = events(busy)
    assert (told[0], told.count("paused"), told[-1]) == ("asked", 1, "done")
    assert clean(busy.san, cordoned=True) == {}


def test_a_job_that_is_taken_up_keeps_its_window(busy: Bench) -> None:
    busy.vmstore("evacuate", busy.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", "--window", "00:00-23:59", cut_at=9)
    (record,) = busy.san.records.values()
    assert json.loads(record[0])["window"] == "00:00-23:59"
    assert busy.vmstore("evacuate", "/dev/sdc", "--window", "now").code == ExitCode.USAGE


def test_an_abort_does_not_wait_for_the_piece_that_is_being_moved(busy: Bench) -> None:
    def at(moment: int) -> None:
        # Within the second piece of web01.
        if moment == 20:
            wish(busy, "abort")
            _soon(lambda: False, 0.1)

    done = evacuate(busy, on_moment=at)
    assert done.code == ExitCode.RESUMABLE
    assert [argv[:2] for _, argv in busy.changes() if argv[0] == "pvmove"][-1] == ("pvmove", "--abort")
    assert clean(busy.san) == {}
    assert busy.san.volumes()["web01"]["classes"] == ["fc", "iscsi"]


def test_what_shall_stay_stays_also_when_it_is_taken_up(busy: Bench) -> None:
    wwid = busy.san.luns["iscsi1"].wwid
    line = ("evacuate", wwid, "--to", "fc", "--exclude", "db01", "--yes")
    assert busy.vmstore(*line, cut_at=6).code == KILLED
    done = busy.vmstore("job", "resume", wwid, "--yes", host="n2")
    assert done.code == 0, done.err
    assert "is empty but for db01; it stays cordoned" in done.err
    assert clean(busy.san, cordoned=True) == {}
    assert [lv.name for lv in busy.san.lvs.values() if busy.san.label("iscsi1").uuid in {r.pv for r in lv.runs}] == [
        "db01"
    ]
    again = busy.vmstore(*line)
    assert "is empty but for db01 and cordoned already; nothing was changed" in again.err


def test_a_vm_that_shall_stay_and_is_not_there_is_a_typing_error(busy: Bench) -> None:
    wwid = busy.san.luns["iscsi1"].wwid
    assert busy.vmstore("evacuate", wwid, "--exclude", "db0l", "--yes").code == ExitCode.NOT_FOUND
    assert busy.vmstore("evacuate", wwid, "--exclude", "../x", "--yes").code == ExitCode.USAGE
    assert busy.vmstore("evacuate", wwid, "--exclude", "db01", "--remove", "--yes").code == ExitCode.USAGE
    assert busy.san.records == {}


@pytest.mark.parametrize(
    "text",
    ['[placement]\nreserve = { fc = "10" }', '[placement]\napart = [["web01", "a b"]]', '[move]\nlast = ["../x"]',
     '[move]\nrate = "fast"', "[load]\npressure_percent = 101"],
)  # fmt: skip
def test_odd_settings_are_refused(busy: Bench, text: str) -> None:
    busy.config.write_text(f"{busy.config.read_text()}\n{text}\n", encoding="utf-8")
    assert busy.vmstore("list").code == ExitCode.USAGE


def test_one_outside_its_window_is_marked_and_seen_and_the_only_one(
    busy: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def rest(self: control.Control, stopped: Callable[[], bool]) -> None:
        runner = busy.runner
        seen["jobs"] = jobs(busy)
        wwid = busy.san.luns["iscsi1"].wwid
        seen["second"] = busy.vmstore("evacuate", wwid, "--to", "fc", "--yes", host="n2").code
        busy.runner = runner
        object.__setattr__(self, "window", None)

    monkeypatch.setattr(control.Control, "rest", rest)
    monkeypatch.setattr(Window, "open_at", lambda self, moment: False)
    done = busy.vmstore(
        "evacuate", busy.san.luns["iscsi1"].wwid, "--to", "fc", "--window", "22:00-06:00", "--yes", host="n1"
    )
    assert done.code == 0, done.err
    assert seen["second"] == ExitCode.LOCKED
    assert [job["pv"] for job in seen["jobs"]] != []
    assert clean(busy.san, cordoned=True) == {}


def test_a_mark_that_came_between_the_look_and_the_lock_is_another_run(busy: Bench) -> None:
    wwid = busy.san.luns["iscsi1"].wwid

    def ask(question: str) -> str:
        busy.san.label("iscsi1").tags.add("vmstore.evacuate=n2:20260102T115959Z-abcd")
        busy.san.leases["n2", lease.path(lease.evacuation(busy.san.label("iscsi1").uuid))] = "somebody"
        return "y"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ui, "ask", ask)
        refused = busy.vmstore("evacuate", wwid, "--to", "fc", stdin="y\n", host="n1")
    assert refused.code == ExitCode.LOCKED, refused.err
    assert "it bears the mark of a job on n2" in refused.err
    assert "vmstore.evacuate=n2:20260102T115959Z-abcd" in busy.san.label("iscsi1").tags


def test_it_is_taken_up_with_the_targets_that_were_meant_whatever_a_node_calls_them(busy: Bench) -> None:
    line = ("evacuate", busy.san.luns["iscsi1"].wwid, "--to", "/dev/sda", "--yes")
    assert busy.vmstore(*line, host="n1", cut_at=4).code == KILLED
    targets = {move.argv[-1] for move in busy.runner.changes if move.argv[0] == "pvmove"}
    assert targets == {"/dev/sda"}
    (job,) = jobs(busy)
    done = busy.vmstore("job", "resume", str(job["job"]), "--yes", host="n3")
    assert done.code == 0, done.err
    assert len({run.pv for lv in busy.san.lvs.values() for run in lv.runs}) == 1


def test_two_jobs_that_begin_in_one_second_have_names_and_records_of_their_own(busy: Bench) -> None:
    busy.san.volume("other", 1 * G, "iscsi2")
    for lun in ("iscsi1", "iscsi2"):
        busy.vmstore("evacuate", busy.san.luns[lun].wwid, "--to", "fc", "--yes", cut_at=2)
    found = jobs(busy)
    assert len({job["job"] for job in found}) == 2
    assert len(busy.san.records) == 2


def test_what_another_job_moves_is_not_let_go_of(busy: Bench) -> None:
    busy.san.volume("other", 1 * G, "iscsi2")
    second = ("evacuate", busy.san.luns["iscsi2"].wwid, "--to", "fc", "--yes")
    assert busy.vmstore(*second, host="n1", cut_at=3).code == KILLED
    assert [lv.name for lv in busy.san.lvs.values() if lv.move] == ["other"]
    assert evacuate(busy, cut_at=2, host="n1").code == KILLED
    given_up = busy.vmstore("job", "abort", busy.san.luns["iscsi1"].wwid, "--yes", host="n1")
    assert given_up.code == 0, given_up.err
    assert busy.san.holders(busy.san.lvs["other"]) == ["n1"]


def test_one_that_is_being_aborted_is_not_told_to_rest(busy: Bench) -> None:
    told: list[Outcome] = []

    def at(moment: int) -> None:
        if moment == 3:
            wish(busy, "abort")
            runner = busy.runner
            told.append(busy.vmstore("job", "pause", busy.san.luns["iscsi1"].wwid, host="n3"))
            busy.runner = runner

    evacuate(busy, on_moment=at)
    assert told[0].code == ExitCode.REFUSED
    assert "it is being aborted" in told[0].err


def test_giving_up_in_the_middle_of_a_piece_is_shown_first(busy: Bench) -> None:
    before = busy.san.copy()
    moment = 0
    while not any(lv.move for lv in busy.san.lvs.values()):
        moment += 1
        busy.san = before.copy()
        assert evacuate(busy, cut_at=moment).code == KILLED
    shown = busy.vmstore("job", "abort", busy.san.luns["iscsi1"].wwid, "--dry-run", "-o", "plain")
    assert shown.code == 0, shown.err
    assert "pvmove --abort" in shown.out
    assert [lv.name for lv in busy.san.lvs.values() if lv.move] != []


def test_what_stays_does_not_count_as_left(busy: Bench) -> None:
    busy.vmstore("evacuate", busy.san.luns["iscsi1"].wwid, "--to", "fc", "--exclude", "web01", "--yes", cut_at=4)
    (job,) = jobs(busy)
    assert job["total"] == 3 * G
    assert int(str(job["left"])) <= 3 * G
