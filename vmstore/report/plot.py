"""Draw a capacity report in characters: bars of what is full, and a plot of the history with its forecast. Pure.

Lines are parts with a style each, so that they say the same without colours; in ASCII where the terminal is no better.
"""

from collections.abc import Sequence
from typing import NamedTuple

from vmstore import sizes
from vmstore.history.values import Point
from vmstore.policies.forecast import Trend
from vmstore.policies.levels import Kind
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Severity
from vmstore.report import axes, wording
from vmstore.report.capacity import Capacity, Subject


class Part(NamedTuple):
    """Text in a style: "", "good", "warning", "critical", "dim" or "bold"."""

    text: str
    style: str = ""


Line = tuple[Part, ...]

# From empty to full, in eighths.
_RISING, _GROWING = " ▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉█"
_NARROWEST, _NAMES = 40, 24


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


def bars(capacity: Capacity, width: int = 80, ink: Ink = UNICODE) -> list[Line]:
    """Draw how full the VG, the classes and the PVs are, a line each."""
    shown = [of for kind in (Kind.VG, Kind.CLASS, Kind.PV) for of in capacity.of(kind) if of.size > 0]
    names = [_short(wording.subject(of.kind, of.name)) for of in shown]
    words = [_words(of) for of in shown]
    column = max(map(len, names), default=0)
    # What is free is read more than the bar; so it is the bar that gives way, to a point.
    cells = max(10, min(30, max(width, _NARROWEST) - column - 2 - max(map(len, words), default=0)))
    lines: list[Line] = []
    for of, name, word in zip(shown, names, words, strict=True):
        full, rest = bar(of.allocated / of.size, cells, ink)
        lines.append((Part(f"{name.ljust(column)}  "), Part(full, _style(capacity, of)), Part(rest, "dim"), Part(word)))
    return lines


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
    filled = wording.filled(of)
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


def spark(of: Subject, points: Sequence[Point], cells: int = 12, ink: Ink = UNICODE) -> str:
    """Draw a history in one line of so many cells, from its least to its most."""
    known = axes.values(of.kind, points)
    if len(known) < 2 or known[-1][0] <= known[0][0]:
        return " " * cells
    step = (known[-1][0] - known[0][0]) / cells
    column = axes.sampled(known, known[0][0], step, cells)
    seen = [value for value in column if value is not None]
    least, span = min(seen), max(seen) - min(seen)
    steps = len(ink.rising) - 2
    return "".join(
        " " if value is None else ink.rising[1 + (round((value - least) / span * steps) if span else 0)]
        for value in column
    )


def text(lines: Sequence[Line]) -> str:
    """Give the lines without styles."""
    return "".join("".join(part.text for part in line).rstrip() + "\n" for line in lines)


def _words(of: Subject) -> str:
    state = f", {of.state}" if of.state not in ("", "ok") else ""
    return (
        f"  {wording.percent(of.allocated, of.size):>3} %  {sizes.show(of.free)} free of {sizes.show(of.size)}{state}"
    )


def _style(capacity: Capacity, of: Subject) -> str:
    found = [alert.severity for alert in capacity.alerts if (alert.kind, alert.subject) == (of.kind, of.name)]
    return wording.SEVERITIES[max(found, default=Severity.WARN)] if found else "good"


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


def _short(name: str) -> str:
    """Cut a long name in the middle, where names of LUNs differ least."""
    name, half = name.replace("/dev/mapper/", ""), _NAMES // 2
    return name if len(name) <= _NAMES else f"{name[: half - 1]}..{name[-(half - 1) :]}"
