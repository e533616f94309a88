"""Where log lines go: whole lines in a file that may be torn, rotated or full, and syslog."""

import os
import re
import resource
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vmstore.log import places

# What tests have in its place says nothing.
from vmstore.log.places import to_syslog

ROOT = Path(__file__).parent.parent.parent


def test_a_new_file_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        places.append(tmp_path / "new" / "vmstore.log", "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new" / "vmstore.log").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_the_mode_that_a_file_was_given_stays(tmp_path: Path) -> None:
    path = tmp_path / "vmstore.log"
    path.touch()
    path.chmod(0o640)
    places.append(path, "a")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_line_behind_a_torn_one_stands_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "vmstore.log"
    path.write_text('whole\n{"v":1,"ti')
    places.append(path, "next")
    places.append(path, "last")
    assert path.read_text().splitlines() == ["whole", '{"v":1,"ti', "next", "last"]


WRITER = """
import sys
from pathlib import Path
from vmstore.log import places
for _ in range(300):
    places.append(Path(sys.argv[1]), sys.argv[2] * 5000)
"""


@pytest.mark.spawns(Path(sys.executable).name)
def test_lines_of_runs_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "vmstore.log"
    words = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*words, letter], cwd=ROOT) for letter in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert sorted(path.read_text().split()) == sorted(letter * 5000 for letter in "abc" for _ in range(300))


def test_a_disk_that_fills_up_within_a_line_is_said_and_the_next_line_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "vmstore.log"
    places.append(path, "x" * 100)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150, limits[1]))
    try:
        with pytest.raises(OSError, match="No space left"):
            places.append(path, "y" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    places.append(path, "z")
    assert [line[:1] for line in path.read_text().splitlines()] == ["x", "y", "z"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/null")])
def test_nothing_but_a_file_is_written_to_and_nothing_is_waited_for(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "vmstore.log")
    with pytest.raises(OSError, match=r"no file|directory|symbolic"):
        places.append(tmp_path / "vmstore.log", "a")


def test_a_users_own_file_is_where_states_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert places.file("auto") == Path("/state/vmstore/vmstore.log")
    monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", "/home/jane")
    assert places.file("auto") == Path("/home/jane/.local/state/vmstore/vmstore.log")
    assert places.file("/srv/vmstore.log") == Path("/srv/vmstore.log")
    assert places.file("none") is None


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Listen as syslogd does."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.bind(f"{folder}/log")
        monkeypatch.setattr(places, "SOCKET", f"{folder}/log")
        yield found


@pytest.mark.parametrize(("failed", "priority"), [(False, 85), (True, 84)])
def test_syslog_hears_a_line_as_its_own_protocol_has_it(listener: socket.socket, failed: bool, priority: int) -> None:
    to_syslog('{"v": 1}', failed=failed)
    heard = listener.recv(1000).decode()
    month = r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    assert re.fullmatch(rf'<{priority}>{month} [ \d]\d \d\d:\d\d:\d\d vmstore\[{os.getpid()}\]: {{"v": 1}}', heard)


def test_a_syslog_that_hangs_keeps_nobody_waiting(listener: socket.socket) -> None:
    with pytest.raises(BlockingIOError):
        for _ in range(100_000):
            to_syslog("a", failed=False)


def test_a_host_without_syslog_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(places, "SOCKET", str(tmp_path / "log"))
    with pytest.raises(FileNotFoundError):
        to_syslog("a", failed=False)
