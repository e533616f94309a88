"""Make and migrate the tables of the history.

Rows of ``samples`` are keyed by time first, so a report of 5,000 volumes appends to a few pages; keyed by subject first
it would touch a page for each volume. The views list the times there are by one jump in the key for each, so the
history of one subject is read by as many look-ups as there are times. SQLite 3.26 (RHEL 8) is enough.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vmstore.history import faults

# "vmst" in ASCII, at byte 68 of the file: it tells a history from any other SQLite database.
APPLICATION = 0x766D7374

# Migration n takes a file from version n to n + 1; a new file goes through all of them.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # ``seen`` is the last day with a sample, for a subject is forgotten only with its last row.
        "CREATE TABLE subjects (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, seen INTEGER NOT NULL,"
        " UNIQUE (kind, name))",
        "CREATE TABLE samples (time INTEGER NOT NULL, subject INTEGER NOT NULL, size INTEGER NOT NULL,"
        " allocated INTEGER NOT NULL, used INTEGER, PRIMARY KEY (time, subject)) WITHOUT ROWID",
        "CREATE TABLE days (day INTEGER NOT NULL, subject INTEGER NOT NULL, time INTEGER NOT NULL,"
        " size INTEGER NOT NULL, allocated INTEGER NOT NULL, used INTEGER, PRIMARY KEY (day, subject)) WITHOUT ROWID",
        "CREATE VIEW runs (time) AS WITH RECURSIVE found (time) AS (SELECT min(time) FROM samples UNION ALL"
        " SELECT (SELECT min(time) FROM samples WHERE time > found.time) FROM found WHERE found.time IS NOT NULL)"
        " SELECT time FROM found WHERE time IS NOT NULL",
        "CREATE VIEW kept (day) AS WITH RECURSIVE found (day) AS (SELECT min(day) FROM days UNION ALL"
        " SELECT (SELECT min(day) FROM days WHERE day > found.day) FROM found WHERE found.day IS NOT NULL)"
        " SELECT day FROM found WHERE day IS NOT NULL",
        "CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    ),
    (
        "ALTER TABLE days ADD COLUMN allocated_min INTEGER",
        "ALTER TABLE days ADD COLUMN allocated_max INTEGER",
        "ALTER TABLE days ADD COLUMN used_min INTEGER",
        "ALTER TABLE days ADD COLUMN used_max INTEGER",
        "UPDATE days SET allocated_min = allocated, allocated_max = allocated, used_min = used, used_max = used",
    ),
    # What was made of the history of a subject, since making it anew for 5,000 takes seconds.
    (
        "CREATE TABLE fits (subject INTEGER PRIMARY KEY, time INTEGER NOT NULL, value INTEGER NOT NULL,"
        " fit TEXT NOT NULL)",
    ),
)
VERSION = len(MIGRATIONS)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all that is within or nothing; the right to write is had from the start, so it is waited for only there."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite itself rolls back after some errors, and then there is nothing left to roll back.
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def check(connection: sqlite3.Connection, path: Path) -> int:
    """Give the file's version. Raises Unusable for one that a newer vmstore or something else has made."""
    # All of it at one moment: another report may be making the file just now.
    connection.execute("BEGIN")
    try:
        return _judge(connection, path)
    finally:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _judge(connection: sqlite3.Connection, path: Path) -> int:
    version = _number(connection, "PRAGMA user_version")
    application = _number(connection, "PRAGMA application_id")
    if application != APPLICATION and (version or _number(connection, "SELECT count(*) FROM sqlite_master")):
        raise faults.Unusable(faults.foreign(path))
    if version > VERSION:
        raise faults.Unusable(faults.newer(path, version, VERSION))
    return version


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a file to this version, in WAL mode, whether it is new, old or right already. Raises Unusable."""
    if check(connection, path) == VERSION and _text(connection, "PRAGMA journal_mode") == "wal":
        return
    # Before WAL, so that it is in the file itself and can be found there when the rest is damaged.
    if _number(connection, "PRAGMA application_id") != APPLICATION:
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute("PRAGMA journal_mode = WAL")
    with transaction(connection):
        for version in range(_judge(connection, path), VERSION):
            for statement in MIGRATIONS[version]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version + 1}")


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _text(connection: sqlite3.Connection, query: str) -> str:
    return str(connection.execute(query).fetchone()[0])
