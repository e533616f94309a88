"""The size of the history: thinned, compacted by day and pruned by age, and nothing that counts is lost by it."""

import contextlib
import itertools
import random
import sqlite3
from pathlib import Path

import pytest

from tests.support.history import DAY, GIB, HOUR, START, fill, opened, rows, vm
from vmstore.history import keeping, schema
from vmstore.history.values import Keeping, Point, Sample

SHORT = Keeping(hourly_days=2, daily_days=10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of a history that is not there yet."""
    return tmp_path / "history.db"


def _tidy(path: Path, now: int, limits: Keeping = SHORT, budget: float = 60) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        keeping.tidy(connection, now, limits, budget)


def test_a_compacted_day_keeps_its_last_values_and_its_extremes(path: Path) -> None:
    told = [(0, 7, 30), (6, 2, 50), (12, 9, 10), (23, 5, 20)]
    with opened(path) as history:
        for hour, used, allocated in told:
            history.add(START + hour * HOUR, [Sample("vm", "web01", 100 + hour, allocated, used)])
    _tidy(path, START + 3 * DAY)
    assert rows(path, "SELECT count(*) FROM samples") == [(0,)]
    with opened(path, START + 3 * DAY) as history:
        assert history.series("vm", "web01", 0) == [Point(START + 23 * HOUR, 123, 20, 5, 10, 50, 2, 9)]


def test_what_was_not_known_at_the_end_of_a_day_is_what_was_known_last(path: Path) -> None:
    with opened(path) as history:
        for hour, used in [(1, None), (2, 4), (3, 8), (4, None)]:
            history.add(START + hour * HOUR, [Sample("vm", "web01", 9, hour, used), Sample("vg", "san", 9, hour)])
    _tidy(path, START + 3 * DAY)
    with opened(path, START + 3 * DAY) as history:
        assert history.series("vm", "web01", 0) == [Point(START + 4 * HOUR, 9, 4, 8, 1, 4, 4, 8)]
        assert history.series("vg", "san", 0) == [Point(START + 4 * HOUR, 9, 4, None, 1, 4, None, None)]


def test_compaction_agrees_with_a_plain_reckoning(path: Path) -> None:
    dice = random.Random(5)
    made: dict[tuple[int, str], list[tuple[int, int, int | None]]] = {}
    with opened(path) as history:
        for hour in range(0, 5 * 24, 3):
            names = [name for name in ("a", "b", "c") if dice.random() < 0.8]
            found = [(name, dice.randrange(99), dice.choice([None, dice.randrange(99)])) for name in names]
            for name, allocated, used in found:
                made.setdefault((hour // 24, name), []).append((START + hour * HOUR, allocated, used))
            assert history.add(START + hour * HOUR, [Sample("vm", n, 100, a, u) for n, a, u in found]) == []
    _tidy(path, START + 30 * DAY)
    with opened(path, START + 30 * DAY) as history:
        for name in "abc":
            expected = []
            for (_, whose), kept in sorted(made.items()):
                if whose == name:
                    held, known = [a for _, a, _ in kept], [u for _, _, u in kept if u is not None]
                    low, high, last = (min(known), max(known), known[-1]) if known else (None, None, None)
                    expected.append(Point(kept[-1][0], 100, held[-1], last, min(held), max(held), low, high))
            assert history.series("vm", name, 0) == expected


def test_only_whole_days_that_are_old_are_compacted(path: Path) -> None:
    fill(path, range(4 * 24))
    _tidy(path, START + 3 * DAY + 12 * HOUR)
    assert rows(path, "SELECT day - 19675, time % 86400 FROM days") == [(0, 23 * HOUR)]
    assert rows(path, "SELECT count(*), min(time) FROM samples") == [(3 * 24, START + DAY)]


def test_a_series_goes_over_from_days_to_hours_without_gap_or_double(path: Path) -> None:
    fill(path, range(4 * 24), keeping=SHORT)
    with opened(path, START + 4 * DAY) as history:
        used = [(p.used or 0) // GIB for p in history.series("vm", "web01", 0)]
    assert used == [23, *range(24, 96)]


def test_one_report_does_a_piece_and_the_next_ones_the_rest(path: Path) -> None:
    names = [f"vm{n:04}" for n in range(1200)]
    fill(path, [0, 1], names)
    left = []
    for _ in range(4):
        _tidy(path, START + 4 * DAY, budget=0)
        left.append(rows(path, "SELECT count(*) FROM samples")[0][0])
        with opened(path, START + 4 * DAY) as history:
            assert {name: points[-1].used for name, points in history.days("vm", 0)} == dict.fromkeys(names, GIB)
    assert left == [1400, 400, 0, 0]
    assert rows(path, "SELECT count(*) FROM days") == [(1200,)]


def test_no_new_piece_is_begun_after_the_time_is_over(path: Path) -> None:
    fill(path, range(5 * 24))
    ticks = itertools.count()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        keeping.tidy(connection, START + 30 * DAY, SHORT, 2, clock=lambda: float(next(ticks)))
    assert rows(path, "SELECT count(*) FROM days") == [(2,)]


def test_a_report_tidies_up_by_itself(path: Path) -> None:
    fill(path, [*range(24), 5 * 24], keeping=SHORT)
    assert rows(path, "SELECT (SELECT count(*) FROM days), (SELECT count(*) FROM samples)") == [(1, 1)]


def test_a_compaction_that_fails_half_way_changes_nothing_and_does_not_fail_the_report(path: Path) -> None:
    fill(path, range(24))
    refuse = "CREATE TRIGGER refuse BEFORE DELETE ON samples BEGIN SELECT RAISE(ABORT, 'no'); END"
    rows(path, refuse)
    fill(path, [5 * 24], keeping=SHORT)
    assert rows(path, "SELECT (SELECT count(*) FROM days), (SELECT count(*) FROM samples)") == [(0, 25)]


def test_what_a_wrong_clock_adds_to_a_compacted_day_does_not_change_it(path: Path) -> None:
    fill(path, range(24))
    _tidy(path, START + 5 * DAY)
    before = rows(path, "SELECT * FROM days")
    with opened(path) as history:
        assert history.add(START + 23 * HOUR + 1800, [vm(used=99 * GIB)]) == []
    _tidy(path, START + 5 * DAY)
    assert rows(path, "SELECT * FROM days") == before
    assert rows(path, "SELECT count(*) FROM samples") == [(0,)]


def test_after_two_days_one_sample_an_hour_is_kept(path: Path) -> None:
    with opened(path) as history:
        for minute in range(0, 180, 20):
            history.add(START + minute * 60, [vm(used=minute)])
    _tidy(path, START + 2 * DAY + 2 * HOUR, Keeping())
    with opened(path, START + 2 * DAY) as history:
        assert [p.used for p in history.series("vm", "web01", 0)] == [40, 100, 120, 140, 160]


def test_days_are_pruned_by_age(path: Path) -> None:
    fill(path, range(0, 20 * 24, 12), keeping=SHORT)
    kept = [day for (day,) in rows(path, "SELECT day - 19675 FROM days")]
    assert kept == list(range(9, 17))


def test_a_clock_that_is_years_ahead_for_a_while_costs_no_history(path: Path) -> None:
    fill(path, range(0, 12 * 24, 12), keeping=SHORT)
    wrong = 20 * 365 * 24
    fill(path, range(wrong, wrong + 24, 6), keeping=SHORT)
    fill(path, range(12 * 24, 13 * 24, 12), keeping=SHORT)
    with opened(path, START + 13 * DAY) as history:
        seen = {p.time // DAY * DAY for p in history.series("vm", "web01", 0)}
    assert seen == {START + day * DAY for day in range(2, 13)}


def test_a_clock_that_is_back_at_1970_costs_no_history(path: Path) -> None:
    fill(path, range(0, 5 * 24, 12), keeping=SHORT)
    with opened(path, 600, SHORT) as history:
        assert history.add(600, [vm()]) == []
    fill(path, range(5 * 24, 6 * 24, 12), keeping=SHORT)
    with opened(path, START + 6 * DAY) as history:
        assert {p.time // DAY * DAY for p in history.series("vm", "web01", START)} == {
            START + day * DAY for day in range(6)
        }


def test_a_subject_is_forgotten_with_its_last_day_and_not_sooner(path: Path) -> None:
    fill(path, [0, 24], ["old", "web01"], SHORT)
    fill(path, range(48, 11 * 24, 24), keeping=SHORT)
    assert rows(path, "SELECT name FROM subjects ORDER BY name") == [("old",), ("web01",)]
    fill(path, [11 * 24], keeping=SHORT)
    assert rows(path, "SELECT min(day) - 19675 FROM days") == [(1,)]
    with opened(path, START + 11 * DAY) as history:
        assert [p.time for p in history.series("vm", "old", 0)] == [START + DAY]
    fill(path, range(12 * 24, 14 * 24, 24), keeping=SHORT)
    assert rows(path, "SELECT name FROM subjects") == [("web01",)]
    fill(path, [14 * 24], ["new"], SHORT)
    with opened(path, START + 14 * DAY) as history:
        assert len(history.series("vm", "new", 0)) == 1


VERSION_1 = """
PRAGMA application_id = 1986884468;
CREATE TABLE subjects (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, seen INTEGER NOT NULL, UNIQUE (kind, name));
CREATE TABLE samples (time INTEGER NOT NULL, subject INTEGER NOT NULL, size INTEGER NOT NULL, allocated INTEGER NOT NULL, used INTEGER, PRIMARY KEY (time, subject)) WITHOUT ROWID;
CREATE TABLE days (day INTEGER NOT NULL, subject INTEGER NOT NULL, time INTEGER NOT NULL, size INTEGER NOT NULL, allocated INTEGER NOT NULL, used INTEGER, PRIMARY KEY (day, subject)) WITHOUT ROWID;
CREATE VIEW runs (time) AS WITH RECURSIVE found (time) AS (SELECT min(time) FROM samples UNION ALL SELECT (SELECT min(time) FROM samples WHERE time > found.time) FROM found WHERE found.time IS NOT NULL) SELECT time FROM found WHERE time IS NOT NULL;
CREATE VIEW kept (day) AS WITH RECURSIVE found (day) AS (SELECT min(day) FROM days UNION ALL SELECT (SELECT min(day) FROM days WHERE day > found.day) FROM found WHERE found.day IS NOT NULL) SELECT day FROM found WHERE day IS NOT NULL;
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO subjects VALUES (1, 'vm', 'web01', 19676), (2, 'vg', 'san', 19676);
INSERT INTO days VALUES (19675, 1, 1700002800, 100, 90, 40), (19675, 2, 1700002800, 500, 300, NULL);
INSERT INTO samples VALUES (1700006400, 1, 100, 95, 41);
INSERT INTO state VALUES ('alerts', '["x"]');
PRAGMA user_version = 1;
"""  # noqa: E501


def _version_1(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)


def test_a_file_of_version_1_is_migrated_with_all_that_is_in_it(path: Path) -> None:
    _version_1(path)
    with opened(path, START + 2 * DAY) as history:
        assert history.series("vm", "web01", 0) == [
            Point(1700002800, 100, 90, 40, 90, 90, 40, 40),
            Point(1700006400, 100, 95, 41, 95, 95, 41, 41),
        ]
        assert history.series("vg", "san", 0) == [Point(1700002800, 500, 300, None, 300, 300, None, None)]
        assert history.state("alerts") == ["x"]
        assert history.add(START + 2 * DAY, [vm()]) == []
        assert history.notes == []
    assert rows(path, "PRAGMA user_version") == [(schema.VERSION,)]


def test_a_migrated_file_has_the_form_of_a_new_one(path: Path, tmp_path: Path) -> None:
    form = "SELECT name, sql FROM sqlite_master ORDER BY name"
    _version_1(path)
    for each in (path, tmp_path / "new.db"):
        opened(each).close()
    assert rows(path, form) == rows(tmp_path / "new.db", form)
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _version_1(path)
    monkeypatch.setattr(schema, "MIGRATIONS", (schema.MIGRATIONS[0], (*schema.MIGRATIONS[1], "SELECT nonsense")))
    with opened(path) as history:
        (note,) = history.notes
        assert "nonsense" in note.what
    assert rows(path, "PRAGMA user_version") == [(1,)]
    assert len(rows(path, "PRAGMA table_info(days)")) == 6


def test_sixty_days_of_two_hundred_volumes_stay_small(path: Path) -> None:
    names = [f"vm{n:03}" for n in range(200)]
    now = START
    with contextlib.closing(opened(path, START + 60 * DAY)) as history:
        for hour in range(0, 60 * 24, 2):
            now = START + hour * HOUR
            assert history.add(now, [vm(name, used=hour * GIB) for name in names]) == []
        assert len(history.series("vm", "vm007", 0)) == 45 + 15 * 12
        assert sum(len(points) for _, points in history.days("vm", 0)) == 60 * 200
    assert rows(path, "SELECT (SELECT count(*) FROM days), (SELECT count(*) FROM samples)") == [
        (45 * 200, 15 * 12 * 200)
    ]
    assert path.stat().st_size < 4_000_000
