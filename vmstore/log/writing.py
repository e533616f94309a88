"""Write the log of one run of vmstore: one JSON object a line, each of which tells who, what, where and when by itself.

``begin`` and ``end`` are those of the run, ``start`` and ``ended`` those of each command that changes something, under
one ``n``; ``seen`` is what was true after a step. A command that has no ``ended`` was cut off with its run, or runs.
"""

import json
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vmstore.log import places
from vmstore.log.secrets import blanked
from vmstore.log.who import who

if TYPE_CHECKING:
    # msgspec takes its time to load, and a help text needs none of it.
    from vmstore.config import LogSettings
    from vmstore.run import Result

VERSION = 1


@dataclass(slots=True)
class Change:
    """What came of a command: its exit code, None where there is none, and its complaint."""

    exit: int | None = None
    why: str = ""

    def took(self, result: "Result") -> None:
        """Take note of how it ended."""
        self.exit = result.rc
        self.why = "" if result.ok else result.reason()


class Log:
    """The log of one run, which writes nothing until it is opened.

    ``words`` are what was typed, ``job`` and ``step`` what is under way. What cannot be written stops nothing: it is
    complained of once.
    """

    def __init__(self, words: Sequence[str] = (), complain: Callable[[str], None] = lambda _: None) -> None:
        self.job = ""
        self.step = ""
        self._asked = blanked(shlex.join(["vmstore", *words]))
        self._complain = complain
        self._settings: LogSettings | None = None
        self._file: Path | None = None
        self._run = os.urandom(4).hex()
        self._who: dict[str, str] = {}
        self._since = time.monotonic()
        self._commands = 0
        self._deaf: set[str] = set()

    def open(self, settings: "LogSettings") -> None:
        """Say where it goes; nothing is written yet."""
        self._settings = settings

    def begin(self) -> None:
        """Write that the run has begun, once."""
        if self._settings is not None and not self._who:
            self._who = who()
            self._write("begin", {})

    def end(self, code: int, why: str = "") -> None:
        """Write with which exit code the run ends, and why, if its beginning was written."""
        if self._who:
            self._write("end", {"exit": code, "seconds": _seconds(self._since), "why": why}, failed=code != 0)

    @contextmanager
    def change(self, node: str, command: str) -> Iterator[Change]:
        """Write that a command is started on a node, and how it ended, unless this process is killed meanwhile."""
        self.begin()
        self._commands += 1
        what = {"n": self._commands, "node": node, "command": command, "step": self.step}
        since, change = time.monotonic(), Change()
        self._write("start", what)
        try:
            yield change
        except (Exception, KeyboardInterrupt) as problem:
            self._ended(what, since, Change(change.exit, str(problem) or type(problem).__name__))
            raise
        self._ended(what, since, change)

    def _ended(self, what: Mapping[str, object], since: float, change: Change) -> None:
        came = {"exit": change.exit, "seconds": _seconds(since), "why": change.why}
        self._write("ended", {**what, **came}, failed=bool(change.exit or change.why))

    def seen(self, step: str, result: str, why: str = "") -> None:
        """Write what was true of a step afterwards: done, failed, taken back, not taken back."""
        self.begin()
        self._write("seen", {"step": step, "result": result, "why": why}, failed=result != "done")

    def _write(self, event: str, more: Mapping[str, object], *, failed: bool = False) -> None:
        if self._settings is None:
            return
        told = {
            "v": VERSION,
            "time": datetime.now().astimezone().isoformat(timespec="milliseconds"),
            "run": self._run,
            "event": event,
            **self._who,
            "asked": self._asked,
            "job": self.job,
            **{key: blanked(value) if isinstance(value, str) else value for key, value in more.items()},
        }
        line = json.dumps({key: value for key, value in told.items() if value not in ("", None)})
        with self._complaining("the log"):
            path = places.file(self._settings.file)
            if path is not None:
                places.append(path, line)
        if self._settings.syslog:
            with self._complaining(f"syslog at {places.SOCKET}"):
                places.to_syslog(line, failed=failed)

    @contextmanager
    def _complaining(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError) as error:
            if what not in self._deaf:
                self._deaf.add(what)
                where = f" {getattr(error, 'filename', None) or ''}".rstrip()
                why = getattr(error, "strerror", None) or error
                # The terminal may be gone, too.
                with suppress(OSError):
                    self._complain(f"vmstore: {what}{where} cannot be written: {why}; the work goes on without it")


def _seconds(since: float) -> float:
    return round(time.monotonic() - since, 3)


_CURRENT: ContextVar[Log] = ContextVar("log")


@contextmanager
def asked(words: Sequence[str], complain: Callable[[str], None]) -> Iterator[Log]:
    """Give the log of the run that was asked for by these words, and let everything below find it."""
    token = _CURRENT.set(Log(words, complain))
    try:
        yield _CURRENT.get()
    finally:
        _CURRENT.reset(token)


def current() -> Log:
    """Give the log of this run."""
    return _CURRENT.get(None) or Log()
