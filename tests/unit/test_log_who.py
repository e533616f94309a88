"""Who runs this: what the kernel says, not what the environment claims."""

import os
import pwd
from pathlib import Path

import pytest

from vmstore.log import who


def test_the_user_is_the_kernels_and_sudos_user_is_told_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody")
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setenv("SUDO_USER", "jane")
    told = who.who()
    assert told["user"] == pwd.getpwuid(os.geteuid()).pw_name != "somebody"
    assert told["sudo_user"] == "jane"
    assert told["host"] == os.uname().nodename


def test_a_user_of_no_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 987654)
    assert who.who()["user"] == "987654"


def _without_a_terminal(number: int) -> str:
    raise OSError


def _processes(monkeypatch: pytest.MonkeyPatch, stats: dict[str, str]) -> None:
    monkeypatch.setattr(os, "getppid", lambda: 30)
    monkeypatch.setattr(Path, "read_text", lambda path, **_: stats[str(path)])


def test_the_terminal_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "ttyname", lambda number: f"/dev/pts/{number}" if number == 2 else _without_a_terminal(0))
    assert who.who()["tty"] == "/dev/pts/2"


@pytest.mark.parametrize(("name", "told"), [("cron", "cron"), ("CRON", "cron"), ("crond", "cron"), ("a) S 2 (", "")])
def test_cron_is_found_among_those_that_started_it(monkeypatch: pytest.MonkeyPatch, name: str, told: str) -> None:
    monkeypatch.setattr(os, "ttyname", _without_a_terminal)
    stats = {"/proc/30/stat": "30 (sh) S 20 30", "/proc/20/stat": f"20 ({name}) S 1 20"}
    _processes(monkeypatch, stats)
    assert who.who()["tty"] == told
