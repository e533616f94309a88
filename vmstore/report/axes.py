"""Bring histories onto the axes of a plot: what is drawn, how far ahead, at which ticks. Pure."""

import math
from collections.abc import Mapping, Sequence

from vmstore import sizes
from vmstore.history.values import Point
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind

# The histories of a report, by kind and name; a Kind is a str, so those of vmstore.history are the same.
Histories = Mapping[tuple[str, str], Sequence[Point]]


def values(kind: Kind, points: Sequence[Point]) -> list[tuple[float, int]]:
    """List times and bytes: of a VM what its file system uses, where that is known, else what is allocated."""
    if kind is not Kind.VM:
        return [(point.time, point.allocated) for point in points]
    return [(point.time, point.used) for point in points if point.used is not None]


def horizon(begin: float, now: float, forecast: bool) -> float:
    """Give the end of the axis: with a forecast half as far ahead as the history goes back, at least a week."""
    return now + max(7 * DAY, (now - begin) / 2) if forecast else now


def sampled(known: Sequence[tuple[float, int]], begin: float, step: float, cells: int) -> list[int | None]:
    """Give the last value up to the end of each cell; None before the first, and in gaps of several days."""
    row: list[int | None] = []
    place = 0
    for cell in range(cells):
        end = begin + (cell + 1) * step
        while place < len(known) and known[place][0] <= end:
            place += 1
        last = known[place - 1] if place else None
        gap = last is None or end - last[0] > max(3 * DAY, 2 * step)
        row.append(None if gap or last is None else last[1])
    return row


def ticks(top: int, most: int = 4) -> list[int]:
    """List round sizes from 0 up to ``top``: 1, 2 or 5 times a power of ten of a binary unit, or halves of one."""
    rough = max(1.0, top / most)
    unit = max(size for size in sizes.UNITS.values() if size <= rough)
    steps = [unit * step for step in (1, 2, 5, 10, 20, 50, 100, 200, 256, 512, 1024)]
    step = next((size for size in steps if size >= rough), math.ceil(rough))
    return list(range(0, top + 1, step))
