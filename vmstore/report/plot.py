"""Draw in characters for a capacity report: bars, and a plot of a history with its forecast. Pure.

Lines are parts with a style each, so that they say the same without colours; in ASCII where the terminal is no better.
"""

from collections.abc import Sequence
from typing import NamedTuple

from vmstore import sizes
from vmstore.history.values import Point
from vmstore.policies.forecast import Trend
from vmstore.policies.slope import DAY
from vmstore.report import axes, wording
from vmstore.report.capacity import Subject


class Part(NamedTuple):
    """Text in a style: "", "good", "warning", "critical", "dim" or "bold"."""

    text: str
    style: str = ""


Line = tuple[Part, ...]

# From empty to full, in eighths.
_RISING, _GROWING = " ▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉█"
_NARROWEST = 40


class Ink(NamedTuple):
    """What is drawn with: what rises, what grows to the right, room, forecast, the left edge and the corner."""

    rising: str
    growing: str
    room: str
    ahead: str
    edge: str
    corner: str
    base: str


UNICODE = Ink(_RISING, _GROWING, "░", "░", "│", "└", "─")
ASCII = Ink(" .:#", " #", ".", "+", "|", "+", "-")


def bar(share: float, cells: int, ink: Ink = UNICODE) -> tuple[str, str]:
    """Draw a bar as what is full and what is room."""
    steps = len(ink.growing) - 1
    # What is not quite full must not look full, nor what holds a little, empty.
    filled = min(max(round(share * cells * steps), int(share > 0)), cells * steps - int(share < 1))
    whole, rest = divmod(filled, steps)
    full = ink.growing[-1] * whole + (ink.growing[rest] if rest else "")
    return full, ink.room * (cells - len(full))


def history(
    of: Subject, points: Sequence[Point], now: float, width: int = 80, height: int = 6, ink: Ink = UNICODE
) -> list[Line]:
    """Draw what was used over time and, lighter, what is expected; nothing from fewer than two points."""
    known = axes.values(of.kind, points)
    filled = of.filled
    if len(known) < 2 or filled is None or known[-1][0] <= known[0][0]:
        return []
    used, size = filled
    top = max(size, *(value for _, value in known))
    labels = [sizes.show(top), sizes.show(top // 2), "0"]
    margin = max(map(len, labels)) + 2
    cells = max(width, _NARROWEST) - margin
    begin, end = known[0][0], axes.horizon(known[0][0], now, isinstance(of.trend, Trend))
    step = (end - begin) / cells
    past = min(cells, max(1, round((now - begin) / step)))
    column = axes.sampled(known, begin, step, past)
    rate = of.trend.per_day / DAY if isinstance(of.trend, Trend) else 0.0
    ahead = [used + rate * (begin + (place + 0.5) * step - now) for place in range(past, cells)]
    rows = [_row(column, ahead, (height - 1 - row, height), top, ink) for row in range(height)]
    at = {0: labels[0], height // 2: labels[1]}
    lines: list[Line] = [
        (Part(at.get(row, "").rjust(margin - 2) + f" {ink.edge}", "dim"), Part(drawn), Part(expected.rstrip(), "dim"))
        for row, (drawn, expected) in enumerate(rows)
    ]
    lines.append((Part(f"{labels[2].rjust(margin - 2)} {ink.corner}{ink.base * cells}", "dim"),))
    lines.append((Part(_dates(begin, now, end, margin, past, cells), "dim"),))
    return lines


def text(lines: Sequence[Line]) -> str:
    """Give the lines without styles."""
    return "".join("".join(part.text for part in line).rstrip() + "\n" for line in lines)


def _row(
    column: Sequence[float | None], ahead: Sequence[float], place: tuple[int, int], top: float, ink: Ink
) -> tuple[str, str]:
    """Draw one row of a plot, whose number from below is ``place[0]`` of ``place[1]``."""
    number, height = place
    steps = len(ink.rising) - 1

    def cell(value: float | None) -> int:
        return 0 if value is None else min(max(round((value / top * height - number) * steps), 0), steps)

    drawn = "".join(ink.rising[cell(value)] for value in column)
    return drawn, "".join(ink.ahead if 2 * cell(min(value, top)) >= steps else " " for value in ahead)


def _dates(begin: float, now: float, end: float, margin: int, past: int, cells: int) -> str:
    """Write the first day, today and the last day below a plot, those that do not fit left out."""
    row = " " * margin + wording.date(begin)
    days = round((end - now) / DAY)
    for place, word in ((past, "now"), (cells, f"+{days} d" if days else "")):
        start = margin + place - len(word)
        if word and start > len(row) + 1:
            row = row.ljust(start) + word
    return row
