"""The history: what reports write is read back, once, in order, and by several at a time."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.history import DAY, GIB, HOUR, START, fill, opened, rows, vm
from vmstore.history.values import Keeping, Note, Point, Sample


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of a history that is not there yet, nor is its folder."""
    return tmp_path / "lib" / "vmstore" / "history.db"


def test_what_was_added_is_read_back(path: Path) -> None:
    found = [Sample("vg", "san", 100, 60), Sample("class", "fc", 50, 30), Sample("pv", "mpatha", 25, 15), vm()]
    with opened(path) as history:
        assert history.add(START, found) == []
    with opened(path) as history:
        assert history.series("vg", "san", 0) == [Point(START, 100, 60, None, 60, 60, None, None)]
        assert history.last("class") == {"fc": Point(START, 50, 30, None, 30, 30, None, None)}
        assert dict(history.days("pv", 0)) == {"mpatha": [Point(START, 25, 15, None, 15, 15, None, None)]}
        used = 5 * GIB
        assert history.series("vm", "web01", 0) == [
            Point(START, 20 * GIB, 20 * GIB, used, 20 * GIB, 20 * GIB, used, used)
        ]
        assert history.notes == []


def test_the_file_is_its_owners_and_the_folder_can_be_seen(path: Path) -> None:
    fill(path, [0])
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_is_there_keeps_its_mode(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.parent.chmod(0o700)
    fill(path, [0])
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_odd_characters_in_the_path_are_no_options_of_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "a?mode=memory#b%41" / "history.db"
    fill(path, [0])
    assert rows(path, "SELECT count(*) FROM samples") == [(1,)]


def test_a_subject_that_was_never_seen_has_no_history(path: Path) -> None:
    fill(path, [0])
    with opened(path) as history:
        assert history.series("vm", "other", 0) == []
        assert history.series("pv", "web01", 0) == []
        assert history.last("pv") == {}
        assert list(history.days("vg", 0)) == []


def test_two_reports_in_one_minute_are_one(path: Path) -> None:
    with opened(path) as history:
        assert history.add(START + 5, [vm(used=1)]) == []
        assert history.add(START + 55, [vm(used=2), vm("web02", used=3)]) == []
        assert [(p.time, p.used) for p in history.series("vm", "web01", 0)] == [(START, 1)]
        assert [(p.time, p.used) for p in history.series("vm", "web02", 0)] == [(START, 3)]


def test_a_subject_that_is_named_twice_in_a_report_counts_once(path: Path) -> None:
    with opened(path) as history:
        assert history.add(START, [vm(used=1), vm(used=2)]) == []
        assert [p.used for p in history.series("vm", "web01", 0)] == [1]


def test_a_series_begins_where_it_is_asked_to(path: Path) -> None:
    fill(path, range(5))
    with opened(path, START + DAY) as history:
        assert [p.used for p in history.series("vm", "web01", START + 3 * HOUR)] == [3 * GIB, 4 * GIB]


def test_last_is_of_the_newest_report_alone(path: Path) -> None:
    fill(path, [0], ["gone", "web01"])
    fill(path, [1], ["web01"])
    with opened(path, START + HOUR) as history:
        assert {name: p.used for name, p in history.last("vm").items()} == {"web01": GIB}


def test_days_gives_the_last_of_each_day(path: Path) -> None:
    fill(path, range(0, 60, 6), ["b", "a"])
    with opened(path, START + 3 * DAY) as history:
        told = {name: [p.used for p in points] for name, points in history.days("vm", START)}
        assert told == {name: [18 * GIB, 42 * GIB, 54 * GIB] for name in "ab"}
        late = {name: len(points) for name, points in history.days("vm", START + 2 * DAY)}
        assert late == {"a": 1, "b": 1}


def test_what_a_clock_put_days_ahead_is_not_read(path: Path) -> None:
    fill(path, [0, 20, 49])
    with opened(path, START) as history:
        assert [p.used for p in history.series("vm", "web01", 0)] == [0, 20 * GIB]
        assert history.last("vm")["web01"].used == 20 * GIB
        assert [p.used for _, points in history.days("vm", 0) for p in points] == [20 * GIB]


def test_what_lies_days_ahead_is_not_read_from_compacted_days_either(path: Path) -> None:
    fill(path, [0, 10 * 24, 100 * 24], keeping=Keeping(1, 400))
    assert rows(path, "SELECT count(*) FROM days") == [(2,)]
    with opened(path, START) as history:
        assert [p.used for p in history.series("vm", "web01", 0)] == [0]
        assert [p.used for _, points in history.days("vm", 0) for p in points] == [0]


def test_state_is_remembered_until_it_is_said_anew(path: Path) -> None:
    with opened(path) as history:
        assert history.state("alerts") is None
        assert history.remember("alerts", {"VS-101": ["fc"]}) == []
    with opened(path) as history:
        assert history.state("alerts") == {"VS-101": ["fc"]}
        assert history.remember("alerts", []) == []
        assert history.state("alerts") == []


def test_state_that_is_no_json_is_no_state(path: Path) -> None:
    with opened(path) as history:
        history.remember("alerts", 1)
    with opened(path) as history:
        assert history.state("alerts") == 1
    rows(path, "UPDATE state SET value = '{torn'")
    with opened(path) as history:
        assert history.state("alerts") is None


@pytest.mark.parametrize("odd", [Sample("vm", "web01", 2**63, 0), Sample("vm", "web\udc80", 1, 1)])
def test_a_value_that_sqlite_cannot_hold_is_told_and_leaves_the_rest(path: Path, odd: Sample) -> None:
    fill(path, [0])
    with opened(path, START + HOUR) as history:
        (note,) = history.add(START + HOUR, [vm("web02"), odd])
        assert "not added" in note.means
        assert history.series("vm", "web02", 0) == []
        assert history.add(START + HOUR, [vm("web02")]) == []


_WRITER = """
import sys
from pathlib import Path
from tests.support.history import HOUR, START, opened, vm
for hour in range(25):
    with opened(Path(sys.argv[1]), START + hour * HOUR) as history:
        history.add(START + hour * HOUR, [vm(f"vm{n}", used=hour) for n in range(40)] + [vm(sys.argv[2])])
        assert not history.notes, history.notes
"""


@pytest.mark.spawns(sys.executable.rsplit("/", maxsplit=1)[-1])
def test_two_processes_that_begin_and_write_at_once_lose_nothing(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(path), name]) for name in ("one", "two")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert rows(path, "SELECT count(*), count(DISTINCT subject), count(DISTINCT time) FROM samples") == [
        (25 * 42, 42, 25)
    ]


