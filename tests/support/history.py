"""Histories for tests: days of hourly samples, and an account without root's right to pass over modes."""

import contextlib
import ctypes
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.support.history_reading import Readable
from vmstore.history.values import Keeping, Sample

GIB = 2**30
HOUR = 3600
DAY = 24 * HOUR
# Midnight UTC, 14 November 2023.
START = 1_699_920_000

_CAPABILITIES_V3 = 0x20080522
_DAC_OVERRIDE_AND_READ_SEARCH = 0b110


def opened(path: Path, now: int = START, keeping: Keeping | None = None) -> Readable:
    """Open a history as if it were ``now``."""
    return Readable.open(path, keeping, clock=lambda: now)


def vm(name: str = "web01", used: int | None = 5 * GIB, allocated: int = 20 * GIB) -> Sample:
    """Give a sample of a VM of 20 GiB."""
    return Sample("vm", name, 20 * GIB, allocated, used)


def fill(path: Path, hours: Iterable[int], names: Iterable[str] = ("web01",), keeping: Keeping | None = None) -> None:
    """Write a report an hour; each VM uses as many GiB as hours went by."""
    subjects = tuple(names)
    for hour in hours:
        now = START + hour * HOUR
        with opened(path, now, keeping) as history:
            assert history.add(now, [vm(name, used=hour * GIB) for name in subjects]) == []


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """Ask the file itself, or change it, past all that a history does."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return list(connection.execute(query))


def with_room_for(pages: int) -> Callable[..., sqlite3.Connection]:
    """Give what opens a database as ``sqlite3.connect`` does, but of so many pages at most, as on a full disk."""
    connect = sqlite3.connect

    def small(path: str, **more: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(path, **more)
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    return small


@contextlib.contextmanager
def without_roots_rights() -> Iterator[None]:
    """Have modes of files hold for root too: this thread gives up the right to pass over them, for a while."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    data = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, data) == 0
    before = data[0]
    data[0] = before & ~_DAC_OVERRIDE_AND_READ_SEARCH
    assert libc.capset(header, data) == 0
    try:
        yield
    finally:
        data[0] = before
        assert libc.capset(header, data) == 0
