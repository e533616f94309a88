"""The share of its time in which a copy may run, so that it keeps to a rate."""

import pytest

from vmstore.policies.throttle import WHOLE, Share, region

MIB = 2**20


def copied(rate: int, fastest: float, seconds: int, grain: int = 16 * MIB, latency: float = 0.0) -> float:
    """Copy for some seconds on disks that manage ``fastest`` bytes a second; give the mean rate."""
    share, percent, moved = Share(grain), WHOLE, 0.0
    percent = share.percent(0.0, 0, rate)
    for second in range(1, seconds + 1):
        moved += fastest * percent / 100 * (1 - latency)
        percent = share.percent(float(second), int(moved) // grain * grain, rate)
    return moved / seconds


@pytest.mark.parametrize("rate", [2, 5, 20, 60])
@pytest.mark.parametrize("fastest", [100, 400, 80])
def test_a_rate_is_kept_whatever_the_disks_can_do(rate: int, fastest: int) -> None:
    assert copied(rate * MIB, fastest * MIB, 180) == pytest.approx(rate * MIB, rel=0.15)


def test_a_rate_that_the_disks_do_not_reach_holds_nothing_back() -> None:
    assert copied(100 * MIB, 30 * MIB, 120) > 0.9 * 30 * MIB


def test_without_a_rate_all_the_time_is_given() -> None:
    share = Share(MIB)
    assert [share.percent(float(second), second * MIB, 0) for second in range(3)] == [WHOLE] * 3


def test_a_rate_that_is_changed_holds_from_then_on() -> None:
    share, moved, percent, marks = Share(MIB), 0.0, WHOLE, {}
    for second in range(181):
        marks[second] = moved
        percent = share.percent(float(second), int(moved), 40 * MIB if second < 60 else 5 * MIB if second < 120 else 0)
        moved += 100 * MIB * percent / 100
    assert (marks[60] - marks[0]) / 60 == pytest.approx(40 * MIB, rel=0.15)
    assert (marks[120] - marks[60]) / 60 == pytest.approx(5 * MIB, rel=0.15)
    assert (marks[180] - marks[120]) / 60 == pytest.approx(100 * MIB)


def test_what_could_not_be_copied_for_long_is_not_made_up_for() -> None:
    share, moved, percent, stuck = Share(MIB), 0.0, WHOLE, 0.0
    for second in range(400):
        if second == 300:
            stuck = moved
        percent = share.percent(float(second), int(moved), 10 * MIB)
        moved += 0 if 100 <= second < 300 else 100 * MIB * percent / 100
    assert (moved - stuck) / 100 < 14 * MIB


def test_what_was_there_before_was_not_copied_now() -> None:
    share, percent = Share(MIB), 0
    percent = share.percent(0.0, 0, 10 * MIB)
    moved = 600.0 * MIB
    for second in range(1, 61):
        percent = share.percent(float(second), int(moved), 10 * MIB)
        moved += 100 * MIB * percent / 100
    assert (moved - 600 * MIB) / 60 == pytest.approx(10 * MIB, rel=0.2)


@pytest.mark.parametrize(
    ("rate", "stands_back", "mib"),
    [(0, False, 16), (1, False, 1), (4 * MIB, False, 1), (20 * MIB, False, 4), (500 * MIB, False, 16), (0, True, 1)],
)
def test_regions_are_small_where_a_copy_is_slow(rate: int, stands_back: bool, mib: int) -> None:
    assert region(rate, 16, stands_back=stands_back) == mib
