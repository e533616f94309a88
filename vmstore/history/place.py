"""Open the history's file, make it where there is none, and put a damaged one aside."""

import errno
import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from vmstore.history import faults, schema
from vmstore.history.values import Fault

PATIENCE = 2.0
_PAUSE = 0.05
_MAGIC = b"SQLite format 3\0"
# What a WAL keeps of its length after its content is in the file.
_WAL_BYTES = 16 * 2**20


def connect(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Open the file, made and migrated where that is needed, and tell whether it may be written.

    Raises OSError, sqlite3.Error or faults.Unusable.
    """
    _make(path)
    if not os.access(path, os.R_OK, effective_ids=True):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if all(os.access(needed, os.W_OK, effective_ids=True) for needed in (path, path.parent)):
        return _writing(path), True
    return _reading(path), False


def make_folder(path: Path) -> None:
    """Make the folder of a history, open to all whatever the umask is. Raises OSError."""
    if not path.is_dir():
        # Another report may make it at this moment; where a file has the name, what comes next will tell.
        with suppress(FileExistsError):
            path.mkdir(parents=True)
            path.chmod(0o755)


def _make(path: Path) -> None:
    if path.exists():
        return
    make_folder(path.parent)
    # No other way has SQLite make a file of this mode, whatever the umask is.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))


def _writing(path: Path) -> sqlite3.Connection:
    connection = _open(path, "mode=rw")
    try:
        _patiently(connection, path)
        if _is_wal(connection):
            # A crash of the host may then cost the last reports, and never the file.
            connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def _patiently(connection: sqlite3.Connection, path: Path) -> None:
    # SQLite waits by itself, save where two that make a new file would wait for each other: then one is told at once.
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return schema.prepare(connection, path)
        except sqlite3.Error as error:
            if faults.fault(error) is not Fault.LOCKED or time.monotonic() >= end:
                raise
        time.sleep(_PAUSE)


def _reading(path: Path) -> sqlite3.Connection:
    # A file in WAL mode is not readable where no -shm can be made beside it, unless it is said not to change.
    try:
        return _checked(path, "mode=ro")
    except sqlite3.Error as error:
        if faults.fault(error) is Fault.LOCKED:
            raise
    return _checked(path, "mode=ro&immutable=1")


def _checked(path: Path, way: str) -> sqlite3.Connection:
    connection = _open(path, way)
    try:
        if schema.check(connection, path) < schema.VERSION:
            raise PermissionError(errno.EACCES, "it is of an older form and cannot be brought up to date", str(path))
    except BaseException:
        connection.close()
        raise
    return connection


def _open(path: Path, way: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{way}", uri=True, timeout=PATIENCE, isolation_level=None)
    # A damaged name must not be what raises.
    connection.text_factory = lambda name: name.decode(errors="replace")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def _is_wal(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal")


def confirm_damage(path: Path) -> None:
    """Look through the whole file, a second or two, whether it is really the file that is wrong.

    Raises sqlite3.DatabaseError where it is not, for then it is left in its place.
    """
    connection = _open(path, "mode=ro")
    try:
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            return
    except sqlite3.Error as error:
        if faults.fault(error) is Fault.DAMAGED:
            return
        raise
    finally:
        connection.close()
    raise sqlite3.DatabaseError("a check of all of it found nothing wrong")


def put_aside(path: Path, inode: int, now: int) -> Path | None:
    """Rename a damaged file and what belongs to it; None where another report has done so. Raises OSError, Unusable.

    ``inode`` is that of the file which was found damaged: the one that lies there now may be a new one.
    """
    with path.open("rb") as file:
        head = file.read(100)
    if head.startswith(_MAGIC) and head[68:72] != schema.APPLICATION.to_bytes(4, "big"):
        raise faults.Unusable(faults.foreign(path))
    if path.stat().st_ino != inode:
        return None
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside
