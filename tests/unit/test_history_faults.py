"""Whatever is wrong with the history's file is told, and no report fails for it. Every fault here is really made."""

import contextlib
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.history import DAY, GIB, HOUR, START, fill, opened, rows, vm, with_room_for, without_roots_rights
from tests.support.history_reading import Readable
from vmstore.history import place, schema
from vmstore.history.store import History
from vmstore.history.values import Fault, Note

MANY = [f"vm{n:03}" for n in range(300)]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the place of a history, for which nobody waits long."""
    monkeypatch.setattr(place, "PATIENCE", 0.1)
    return tmp_path / "history.db"


def _everything(history: Readable) -> list[Note]:
    """Use all that a report uses, and read all there is, whatever it is worth; give why nothing could be added."""
    history.days_of("vm", {"web01"}, 0)
    history.fits("vm")
    history.series("vm", "web01", 0)
    history.last("vm")
    list(history.days("vm", 0))
    history.state("alerts")
    history.remember("alerts", 1)
    return history.add(START + DAY, [vm()])


def _faults(history: History) -> list[Fault]:
    return [note.fault for note in history.notes]


def _nothing_to_be_had(path: Path, fault: Fault, *words: str) -> None:
    with opened(path, START + DAY) as history:
        told = _everything(history)
        assert _faults(history) == [fault]
        assert told == history.notes
        assert history.series("vm", "web01", 0) == []
        assert history.last("vm") == {}
        assert list(history.days("vm", 0)) == []
        assert (history.days_of("vm", {"web01"}, 0), history.fits("vm")) == ({}, {})
        for word in words:
            assert word in str(told[0])


def _unwritable(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o555)


def test_a_folder_that_cannot_be_made_is_told(path: Path) -> None:
    _unwritable(path.parent)
    with without_roots_rights():
        _nothing_to_be_had(path.parent / "lib" / "history.db", Fault.READ_ONLY, "without growth and forecast")
    path.parent.chmod(0o755)


def test_a_folder_whose_place_is_taken_by_a_file_is_told(path: Path) -> None:
    (path.parent / "lib").write_text("", encoding="ascii")
    _nothing_to_be_had(path.parent / "lib" / "history.db", Fault.ABSENT, "no folder")
    _nothing_to_be_had(path.parent / "lib" / "more" / "history.db", Fault.ABSENT, "no folder")


def test_a_file_that_cannot_be_made_is_told(path: Path) -> None:
    _unwritable(path.parent / "lib")
    with without_roots_rights():
        _nothing_to_be_had(path.parent / "lib" / "history.db", Fault.READ_ONLY, "may not be written")


def test_a_folder_in_place_of_the_file_is_told(path: Path) -> None:
    path.mkdir()
    _nothing_to_be_had(path, Fault.FAILED, "cannot be used")
    assert path.is_dir()


def test_a_file_that_may_not_be_read_is_told(path: Path) -> None:
    fill(path, [0])
    path.chmod(0)
    with without_roots_rights():
        _nothing_to_be_had(path, Fault.READ_ONLY, "Permission denied")


@pytest.mark.parametrize(("file", "folder"), [(0o400, 0o755), (0o600, 0o555), (0o400, 0o555)])
def test_a_history_that_may_only_be_read_is_read(path: Path, file: int, folder: int) -> None:
    place = path.parent / "lib" / "history.db"
    fill(place, [0])
    place.chmod(file)
    place.parent.chmod(folder)
    with without_roots_rights(), opened(place, START + DAY) as history:
        told = _everything(history)
        assert [note.fault for note in told] == [Fault.READ_ONLY]
        assert "not added" in told[0].means
        assert [p.used for p in history.series("vm", "web01", 0)] == [0]
        assert list(history.last("vm")) == ["web01"]
    place.parent.chmod(0o755)
    assert rows(place, "SELECT count(*) FROM samples") == [(1,)]


def test_an_old_form_that_may_only_be_read_is_told(path: Path) -> None:
    fill(path, [0])
    rows(path, "PRAGMA user_version = 1")
    path.chmod(0o400)
    with without_roots_rights():
        _nothing_to_be_had(path, Fault.READ_ONLY, "older form")


def test_what_becomes_read_only_under_way_is_told(path: Path) -> None:
    fill(path, [0])
    with opened(path, START + DAY) as history:
        assert history.series("vm", "web01", 0)
        with _held(history, "PRAGMA query_only = ON"):
            assert [note.fault for note in _everything(history)] == [Fault.READ_ONLY]
        assert history.add(START + DAY, [vm()]) == []


def test_another_report_that_writes_keeps_this_one_from_writing_only(path: Path) -> None:
    fill(path, [0])
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with opened(path, START + DAY) as history:
            assert [note.fault for note in _everything(history)] == [Fault.LOCKED]
            assert len(history.series("vm", "web01", 0)) == 1
            other.execute("ROLLBACK")
            assert history.add(START + HOUR, [vm()]) == []
            assert len(history.series("vm", "web01", 0)) == 2


def test_one_that_has_the_file_for_itself_is_waited_for_and_then_told_of(path: Path) -> None:
    fill(path, [0])
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        _nothing_to_be_had(path, Fault.LOCKED, "another report holds")
    fill(path, [1])
    assert not list(path.parent.glob("*damaged*"))


def test_a_new_file_that_another_report_is_making_is_told_of(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        _nothing_to_be_had(path, Fault.LOCKED, "another report holds")


def test_one_that_is_soon_done_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "PATIENCE", 30)
    fill(path, [0])
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = threading.Timer(0.1, other.execute, ["ROLLBACK"])
        done.start()
        fill(path, [1])
        done.join()
    assert rows(path, "SELECT count(*) FROM samples") == [(2,)]


def test_a_file_that_is_made_while_it_is_judged_is_not_taken_for_something_else(path: Path) -> None:
    class Overtaken(sqlite3.Connection):
        def execute(self, query: str, *values: Any) -> sqlite3.Cursor:
            if "sqlite_master" in query:
                opened(path).close()
            return super().execute(query, *values)

    with contextlib.closing(sqlite3.connect(path, factory=Overtaken, isolation_level=None)) as connection:
        assert schema.check(connection, path) == 0


def test_a_full_disk_is_told_and_what_there_is_can_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, [0])
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", with_room_for(10))
        with opened(path, START + DAY) as history:
            (note,) = history.add(START + HOUR, [vm(name) for name in MANY])
            assert note.fault == Fault.FULL
            assert "no room" in note.what
            assert [p.used for p in history.series("vm", "web01", 0)] == [0]
    assert rows(path, "SELECT (SELECT count(*) FROM samples), (SELECT count(*) FROM subjects)") == [(1, 1)]
    fill(path, [1], MANY)


def test_a_disk_that_takes_no_more_bytes_is_told(path: Path) -> None:
    fill(path, [0])
    with opened(path, START + DAY) as history, _at_most(60_000):
        (note,) = history.add(START + HOUR, [vm(f"{name}{'x' * 500}") for name in MANY])
        assert note.fault == Fault.FAILED
        assert [p.used for p in history.series("vm", "web01", 0)] == [0]
    fill(path, [1], MANY)
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_new_file_for_which_there_is_no_room_is_told_and_made_later(path: Path) -> None:
    with _at_most(2000):
        _nothing_to_be_had(path, Fault.FAILED)
    fill(path, [0])
    assert not list(path.parent.glob("*damaged*"))


@pytest.mark.parametrize("version", [schema.VERSION + 1, 99])
def test_a_file_of_a_newer_vmstore_is_left_as_it_is(path: Path, version: int) -> None:
    fill(path, [0])
    rows(path, f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    _nothing_to_be_had(path, Fault.NEWER, f"its form is {version}", "left as it is")
    assert path.read_bytes() == before


def test_a_newer_file_that_may_only_be_read_is_newer(path: Path) -> None:
    fill(path, [0])
    rows(path, f"PRAGMA user_version = {schema.VERSION + 1}")
    path.chmod(0o400)
    with without_roots_rights():
        _nothing_to_be_had(path, Fault.NEWER)


def test_a_database_of_something_else_is_left_as_it_is(path: Path) -> None:
    rows(path, "CREATE TABLE theirs (a)")
    before = path.read_bytes()
    _nothing_to_be_had(path, Fault.FOREIGN, "not a history of vmstore")
    assert path.read_bytes() == before


def test_a_damaged_database_of_something_else_is_left_as_it_is(path: Path) -> None:
    rows(path, "CREATE TABLE theirs (a)")
    _garble(path, 100, 3000)
    before = path.read_bytes()
    _nothing_to_be_had(path, Fault.FOREIGN, "not a history of vmstore")
    assert path.read_bytes() == before


def _in_the_middle(path: Path) -> None:
    size = path.stat().st_size
    _garble(path, size // 4, size // 2)


def _at_the_head(path: Path) -> None:
    _garble(path, 0, 4096)


def _behind_the_head(path: Path) -> None:
    _garble(path, 100, 3996)


def _cut_short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 // 4096 * 4096)


def _replaced_by_text(path: Path) -> None:
    path.write_text("this is a shopping list, and a long one\n" * 500, encoding="ascii")


DAMAGES = [_in_the_middle, _at_the_head, _behind_the_head, _cut_short, _replaced_by_text]


@pytest.mark.parametrize("harm", DAMAGES)
def test_a_damaged_history_is_put_aside_and_a_new_one_begun(path: Path, harm: Callable[[Path], None]) -> None:
    fill(path, range(30), MANY)
    harm(path)
    before = path.read_bytes()
    with opened(path, START + DAY) as history:
        told = [_everything(history), list(history.days("vm", 0)), history.add(START + DAY, [vm(used=GIB)])]
        assert told[0] == told[2] == []
        (note,) = history.notes
        assert note.fault == Fault.DAMAGED
        aside = path.with_name("history.db.damaged-20231115T000000Z")
        assert str(aside) in note.what
        assert "a new one is begun" in note.means
        assert [p.time for p in history.series("vm", "web01", 0)] == [START + DAY]
    assert aside.read_bytes() == before
    assert rows(path, "SELECT count(*) FROM samples") == [(1,)]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    with opened(path, START + DAY) as history:
        assert _everything(history) == history.notes == []


def test_a_report_that_can_only_add_sees_the_damage_too(path: Path) -> None:
    fill(path, range(30), MANY)
    _in_the_middle(path)
    with opened(path, START + DAY) as history:
        for hour in range(30, 40):
            assert history.add(START + hour * HOUR, [vm(name) for name in MANY]) == []
        list(history.days("vm", 0))
        assert _faults(history) == [Fault.DAMAGED]


def test_a_name_that_is_damaged_is_still_a_name(path: Path) -> None:
    fill(path, [0])
    rows(path, "UPDATE subjects SET name = CAST(x'ff77' AS TEXT)")
    with opened(path) as history:
        assert list(history.last("vm")) == ["\ufffdw"]
        assert history.notes == []


def test_what_a_writer_left_behind_goes_aside_with_the_file(path: Path) -> None:
    fill(path, [0])
    with contextlib.closing(sqlite3.connect(path)) as crashed:
        crashed.execute("INSERT INTO state VALUES ('a', '1')")
        crashed.commit()
        _at_the_head(path)
        left = path.with_name("history.db-wal").read_bytes()
        assert left
        with opened(path, START) as history:
            assert history.add(START, [vm()]) == []
            assert _faults(history) == [Fault.DAMAGED]
            assert history.state("a") is None
        assert [p.read_bytes() for p in path.parent.glob("*damaged*-wal")] == [left]
    assert rows(path, "SELECT count(*) FROM samples") == [(1,)]


def test_damage_that_cannot_be_put_aside_is_told(path: Path) -> None:
    place = path.parent / "lib" / "history.db"
    fill(place, [0])
    _at_the_head(place)
    place.parent.chmod(0o555)
    with without_roots_rights():
        _nothing_to_be_had(place, Fault.DAMAGED, "cannot be put aside")
    place.parent.chmod(0o755)


def test_a_new_file_that_another_report_began_is_not_put_aside(path: Path) -> None:
    fill(path, range(30), MANY)
    _in_the_middle(path)
    with opened(path, START + DAY) as slow:
        with opened(path, START + DAY) as quick:
            assert _everything(quick) == []
            assert _faults(quick) == [Fault.DAMAGED]
        assert _everything(slow) == []
        assert [p.time for p in slow.series("vm", "web01", 0)] == [START + DAY]
    assert len(list(path.parent.glob("*damaged-*Z"))) == 1


def test_a_complaint_that_a_check_does_not_bear_out_moves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, [0])
    with opened(path) as history:
        monkeypatch.setattr("vmstore.history.rows.fits", _malformed)
        assert history.fits("vm") == {}
        (note,) = history.notes
        assert "a check of all of it found nothing wrong" in note.means
        assert len(history.series("vm", "web01", 0)) == 1
    assert not list(path.parent.glob("*damaged*"))


def test_a_note_is_told_once(path: Path) -> None:
    rows(path, "CREATE TABLE theirs (a)")
    with opened(path) as history:
        assert _everything(history) == _everything(history) == history.notes
        assert len(history.notes) == 1


def _malformed(*_: object) -> None:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    raise error


def _garble(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * length)


@contextlib.contextmanager
def _at_most(size: int) -> Iterator[None]:
    """Have the system refuse to let any file grow over so many bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def _held(history: History, pragma: str) -> Iterator[None]:
    connection = history._connection
    assert connection is not None
    connection.execute(pragma)
    try:
        yield
    finally:
        connection.execute("PRAGMA query_only = OFF")
