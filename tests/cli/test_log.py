"""vmstore log: what was changed, for eyes, programs and the shell."""

import json
import os
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.bench import Bench
from tests.support.history import without_roots_rights
from tests.support.san import G
from vmstore.errors import ExitCode
from vmstore.log import places
from vmstore.tools import nodes


@pytest.fixture
def past(bench: Bench) -> Bench:
    """Give a past: a create that failed and then did not, a grow that was refused, an evacuation that was killed."""
    bench.san.volume("web011", 1 * G, "fc1")
    bench.vmstore("create", "web01", "8G", fail=1)
    bench.vmstore("create", "web01", "8G")
    bench.vmstore("grow", "web01", "4G")
    bench.vmstore("evacuate", bench.san.luns["fc1"].wwid, "--to", "fc", "--yes", cut_at=2)
    return bench


def rows(outcome: str) -> list[list[str]]:
    """Take plain lines apart."""
    return [line.split("\t") for line in outcome.splitlines()]


def test_runs_stand_at_the_margin_and_their_commands_below(past: Bench) -> None:
    outcome = past.vmstore("log")
    assert (outcome.code, outcome.err) == (0, "")
    heading, *lines = outcome.out.splitlines()
    assert heading.split() == ["TIME", "BY", "ON", "RESULT", "TOOK", "WHAT"]
    at = heading.index("WHAT")
    assert [line[at:].partition(" (")[0] for line in lines if line[at] != " "] == [
        "vmstore create web01 8G",
        "vmstore create web01 8G",
        "vmstore grow web01 4G",
        f"vmstore evacuate {past.san.luns['fc1'].wwid} --to fc --yes",
    ]
    assert any(line[at:].startswith("  lvcreate --yes") for line in lines)


def test_each_row_says_what_came_of_it(past: Bench) -> None:
    found = rows(past.vmstore("log", "-o", "plain").out)
    assert [(row[3], row[5].split()[0]) for row in found[:7]] == [
        ("failed (8)", "vmstore"),
        ("done", "lvcreate"),
        ("seen done", "make"),
        ("failed (5)", "mkfs.ext4"),
        ("seen failed", "make"),
        ("done", "lvremove"),
        ("taken back", "make"),
    ]
    assert found[3][6] == "mkfs.ext4: this failure was asked for by the test"
    assert [row[3] for row in found if row[5].startswith("vmstore")] == [
        "failed (8)", "done", "refused (4)", "no end known",
    ]  # fmt: skip


def test_failed_shows_what_did_not_come_to_a_good_end(past: Bench) -> None:
    found = rows(past.vmstore("log", "--failed", "-o", "plain").out)
    assert len(found) > 5
    assert {row[3] for row in found} == {
        "failed (8)", "failed (5)", "refused (4)", "seen failed", "taken back", "no end known",
    }  # fmt: skip


def test_a_refusal_is_told_from_a_failure_and_a_tool_that_ended_so_is_none(bench: Bench) -> None:
    bench.san.volume("web01", 1 * G, "fc1")
    bench.vmstore("grow", "web01", "1M")
    bench.vmstore("grow", "nosuch", "2G")
    assert [row[3] for row in rows(bench.vmstore("log", "-o", "plain").out)] == ["refused (4)", "failed (3)"]
    # Programs have had "failed" for it from the beginning, and the exit code.
    told = bench.vmstore("log", "-o", "json").json["items"]
    assert [(item["result"], item["exit"]) for item in told] == [("failed", 4), ("failed", 3)]
    kept = {"v": 1, "time": "2027-01-15T08:00:00+00:00", "run": "r", "event": "ended", "n": 1, "command": "e2fsck"}
    places.SYSTEM.write_text(f"{json.dumps({**kept, 'exit': 4})}\n", encoding="utf-8")
    assert [row[3] for row in rows(bench.vmstore("log", "-o", "plain").out)] == ["failed (4)"]


