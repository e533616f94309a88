"""Keep the history small: thin out, compact by day and prune by age, a little with each report."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

from vmstore.history.schema import transaction
from vmstore.history.values import Keeping

HOUR = 3600
DAY = 24 * HOUR
# For so long every sample stays, however often reports are made; after that one an hour.
_DENSE = 2 * DAY
# Subjects whose day is compacted in one transaction: some 20 ms, for which other reports wait.
_AT_ONCE = 500

# What a node that hangs in the evening did not tell of is taken from earlier in the day. A day that has its row keeps
# it: what comes later for the same day is of a clock that was wrong.
_SUMMARISE = """
INSERT INTO days (day, subject, time, size, allocated, used, allocated_min, allocated_max, used_min, used_max)
SELECT :day, span.subject, span.last, final.size, final.allocated, known.used, span.a_min, span.a_max, span.u_min,
       span.u_max
FROM (
    SELECT subject, max(samples.time) AS last, max(CASE WHEN used IS NULL THEN NULL ELSE samples.time END) AS last_used,
           min(allocated) AS a_min, max(allocated) AS a_max, min(used) AS u_min, max(used) AS u_max
    FROM runs CROSS JOIN samples ON samples.time = runs.time AND subject BETWEEN :lowest AND :highest
    WHERE runs.time BETWEEN :first AND :last
    GROUP BY subject
) AS span
CROSS JOIN samples AS final ON final.time = span.last AND final.subject = span.subject
LEFT JOIN samples AS known ON known.time = span.last_used AND known.subject = span.subject
WHERE true
ON CONFLICT (day, subject) DO NOTHING
"""
_DROP = """
DELETE FROM samples
WHERE time IN (SELECT time FROM runs WHERE time BETWEEN :first AND :last) AND subject BETWEEN :lowest AND :highest
"""
_DAYS = "SELECT count(*) FROM (SELECT day FROM kept UNION SELECT time / 86400 FROM runs)"
# Not sooner than its last row is gone, or a later subject of the same id would inherit that.
_FORGET = """
DELETE FROM subjects
WHERE seen < (SELECT min(day) FROM days) AND seen < (SELECT min(time) FROM samples) / 86400
"""


def tidy(
    connection: sqlite3.Connection,
    now: int,
    keeping: Keeping,
    budget: float,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Do what is due until ``budget`` seconds are over, and at least one piece of it. Raises sqlite3.Error."""
    end = clock() + budget
    for _ in _chores(connection, now, keeping):
        if clock() >= end:
            return


def _chores(connection: sqlite3.Connection, now: int, keeping: Keeping) -> Iterator[None]:
    yield from _compact(connection, now // DAY - keeping.hourly_days)
    yield from _prune(connection, now // DAY - keeping.daily_days, keeping.daily_days)
    yield from _thin(connection, now - _DENSE)


def _compact(connection: sqlite3.Connection, before: int) -> Iterator[None]:
    while True:
        oldest = connection.execute("SELECT time, subject FROM samples ORDER BY time, subject LIMIT 1").fetchone()
        if oldest is None or oldest[0] // DAY >= before:
            return
        day, subject = oldest[0] // DAY, oldest[1]
        piece = {
            "day": day,
            "first": day * DAY,
            "last": day * DAY + DAY - 1,
            "lowest": subject,
            "highest": subject + _AT_ONCE - 1,
        }
        with transaction(connection):
            connection.execute(_SUMMARISE, piece)
            connection.execute(_DROP, piece)
        yield


def _prune(connection: sqlite3.Connection, before: int, enough: int) -> Iterator[None]:
    # A clock that is years ahead makes all of the history look old, so a day is given up only where as many days
    # follow it as are kept.
    while True:
        (oldest,) = connection.execute("SELECT min(day) FROM days").fetchone()
        if oldest is None or oldest >= before or connection.execute(_DAYS).fetchone()[0] - 1 <= enough:
            return
        with transaction(connection):
            connection.execute("DELETE FROM days WHERE day = ?", (oldest,))
            connection.execute(_FORGET)
            connection.execute("DELETE FROM fits WHERE subject NOT IN (SELECT id FROM subjects)")
        yield


def _thin(connection: sqlite3.Connection, until: int) -> Iterator[None]:
    times = [time for (time,) in connection.execute("SELECT time FROM runs WHERE time < ?", (until,))]
    for earlier, later in pairwise(times):
        if earlier // HOUR == later // HOUR:
            with transaction(connection):
                connection.execute("DELETE FROM samples WHERE time = ?", (earlier,))
            yield
