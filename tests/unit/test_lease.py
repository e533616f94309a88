"""Locks: who has it is told, one that is lost is noticed, and the script itself keeps two shells apart."""

import getpass
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.scripted import ScriptedHold, ScriptedRunner
from vmstore.config import Ssh
from vmstore.errors import ClusterUnusable, Locked, LockLost, StoppedHalfway, VmstoreError
from vmstore.jobs import lease
from vmstore.run import HeldProcess, LocalRunner
from vmstore.tools.nodes import Nodes

BASH = pytest.mark.spawns("bash")


def nodes(runner: ScriptedRunner) -> Nodes:
    """Make the way to two nodes."""
    return Nodes(runner, ("n1", "n2"), "", Ssh(), Path("/run/vmstore/ssh"))


def soon(true: Callable[[], bool]) -> bool:
    """Wait until something is so, at most 5 s."""
    deadline = time.monotonic() + 5
    while not true() and time.monotonic() < deadline:
        time.sleep(0.005)
    return true()


def test_a_lock_is_held_on_its_node_under_its_name_and_released() -> None:
    hold = ScriptedHold("held")
    runner = ScriptedRunner(holds=[hold])
    with lease.hold(nodes(runner), "n2", "volume.web01", "web01") as held:
        held.check()
    (call,) = runner.held
    bash, option, script, name, path, who, record = call.parts[0]
    assert (call.node, bash, option, name, path) == ("n2", "bash", "-c", "lock", "/run/vmstore/lock/volume.web01")
    assert record == ""
    assert "flock -w 2 9" in script
    assert getpass.getuser() in who
    assert hold.released


def test_it_is_released_also_when_the_work_fails() -> None:
    hold = ScriptedHold("held")
    with (
        pytest.raises(ValueError, match="x"),
        lease.hold(nodes(ScriptedRunner(holds=[hold])), "n2", "a", "a"),
    ):
        raise ValueError("x")
    assert hold.released


@pytest.mark.parametrize(
    ("answer", "kind", "what", "why"),
    [
        (
            "taken root on n1 (process 7) at noon",
            Locked,
            "another vmstore is at work on web01",
            "started by root on n1",
        ),
        ("taken ", Locked, "another vmstore is at work on web01", "started by somebody"),
        ("error cannot lock /run/x", ClusterUnusable, "cannot lock web01", "n2: cannot lock /run/x"),
        ("", ClusterUnusable, "cannot lock web01", "n2: no answer"),
        ("bash: flock: command not found", ClusterUnusable, "cannot lock web01", "n2: "),
    ],
)
def test_a_lock_that_is_not_given_says_why(answer: str, kind: type[VmstoreError], what: str, why: str) -> None:
    hold = ScriptedHold(answer)
    with (
        pytest.raises(kind, match=what) as caught,
        lease.hold(nodes(ScriptedRunner(holds=[hold])), "n2", "volume.web01", "web01"),
    ):
        raise AssertionError("nobody may come here")
    assert why in caught.value.why
    assert hold.released


def test_signs_of_life_are_sent_and_a_lock_that_is_lost_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "BEAT", 0.002)
    hold = ScriptedHold("held")
    with lease.hold(nodes(ScriptedRunner(holds=[hold])), "n2", "a", "emptying a") as held:
        assert soon(lambda: len(hold.lines) > 2)
        held.check()
        hold.alive = False

        def lost() -> bool:
            try:
                held.check()
            except StoppedHalfway as error:
                return "lost the lock of emptying a on n2" in error.what
            return False

        assert soon(lost)


def test_a_tag_names_the_node_of_its_lock_and_fits_lvms_tags() -> None:
    tag = lease.tag("node-1.example.org", "Gx3fab-1111")
    assert tag.startswith("vmstore.evacuate=node-1.example.org:20")
    assert lease.node_of(tag) == "node-1.example.org"
    assert all(letter.isalnum() or letter in "_+.-/=!:&#" for letter in tag)
    assert len(tag) < 128
    assert tag.endswith("-Gx3f")


@pytest.mark.spawns("bash", "flock")
def test_looking_whether_it_is_held_keeps_nobody_from_taking_it(tmp_path: Path) -> None:
    looks = subprocess.Popen(["flock", "-s", str(tmp_path / "lock"), "sleep", "0.3"])
    while not (tmp_path / "lock").exists():
        time.sleep(0.01)
    held, answer = shell(tmp_path / "lock", "me")
    assert answer == "held"
    looks.wait()
    held.release()


