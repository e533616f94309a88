"""How fast something grows and when it is full, on made histories with known answers."""

import math
import random
from collections.abc import Callable, Sequence
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstore.policies import forecast, slope
from vmstore.policies.forecast import Full, Jump, Point, Trend, Unknown, Why

GIB = 2**30
DAY = 86_400
NOW = 1_800_000_000
WORK_DAYS = 5


def history(values: Callable[[int], float], days: int = 90, hours: int = 24) -> list[Point]:
    """Make a point every so many hours, up to now; ``values`` gives GiB by the hour from the first on."""
    count = days * 24
    return [Point(NOW - (count - hour) * 3600, round(values(hour) * GIB)) for hour in range(0, count + 1, hours)]


def daily(values: list[float]) -> list[Point]:
    return history(lambda hour: values[hour // 24], len(values) - 1)


def trend(points: list[Point], window: int = 90) -> Trend:
    found = forecast.fit(points, NOW, window)
    assert isinstance(found, Trend), found
    return found


def bounds(found: Trend) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def noisy(chance: random.Random) -> list[float]:
    return [100 + 10 * day + chance.gauss(0, 30) for day in range(91)]


def walk(chance: random.Random) -> list[float]:
    values = [100.0]
    for _ in range(90):
        values.append(values[-1] + chance.gauss(10, 10))
    return values


def lumps(chance: random.Random) -> list[float]:
    values = [100.0]
    for _ in range(90):
        values.append(values[-1] + chance.expovariate(0.1))
    return values


def springs_back(chance: random.Random) -> list[float]:
    values, off = [], 0.0
    for day in range(91):
        off = 0.7 * off + chance.gauss(0, 30)
        values.append(100 + 10 * day + off)
    return values


def weekly(chance: random.Random) -> list[float]:
    return [100 + 10 * day + 150 * (day % 7 >= WORK_DAYS) + chance.gauss(0, 10) for day in range(91)]


@pytest.mark.parametrize("hours", [1, 5, 24])
@pytest.mark.parametrize("rate", [12, 0.25, -3])
def test_a_line_is_found_exactly(rate: float, hours: int) -> None:
    found = trend(history(lambda hour: 500 + rate * hour / 24, hours=hours))
    assert found.per_day == pytest.approx(rate * GIB, rel=1e-6)
    assert bounds(found) == pytest.approx((rate * GIB, rate * GIB), rel=1e-6)
    assert (found.jump, found.before, found.left_out) == (None, None, 0)
    assert found.days in (90, 91)
    assert found.end <= NOW
    assert found.begin == pytest.approx(NOW - 90 * DAY, abs=DAY)


@pytest.mark.parametrize(
    ("make", "least", "widest"),
    [(noisy, 180, 0.6), (weekly, 180, 0.3), (springs_back, 180, 2.5), (walk, 172, 6.0), (lumps, 172, 6.0)],
    ids=["noise", "noise-and-weeks", "springs-back", "random-walk", "uneven-growth"],
)
def test_the_truth_lies_within_the_bounds_and_they_are_of_use(
    make: Callable[[random.Random], list[float]], least: int, widest: float
) -> None:
    found = [trend(daily(make(random.Random(seed)))) for seed in range(200)]
    assert sum(low <= 10 * GIB <= high for low, high in map(bounds, found)) >= least
    assert sorted(high - low for low, high in map(bounds, found))[100] < widest * GIB
    assert all(low <= each.per_day <= high for each in found for low, high in [bounds(each)])
    assert sum(each.jump is not None for each in found) <= 2
    assert sum(each.before is not None for each in found) <= 8


def test_the_bounds_are_those_of_sen() -> None:
    # 15 slopes; the variance of S is 6 * 5 * 17 / 18, and (15 - 1.96 * 5.32) / 2 is 2.3: the second from either end.
    found = trend(daily([0.0, 20.0, 12.0, 36.0, 30.0, 54.0]))
    slopes = sorted([20, 6, 12, 7.5, 10.8, -8, 8, 10 / 3, 8.5, 24, 9, 14, -6, 9, 24])
    assert (found.per_day, *bounds(found)) == pytest.approx([each * GIB for each in (slopes[7], slopes[1], slopes[13])])


@pytest.mark.parametrize("size", [500, -500])
def test_a_jump_is_told_to_the_hour_and_is_not_growth(size: int) -> None:
    chance = random.Random(5)
    found = trend(history(lambda hour: 900 + hour / 24 + chance.gauss(0, 0.05) + size * (hour >= 1234), hours=1))
    assert found.jump is not None
    assert found.jump.time == NOW - (90 * 24 - 1234) * 3600
    assert found.jump.size == pytest.approx(size * GIB, rel=0.01)
    assert found.per_day == pytest.approx(GIB, rel=0.02)
    low, high = bounds(found)
    assert high - low < 0.1 * GIB


@pytest.mark.parametrize(("size", "jumps"), [(7, False), (12, True)])
def test_a_jump_is_far_outside_of_what_is_usual(size: int, jumps: bool) -> None:
    changes = [1.0, -1.0] * 10 + [0.0, 0.0, size] + [1.0, -1.0] * 10
    found = trend(daily(list(accumulate(changes, initial=10.0))))
    assert (found.jump is not None) == jumps


def test_a_single_weekend_is_no_jump() -> None:
    assert trend(daily([100.0 + day + 60 * (day >= WORK_DAYS) for day in range(7)])).jump is None


@pytest.mark.parametrize("size", [50, -50])
def test_a_jump_out_of_nothing_at_all(size: int) -> None:
    found = trend(daily([100.0] * 60 + [100.0 + size] * 30))
    assert found.jump == Jump(NOW - 29 * DAY, size * GIB)
    assert (found.per_day, *bounds(found)) == (0, 0, 0)


def test_a_jump_that_came_in_a_gap() -> None:
    points = daily([day + 400.0 * (day >= 45) for day in range(91)])
    found = trend(points[:42] + points[46:])
    assert found.jump is not None
    assert found.jump.size == pytest.approx(400 * GIB)
    assert found.per_day == pytest.approx(GIB)


@pytest.mark.parametrize("every", [6, 10, 15])
def test_steps_again_and_again_are_the_growth(every: int) -> None:
    found = trend(daily([80.0 * (day // every) for day in range(91)]))
    assert found.jump is None
    low, high = bounds(found)
    assert low <= 80 / every * GIB <= high
    assert found.per_day == pytest.approx(80 / every * GIB, rel=0.15)


def test_what_came_and_went_is_no_jump_and_no_growth() -> None:
    found = trend(daily([day + 300.0 * (40 <= day < 43) for day in range(91)]))
    assert found.jump is None
    assert found.per_day == pytest.approx(GIB)


def test_a_small_step_among_large_growth_is_not_worth_a_word() -> None:
    assert trend(daily([10.0 * day + 40 * (day >= 45) for day in range(91)])).jump is None


@pytest.mark.parametrize("days", [14, 24, 31, 90])
def test_a_weekly_pattern_is_no_growth(days: int) -> None:
    found = trend(daily([100 + 2.0 * day + 60 * (day % 7 >= WORK_DAYS) for day in range(days + 1)]))
    assert found.per_day == pytest.approx(2 * GIB)


def test_growth_on_work_days_only() -> None:
    found = trend(daily([7.0 * (day - day // 7 * 2 - max(0, day % 7 - WORK_DAYS)) for day in range(91)]))
    assert found.per_day == pytest.approx(5 * GIB, rel=0.02)


def test_a_nightly_peak_is_not_seen_in_the_day() -> None:
    found = trend(history(lambda hour: 100 + hour / 24 + 200 * (hour % 24 < 3), hours=1))
    assert found.per_day == pytest.approx(GIB, rel=0.01)
    assert found.jump is None


def test_growth_that_got_faster_is_told_as_it_is_now() -> None:
    found = trend(daily([0.1 * day + 20.0 * max(0, day - 70) for day in range(91)]))
    assert found.per_day == pytest.approx(20.1 * GIB, rel=0.01)
    assert found.before is not None
    assert found.before < 2 * GIB
    assert found.days == 14
    assert found.begin == NOW - 13 * DAY


def test_growth_that_is_hardly_faster_is_the_same() -> None:
    assert trend(daily([10.0 * day + 0.5 * max(0, day - 70) for day in range(91)])).before is None


def test_a_pause_in_growth_promises_nothing() -> None:
    found = trend(daily([10.0 * min(day, 70) for day in range(91)]))
    assert found.before is None
    assert found.per_day > 5 * GIB


def test_gaps_change_nothing() -> None:
    points = history(lambda hour: 100 + hour / 8, hours=1)
    kept = [point for place, point in enumerate(points) if not 300 <= place < 1100 and place % 7 < 3]
    assert trend(kept).per_day == pytest.approx(3 * GIB, rel=1e-3)
    assert trend(points[:: 24 * 5]).per_day == pytest.approx(3 * GIB, rel=1e-3)
    some = random.Random(9).sample(points, 200)
    assert trend(some).per_day == pytest.approx(3 * GIB, rel=1e-6)
    assert bounds(trend(some)) == pytest.approx((3 * GIB, 3 * GIB), rel=1e-6)


def test_a_cron_that_is_late_or_early_gives_every_day() -> None:
    chance = random.Random(1)
    points = [Point(NOW - day * DAY + chance.randint(-900, 0), day * GIB) for day in range(60)]
    assert trend(points).days == 60


def test_points_of_a_clock_that_jumped_are_left_out_and_counted() -> None:
    points = history(lambda hour: 100 + hour / 24)
    wrong = [Point(t, 10**15) for t in (NOW + 1, NOW + 400 * DAY, 0, 951_782_400, math.nan, math.inf, -math.inf)]
    found = trend(wrong[:3] + points + wrong[3:])
    assert found.left_out == len(wrong)
    assert found.per_day == pytest.approx(GIB)


def test_what_is_older_than_the_window_does_not_count() -> None:
    points = daily([50.0 * day for day in range(100)] + [4950.0 + 2 * day for day in range(101)])
    assert trend(points).per_day == pytest.approx(2 * GIB)
    assert trend(points).left_out == 0
    assert trend(points, 200).per_day > 10 * GIB


@pytest.mark.parametrize(
    ("points", "why", "days", "left_out"),
    [
        ([], Why.NOTHING, 0, 0),
        ([Point(NOW - 300 * DAY, 1)], Why.NOTHING, 0, 0),
        ([Point(NOW + 5, 1), Point(7, 1)], Why.CLOCK, 0, 2),
        ([Point(NOW, 1)], Why.FEW_DAYS, 1, 0),
        ([Point(NOW - hour * 3600, hour) for hour in range(30)], Why.FEW_DAYS, 2, 0),
        ([Point(NOW, 1), Point(NOW - 80 * DAY, 2), Point(NOW + 1, 9)], Why.FEW_DAYS, 2, 1),
        ([Point(NOW - hour * 3600, hour) for hour in range(48)], Why.SHORT, 3, 0),
    ],
    ids=["none", "old", "impossible", "one", "30-hours", "two-days", "47-hours"],
)
def test_too_little_history_says_why(points: list[Point], why: Why, days: int, left_out: int) -> None:
    assert forecast.fit(points, NOW) == Unknown(why, days, left_out)


@pytest.mark.parametrize("days", [3, 4])
@pytest.mark.parametrize("rate", [12, 0])
def test_few_days_give_a_rate_and_no_date(days: int, rate: float) -> None:
    found = trend(daily([rate * day for day in range(days)]))
    assert found.per_day == pytest.approx(rate * GIB)
    assert (found.low, found.high) == (None, None)
    assert forecast.when_full(found, GIB, 20 * GIB, NOW) == Unknown(Why.FEW_DAYS, days, 0)
    assert forecast.when_full(found, 20 * GIB, 20 * GIB, NOW) == Full(NOW, NOW, NOW)


def test_five_days_give_a_date() -> None:
    found = trend(daily([12.0 * day for day in range(5)]))
    assert bounds(found) == pytest.approx((12 * GIB, 12 * GIB))


def made(low: float, per_day: float, high: float, days: int = 90) -> Trend:
    return Trend(per_day * GIB, low * GIB, high * GIB, days, NOW - days * DAY, NOW)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (made(5, 10, 20), (50, 100, 200)),
        (made(-1, 10, 20), (50, 100, None)),
        (made(-3, -1, 4), (250, None, None)),
        (made(-3, -2, -1), (None, None, None)),
        (made(0, 0, 0), (None, None, None)),
        (made(0.1, 10, 20), (50, 100, None)),
        (made(10, 10, 10, 20), (100, 100, 100)),
    ],
    ids=["growing", "perhaps", "perhaps-shrinking", "shrinking", "flat", "ten-years", "five-times"],
)
def test_when_it_is_full(found: Trend, expected: tuple[int | None, ...]) -> None:
    dates = [None if days is None else NOW + days * DAY for days in expected]
    assert forecast.when_full(found, 1000 * GIB, 2000 * GIB, NOW) == Full(*dates)


def test_a_date_far_beyond_the_history_is_not_told() -> None:
    assert forecast.when_full(made(10, 10, 10, 19), 0, 1000 * GIB, NOW) == Unknown(Why.FAR, 19, 0)


def test_a_new_lun_puts_the_date_off_and_leaves_the_trend() -> None:
    found = trend(daily([10.0 * day for day in range(91)]))
    before, after = (forecast.when_full(found, 900 * GIB, limit * GIB, NOW) for limit in (1000, 3000))
    assert isinstance(before, Full)
    assert isinstance(after, Full)
    assert before.likely == pytest.approx(NOW + 10 * DAY)
    assert after.likely == pytest.approx(NOW + 210 * DAY)


def test_a_year_of_hours_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(3)
    points = history(lambda hour: hour / 24 + chance.random(), 365, hours=1)
    through, seen = slope.through, []

    def counted(days: Sequence[slope.Day]) -> slope.Line:
        seen.append(len(days))
        return through(days)

    monkeypatch.setattr(slope, "through", counted)
    assert isinstance(forecast.fit(points, NOW, 365), Trend)
    # What it costs grows with the square of the days; the 8,761 points are brought down to those first.
    assert seen[0] in (365, 366)
    assert len(seen) <= 2


POINTS = st.lists(
    st.builds(Point, st.integers(NOW - 100 * DAY, NOW + DAY), st.integers(0, 2**40).map(lambda value: value * 4096)),
    min_size=3,
    max_size=80,
)
WALKS = st.lists(st.integers(-(2**30), 2**32), min_size=3, max_size=100).map(
    lambda steps: [Point(NOW - back * DAY, 2**40 + sum(steps[: len(steps) - back])) for back in range(len(steps))]
)
HISTORIES = POINTS | WALKS


@given(HISTORIES, st.randoms(use_true_random=False))
def test_the_order_of_points_does_not_matter(points: list[Point], chance: random.Random) -> None:
    mixed = points + points[: len(points) // 2]
    chance.shuffle(mixed)
    assert forecast.fit(mixed, NOW) == forecast.fit(points, NOW)


@given(HISTORIES, st.integers(-(2**50), 2**50))
def test_a_constant_does_not_change_the_slope(points: list[Point], more: int) -> None:
    first = forecast.fit(points, NOW)
    second = forecast.fit([Point(at, value + more) for at, value in points], NOW)
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        assert first == second
        return
    assert second.per_day == pytest.approx(first.per_day, rel=1e-6, abs=1)
    assert second.jump == first.jump
    if first.low is not None:
        assert bounds(second) == pytest.approx(bounds(first), rel=1e-6, abs=1)


@given(HISTORIES, st.sampled_from([2, 16, 1024]))
def test_scaling_scales(points: list[Point], factor: int) -> None:
    first = forecast.fit(points, NOW)
    second = forecast.fit([Point(at, value * factor) for at, value in points], NOW)
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        assert first == second
        return
    assert second.per_day == pytest.approx(first.per_day * factor)
    assert (second.jump is None) == (first.jump is None)
    if first.low is not None:
        assert bounds(second) == pytest.approx([bound * factor for bound in bounds(first)])


@given(HISTORIES, st.integers(1, 2**60), st.integers(1, 2**60))
def test_the_dates_are_in_order_and_not_in_the_past(points: list[Point], value: int, limit: int) -> None:
    found = forecast.fit(points, NOW)
    if isinstance(found, Unknown):
        assert found.why in (Why.NOTHING, Why.FEW_DAYS, Why.SHORT, Why.CLOCK)
        return
    if found.low is not None:
        low, high = bounds(found)
        assert low <= found.per_day <= high
    full = forecast.when_full(found, value, limit, NOW)
    if isinstance(full, Full):
        dates = [math.inf if date is None else date for date in (full.earliest, full.likely, full.latest)]
        assert NOW <= dates[0] <= dates[1] <= dates[2]
    else:
        assert full.why in (Why.FEW_DAYS, Why.FAR)
        assert value < limit
