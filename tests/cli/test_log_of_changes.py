"""Whatever changes something is in the log, with its node and its exact command, and nothing else is."""

import json
import os
import pwd
import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.scenarios import FROM, IDS, Scenario
from tests.support import san_manager
from tests.support.bench import KILLED, Bench
from tests.support.growing import Admin, fill
from tests.support.san import G
from tests.support.ssh import AND
from vmstore.config import LogSettings
from vmstore.errors import ExitCode
from vmstore.jobs import conf_steps
from vmstore.log import places
from vmstore.log.writing import Log
from vmstore.run import Result

each = pytest.mark.parametrize(("scenario", "host"), FROM, ids=IDS)


@pytest.fixture
def staged(scenario: Scenario, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Give the situation of the scenario, vmstore on its host."""
    return Bench(scenario.san(), tmp_path, monkeypatch, host)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect what syslog hears, and whether as a failure."""
    found: list[dict[str, Any]] = []

    def hear(line: str, *, failed: bool) -> None:
        found.append({**json.loads(line), "warning": failed})

    monkeypatch.setattr(places, "to_syslog", hear)
    return found


@pytest.fixture
def managed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Give a cluster under rgmanager."""
    san_manager.configure(bench.san)
    monkeypatch.setattr(conf_steps, "EVERY", 0.0)
    return bench


def parts(node: str, words: list[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Take a chain of commands apart."""
    found: list[list[str]] = [[]]
    for word in words:
        if word == AND:
            found.append([])
        else:
            found[-1].append(word)
    return [(node, tuple(part)) for part in found]


def logged(entries: list[dict[str, Any]], event: str) -> list[tuple[str, tuple[str, ...]]]:
    """List the commands in the log."""
    return [
        part
        for entry in entries
        if entry["event"] == event and "throttle" not in entry["command"]
        for part in parts(entry["node"], shlex.split(entry["command"]))
    ]


@each
def test_the_log_has_what_was_run_and_what_dry_run_showed(staged: Bench, scenario: Scenario, host: str) -> None:
    words = scenario.line(staged.san)
    shown = staged.vmstore(*words, "--dry-run", "--output", "json").json
    assert staged.log() == []
    done = staged.vmstore(*words)
    assert done.code == ExitCode.DONE, done.err
    entries = staged.log()
    assert logged(entries, "start") == logged(entries, "ended") == staged.changes()
    plan = [
        part
        for step in shown["steps"]
        for command in step["commands"]
        for part in parts(command["node"], command["argv"])
    ]
    # To look how far legs are changes nothing.
    assert logged(entries, "ended") == [part for part in plan if part[1][0] != "dmsetup"]


@each
def test_each_entry_tells_who_what_and_when_by_itself(staged: Bench, scenario: Scenario, host: str) -> None:
    words = scenario.line(staged.san)
    staged.vmstore(*words)
    entries = staged.log()
    assert {entry["run"] for entry in entries} == {entries[0]["run"]}
    assert {entry["asked"] for entry in entries} == {shlex.join(["vmstore", *words])}
    assert {entry["user"] for entry in entries} == {pwd.getpwuid(os.geteuid()).pw_name}
    assert {entry["host"] for entry in entries} == {os.uname().nodename}
    assert all(datetime.fromisoformat(entry["time"]).tzinfo for entry in entries)
    assert (entries[0]["event"], entries[-1]["event"], entries[-1]["exit"]) == ("begin", "end", 0)
    ended = [entry for entry in entries if entry["event"] == "ended"]
    assert all(entry["seconds"] >= 0 and entry.get("exit") in (0, None) for entry in ended)
    assert all(entry["result"] == "done" for entry in entries if entry["event"] == "seen")
    steps = {entry["step"] for entry in entries if entry["event"] == "start" and "step" in entry}
    assert steps <= {entry["step"] for entry in entries if entry["event"] == "seen"}


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("show", "web01"),
        ("report",),
        ("pv", "list"),
        ("job", "list"),
        ("policy", "show"),
        ("policy", "check"),
        ("status",),
        ("explain", "VS0101"),
        ("log",),
        ("create", "web02", "1G", "--dry-run"),
        ("grow", "web01", "10G", "--dry-run"),
        ("remove", "web01", "--dry-run"),
        ("pv", "cordon", "{fc1}", "--dry-run"),
        ("pv", "uncordon", "{fc1}", "--dry-run"),
        ("pv", "add", "{spare}", "--dry-run"),
        ("pv", "remove", "{iscsi1}", "--dry-run"),
        ("evacuate", "{fc1}", "--dry-run"),
        ("rebalance", "--dry-run"),
        ("freeze", "web01", "--dry-run"),
        ("policy", "apply", "--dry-run"),
    ],
    ids=" ".join,
)
def test_what_only_looks_is_not_logged(bench: Bench, words: tuple[str, ...]) -> None:
    bench.san.volume("web01", 8 * G, "fc1", active="n2", mounted=True)
    bench.vmstore(*(word.format(**{name: lun.wwid for name, lun in bench.san.luns.items()}) for word in words))
    assert bench.log() == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("create", "web02", "1000T"), ExitCode.NO_ROOM),
        (("create", "-x"), ExitCode.USAGE),
        (("create", "web02", "many"), ExitCode.USAGE),
        (("grow", "nobody", "1G"), ExitCode.NOT_FOUND),
        (("remove", "web01", "--confirm", "web02"), ExitCode.REFUSED),
        (("remove", "web01", "--confirm", "web01"), ExitCode.REFUSED),
        (("pv", "remove", "{fc1}", "--yes"), ExitCode.REFUSED),
        (("freeze", "web01"), ExitCode.REFUSED),
        (("job", "abort", "nothing"), ExitCode.NOT_FOUND),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_refusal_is_logged_with_its_exit_code_and_reason(
    bench: Bench, words: tuple[str, ...], code: ExitCode
) -> None:
    bench.san.volume("web01", 8 * G, "fc1", active="n2", mounted=True)
    line = [word.format(**{name: lun.wwid for name, lun in bench.san.luns.items()}) for word in words]
    outcome = bench.vmstore(*line)
    assert outcome.code == code, outcome.err
    told = [(entry["event"], entry["asked"], entry.get("exit")) for entry in bench.log()]
    if line == ["create", "-x"]:
        # Nothing was asked for that makes sense.
        assert told == []
        return
    asked = shlex.join(["vmstore", *line])
    assert told == [("begin", asked, None), ("end", asked, code)]
    assert bench.log()[-1]["why"] in outcome.err.replace("\n  why: ", ": ")


