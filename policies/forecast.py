"""Tell from a history of bytes how fast they grow, within what bounds, and when something is full. Pure.

Points are brought down to one a day, the median of its values at the median of its times: a few odd points then change
nothing, and a year of hourly points costs as little as a year of days. A jump is taken out before the line is drawn.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from vmstore.policies import slope
from vmstore.policies.slope import DAY, Day

# A trend needs so many days over so many seconds.
LEAST_DAYS, LEAST_SPAN = 3, 2 * DAY
# A point from before that was written by a clock that had lost its time (1970, 2000), or is of no use anyway.
FAR_BACK = 5 * 365 * DAY
# A jump is off the other days' growth by so many standard deviations (their median deviation tells) and so many times
# further than any other day; it is so much of all that happened, and is looked for among so many changes or more.
JUMP_OFF, JUMP_ALONE, JUMP_SHARE, JUMP_CHANGES = 6.0, 3.0, 0.1, 10
# Growth of the last so many days, by so much over that of the whole window, is told instead of that.
RECENT, FASTER = 14, 1.1
# A date is told up to so many times the history ahead, its later bounds up to ten years.
REACH, LAST = 5.0, 3650.0


class Point(NamedTuple):
    """Bytes at a time, in epoch seconds."""

    time: float
    value: int


class Why(StrEnum):
    """Say why something cannot be told."""

    NOTHING = "nothing"
    CLOCK = "clock"
    FEW_DAYS = "few-days"
    SHORT = "short"
    FAR = "far"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing can be told, from so many ``days`` of points; ``left_out`` points had an impossible time."""

    why: Why
    days: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Jump:
    """So many bytes that came at once, or went, over the growth of other days; ``time`` is that of the first after."""

    time: float
    size: int


@dataclass(frozen=True, slots=True)
class Trend:
    """Bytes a day, between ``low`` and ``high`` at 95 %; both None from too few days. ``jump`` is not in them.

    It rests on ``days`` from ``begin`` to ``end``. ``before`` is the growth over the whole window where that of the
    last two weeks is above it and is what is told; not the other way round, since a pause in growth promises nothing.
    """

    per_day: float
    low: float | None
    high: float | None
    days: int
    begin: float
    end: float
    jump: Jump | None = None
    left_out: int = 0
    before: float | None = None


@dataclass(frozen=True, slots=True)
class Full:
    """When it is full, in epoch seconds; None for not on this trend."""

    earliest: float | None
    likely: float | None
    latest: float | None


def fit(points: Iterable[Point], now: float, window_days: int = 90) -> Trend | Unknown:
    """Find the growth of the last days; points may come in any order, with gaps, twice and at impossible times."""
    # As a condition that must hold, since every comparison with a NaN is false.
    given = set(points)
    possible = [point for point in given if now - FAR_BACK <= point.time <= now]
    left_out = len(given) - len(possible)
    used = [point for point in possible if point.time >= now - window_days * DAY]
    days = _days(used, now)
    if not used:
        return Unknown(Why.CLOCK if left_out else Why.NOTHING, 0, left_out)
    if len(days) < LEAST_DAYS:
        return Unknown(Why.FEW_DAYS, len(days), left_out)
    if max(used).time - min(used).time < LEAST_SPAN:
        return Unknown(Why.SHORT, len(days), left_out)
    jump, days = _without_jump(days, used)
    line, told, before = slope.through(days), days, None
    recent = [day for day in days if day.number > days[-1].number - RECENT]
    if len(days) // 2 >= len(recent) >= slope.WEEK and line.high is not None:
        lately = slope.through(recent)
        if lately.low is not None and lately.low > max(line.high, 0.0) and lately.per_day > line.per_day * FASTER:
            line, told, before = lately, recent, line.per_day
    return Trend(*line, len(told), told[0].time, told[-1].time, jump, left_out, before)


def when_full(trend: Trend, value: int, limit: int, now: float) -> Full | Unknown:
    """Give the time at which ``value`` comes to ``limit``, as a range; Unknown where the history is too short."""
    if value >= limit:
        return Full(now, now, now)
    if trend.low is None or trend.high is None:
        return Unknown(Why.FEW_DAYS, trend.days, trend.left_out)
    days = [(limit - value) / rate if rate > 0 else math.inf for rate in (trend.high, trend.per_day, trend.low)]
    if math.isfinite(days[0]) and days[0] * DAY > REACH * (trend.end - trend.begin):
        return Unknown(Why.FAR, trend.days, trend.left_out)
    return Full(*(now + left * DAY if left <= LAST else None for left in days))


def _days(points: Sequence[Point], now: float) -> list[Day]:
    """Bring points down to one a day; days are centred on the time of day of ``now``, at which cron ran before, too."""
    found: dict[int, list[Point]] = {}
    for point in points:
        found.setdefault(-int((now - point.time) / DAY + 0.5), []).append(point)
    return [
        Day(number, median(point.time for point in of_day), median(point.value for point in of_day))
        if len(of_day) > 1
        else Day(number, *of_day[0])
        for number, of_day in sorted(found.items())
    ]


def _without_jump(days: list[Day], points: Iterable[Point]) -> tuple[Jump | None, list[Day]]:
    """Find a change far outside of all others, and take it out; of several such none is a jump: they are the growth."""
    if len(days) <= JUMP_CHANGES:
        return None, days
    usual = median(came / passed for passed, came in slope.steps(days))
    steps = slope.steps(days, usual)
    off = [abs(came / passed) for passed, came in steps]
    at = max(range(len(off)), key=off.__getitem__)
    others = max(off[:at] + off[at + 1 :])
    size = steps[at][1]
    values = [day.value for day in days]
    # 1.4826 times the median deviation is the standard deviation, in a normal distribution.
    if (
        off[at] <= max(JUMP_OFF * 1.4826 * median(off), JUMP_ALONE * others)
        or abs(size) < JUMP_SHARE * (max(values) - min(values))
        or not round(size)
    ):
        return None, days
    between = sorted(point for point in points if days[at].time <= point.time <= days[at + 1].time)
    sign = math.copysign(1.0, size)
    pairs = pairwise(between)
    time = max(((sign * (b.value - a.value), b.time) for a, b in pairs), default=(0.0, days[at + 1].time))[1]
    after = [day._replace(value=day.value - size) for day in days[at + 1 :]]
    return Jump(time, round(size)), days[: at + 1] + after
