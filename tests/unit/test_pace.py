"""How long the rest of a plan will take."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstore.policies.pace import Pace, Part

MIB = 2**20
SIZES = st.lists(st.integers(1, 4000), min_size=4, max_size=60)


def run(parts: list[int], cost: float, rate: float, noise: float = 0.0) -> list[tuple[float, float]]:
    """Give at the end of each part, from the second quarter of the time on: seconds left, and seconds estimated."""
    chance = random.Random(len(parts))
    times = [(cost + part / rate) * (1 + chance.uniform(-noise, noise)) for part in parts]
    pace, passed, found = Pace(len(parts), sum(parts)), 0.0, []
    for part, time in zip(parts, times, strict=True):
        passed += time
        pace.took(Part(part, time, part // 2, part / 2 / rate))
        guess = pace.left()
        assert guess is not None
        if passed >= sum(times) / 4:
            found.append((sum(times) - passed, guess))
    return found


@pytest.mark.parametrize(
    ("parts", "cost", "rate"),
    [
        ([32 * MIB] * 12, 6.0, 10 * MIB),
        ([8 * 1024 * MIB] * 40, 3.0, 80 * MIB),
        ([32 * MIB] * 10 + [400 * MIB] * 3, 6.0, 10 * MIB),
        ([10 * MIB, 20 * MIB, 500 * MIB, 900 * MIB, 1500 * MIB], 4.0, 15 * MIB),
    ],
    ids=["alike", "large", "small-then-large", "growing"],
)
def test_from_the_second_quarter_on_it_is_right_within_a_fifth(parts: list[int], cost: float, rate: float) -> None:
    whole = sum(cost + part / rate for part in parts)
    for left, guess in run(parts, cost, rate, noise=0.05):
        assert guess == pytest.approx(left, rel=0.2, abs=whole / 50)


@given(SIZES, st.floats(0, 20), st.floats(1, 1e6))
def test_with_two_kinds_of_parts_it_is_right_at_once(parts: list[int], cost: float, rate: float) -> None:
    parts = [1, 4001, *parts]
    times = [cost + part / rate for part in parts]
    pace = Pace(len(parts), sum(parts))
    for part, time in zip(parts[:2], times[:2], strict=True):
        pace.took(Part(part, time))
    assert pace.left() == pytest.approx(sum(times[2:]), rel=1e-6, abs=1e-6)


@given(st.lists(st.tuples(st.integers(1, 4000), st.floats(0.01, 1e4)), max_size=60), SIZES)
def test_it_is_never_below_zero(took: list[tuple[int, float]], rest: list[int]) -> None:
    pace = Pace(len(took) + len(rest), sum(part for part, _ in took) + sum(rest))
    for part, time in took:
        pace.took(Part(part, time))
    guess = pace.left(Part(rest[0], 5.0), rest[0] // 2)
    assert guess is None or guess >= 0


def test_nothing_is_said_before_anything_is_known() -> None:
    pace = Pace(2, 200)
    assert pace.left() is None
    assert pace.left(Part(100, 3.0), 0) is None
    assert pace.left(Part(100, 5.0), 50) == pytest.approx(5 + 10)


def test_the_part_on_its_way_counts_as_far_as_it_is() -> None:
    pace = Pace(3, 300)
    pace.took(Part(100, 12.0))
    assert pace.left(Part(100, 2.0), 0) == pytest.approx(12.0 + 12.0)
    assert pace.left(Part(100, 100.0, 50, 2.0), 50) == pytest.approx((0.04 + 0.12) / 2 * 50 + 12.0)
    assert pace.left(Part(100, 20.0), 100) == pytest.approx(12.0)


def test_the_time_before_the_first_bytes_of_a_single_volume_says_nothing_of_its_speed() -> None:
    assert Pace(1, 400).left(Part(400, 15.0, 90, 9.0), 100) == pytest.approx(30.0)


def test_more_than_was_planned_is_a_part_of_its_own() -> None:
    pace = Pace(1, 100)
    pace.took(Part(100, 10.0))
    pace.total = 200
    assert pace.left() == pytest.approx(10.0)
