"""vmstore report --cron: silent when all is well, one word when that changes, and nothing stops it."""

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.history import with_room_for, without_roots_rights
from tests.support.reports import Reports
from tests.support.san import G, M
from vmstore.commands import reporting
from vmstore.errors import ExitCode
from vmstore.history import turn

CROSSED, DONE = ExitCode.THRESHOLD, ExitCode.DONE


def full(reports: Reports, used: float = 7.0) -> None:
    """Have the file system of web01 use so many GiB of 8."""
    reports.vm("web01", 8 * G, int(used * G))


def test_it_is_silent_while_all_is_well(reports: Reports) -> None:
    for _ in range(3):
        outcome = reports.cron()
        assert (outcome.code, outcome.out, outcome.err) == (DONE, "", "")


def test_it_speaks_once_when_a_threshold_is_crossed_when_that_changes_and_when_it_is_over(reports: Reports) -> None:
    full(reports)
    first = reports.cron()
    assert (first.code, first.err) == (CROSSED, "")
    assert first.out.splitlines() == [
        "VG vmstore at 2027-01-15 09:00 UTC: 1 warning",
        "",
        "new",
        "  warning VMS-V01 VM web01: VM file system nearly full, 7 GiB used, the limit is 6.8 GiB",
        "",
        "what it means and what to do: vmstore explain VMS-V01",
    ]
    assert (reports.cron().out, reports.cron().code) == ("", CROSSED)
    full(reports, 7.8)
    worse = reports.cron()
    assert worse.code == CROSSED
    assert "worse\n  critical VMS-V01 VM web01" in worse.out
    assert reports.cron().out == ""
    full(reports, 7.2)
    assert "better\n  warning VMS-V01 VM web01" in reports.cron().out
    # Within the margin it stays on, so that what lies at its limit is not told of time and again.
    full(reports, 6.75)
    again = reports.cron()
    assert (again.code, again.out) == (CROSSED, "")
    full(reports, 6)
    over = reports.cron()
    assert over.code == DONE
    assert over.out.splitlines()[-2:] == ["over", "  VMS-V01 VM web01"]
    assert (reports.cron().out, reports.cron().err) == ("", "")


def test_that_growth_is_worked_out_bit_by_bit_is_nothing_to_mail(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "BUDGET", 0.0)
    monkeypatch.setattr(reporting, "_AT_ONCE", 1)
    reports.vm("db01", 8 * G, 2 * G, "fc1")
    outcome = reports.cron()
    assert (outcome.code, outcome.out, outcome.err) == (DONE, "", "")
    assert "the growth of 1 VM is" not in reports.run("-o", "csv").err
    reports.vm("db02", 8 * G, 2 * G, "fc2")
    reports.vm("db03", 8 * G, 2 * G, "fc2")
    assert "the growth of 1 VM is" in reports.run("-o", "csv").err


def test_what_is_on_still_is_told_of_beside_what_is_new(reports: Reports) -> None:
    full(reports)
    reports.cron()
    reports.vm("db01", 8 * G, 8 * G, "fc1")
    told = reports.cron().out
    assert "new\n  critical VMS-V01 VM db01" in told
    assert "still\n  warning VMS-V01 VM web01" in told


def test_other_reports_between_take_nothing_from_what_it_tells(reports: Reports) -> None:
    full(reports)
    assert reports.run().code == CROSSED
    assert "new" in reports.cron().out
    full(reports, 2)
    assert reports.run().code == DONE
    assert "over" in reports.cron().out


def test_a_vm_whose_node_hangs_is_not_over(reports: Reports) -> None:
    full(reports)
    reports.cron()
    reports.san.nodes["n1"].hangs = True
    hung = reports.cron()
    assert (hung.code, hung.out) == (CROSSED, "")
    reports.san.nodes["n1"].hangs = False
    assert reports.cron().out == ""
    gone = reports.san.lvs.pop("web01")
    reports.san.nodes["n1"].active.discard(gone.uuid)
    reports.san.nodes["n1"].mounts.pop(gone.uuid)
    assert "over\n  VMS-V01 VM web01" in reports.cron().out


def test_a_vm_that_is_half_way_to_another_lv_is_not_over(reports: Reports) -> None:
    full(reports)
    reports.cron()
    reports.san.lvs["web01+from"] = reports.san.lvs.pop("web01")
    reports.san.lvs["web01+from"].name = "web01+from"
    assert (reports.cron().out, reports.cron().code) == ("", CROSSED)