def test_a_command_that_fails_is_logged_with_what_it_said_and_what_was_taken_back(bench: Bench) -> None:
    outcome = bench.vmstore("create", "web01", "8G", fail=1)
    assert outcome.code == ExitCode.TOOL
    entries = bench.log()
    assert logged(entries, "ended") == bench.changes()
    failed = [entry for entry in entries if entry["event"] == "ended" and entry["exit"]]
    assert [(entry["exit"], "asked for by the test" in entry["why"]) for entry in failed] == [(5, True)]
    seen = [(entry["result"], entry["step"]) for entry in entries if entry["event"] == "seen"]
    assert [result for result, _ in seen] == ["done", "failed", "taken back"]
    assert seen[1][1] == failed[0]["step"]
    back = entries[-3]
    assert (back["event"], back["step"]) == ("ended", f"taking back: {seen[2][1]}")
    assert (entries[-1]["event"], entries[-1]["exit"]) == ("end", ExitCode.TOOL)


def test_a_tool_that_lies_is_seen_to_have_failed(bench: Bench) -> None:
    assert bench.vmstore("pv", "cordon", bench.san.luns["fc1"].wwid, lie=0).code == ExitCode.TOOL
    ended, seen = bench.log()[-3:-1]
    assert (ended["event"], ended["exit"]) == ("ended", 0)
    assert (seen["event"], seen["result"]) == ("seen", "failed")
    assert "it is not so" in seen["why"]


def test_a_run_that_is_killed_has_begun_a_command_that_has_no_end(bench: Bench) -> None:
    assert bench.vmstore("create", "web01", "8G", cut_at=1).code == KILLED
    entries = bench.log()
    assert logged(entries, "start") == bench.changes()
    assert logged(entries, "ended") == bench.changes()[:-1]
    assert [entry["event"] for entry in entries].count("end") == 0


