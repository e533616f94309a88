"""When a copy stands back because storage is busy, and when it goes on."""

import pytest

from vmstore.policies.load import Judge, Limits, Look, Served


def looks(judge: Judge, *pressures: float | None) -> list[bool]:
    """Say at each look whether the copy stands back."""
    return [bool(judge.judge(Look(pressure, {}))) for pressure in pressures]


def test_pressure_stops_it_at_the_limit_and_lets_it_go_well_below() -> None:
    judge = Judge("n1", Limits(pressure=50))
    assert looks(judge, 10, 49.9, 50, 45, 40, 39.9, 45) == [False, False, True, True, True, False, False]


def test_a_kernel_without_pressure_figures_never_stops_it() -> None:
    assert looks(Judge("n1", Limits(pressure=1)), None, None) == [False, False]


def test_no_limit_is_no_limit() -> None:
    judge = Judge("n1", Limits())
    judge.judge(Look(100, {"/dev/sda": Served(0, 0, 0)}))
    assert judge.judge(Look(100, {"/dev/sda": Served(10, 0, 10_000)})) == ""
    assert not Limits()


def test_latency_is_that_of_the_time_since_the_last_look() -> None:
    judge = Judge("n2", Limits(latency=20))
    assert judge.judge(Look(None, {"/dev/sda": Served(1000, 0, 900_000)})) == ""
    assert judge.judge(Look(None, {"/dev/sda": Served(1100, 0, 901_000)})) == ""
    assert (
        judge.judge(Look(None, {"/dev/sda": Served(1200, 0, 909_000)}))
        == "/dev/sda on n2 takes 45 ms an I/O (limit 20 ms)"
    )
    # Nothing served: nothing is known anew.
    assert judge.judge(Look(None, {"/dev/sda": Served(1200, 0, 909_000)})) != ""
    assert judge.judge(Look(None, {"/dev/sda": Served(1300, 0, 909_100)})) != ""
    assert judge.judge(Look(None, {"/dev/sda": Served(1400, 0, 909_200)})) == ""


@pytest.mark.parametrize("order", [("/dev/sda", "/dev/sdb"), ("/dev/sdb", "/dev/sda")])
def test_each_reason_is_told(order: tuple[str, str]) -> None:
    judge = Judge("n1", Limits(50, 10))
    judge.judge(Look(0, dict.fromkeys(order, Served(0, 0, 0))))
    why = judge.judge(Look(90, dict.fromkeys(order, Served(0, 1, 30))))
    assert [word in why for word in ("I/O pressure", "/dev/sda", "/dev/sdb")] == [True] * 3


def test_a_device_that_serves_nothing_any_more_is_forgotten() -> None:
    judge = Judge("n1", Limits(latency=20))
    judge.judge(Look(None, {"/dev/sda": Served(0, 0, 0)}))
    assert judge.judge(Look(None, {"/dev/sda": Served(10, 0, 1000)})) != ""
    found = [bool(judge.judge(Look(None, {"/dev/sda": Served(10, 0, 1000)}))) for _ in range(6)]
    assert found[0] is True
    assert found[-1] is False


def test_milliseconds_that_begin_again_at_zero_are_counted_on() -> None:
    judge = Judge("n1", Limits(latency=20))
    judge.judge(Look(None, {"/dev/sda": Served(10, 0, 2**32 - 100)}))
    assert "takes 30 ms an I/O" in judge.judge(Look(None, {"/dev/sda": Served(20, 0, 200)}))
