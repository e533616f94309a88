"""The terminal goes away in the middle of the work: it ends in good order, though nobody reads any more."""

import os
import pty
import signal

import pytest

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