def test_runs_at_the_same_time_are_told_apart(bench: Bench) -> None:
    def meanwhile(moment: int) -> None:
        if moment == 0:
            runner = bench.runner
            assert bench.vmstore("create", "other", "1G").code == ExitCode.DONE
            bench.runner = runner

    assert bench.vmstore("create", "web01", "8G", on_moment=meanwhile).code == ExitCode.DONE
    by_run: dict[str, list[str]] = {}
    for entry in bench.log():
        by_run.setdefault(entry["run"], []).append(entry["asked"])
    assert [set(asked) for asked in by_run.values()] == [{"vmstore create web01 8G"}, {"vmstore create other 1G"}]
    assert all(entry["exit"] == 0 for entry in bench.log() if entry["event"] == "end")


def test_what_an_evacuation_does_bears_the_name_of_its_job(busy: Bench) -> None:
    assert busy.vmstore("evacuate", busy.san.luns["iscsi1"].wwid, "--to", "fc", "--yes").code == ExitCode.DONE
    jobs = {entry.get("job") for entry in busy.log() if entry["event"] != "begin"}
    assert len(jobs) == 1
    assert f"/var/lib/vmstore/jobs/{jobs.pop()}.jsonl" in {path for _, path in busy.san.records}


def test_the_knob_that_holds_a_copy_back_is_logged(busy: Bench) -> None:
    words = ("evacuate", busy.san.luns["iscsi1"].wwid, "--to", "fc", "--rate", "50M", "--engine", "mirror", "--yes")
    assert busy.vmstore(*words).code == ExitCode.DONE
    knobs = [(entry["event"], entry["node"]) for entry in busy.log() if " throttle " in entry.get("command", "")]
    assert knobs
    assert knobs[::2] == [("start", node) for _, node in knobs[::2]]
    assert knobs[1::2] == [("ended", node) for _, node in knobs[::2]]
    assert {node for _, node in knobs} == {node for node, _ in busy.san.shares}


def test_what_a_run_before_left_frozen_is_logged_when_it_is_thawed(managed: Bench) -> None:
    managed.san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    managed.san.serve("web01", "n1")
    wwid = managed.san.luns["iscsi1"].wwid
    for moment in range(20):
        managed.vmstore("evacuate", wwid, "--to", "fc", "--yes", cut_at=moment)
        managed.san.leases.clear()
        if managed.san.services["web01"].frozen:
            break
    assert managed.san.services["web01"].frozen
    managed.vmstore("create", "other", "1G", "--no-service")
    thaws = [entry for entry in managed.log() if entry["event"] == "ended" and "clusvcadm -U" in entry["command"]]
    assert [entry["asked"] for entry in thaws] == ["vmstore create other 1G --no-service"]


def test_a_log_that_cannot_be_written_is_told_of_once_and_stops_nothing(bench: Bench, tmp_path: Path) -> None:
    bench.config.write_text(f'{bench.config.read_text()}[log]\nfile = "{tmp_path}/vmstore.toml/log"\n')
    outcome = bench.vmstore("create", "web01", "8G")
    assert outcome.code == ExitCode.DONE
    assert outcome.err.count("the work goes on without it") == 1
    assert f"vmstore: the log {tmp_path}/vmstore.toml" in outcome.err
    assert "web01" in bench.san.lvs


def test_a_full_disk_is_told_of_once_and_stops_nothing(bench: Bench) -> None:
    bench.config.write_text(f'{bench.config.read_text()}[log]\nfile = "/dev/full"\n')
    outcome = bench.vmstore("create", "web01", "8G")
    assert outcome.code == ExitCode.DONE
    assert outcome.err.count("the work goes on without it") == 1


def test_a_host_without_syslog_is_told_of_once_and_the_file_is_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(line: str, *, failed: bool) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(places, "to_syslog", nobody)
    outcome = bench.vmstore("create", "web01", "8G")
    assert outcome.code == ExitCode.DONE
    assert [line for line in outcome.err.splitlines() if line.startswith("vmstore:")] == [
        "vmstore: syslog at /dev/log cannot be written: No such file or directory; the work goes on without it"
    ]
    assert logged(bench.log(), "ended") == bench.changes()


