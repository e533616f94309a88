"""The only door to processes: what they get, what comes back, and how they end."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from vmstore.run import PATH, LocalRunner, Result


def result(rc: int = 0, out: str = "", err: str = "", *, timed_out: bool = False) -> Result:
    """Make a result."""
    return Result(("lvs", "-a"), rc, out, err, 1.5, timed_out)


def test_a_result_is_good_with_exit_code_0_alone() -> None:
    assert result().ok
    assert not result(5).ok


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (result(5, "", "  WARNING: x\n  No room.\n\n"), "No room."),
        (result(1, "said on stdout\n", ""), "said on stdout"),
        (result(3), "`lvs` ended with exit code 3 and no message"),
        (result(-1, timed_out=True), "`lvs` gave no answer within 2 s"),
    ],
)
def test_the_reason_is_what_it_complained_with_last(given: Result, reason: str) -> None:
    assert given.reason() == reason


@pytest.mark.parametrize(
    ("err", "telling"),
    [
        (
            "  Cannot change VG vmstore while PVs are missing.\n  See vgreduce --removemissing and vgextend "
            "--restoremissing.\n  Cannot process volume group vmstore\n",
            "Cannot change VG vmstore while PVs are missing.",
        ),
        ("  Cannot use /dev/sdb: device is rejected by filter config\n  Run `pvmove --help' for more information.\n",
         "Cannot use /dev/sdb: device is rejected by filter config"),
    ],
)  # fmt: skip
def test_the_reason_is_a_telling_line_of_lvm(err: str, telling: str) -> None:
    assert result(5, "", err).reason() == telling


@pytest.mark.spawns("sh")
def test_output_exit_code_and_input_pass_through() -> None:
    done = LocalRunner().run(["sh", "-c", "cat; echo bad >&2; exit 3"], stdin="hello")
    assert (done.rc, done.out, done.err, done.timed_out) == (3, "hello", "bad\n", False)
    assert done.argv[0] == "sh"


@pytest.mark.spawns("env")
def test_the_environment_is_made_and_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_PRELOAD_TEST", "x")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("LC_MESSAGES", "de_DE.UTF-8")
    monkeypatch.setenv("LVM_SYSTEM_DIR", "/etc/other")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/tmp/agent")
    told = dict(line.split("=", 1) for line in LocalRunner().run(["env"]).out.splitlines())
    assert (told["PATH"], told["LC_ALL"]) == (PATH, "C")
    assert (told["LVM_SYSTEM_DIR"], told["SSH_AUTH_SOCK"]) == ("/etc/other", "/tmp/agent")
    assert told["LVM_SUPPRESS_FD_WARNINGS"] == "1"
    assert not {"LD_PRELOAD_TEST", "LANG", "LC_MESSAGES"} & told.keys()


@pytest.mark.spawns("sh")
def test_a_shell_reads_nothing_of_the_arguments() -> None:
    done = LocalRunner().run(["sh", "-c", 'printf %s "$1"', "x", "a; echo $HOME `id` && 'b'"])
    assert done.out == "a; echo $HOME `id` && 'b'"


@pytest.mark.spawns("no-such-program")
def test_a_program_that_is_missing_is_named() -> None:
    for done in (LocalRunner().run(["no-such-program"]), LocalRunner().stream(["no-such-program"], lambda _: None)):
        assert (done.rc, done.err) == (127, "no-such-program: no such program")


@pytest.mark.spawns("sh")
def test_a_process_over_its_time_goes_on_though_nobody_hears_it(tmp_path: Path) -> None:
    wait = f"until [ -e {tmp_path}/go ]; do sleep 0.05; done"
    script = f"{wait}; echo heard; /bin/echo heard; echo heard >&2; echo $? >{tmp_path}/end"
    done = LocalRunner().run(["sh", "-c", script], timeout=0.1)
    assert (done.timed_out, done.ok) == (True, False)
    (tmp_path / "go").touch()
    _appears(tmp_path / "end")


def _appears(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put a program in place of ssh that tells its number and stays; give its name."""
    program = tmp_path / "ssh"
    program.write_text("#!/bin/sh\necho $$ | tee -a ${0%/*}/numbers\nexec sleep 30\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("vmstore.run.PATH", f"{tmp_path}:{PATH}")
    return "ssh"


@pytest.mark.spawns("ssh")
def test_the_way_to_a_node_that_does_not_answer_in_time_is_cut(ssh: str, tmp_path: Path) -> None:
    assert LocalRunner().run([ssh], timeout=1).timed_out
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "numbers").read_text(encoding="utf-8")), 0)