def test_of_one_vm_there_is_what_was_asked_for_it_and_each_command_that_names_it(past: Bench) -> None:
    every = rows(past.vmstore("log", "-o", "plain").out)
    found = rows(past.vmstore("log", "web01", "-o", "plain").out)
    evacuate = next(number for number, row in enumerate(every) if row[5].startswith("vmstore evacuate"))
    assert found[:evacuate] == every[:evacuate]
    rest = [row[5] for row in found[evacuate:]]
    assert all("web01" in what.replace("web011", "") for what in rest)
    assert not [row for row in every if row[5].startswith("vmstore evacuate") and row in found]


def test_of_one_job_there_is_what_it_did(past: Bench) -> None:
    (job,) = {entry["job"] for entry in past.log() if "job" in entry}
    found = past.vmstore("log", job, "-o", "json").json
    assert (found["schema"], found["kind"]) == (1, "log")
    assert {item["job"] for item in found["items"]} == {job}
    commands = [item["command"] for item in found["items"] if item["kind"] == "command"]
    assert commands == [
        entry["command"] for entry in past.log() if entry["event"] == "start" and entry.get("job") == job
    ]
    assert [item["result"] for item in found["items"] if item["kind"] == "command"][-1] is None


def test_the_last_and_those_since(past: Bench) -> None:
    every = rows(past.vmstore("log", "-o", "plain").out)
    assert rows(past.vmstore("log", "-n", "3", "-o", "plain").out) == every[-3:]
    none = past.vmstore("log", "-n", "0")
    assert (none.code, none.out) == (ExitCode.USAGE, "")
    assert rows(past.vmstore("log", "--since", "1h", "-o", "plain").out) == every
    assert past.vmstore("log", "--since", "2999-01-01", "-o", "plain").out == ""
    assert past.vmstore("log", "--since", every[5][0], "-o", "plain").out.startswith(every[5][0])


def test_a_time_that_is_none_is_refused(bench: Bench) -> None:
    outcome = bench.vmstore("log", "--since", "yesterday")
    assert outcome.code == ExitCode.USAGE
    assert outcome.err.count("\n") == 3


def test_where_nothing_was_changed_yet_that_is_said(bench: Bench) -> None:
    outcome = bench.vmstore("log")
    assert outcome.code == 0
    others = "`vmstore log --nodes` also reads what was typed on n1, n2, n3"
    assert outcome.err == f"there is nothing of that in {places.SYSTEM}; {others}\n"
    assert bench.vmstore("log", "--nodes").err == f"there is nothing of that in {places.SYSTEM}\n"
    assert bench.vmstore("log", "-o", "json").json == {"schema": 1, "kind": "log", "items": []}


