"""Draw a robust line through days of bytes, with its bounds. Pure.

It is the Theil-Sen line: its slope is the median of the slopes between pairs of days. The bounds are Sen's, from the
variance of Kendall's S (P. K. Sen, J. Am. Stat. Assoc. 63 (1968) 1379; the steps as in R. O. Gilbert, Statistical
Methods for Environmental Pollution Monitoring (1987), chapter 16). From two weeks on only days of the same weekday are
paired, so that a week with its own pattern is no growth (Hirsch, Slack and Smith, Water Resour. Res. 18 (1982) 107).

Those bounds take each day's error for its own. But what was written yesterday is still there today, so the bytes of a
VM wander, and the bounds are far too narrow: of 150 made histories of 90 days that wander they held the truth in 15 %.
So they are widened by how much a day's error is the next one's too and, where days cannot be told from a random walk
(Fuller, Introduction to Statistical Time Series (1976), chapter 8), to what a walk of such steps leaves open: then they
hold it in nine of ten. Of less than three weeks nothing can tell a walk for sure.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

DAY = 86_400.0
# 95 % of a normal distribution lie within so many standard deviations.
SURE = 1.96
WEEK = 7
# Sen's bounds exist from so many days on.
BOUNDED = 5
# Dickey and Fuller's bound at 5 %, for some 100 days about a trend.
WANDERS = 20.7


class Day(NamedTuple):
    """What stands for all points of a day; days are numbered on."""

    number: int
    time: float
    value: float


class Line(NamedTuple):
    """Bytes a day, between ``low`` and ``high`` at 95 %; both None where the days are too few for bounds."""

    per_day: float
    low: float | None
    high: float | None


def through(days: Sequence[Day]) -> Line:
    """Draw the line through two days or more."""
    if len({day.value for day in days}) == 1 and len(days) >= BOUNDED:
        return Line(0.0, 0.0, 0.0)
    by_weekday = [[day for day in days if day.number % WEEK == number] for number in range(WEEK)]
    groups: Sequence[Sequence[Day]] = [group for group in by_weekday if group]
    pairs = sum(len(group) * (len(group) - 1) // 2 for group in groups)
    if days[-1].number - days[0].number < 2 * WEEK - 1 or pairs < len(days) // 2:
        groups = [days]
    slopes = sorted(
        (b.value - a.value) / (b.time - a.time) * DAY
        for group in groups
        for place, a in enumerate(group, 1)
        for b in group[place:]
    )
    slope = median(slopes)
    # Sen's variance of S for days that are all different, which is the widest; of groups it is the sum.
    spread = math.sqrt(sum(n * (n - 1) * (2 * n + 5) for n in map(len, groups)) / 18)
    if _rank(len(slopes), spread) < 0:
        return Line(slope, None, None)
    kept = _kept(days, groups, slope)
    rank = max(0, _rank(len(slopes), spread * math.sqrt((1 + kept) / (1 - kept))))
    low, high = slopes[rank], slopes[-1 - rank]
    if kept > max(0.0, 1 - WANDERS / len(days)):
        walk = [came * came / passed for passed, came in steps(days, slope)]
        # The slope of a line through a walk has 6/5 of the variance of the walk's own mean step.
        half = SURE * math.sqrt(1.2 * sum(walk) / len(walk) * DAY / (days[-1].time - days[0].time))
        low, high = min(low, slope - half), max(high, slope + half)
    return Line(slope, low, high)


def steps(days: Sequence[Day], rate: float = 0.0) -> list[tuple[float, float]]:
    """List from day to day the days that passed, at least half of one, and the bytes that came beyond ``rate``."""
    return [
        (max((b.time - a.time) / DAY, 0.5), b.value - a.value - rate * (b.time - a.time) / DAY)
        for a, b in pairwise(days)
    ]


def _rank(slopes: int, spread: float) -> int:
    """Give the place of the lower bound among the sorted slopes; below 0 where they are too few for it."""
    return round((slopes - SURE * spread) / 2) - 1


def _kept(days: Sequence[Day], groups: Sequence[Sequence[Day]], slope: float) -> float:
    """Tell how much of a day's distance from the line is the next one's too, from 0 to just below 1."""
    off = {day.number: day.value - slope * (day.time - days[0].time) / DAY for day in days}
    for group in groups:
        middle = sum(off[day.number] for day in group) / len(group)
        off.update({day.number: off[day.number] - middle for day in group})
    row = [off[day.number] for day in days]
    square = sum(each * each for each in row)
    common = sum(a * b for a, b in pairwise(row))
    return min(max(0.0, common / square), 0.99) if square else 0.0
