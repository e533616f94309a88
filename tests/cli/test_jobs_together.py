"""Jobs beside others, taken up elsewhere, told several things at once, and with volumes that stay."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.bench import KILLED, Bench, Outcome
from tests.support.jobs import clean, evacuate, jobs, wish
from tests.support.san import G
from vmstore import ui
from vmstore.errors import ExitCode
from vmstore.jobs import control, lease
from vmstore.policies.window import Window

pytestmark = pytest.mark.usefixtures("at_once")


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