def test_a_script_stays_one_line_for_the_shell(bench: Bench) -> None:
    bench.san.volume("idle", 2 * G, "fc1", used=G // 8)
    assert bench.vmstore("evacuate", bench.san.luns["fc1"].wwid, "--yes").code == 0
    plain = rows(bench.vmstore("log", "-o", "plain").out)
    assert {len(row) for row in plain} == {7}
    copies = [row[5] for row in plain if row[5].startswith("bash -c")]
    assert copies
    scripts = [
        item["command"]
        for item in bench.vmstore("log", "-o", "json").json["items"]
        if (item["command"] or "").startswith("bash")
    ]
    assert [text.replace("\n", "\\n") for text in scripts] == copies
    assert max(map(len, bench.vmstore("log").out.splitlines())) < 350


def test_what_a_terminal_or_the_shell_would_take_for_more_than_text_is_shown_as_it_was_typed(bench: Bench) -> None:
    bench.vmstore("grow", "a\tb\x1b[2J\x9b\u2003c", "1G")
    (row,) = rows(bench.vmstore("log", "-o", "plain").out)
    assert len(row) == 7
    assert row[5] == "vmstore grow 'a\\tb\\x1b[2J\\x9b\u2003c' 1G"
    assert bench.vmstore("log", "-o", "json").json["items"][0]["asked"] == "vmstore grow 'a\tb\x1b[2J\x9b\u2003c' 1G"


def test_a_user_without_a_home_is_told_so_and_works(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("VMSTORE_CACHE", "XDG_STATE_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    # Nobody of that number is in passwd(5), as in a container.
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    monkeypatch.setattr(nodes, "_socket_directory", lambda: tmp_path)
    bench.san.volume("web01", 1 * G, "fc1")
    assert bench.vmstore("list").code == 0
    outcome = bench.vmstore("log")
    assert outcome.code == ExitCode.REFUSED
    assert "no log can be looked for" in outcome.err


def test_what_root_keeps_for_itself_is_refused(past: Bench) -> None:
    places.SYSTEM.chmod(0)
    with without_roots_rights():
        outcome = past.vmstore("log")
    assert outcome.code == ExitCode.REFUSED
    assert "run it with sudo" in outcome.err


def test_no_log_is_kept(bench: Bench) -> None:
    bench.config.write_text(f'{bench.config.read_text()}[log]\nfile = "none"\n')
    outcome = bench.vmstore("log")
    assert outcome.code == ExitCode.REFUSED
    assert "journalctl -t vmstore" in outcome.err


def test_a_year_of_a_busy_cluster_is_read_in_a_moment(bench: Bench, tmp_path: Path) -> None:
    """20,000 commands, which is 60,000 lines."""
    bench.san.volume("web01", 8 * G, "fc1")
    bench.vmstore("grow", "web01", "10G")
    text = places.SYSTEM.read_text(encoding="utf-8")
    again = 60_000 // len(text.splitlines())
    with places.SYSTEM.open("w", encoding="utf-8") as file:
        for number in range(again):
            file.write(text.replace('"run": "', f'"run": "{number}-'))
    began = time.process_time()
    found = bench.vmstore("log", "web01", "-o", "plain")
    assert time.process_time() - began < 10
    assert len(found.out.splitlines()) > 20_000


def _typed_on(past: Bench, node: str, seconds: int) -> str:
    """Give the log of the past as if it had been typed on another node, so much later."""
    entries = past.log()
    for entry in entries:
        later = datetime.fromisoformat(entry["time"]) + timedelta(seconds=seconds)
        entry |= {"run": f"{node}-{entry['run']}", "host": node, "time": later.isoformat()}
    return "".join(f"{json.dumps(entry)}\n" for entry in entries)


def test_what_was_typed_on_other_nodes_stands_run_by_run_where_it_was_done(past: Bench) -> None:
    own = past.vmstore("log", "-o", "json").json["items"]
    past.san.nodes["n2"].typed = _typed_on(past, "n2", -3600)
    past.san.nodes["n3"].typed = _typed_on(past, "n3", 3600) + '{"torn'
    outcome = past.vmstore("log", "--nodes", "-o", "json")
    assert (outcome.code, outcome.err) == (0, "")
    runs = [item for item in outcome.json["items"] if item["kind"] == "run"]
    assert [item["host"] for item in runs] == ["n2"] * 4 + [own[0]["host"]] * 4 + ["n3"] * 4
    assert [item for item in outcome.json["items"] if not item["run"].startswith("n")] == own
    assert past.vmstore("log", "-o", "json").json["items"] == own
    assert len(rows(past.vmstore("log", "web01", "--nodes", "-n", "1", "-o", "plain").out)) == 1


def test_a_node_that_does_not_tell_is_named_and_the_others_are_shown(past: Bench) -> None:
    past.san.nodes["n2"].up = False
    past.san.nodes["n3"].typed = _typed_on(past, "n3", 3600)
    outcome = past.vmstore("log", "--nodes", "-o", "json")
    assert outcome.code == 0
    assert outcome.err.startswith("vmstore: n2 does not answer, and what was typed there is not shown: ")
    assert {item["host"] for item in outcome.json["items"] if item["kind"] == "run"} >= {"n3"}