@pytest.mark.spawns("ssh", "sleep")
def test_a_process_that_a_kill_does_not_end_is_left_to_itself(ssh: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one does that waits for a LUN that hangs, in state D."""
    unkilled: list[subprocess.Popen[str]] = []

    def stand(process: "subprocess.Popen[str]") -> None:
        unkilled.append(process)

    monkeypatch.setattr("vmstore.run.ENDING", 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(subprocess.Popen, "kill", stand)
        began = time.monotonic()
        done = LocalRunner().run([ssh], timeout=0.1)
        assert time.monotonic() - began < 3
        held = LocalRunner().hold(["sleep", "5"])
        patch.setattr(held._process, "communicate", _too_slow)
        held.release()
        assert time.monotonic() - began < 3
    assert (done.timed_out, done.ok) == (True, False)
    assert len(unkilled) == 2
    for process in unkilled:
        process.kill()
        process.wait()


def _too_slow(timeout: float) -> None:
    raise subprocess.TimeoutExpired("sleep", timeout)


@pytest.mark.spawns("sh")
def test_output_that_is_no_utf8_is_read_all_the_same() -> None:
    assert "\ufffd" in LocalRunner().run(["sh", "-c", "printf '\\377'"]).out


@pytest.mark.spawns("sh")
def test_a_stream_hands_over_each_line_and_keeps_complaints_apart() -> None:
    lines: list[str] = []
    done = LocalRunner().stream(["sh", "-c", "echo a; echo bad >&2; echo b; exit 4"], lines.append)
    assert lines == ["a", "b"]
    assert (done.rc, done.out, done.err) == (4, "a\nb\n", "bad\n")


@pytest.mark.spawns("sh")
def test_a_stream_says_that_no_line_comes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("vmstore.run.QUIET", 0.05)
    heard: list[str] = []
    go = tmp_path / "go"

    def quiet() -> None:
        heard.append("quiet")
        go.touch()

    script = f"echo a; while [ ! -e {go} ]; do sleep 0.05; done; echo b"
    assert LocalRunner().stream(["sh", "-c", script], heard.append, quiet).out == "a\nb\n"
    assert (heard[0], heard[1], heard[-1]) == ("a", "quiet", "b")


class Left(Exception):
    """Whoever hears a stream leaves it."""


@pytest.mark.spawns("sh")
def test_what_runs_here_goes_on_when_its_stream_is_left(tmp_path: Path) -> None:
    def leave(_: str) -> None:
        raise Left

    with pytest.raises(Left):
        LocalRunner().stream(["sh", "-c", f"echo begun; sleep 0.3; echo heard; echo end >{tmp_path}/end"], leave)
    _appears(tmp_path / "end")


@pytest.mark.spawns("ssh")
def test_a_stream_that_is_left_cuts_the_way_to_a_node(ssh: str) -> None:
    def leave(line: str) -> None:
        numbers.append(int(line))
        raise Left

    numbers: list[int] = []
    with pytest.raises(Left):
        LocalRunner().stream([ssh], leave)
    with pytest.raises(ProcessLookupError):
        os.kill(numbers[0], 0)


@pytest.mark.spawns("sh")
def test_a_process_leads_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it() -> None:
    # proc(5), stat: the first field is the process, the sixth its session.
    told = LocalRunner().run(["sh", "-c", "read -r line </proc/self/stat; set -- $line; echo $1 $6"]).out.split()
    assert len(told) == 2
    assert told[0] == told[1]


@pytest.mark.spawns("sh", "cat")
def test_a_held_process_lives_until_it_is_released() -> None:
    held = LocalRunner().hold(["sh", "-c", "echo ready; exec cat"])
    assert held.first_line() == "ready"
    assert held.exchange("a line") == "a line"
    assert held.exchange("another") == "another"
    held.release()
    assert held.exchange("a line") == ""


@pytest.mark.spawns("sh")
def test_a_held_process_that_died_is_noticed() -> None:
    held = LocalRunner().hold(["sh", "-c", "echo ready; exit 1"])
    assert held.first_line() == "ready"
    deadline = time.monotonic() + 5
    while held.exchange(""):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    held.release()


@pytest.mark.spawns("sh")
def test_a_held_process_that_never_speaks_gives_an_empty_line() -> None:
    held = LocalRunner().hold(["sh", "-c", "exit 0"])
    assert held.first_line() == ""
    held.release()