def test_a_pv_that_stays_cordoned_is_told_of_after_a_week(reports: Reports) -> None:
    reports.san.label("fc1").allocatable = False
    assert reports.cron().out == ""
    assert reports.cron(hours=6 * 24).out == ""
    assert "warning VMS-P02 PV /dev/sda: PV cordoned for long, for 7 days" in reports.cron(hours=24).out
    # The clock begins anew with the next cordon.
    reports.san.label("fc1").allocatable = True
    assert "over\n  VMS-P02 PV /dev/sda" in reports.cron().out
    reports.san.label("fc1").allocatable = False
    assert reports.cron(hours=6 * 24).out == ""


def test_a_missing_pv_is_told_of_from_whatever_node_once(reports: Reports) -> None:
    for node in reports.san.nodes:
        reports.san.luns["fc1"].paths.pop(node)
    uuid = reports.san.label("fc1").uuid
    assert f"critical VMS-P01 PV {uuid}: PV missing" in reports.cron().out
    reports.bench.host = "n2"
    assert reports.cron().out == ""


def test_growth_that_will_fill_it_is_told_of(reports: Reports) -> None:
    reports.past("vm", "web01", lambda ago: 2 * G - ago * G // 40)
    assert reports.cron().out == ""
    reports.past("vm", "db01", lambda ago: 4 * G - ago * G // 20)
    reports.vm("db01", 5 * G, 4 * G, "fc1")
    told = reports.cron().out
    assert "VMS-V02 VM db01: VM file system full soon, full in 20 days, told of from 30 days on" in told
    assert "web01" not in told


def test_files_are_written_each_time_also_when_there_is_nothing_to_say(reports: Reports, tmp_path: Path) -> None:
    for _ in range(2):
        file = tmp_path / "report.json"
        outcome = reports.cron("--to", str(file))
        assert (outcome.code, outcome.out) == (DONE, "")
        file.unlink()
    full(reports)
    assert reports.cron("-o", "json", "--to", str(file)).out.startswith("VG vmstore")


def test_a_form_that_is_asked_for_is_what_it_says_when_it_speaks(reports: Reports) -> None:
    assert reports.cron("-o", "json").out == ""
    full(reports)
    told = reports.cron("-o", "json").json
    assert [alert["code"] for alert in told["changes"]["new"]] == ["VMS-V01"]
    assert reports.cron("-o", "json").out == ""


def test_what_it_is_to_tell_of_cannot_be_narrowed(reports: Reports) -> None:
    outcome = reports.cron("web01")
    assert (outcome.code, outcome.out) == (ExitCode.USAGE, "")


def test_of_two_at_a_time_the_later_one_leaves_quietly(reports: Reports) -> None:
    full(reports)
    reports.run()
    with (reports.history.parent / "history.db.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        outcome = reports.cron()
        assert (outcome.code, outcome.out, outcome.err) == (DONE, "", "")
        assert reports.bench.runner.asked == []
    assert "new" in reports.cron().out


def test_a_report_that_hangs_is_told_of_by_those_after_it(reports: Reports) -> None:
    with turn.alone(reports.history, reports.now) as mine:
        assert mine
        outcome = reports.cron(hours=1)
        assert (outcome.code, outcome.out, outcome.err) == (DONE, "", "")
        for _ in range(2):
            outcome = reports.cron(hours=0.5)
            assert (outcome.code, outcome.out) == (ExitCode.LOCKED, "")
            assert outcome.err.startswith("vmstore: the report begun at 2027-01-15 08:00 UTC still runs\n")
        assert reports.bench.runner.asked == []
    # One that was killed leaves its time there, and no lock.
    lock = reports.history.with_name("history.db.lock")
    lock.write_text("1\n", encoding="ascii")
    assert reports.cron().code == DONE
    assert lock.read_text(encoding="ascii") == ""


def test_a_hung_node_stops_nothing(reports: Reports) -> None:
    reports.san.nodes["n3"].hangs = True
    full(reports)
    outcome = reports.cron()
    assert outcome.code == CROSSED
    assert "VMS-V01" in outcome.out
    assert "n3 does not answer" in outcome.out


def test_a_node_that_stays_silent_is_told_of_once_and_when_it_is_back(reports: Reports) -> None:
    node = reports.san.nodes["n3"]
    node.hangs = True
    assert reports.cron().out == ""
    told = reports.cron()
    assert told.code == DONE
    assert told.out.startswith("n3 does not answer (")
    assert told.out.endswith("): what it holds is not known\n")
    assert reports.cron().out == ""
    node.hangs = False
    assert reports.cron().out == "n3 answers again\n"
    assert reports.cron().out == ""


def test_a_node_that_is_started_anew_is_no_news(reports: Reports) -> None:
    for hangs in (True, False, True, False):
        reports.san.nodes["n3"].hangs = hangs
        assert reports.cron().out == ""


def test_without_terminal_locale_and_path_it_tells_the_same(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TERM", "LANG", "LC_ALL", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    full(reports)
    told = reports.cron().out
    assert "VMS-V01" in told
    assert told.isascii()
    assert reports.run().out.isascii()


@pytest.mark.parametrize("fault", ["damaged", "locked", "read-only", "full", "in the way"])
def test_no_state_of_the_history_stops_it(reports: Reports, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    full(reports)
    reports.cron()
    if fault == "damaged":
        reports.history.write_bytes(reports.history.read_bytes()[:100] + os.urandom(50_000))
        outcome = reports.cron()
        assert "was damaged" in outcome.err
    elif fault == "locked":
        with closing(sqlite3.connect(reports.history, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            outcome = reports.cron()
        # What was told of is read all the same, so it is not told of again.
        assert "another report holds the history" in outcome.err
    elif fault == "full":
        for number in range(200):
            reports.vm(f"vm{number}", 4 * M, M, "fc1")
        monkeypatch.setattr(sqlite3, "connect", with_room_for(1))
        outcome = reports.cron()
        assert "there is no room for the history" in outcome.err
    elif fault == "read-only":
        reports.history.chmod(0o400)
        with without_roots_rights():
            outcome = reports.cron()
        assert "may not be written" in outcome.err
    else:
        for file in reports.history.parent.iterdir():
            file.unlink()
        reports.history.parent.rmdir()
        reports.history.parent.write_text("no folder")
        outcome = reports.cron()
        assert "there is no folder for the history" in outcome.err
    assert outcome.code == CROSSED
    again = fault in ("damaged", "in the way")
    assert ("VMS-V01 VM web01" in outcome.out) == again


@pytest.mark.parametrize("told", ["3", '{"a": 1}', '[{"alert": {"code": "VMS-V01"}, "name": "web01"}]', "no JSON"])
def test_what_another_version_remembered_counts_as_nothing(reports: Reports, told: str) -> None:
    full(reports)
    reports.cron()
    with closing(sqlite3.connect(reports.history, isolation_level=None)) as other:
        other.execute("UPDATE state SET value = ? WHERE key = 'told'", (told,))
    assert "new\n  warning VMS-V01 VM web01" in reports.cron().out
    assert reports.cron().out == ""


def test_growth_that_cannot_be_seen_for_once_is_not_over(reports: Reports) -> None:
    reports.past("vm", "web01", lambda ago: 2 * G - ago * G // 40)
    reports.past("vm", "db01", lambda ago: 4 * G - ago * G // 20)
    reports.vm("db01", 5 * G, 4 * G, "fc1")
    assert "VMS-V02 VM db01" in reports.cron().out
    with closing(sqlite3.connect(reports.history, isolation_level=None)) as other:
        other.execute("ALTER TABLE fits RENAME TO hidden")
        other.execute("ALTER TABLE days RENAME TO gone")
        outcome = reports.cron()
        assert "over" not in outcome.out
        other.execute("ALTER TABLE hidden RENAME TO fits")
        other.execute("ALTER TABLE gone RENAME TO days")
    assert reports.cron().out == ""


def test_a_file_that_cannot_be_written_stops_nothing_else(reports: Reports, tmp_path: Path) -> None:
    full(reports)
    good, bad = tmp_path / "good.json", tmp_path / "no" / "such" / "bad.html"
    outcome = reports.cron("--to", str(bad), "--to", str(good))
    assert outcome.code == ExitCode.TOOL
    assert outcome.err.startswith(f"vmstore: cannot write {bad}\n")
    assert "VMS-V01" in outcome.out
    assert good.exists()


def test_a_cluster_that_cannot_be_asked_is_an_error_each_time(reports: Reports) -> None:
    for node in reports.san.nodes.values():
        node.up = False
    assert reports.cron().code == reports.cron().code == ExitCode.CLUSTER
