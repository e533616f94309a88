"""The history of a report: whatever is wrong with its file becomes a note, and the report goes on without it."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from vmstore.history import faults, keeping, place, rows
from vmstore.history.schema import transaction
from vmstore.history.values import Fault, Fit, Keeping, Kind, Note, Point, Sample

# What one report spends at most on tidying up, in seconds.
BUDGET = 0.2
# Rows further ahead than this were written while a clock was wrong.
_AHEAD = keeping.DAY

_Answer = TypeVar("_Answer")


class History:
    """The history as one report sees it. ``notes`` tell what was wrong with it so far; nothing here raises."""

    def __init__(self, path: Path, limits: Keeping, clock: Callable[[], float]) -> None:
        self.notes: list[Note] = []
        self._path = path
        self._limits = limits
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._writable = False
        self._renewed = False
        self._inode = 0

    @classmethod
    def open(cls, path: Path, limits: Keeping | None = None, clock: Callable[[], float] = time.time) -> Self:
        """Open the history, made and migrated where that is needed; what is wrong with it stands in ``notes``."""
        history = cls(path, limits or Keeping(), clock)
        history._begin()
        return history

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            # The last one to close moves the WAL into the file, which may fail as any writing may.
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def add(self, time: int, samples: Iterable[Sample]) -> list[Note]:
        """Write what a report found at ``time``, and tell why that was not possible; nothing told means written.

        A second call for the same minute changes nothing.
        """
        found = tuple(samples)
        return self._write(lambda connection: self._add(connection, time - time % 60, found))

    def days_of(self, kind: Kind, names: Collection[str], since: int) -> dict[str, list[Point]]:
        """Give the history of some subjects of a kind, each with at most one point a day."""
        return self._read(lambda connection: rows.days_of(connection, kind, names, since, self._until()), {})

    def fits(self, kind: Kind) -> dict[str, Fit]:
        """Give what reports before made of the history of each subject of a kind."""
        return self._read(lambda connection: rows.fits(connection, kind), {})

    def keep_fits(self, kind: Kind, made: Mapping[str, Fit]) -> list[Note]:
        """Keep what this report made of it, and tell why that was not possible."""
        return self._write(lambda connection: rows.keep_fits(connection, kind, made))

    def state(self, key: str) -> Any:
        """Give what was remembered under ``key``, or None."""
        found = self._read(lambda c: c.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone(), None)
        try:
            return json.loads(found[0]) if found else None
        except ValueError:
            return None

    def remember(self, key: str, value: Any) -> list[Note]:
        """Keep a value that JSON can hold until the next report, and tell why that was not possible."""
        row = (key, json.dumps(value))
        return self._write(lambda connection: self._remember(connection, row))

    def _begin(self) -> None:
        try:
            self._connection, self._writable = place.connect(self._path)
            self._inode = self._path.stat().st_ino
        except (OSError, sqlite3.Error, faults.Unusable) as error:
            self._failed(error, f"{faults.NOT_READ}; {faults.NOT_ADDED}")
        else:
            if not self._writable:
                self._tell(faults.read_only(self._path))

    def _until(self) -> int:
        return int(self._clock()) + _AHEAD

    def _write(self, work: Callable[[sqlite3.Connection], None]) -> list[Note]:
        if not self._writable:
            return list(self.notes)

        def whole(connection: sqlite3.Connection) -> bool:
            work(connection)
            return True

        return [] if self._attempt(whole, False, faults.NOT_ADDED) else list(self.notes)

    def _read(self, work: Callable[[sqlite3.Connection], _Answer], otherwise: _Answer) -> _Answer:
        return self._attempt(work, otherwise, faults.NOT_READ)

    def _attempt(self, work: Callable[[sqlite3.Connection], _Answer], otherwise: _Answer, means: str) -> _Answer:
        # The second time is for the new file, where the one at hand proved damaged.
        for _ in range(2):
            if self._connection is None:
                break
            try:
                return work(self._connection)
            except (sqlite3.Error, OverflowError, UnicodeError) as error:
                if not self._failed(error, means):
                    break
        return otherwise

    def _failed(self, error: Exception, means: str) -> bool:
        """Begin a new file if this one is damaged, and tell of what is wrong; true if work may be tried again."""
        if faults.fault(error) is Fault.DAMAGED and not self._renewed:
            self._renewed = True
            try:
                return self._renew()
            except faults.Unusable as unusable:
                error = unusable
            except (OSError, sqlite3.Error) as kept:
                means = f"it cannot be put aside ({kept}): {means}"
        self._tell(faults.explain(error, self._path, means))
        return False

    def _renew(self) -> bool:
        inode = self._path.stat().st_ino
        aside = None
        # Else another report has put the file aside that is open here.
        if inode == self._inode or self._connection is None:
            place.confirm_damage(self._path)
            aside = place.put_aside(self._path, inode, int(self._clock()))
        self.close()
        if aside:
            self._tell(faults.set_aside(self._path, aside))
        self._begin()
        return self._connection is not None

    def _tell(self, note: Note) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _add(self, connection: sqlite3.Connection, time: int, samples: Iterable[Sample]) -> None:
        rows.add(connection, time, samples)
        try:
            keeping.tidy(connection, time, self._limits, BUDGET)
        except sqlite3.Error as error:
            # What is due stays due for the next report; only damage must be seen to.
            if faults.fault(error) is Fault.DAMAGED:
                raise

    def _remember(self, connection: sqlite3.Connection, row: tuple[str, str]) -> None:
        with transaction(connection):
            connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", row)
