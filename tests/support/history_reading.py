"""Read all of a history: what no command needs, and what tests hold against what was written."""

import sqlite3
from collections.abc import Iterator
from itertools import groupby

from vmstore.history.store import History
from vmstore.history.values import Kind, Point

_SERIES = """
SELECT days.time, size, allocated, used, allocated_min, allocated_max, used_min, used_max
FROM kept CROSS JOIN days ON days.day = kept.day AND days.subject = :subject
WHERE kept.day >= :since / 86400 AND days.time BETWEEN :since AND :until
UNION ALL
SELECT samples.time, size, allocated, used, allocated, allocated, used, used
FROM runs CROSS JOIN samples ON samples.time = runs.time AND samples.subject = :subject
WHERE runs.time BETWEEN :since AND :until
ORDER BY 1
"""
_DAYS = """
SELECT subjects.name, days.time, size, allocated, used, allocated_min, allocated_max, used_min, used_max
FROM subjects CROSS JOIN kept CROSS JOIN days ON days.day = kept.day AND days.subject = subjects.id
WHERE subjects.kind = :kind AND kept.day >= :since / 86400 AND days.time BETWEEN :since AND :until
UNION ALL
SELECT subjects.name, samples.time, size, allocated, used, allocated, allocated, used, used
FROM subjects CROSS JOIN (
    SELECT max(time) AS time FROM runs WHERE time BETWEEN :since AND :until GROUP BY time / 86400
) AS final CROSS JOIN samples ON samples.time = final.time AND samples.subject = subjects.id
WHERE subjects.kind = :kind
ORDER BY 1, 2
"""
_NEWEST = """
SELECT samples.time FROM samples JOIN subjects ON subjects.id = samples.subject
WHERE subjects.kind = ? AND samples.time <= ? ORDER BY samples.time DESC LIMIT 1
"""
_AT = """
SELECT subjects.name, time, size, allocated, used, allocated, allocated, used, used
FROM samples JOIN subjects ON subjects.id = samples.subject
WHERE time = ? AND subjects.kind = ?
"""


class Readable(History):
    """A history of which all can be read; what fails then is told as for what reports read."""

    def series(self, kind: Kind, name: str, since: int) -> list[Point]:
        """Give the history of one subject, oldest first: a point a day, and of late every sample."""
        return self._read(lambda connection: _series(connection, kind, name, since, self._until()), [])

    def days(self, kind: Kind, since: int) -> Iterator[tuple[str, list[Point]]]:
        """Give the history of every subject of a kind, by name, each with at most one point a day.

        One subject after the other, so that no more than one is in memory. It ends early where reading fails.
        """
        none: Iterator[tuple[str, list[Point]]] = iter(())
        told = self._read(lambda connection: _days(connection, kind, since, self._until()), none)
        while (one := self._read(lambda _: next(told, None), None)) is not None:
            yield one

    def last(self, kind: Kind) -> dict[str, Point]:
        """Give what the newest report said of each subject of a kind."""
        return self._read(lambda connection: _last(connection, kind, self._until()), {})


def _series(connection: sqlite3.Connection, kind: Kind, name: str, since: int, until: int) -> list[Point]:
    """Read all there is of one subject, oldest first: one point a day, then every sample."""
    found = connection.execute("SELECT id FROM subjects WHERE kind = ? AND name = ?", (kind, name)).fetchone()
    if found is None:
        return []
    return [Point(*row) for row in connection.execute(_SERIES, {"subject": found[0], "since": since, "until": until})]


def _days(connection: sqlite3.Connection, kind: Kind, since: int, until: int) -> Iterator[tuple[str, list[Point]]]:
    """Read all subjects of a kind, one after the other, each with at most one point a day."""
    rows = connection.execute(_DAYS, {"kind": kind, "since": since, "until": until})
    for name, group in groupby(rows, key=lambda row: str(row[0])):
        yield name, [Point(*row[1:]) for row in group]


def _last(connection: sqlite3.Connection, kind: Kind, until: int) -> dict[str, Point]:
    """Read what the newest report that told of a kind said of it."""
    newest = connection.execute(_NEWEST, (kind, until)).fetchone()
    if newest is None:
        return {}
    return {row[0]: Point(*row[1:]) for row in connection.execute(_AT, (newest[0], kind))}
