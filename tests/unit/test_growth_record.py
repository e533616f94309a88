"""What growth keeps between two runs, and what it makes of a history that is lost, locked or read-only."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.history import opened, rows, without_roots_rights
from tests.support.worlds import G, World
from vmstore.history import acted
from vmstore.history.acted import Act
from vmstore.jobs import growth_record
from vmstore.jobs.growth_record import NotKept, Record
from vmstore.policies.grown import DAY

NOW = 1_800_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the history's file."""
    return tmp_path / "history.db"


def act(vm: str = "web01", before: int = 10 * G, target: int = 12 * G, time: int = NOW) -> Act:
    """Make an act that is begun."""
    return Act(time, vm, before, target, "85 % of its file system is used (over 80 %)")


def world(size: int = 10 * G) -> World:
    """Give a world of one volume, and of some that are no VM's."""
    made = World().pv("a", 100 * G).lv("web01", size, "a").lv("web02+to", G, "a").lv("web03+new", G, "a")
    return made.lv("lvmlock", G, "a", role="private").lv("web04_rimage_0", G, "a")


def noon(path: Path, after: int = 0, *, begin: bool = False) -> Iterator[Record]:
    """Open what is kept, so many seconds later."""
    with opened(path, NOW + after) as history:
        yield Record(history, lambda: NOW + after, begin=begin)


def test_only_volumes_of_vms_are_counted() -> None:
    assert [lv.name for lv in growth_record.volumes(world().inventory())] == ["web01"]


def test_the_first_run_knows_nothing_until_a_day_is_over(path: Path) -> None:
    for record in noon(path):
        assert (record.fresh, record.trouble, record.known_from) == (True, "", NOW + DAY)
        record.look(world().inventory())
        assert record.of("web01") is None
        record.save()
    for record in noon(path, DAY - 1):
        assert (record.fresh, record.of("web01")) == (False, None)
    for record in noon(path, DAY):
        record.look(world(11 * G).inventory())
        assert record.of("web01") == G


def test_an_admin_may_say_that_nothing_grew_the_first_time_and_later_in_the_first_day(path: Path) -> None:
    for after, begin, told in ((0, False, None), (60, True, 0), (120, False, 0)):
        for record in noon(path, after, begin=begin):
            record.look(world().inventory())
            record.save()
            assert record.of("web01") == told
    for record in noon(path, 10 * DAY, begin=True):
        record.look(world(11 * G).inventory())
        assert record.of("web01") == G


@pytest.mark.parametrize("odd", ["null", "{}", '"x"', '{"since": "yesterday"}', "[1, 2", ""])
def test_what_is_no_record_counts_as_none(path: Path, odd: str) -> None:
    for record in noon(path, begin=True):
        record.save()
    for key in (growth_record.KEY, acted.KEY):
        rows(path, f"UPDATE state SET value = '{odd}' WHERE key = '{key}'")
    for record in noon(path, 60):
        record.look(world().inventory())
        assert (record.fresh, record.of("web01"), record.acts) == (True, None, [])


def test_a_history_that_cannot_be_read_is_not_taken_for_a_lost_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for record in noon(path, begin=True):
        record.save()
    monkeypatch.setattr("vmstore.history.place.PATIENCE", 0.01)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("PRAGMA journal_mode = DELETE")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        for record in noon(path, 60):
            record.look(world().inventory())
            assert (record.fresh, "locked" in record.trouble, record.of("web01")) == (False, True, None)
            with pytest.raises(NotKept, match="cannot be kept: another report holds the history"):
                record.save()
    finally:
        holder.close()
    for record in noon(path, 120):
        record.look(world().inventory())
        assert record.of("web01") == 0


def test_what_may_be_read_but_not_written_tells_and_grows_nothing(path: Path) -> None:
    for record in noon(path, begin=True):
        record.look(world().inventory())
        record.save()
    path.chmod(0o400)
    with without_roots_rights():
        for record in noon(path, 60):
            record.look(world(11 * G).inventory())
            assert record.of("web01") == G
            with pytest.raises(NotKept, match="may not be written"):
                record.begin(act())


def test_a_damaged_history_is_put_aside_and_grows_nothing_before_a_day_is_over(path: Path) -> None:
    for record in noon(path, begin=True):
        record.save()
    path.write_bytes(path.read_bytes()[:100] + b"x" * 8000)
    for record in noon(path, 60):
        assert "damaged" in record.trouble
        with pytest.raises(NotKept):
            record.save()
    for record in noon(path, 120):
        record.look(world().inventory())
        assert (record.fresh, record.of("web01")) == (True, None)


def test_an_act_is_written_down_before_and_after(path: Path) -> None:
    for record in noon(path, begin=True):
        record.begin(act())
        with opened(path) as other:
            assert [str(each)[-7:] for each in acted.read(other.state(acted.KEY))] == [": begun"]
        record.end(acted.DONE)
        record.save()
    with opened(path) as history:
        told = acted.since(history.state(acted.KEY), NOW)
    why = "since 85 % of its file system is used (over 80 %)"
    assert [str(each) for each in told] == [f"2027-01-15T08:00:00Z grow web01 from 10 GiB to 12 GiB, {why}: done"]


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (10 * G, "cut off, and its volume has 10 GiB"),
        (11 * G, "cut off, and its volume has 11 GiB"),
        (12 * G, "done, though its run was cut off"),
        (0, "cut off, and its volume is gone"),
    ],
)
def test_of_one_that_was_cut_off_the_next_run_tells_what_it_finds(path: Path, size: int, told: str) -> None:
    for record in noon(path, begin=True):
        record.begin(act())
    for record in noon(path, 300):
        record.look((world(size) if size else World().pv("a")).inventory())
        record.save()
        assert [each.outcome for each in record.acts] == [told]
    for record in noon(path, 600):
        record.look(world().inventory())
        assert record.acts[0].time == NOW + 300


def test_failing_the_same_way_is_kept_once_with_the_last_time_and_another_way_is_kept_beside(path: Path) -> None:
    for after, outcome in ((0, "failed: a"), (60, "failed: a"), (120, "failed: b"), (180, "done"), (240, "done")):
        for record in noon(path, after, begin=True):
            record.begin(act(time=NOW + after))
            record.end(outcome)
            record.save()
    for record in noon(path, 300):
        kept = [(each.time - NOW, each.outcome) for each in record.acts]
    assert kept == [(60, "failed: a"), (120, "failed: b"), (180, "done"), (240, "done")]


def test_acts_are_bounded_in_number_and_time() -> None:
    many = [act(time=NOW + number) for number in range(acted.MOST + 50)]
    kept = acted.read(acted.keep(many, NOW))
    assert (len(kept), kept[-1]) == (acted.MOST, many[-1])
    assert acted.read(acted.keep(many, NOW + acted.LONGEST + acted.MOST + 50)) == []


def test_a_report_tells_of_what_is_since_the_last_and_of_nothing_odd() -> None:
    kept = acted.keep([act(time=NOW), act(vm="db01", time=NOW + 10)], NOW)
    assert [each.vm for each in acted.since(kept, NOW + 10.9)] == ["db01"]
    assert [each.vm for each in acted.since(kept, NOW - 1)] == ["web01", "db01"]
    assert acted.since(None, 0) == acted.since({"x": 1}, 0) == acted.since([1], 0) == ()


def test_a_file_system_that_is_brought_up_to_its_volume_is_told_so() -> None:
    line = str(act(before=12 * G))
    assert "grow the file system of web01 to its volume's 12 GiB, since 85 % of" in line
