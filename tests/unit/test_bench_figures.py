"""Benchmarks: medians, ratios, the order of rounds, and what the time that is left was worth."""

from collections.abc import Iterator

import pytest

from lab.bench import beside, claims
from lab.bench.beside import Beside, Look
from lab.bench.figures import Measured, Timing, merged, spread, turn
from vmstore.jobs.mirror import MoveVolume
from vmstore.ui_progress import Tally, duration

M = 2**20


def test_the_median_of_rounds_is_told_and_nothing_of_none() -> None:
    timing = Timing("mirror")
    assert timing.seconds is None
    for seconds in (9.0, 2.0, 4.0):
        timing = timing.and_round(seconds)
    assert timing.rounds == (9.0, 2.0, 4.0)
    assert timing.seconds == 4.0


def test_a_ratio_needs_both_ways() -> None:
    found = Measured("large", "", timings=(Timing("raw", (2.0,)), Timing("pvmove", (5.0,)), Timing("used", (), "no")))
    assert found.slower("pvmove", "raw") == 2.5
    assert found.slower("used", "raw") is None
    assert found.slower("raw", "used") is None
    assert found.slower("default", "raw") is None


def test_the_fastest_raw_copy_is_the_one_that_counts() -> None:
    assert Measured("large", "", {"dd": 3.0, "two": 2.0}).best_raw == "two"
    assert Measured("large", "").best_raw == ""


def test_each_round_begins_with_another_way_and_has_all() -> None:
    ways = ["raw", "pvmove", "default"]
    rounds = [turn(ways, number) for number in range(4)]
    assert [order[0] for order in rounds] == ["raw", "pvmove", "default", "raw"]
    assert all(sorted(order) == sorted(ways) for order in rounds)
    assert turn([], 1) == []


def test_a_job_measured_anew_replaces_its_old_figures_in_order() -> None:
    old = [Measured("small", "old"), Measured("gone", "old"), Measured("large", "old")]
    found = merged(old, Measured("small", "new"), ["large", "small", "sparse"])
    assert [(each.job, each.when) for each in found] == [("large", "old"), ("small", "new")]


def test_the_spread_of_nothing_is_nothing() -> None:
    assert spread([]) is None
    assert spread([1.0, 8.0, 3.0]) == (3.0, 8.0)


@pytest.mark.parametrize("seconds", [0, 1, 59, 60, 61, 3599, 3600, 7260])
def test_times_are_read_as_they_are_written(seconds: int) -> None:
    assert claims.seconds(duration(seconds)) == seconds


def test_claims_are_held_against_the_time_that_was_left() -> None:
    lines = [
        (10.0, "  4 MiB of 400 MiB; 4 MiB of 400 MiB at 1 MiB/s, 9 min 0 s left"),  # in the first quarter
        (40.0, "  8 MiB of 400 MiB; 8 MiB of 400 MiB at 7.1 MiB/s, 1 min 10 s left"),
        (50.0, "  still at it for 50 s: move 400 MiB of web01, which has 3 s left"),
        (60.0, "  web01 is moved: 200 MiB of 400 MiB at 512 B/s, about 40 s left"),
        (90.0, "  web02 is moved: 400 MiB of 400 MiB at 4 MiB/s"),
    ]
    assert claims.errors(lines, 100.0) == pytest.approx((10.0, 0.0))
    assert claims.copying(lines) == (10.0, 90.0)
    assert claims.copying(lines[2:3]) is None


def test_what_vmstore_says_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    times: Iterator[float] = iter(float(at) for at in range(1000, 9000))
    monkeypatch.setattr("vmstore.ui_progress.time.monotonic", lambda: next(times))
    step = MoveVolume("n1", "vg", "web01", "u", "/dev/a", ("/dev/b",), 400 * M, False, 16, 1)
    tally = Tally([step])
    tally.count(step, 8 * M)
    tally.count(step, 100 * M)
    said = tally.told()
    assert " left" in said
    assert len(claims.errors([(50.0, f"  100 MiB of 400 MiB; {said}")], 100.0)) == 1


def test_a_writer_is_counted_by_the_clock_of_its_node() -> None:
    looks = [beside.read(at, f"{500 + at}.0 77.0\n {at * 10} 0 0 0 {at * 30} 0 0 0 0 0 0\n") for at in range(5)]
    assert looks[1] == Look(1, 501.0, 40)
    assert beside.speed(looks) == 40.0


def test_only_the_looks_while_bytes_come_count() -> None:
    looks = [Look(at, at, done) for at, done in ((0.0, 0), (1.0, 100), (2.0, 120), (3.0, 140), (4.0, 240))]
    assert beside.speed(beside.within(looks, 0.5, 3.5)) == 20.0
    with pytest.raises(AssertionError):
        beside.within(looks, 0.5, 1.5)


def test_a_writer_keeps_the_median_of_its_rounds() -> None:
    found = Beside("as configured", (100.0, 200.0, 100.0), (50.0, 80.0, 90.0))
    assert found.kept == 0.5
    assert beside.table([found])[2] == "| as configured | 100, 200, 100 | 50, 80, 90 | 50 % |"