def test_a_log_that_is_rotated_under_a_long_run_goes_on_in_a_new_file(bench: Bench) -> None:
    path = places.SYSTEM

    def rotate(moment: int) -> None:
        if moment == 1:
            path.rename(path.with_name("vmstore.log.1"))
        if moment == 2:
            path.unlink()

    assert bench.vmstore("create", "web01", "8G", on_moment=rotate).code == ExitCode.DONE
    assert bench.log()[-1]["event"] == "end"
    assert path.with_name("vmstore.log.1").stat().st_size > 0


def test_neither_log_nor_syslog_where_none_is_wanted(bench: Bench, heard: list[dict[str, Any]]) -> None:
    settings = bench.config.read_text()
    bench.config.write_text(f'{settings}[log]\nfile = "none"\n')
    assert bench.vmstore("create", "web01", "8G").code == ExitCode.DONE
    assert bench.log() == []
    assert len(heard) > 4
    heard.clear()
    bench.config.write_text(f"{settings}[log]\nsyslog = false\n")
    assert bench.vmstore("grow", "web01", "10G").code == ExitCode.DONE
    assert heard == []
    assert len(bench.log()) > 4


def test_syslog_hears_each_line_of_the_file(bench: Bench, heard: list[dict[str, Any]]) -> None:
    bench.vmstore("create", "web01", "8G", fail=1)
    assert [(entry["event"], entry.get("result")) for entry in heard if entry["warning"]] == [
        ("ended", None), ("seen", "failed"), ("seen", "taken back"), ("end", None),
    ]  # fmt: skip
    assert [{key: entry[key] for key in entry if key != "warning"} for entry in heard] == bench.log()


def test_cron_leaves_lines_only_when_it_does_something(admin: Admin) -> None:
    admin.begin()
    before = len(admin.bench.log())
    fill(admin.san, 10, "web01")
    assert admin.apply("--cron").code == ExitCode.DONE
    assert len(admin.bench.log()) == before
    fill(admin.san, 90, "web01")
    assert admin.apply("--cron").code == ExitCode.DONE
    entries = admin.bench.log()[before:]
    assert [entry["event"] for entry in (entries[0], entries[-1])] == ["begin", "end"]
    assert logged(entries, "ended") == admin.bench.changes() != []


def test_no_secret_gets_into_the_log(managed: Bench, heard: list[dict[str, Any]]) -> None:
    """cluster.conf has the passwords of fence devices; it is fed through standard input."""
    secret = '<fencedevices><fencedevice name="ilo" passwd="hunter2"/></fencedevices>'
    for place, text in managed.san.conf.items():
        managed.san.conf[place] = managed.san.loaded = text.replace("  <rm>", f"  {secret}\n  <rm>")
    assert managed.vmstore("create", "web01", "2G").code == ExitCode.DONE
    for node in managed.san.nodes:
        text = managed.san.conf[f"{node}:{san_manager.CONF}"]
        assert "web01" in text
        assert secret in text
    assert len([entry for entry in managed.log() if "cluster.conf" in entry.get("command", "")]) > 4
    told = places.SYSTEM.read_text(encoding="utf-8") + json.dumps(heard)
    # Not because it looks like a secret: nothing of the file is there at all.
    assert "hunter2" not in told
    assert "fencedevice" not in told


def test_a_secret_in_what_a_tool_says_is_blanked(bench: Bench) -> None:
    log = Log(["pv", "add"])
    log.open(LogSettings())
    with log.change("n1", "env TOOL_PASSWORD=hunter2 tool --password 'hunter 2' --rate 5M") as change:
        change.took(Result(("tool",), 1, "", 'near <fencedevice name="a" passwd="hunter2" port="1"/>', 0.1))
    ended = bench.log()[-1]
    assert ended["command"] == "env TOOL_PASSWORD=*** tool --password *** --rate 5M"
    assert ended["why"] == 'near <fencedevice name="a" passwd=*** port="1"/>'