@pytest.mark.parametrize("attempt", range(10))
def test_threads_that_begin_a_file_at_once_all_find_it_theirs(path: Path, attempt: int) -> None:
    together = threading.Barrier(6)
    notes: list[Note] = []

    def begin(name: str) -> None:
        together.wait(60)
        with opened(path) as history:
            notes.extend(history.add(START, [vm(name)]))

    threads = [threading.Thread(target=begin, args=(f"vm{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert notes == []
    assert rows(path, "SELECT count(*) FROM samples") == [(6,)]


def test_threads_that_write_at_once_lose_nothing(path: Path) -> None:
    fill(path, [0])
    notes: list[Note] = []

    def write(name: str) -> None:
        for hour in range(1, 15):
            with opened(path, START + hour * HOUR) as history:
                history.add(START + hour * HOUR, [vm(), vm(name)])
                notes.extend(history.notes)

    threads = [threading.Thread(target=write, args=(f"vm{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert notes == []
    assert rows(path, "SELECT count(*) FROM samples") == [(1 + 14 * 4,)]


def test_a_reader_is_not_kept_waiting_by_a_writer(path: Path) -> None:
    fill(path, [0])
    with opened(path) as writer, opened(path) as reader:
        told = writer.days("vm", 0)
        assert [name for name, _ in told] == ["web01"]
        writer.add(START + HOUR, [vm()])
        assert len(reader.series("vm", "web01", 0)) == 2
