"""Start, stop and show a node's rgmanager: ``rgmanager start|stop|status|run``; it starts, too, without a word."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lab.standins.rgmanager import settings, texts
from lab.standins.rgmanager.node import Daemon
from lab.standins.rgmanager.settings import Settings
from lab.standins.rgmanager.tree import BadXml

_STOPS_WITHIN = 600.0


def _pid_file(own: Settings) -> Path:
    return own.run / "rgmanager.pid"


def _pid(own: Settings) -> int:
    """Return the daemon's process, 0 where there is none."""
    try:
        pid = int(_pid_file(own).read_text(encoding="utf-8"))
        os.kill(pid, 0)
        # A process that nobody has waited for is no daemon any more.
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (OSError, ValueError):
        return 0
    return 0 if state == "Z" else pid


def _run(own: Settings) -> int:
    daemon = Daemon(own)
    signal.signal(signal.SIGTERM, lambda *_: daemon.ending.set())
    _pid_file(own).write_text(f"{os.getpid()}\n", encoding="utf-8")
    try:
        daemon.run()
    finally:
        _pid_file(own).unlink(missing_ok=True)
    return 0


def _start(own: Settings) -> int:
    """Go into the background; what it has to say afterwards is in the log."""
    if _pid(own):
        return 0
    if os.fork():
        # Until its number is known, a second start would not see it.
        deadline = time.monotonic() + 10
        while not _pid(own) and time.monotonic() < deadline:
            time.sleep(0.02)
        return 0 if _pid(own) else 1
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    code = 1
    try:
        code = _run(own)
    finally:
        os._exit(code)


def _stop(own: Settings) -> int:
    pid = _pid(own)
    if pid:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOPS_WITHIN
    while _pid(own):
        if time.monotonic() > deadline:
            return 1
        time.sleep(0.05)
    return 0


def main(arguments: Sequence[str]) -> int:
    """Do one of the four."""
    try:
        own = settings.read()
        match list(arguments):
            case [] | ["start"]:
                return _start(own)
            case ["run"]:
                return _run(own)
            case ["stop"]:
                return _stop(own)
            case ["status"]:
                pid = _pid(own)
                print(f"rgmanager (pid  {pid}) is running..." if pid else "rgmanager is stopped")
                return 0 if pid else 3
    except (OSError, ValueError, BadXml) as error:
        print(f"rgmanager (stand-in): {error}", file=sys.stderr)
        return texts.BROKEN
    print("usage: rgmanager start|stop|status|run", file=sys.stderr)
    return 2
