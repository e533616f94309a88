"""vmstore job: what is under way is seen, rests, goes on and ends from any node, and nothing of it is left behind."""

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime

import pytest

from tests.support.bench import KILLED, Bench
from tests.support.jobs import clean, evacuate, events, jobs, wish
from tests.support.san import G
from vmstore.errors import ExitCode
from vmstore.jobs import control, lease

pytestmark = pytest.mark.usefixtures("at_once")


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
    assert f"`vmstore pv remove {busy.san.luns['iscsi1'].wwid}` takes it out" in done.err
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
    logged = busy.log()
    assert "would rest after the piece" in busy.vmstore("job", "pause", pv, "--dry-run").err
    assert "would copy at 20 MiB/s at most" in busy.vmstore("job", "rate", pv, "20M", "--dry-run").err
    assert (busy.san.wishes.get(key), busy.san.rates.get(key), busy.log()) == (None, None, logged)
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


@pytest.mark.parametrize(("words", "window"), [((), "00:00-23:59"), (("--window", "none"), "")])
def test_the_settings_may_name_a_window_and_the_command_line_has_the_last_word(
    busy: Bench, words: tuple[str, ...], window: str
) -> None:
    busy.config.write_text(f'{busy.config.read_text(encoding="utf-8")}[move]\nwindow = "00:00-23:59"\n')
    wwid = busy.san.luns["iscsi1"].wwid
    assert busy.vmstore("evacuate", wwid, "--to", "fc", "--yes", *words, cut_at=9).code == KILLED
    [job] = jobs(busy)
    assert busy.vmstore("job", "resume", str(job["job"]), "--yes", host="n2").code == ExitCode.DONE
    (record,) = busy.san.records.values()
    told = [event["window"] for event in map(json.loads, record) if event["event"] == "asked"]
    assert told == [window, window]


def test_a_window_that_makes_no_sense_in_the_settings_stops_every_command(busy: Bench) -> None:
    busy.config.write_text(f'{busy.config.read_text(encoding="utf-8")}[move]\nwindow = "at night"\n', encoding="utf-8")
    refused = busy.vmstore("list")
    assert refused.code == ExitCode.USAGE
    assert refused.err.startswith("vmstore: move.window: 'at night' is no window of the day\n  why: ")


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


@pytest.mark.usefixtures("at_once")
def test_a_rest_that_is_wanted_while_the_pv_leaves_does_not_forget_its_label(busy: Bench) -> None:
    busy.san.heard_once = True

    def leaving(_: int) -> None:
        if busy.runner.changes[-1].argv[0] == "vgreduce":
            wish(busy, "pause")

    wwid = busy.san.luns["iscsi1"].wwid
    done = busy.vmstore("evacuate", wwid, "--to", "fc", "--remove", "--yes", on_moment=leaving)
    assert done.code == ExitCode.DONE, done.err
    assert busy.san.luns["iscsi1"].pv is None
