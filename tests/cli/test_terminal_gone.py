"""The terminal goes away in the middle of the work: it ends in good order, though nobody reads any more."""

import os
import pty
import signal
import subprocess
import sys
from contextlib import redirect_stderr

import pytest

from tests.support import bench as benches
from tests.support.bench import Bench
from tests.support.san import G
from vmstore.errors import ExitCode
from vmstore.jobs.engine import Stop


def say(text: str) -> None:
    """Write to where stderr goes."""
    os.write(2, text.encode())


def test_what_is_told_after_the_terminal_is_gone_fails_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    kept = os.dup(2)
    os.dup2(slave, 2)
    try:
        stop = Stop(say)
        os.close(slave)
        os.close(master)
        with pytest.raises(OSError, match="Input/output error"):
            os.write(2, b"lost")
        stop(signal.SIGHUP, None)
        stop(signal.SIGHUP, None)
        assert (stop.asked, stop.pressing) == (True, False)
        assert os.write(2, b"nowhere") == 7
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def test_without_a_terminal_it_is_told_in_the_log() -> None:
    told: list[str] = []
    stop = Stop(told.append)
    stop(signal.SIGHUP, None)
    stop(signal.SIGHUP, None)
    assert told == ["the terminal is gone: stopping after this step (nothing is lost)"]


def test_a_reader_who_has_seen_enough_of_what_is_told_breaks_no_work_off(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `vmstore create web01 8G 2>&1 | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1, encoding="utf-8") as nobody:
        monkeypatch.setattr(benches, "redirect_stderr", lambda _: redirect_stderr(nobody))
        done = bench.vmstore("create", "web01", "8G")
    assert done.code == ExitCode.DONE
    assert bench.san.lvs["web01"].size == 8 * G
    assert [entry["exit"] for entry in bench.log() if entry["event"] == "end"] == [ExitCode.DONE]


@pytest.mark.spawns("sh")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("words", "code"), [("completion bash", ExitCode.DONE), ("--version", 0), ("log -n x", 2)])
def test_input_or_output_that_is_closed_is_no_fault(closed: str, words: str, code: int) -> None:
    command = f'"$1" -m vmstore {words} {closed}'
    shell = ["sh", "-c", command, "sh", sys.executable]
    done = subprocess.run(shell, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "should not have happened" not in done.stderr
