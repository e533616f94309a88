"""Put samples into the tables of the history and get points out of them."""

import sqlite3
from collections.abc import Collection, Iterable, Mapping

from vmstore.history.keeping import DAY
from vmstore.history.schema import transaction
from vmstore.history.values import Fit, Kind, Point, Sample

_KEPT = "SELECT day FROM kept WHERE day BETWEEN :since / 86400 AND :until / 86400"
_FINAL = "SELECT max(time) FROM runs WHERE time BETWEEN :since AND :until GROUP BY time / 86400 ORDER BY 1"
_OF_DAY = """
SELECT subject, time, size, allocated, used, allocated_min, allocated_max, used_min, used_max
FROM days WHERE day = ? AND time BETWEEN ? AND ? AND subject IN ({})
"""
_OF_TIME = """
SELECT subject, time, size, allocated, used, allocated, allocated, used, used
FROM samples WHERE time = ? AND subject IN ({})
"""
# SQLite before 3.32 takes 999 values in a query.
_AT_ONCE = 500
_FITS = """
SELECT subjects.name, fits.time, value, fit FROM subjects JOIN fits ON fits.subject = subjects.id WHERE kind = ?
"""
_KEEP_FIT = """
INSERT OR REPLACE INTO fits (subject, time, value, fit) SELECT id, ?, ?, ? FROM subjects WHERE kind = ? AND name = ?
"""


def add(connection: sqlite3.Connection, time: int, samples: Iterable[Sample]) -> None:
    """Write one report's samples; what there is of that time already stays. Raises sqlite3.Error."""
    with transaction(connection):
        known = {(kind, name): id for id, kind, name in connection.execute("SELECT id, kind, name FROM subjects")}
        rows = []
        for sample in samples:
            key = (sample.kind, sample.name)
            if key not in known:
                made = connection.execute("INSERT INTO subjects (kind, name, seen) VALUES (?, ?, ?)", (*key, 0))
                assert made.lastrowid is not None
                known[key] = made.lastrowid
            rows.append((time, known[key], sample.size, sample.allocated, sample.used))
        connection.executemany(
            "INSERT INTO samples VALUES (?, ?, ?, ?, ?) ON CONFLICT (time, subject) DO NOTHING", rows
        )
        day = time // DAY
        connection.executemany(
            "UPDATE subjects SET seen = ? WHERE id = ? AND seen < ?", [(day, r[1], day) for r in rows]
        )


def days_of(
    connection: sqlite3.Connection, kind: Kind, names: Collection[str], since: int, until: int
) -> dict[str, list[Point]]:
    """Read some subjects, each with at most one point a day, in a time that goes with their number.

    Raises sqlite3.Error.
    """
    window = {"since": since, "until": until}
    kept = [row[0] for row in connection.execute(_KEPT, window)]
    final = [row[0] for row in connection.execute(_FINAL, window)]
    known = connection.execute("SELECT id, name FROM subjects WHERE kind = ?", (kind,)).fetchall()
    wanted = {id: name for id, name in known if name in names}
    found: dict[str, list[Point]] = {name: [] for name in wanted.values()}
    ids = list(wanted)
    for first in range(0, len(ids), _AT_ONCE):
        some = ids[first : first + _AT_ONCE]
        # Nothing but question marks comes in.
        marks = ",".join("?" * len(some))
        for day in kept:
            for row in connection.execute(_OF_DAY.format(marks), (day, since, until, *some)):
                found[wanted[row[0]]].append(Point(*row[1:]))
        for time in final:
            for row in connection.execute(_OF_TIME.format(marks), (time, *some)):
                found[wanted[row[0]]].append(Point(*row[1:]))
    return {name: points for name, points in found.items() if points}


def fits(connection: sqlite3.Connection, kind: Kind) -> dict[str, Fit]:
    """Read what was made of the history of each subject of a kind. Raises sqlite3.Error."""
    return {row[0]: Fit(*row[1:]) for row in connection.execute(_FITS, (kind,))}


def keep_fits(connection: sqlite3.Connection, kind: Kind, made: Mapping[str, Fit]) -> None:
    """Keep what was made of the history of subjects that are known. Raises sqlite3.Error."""
    with transaction(connection):
        rows = [(each.time, each.value, each.fit, kind, name) for name, each in made.items()]
        connection.executemany(_KEEP_FIT, rows)