def test_a_run_that_slept_asks_before_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "BEAT", 1000.0)
    hold = ScriptedHold("held")
    held = lease.Lease(hold, "emptying a", "n2")
    held.check()
    hold.alive = False
    held.check()
    monkeypatch.setattr(lease, "BEAT", -1.0)
    with pytest.raises(LockLost):
        held.check()
    held.release()


def shell(path: Path, who: str, record: str = "") -> tuple[HeldProcess, str]:
    """Run the real script here."""
    held = LocalRunner().hold(["bash", "-c", lease._HOLD, "lock", str(path), who, record])
    return held, held.first_line()


@BASH
def test_the_script_gives_the_lock_to_one_and_tells_the_other_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "made" / "lock"
    first, answer = shell(path, "me on n1")
    assert answer == "held"
    second, answer = shell(path, "you on n2")
    assert answer == "taken me on n1"
    second.release()
    first.release()
    third, answer = shell(path, "you on n2")
    assert answer == "held"
    assert path.read_text() == "you on n2"
    third.release()


@BASH
def test_the_script_lets_go_when_its_owner_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = ["bash", "-c", lease._HOLD, "lock", str(path), "me", ""]
    owner = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdin is not None
    assert owner.stdout.readline() == "held\n"
    owner.stdin.write("\n\n")
    owner.stdin.close()
    assert owner.wait(5) == 0
    owner.stdout.close()
    held, answer = shell(path, "you")
    assert answer == "held"
    held.release()


@BASH
def test_the_script_gives_up_when_it_hears_nothing(tmp_path: Path) -> None:
    command = ["bash", "-c", lease._HOLD.replace("-t 30", "-t 0.1"), "lock", str(tmp_path / "lock"), "me", ""]
    assert "-t 0.1" in command[2]
    owner = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.wait(5) == 0
    owner.communicate()


@BASH
def test_the_script_says_when_it_cannot_lock_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    held, answer = shell(tmp_path / "file" / "lock", "me")
    assert answer == f"error cannot lock {tmp_path}/file/lock"
    held.release()


@BASH
def test_the_script_appends_to_the_record_and_hands_wishes_over(tmp_path: Path) -> None:
    lock, record = tmp_path / "lock", tmp_path / "jobs" / "one.jsonl"
    (tmp_path / "lock.wish").write_text("pause\n")
    (tmp_path / "lock.rate").write_text("1048576\n")
    held, answer = shell(lock, "me", str(record))
    assert answer == "held"
    # What was wanted of a run before this one is over with it.
    assert held.exchange("") == "heard none "
    assert held.exchange('{"a": "b \\n %s"}') == "heard none "
    (tmp_path / "lock.wish").write_text("pause\n")
    assert held.exchange("") == "heard pause "
    (tmp_path / "lock.rate").write_text("1048576\n")
    assert held.exchange("") == "heard pause 1048576"
    assert record.read_text() == '{"a": "b \\n %s"}\n'
    held.release()


@BASH
def test_the_script_begins_a_new_line_behind_a_torn_one(tmp_path: Path) -> None:
    record = tmp_path / "one.jsonl"
    record.write_text('{"whole": 1}\n{"to')
    held, _ = shell(tmp_path / "lock", "me", str(record))
    assert held.exchange("next") == "heard none "
    held.release()
    assert record.read_text() == '{"whole": 1}\n{"to\nnext\n'


@BASH
def test_the_script_drops_records_of_long_ago(tmp_path: Path) -> None:
    old, young, other = (tmp_path / "jobs" / name for name in ("old.jsonl", "young.jsonl", "notes.txt"))
    old.parent.mkdir()
    for file, days in ((old, 500), (young, 300), (other, 500)):
        file.write_text("{}\n")
        os.utime(file, (time.time() - days * 86400,) * 2)
    held, _ = shell(tmp_path / "lock", "me", str(tmp_path / "jobs" / "one.jsonl"))
    held.release()
    assert [file.exists() for file in (old, young, other)] == [False, True, True]


@BASH
def test_a_record_that_cannot_be_written_is_said_and_the_lock_stays(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("no folder")
    held, answer = shell(tmp_path / "lock", "me", str(tmp_path / "jobs" / "one.jsonl"))
    assert answer == "held"
    assert held.exchange("line") == "deaf none "
    assert held.exchange("") == "heard none "
    held.release()
