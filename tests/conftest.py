"""Keep unit and cli tests from starting processes; the storage tests in tests/lab are free to."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from vmstore.log import places
from vmstore.tools import lvm

HERE = Path(__file__).parent
_STARTS = ("subprocess.Popen", "os.posix_spawn", "os.spawn", "os.system", "os.exec", "os.fork", "os.forkpty")


class UnexpectedProcess(BaseException):
    """A test started a process; no handler may swallow this."""


class _Guard:
    """Watch the interpreter's own events, so that no way to start a process is forgotten."""

    def __init__(self) -> None:
        self.closed = False
        self.allowed: tuple[str, ...] = ()
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """Refuse the start of a process while closed. subprocess forks by itself once its own event has passed."""
        if self.closed and event in _STARTS:
            program = str(arguments[0]) if arguments else ""
            if event == "subprocess.Popen" and program.rsplit("/", maxsplit=1)[-1] in self.allowed:
                return
            raise UnexpectedProcess(f"{event} {arguments}: script it, or mark the test with spawns(PROGRAM)")


_guard = _Guard()


def pytest_configure(config: pytest.Config) -> None:
    """Say which marks there are, and let no example fail for being slow: the machine may be busy.

    Where CI is set, all runs look at the same examples, so that chance does not say what lands; others look elsewhere
    each time.
    """
    config.addinivalue_line("markers", "spawns(program, ...): this test really starts these programs")
    settings.register_profile(
        "vmstore", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
    )
    settings.load_profile("vmstore")


@pytest.fixture(autouse=True)
def no_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse every process start that the test does not ask for with the mark ``spawns``."""
    if request.path.is_relative_to(HERE / "lab"):
        yield
        return
    mark = request.node.get_closest_marker("spawns")
    _guard.allowed = mark.args if mark else ()
    _guard.closed = True
    try:
        yield
    finally:
        _guard.closed = False


@pytest.fixture(autouse=True)
def own_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep tests off this machine's settings, logs and sockets, and any of them from waiting."""
    if request.path.is_relative_to(HERE / "lab"):
        return
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(places, "SYSTEM", tmp_path / "vmstore" / "vmstore.log")
    monkeypatch.setattr(places, "to_syslog", lambda line, *, failed: None)
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("VMSTORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("VMSTORE_CONFIG", raising=False)
    monkeypatch.delenv("VMSTORE_DEBUG", raising=False)
    assert lvm.run.__kwdefaults__ is not None
    monkeypatch.setitem(lvm.run.__kwdefaults__, "pause", lambda _: None)
