"""Draw the pictures of the HTML report as SVG: use over time with what is expected, and where volumes lie. Pure."""

import math
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement

from vmstore import sizes
from vmstore.history.values import Point
from vmstore.policies.forecast import Trend
from vmstore.policies.slope import DAY
from vmstore.report import axes, wording
from vmstore.report.capacity import Subject
from vmstore.report.layout import Piece

WIDTH, HEIGHT = 420, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 8, 8, 22
_COLOURS = 6
# A year of hourly points on so few pixels is more than anyone sees.
_MOST_POINTS = 300
# Pieces that are narrower, in thousandths of the row, are drawn as one grey piece; of many rows, so that all of them
# are not more than so many pieces.
_NARROW, _MOST_PIECES = 4, 1500


class _Axes:
    """Where times and bytes are on the plot."""

    def __init__(self, begin: float, end: float, top: float) -> None:
        self.begin, self.end, self.top = begin, end, top

    def x(self, time: float) -> float:
        """Place a time."""
        return round(_LEFT + (time - self.begin) / (self.end - self.begin) * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, size: float) -> float:
        """Place bytes, within the plot."""
        share = min(max(size / self.top, 0.0), 1.0)
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)

    def at(self, time: float, size: float) -> str:
        """Place a point."""
        return f"{self.x(time)},{self.y(size)}"


def history(of: Subject, points: Sequence[Point], now: float) -> Element | None:
    """Plot what is used over time, the size, and the forecast with its range; None where there is too little."""
    known = _thinned(axes.values(of.kind, points))
    filled = of.filled
    if len(known) < 2 or filled is None or known[-1][0] <= known[0][0]:
        return None
    used, size = filled
    trend = of.trend if isinstance(of.trend, Trend) else None
    most = max(size, *(value for _, value in known))
    end = max(axes.horizon(known[0][0], now, trend is not None), known[-1][0])
    scale = _Axes(known[0][0], end, most * 1.05)
    label = f"{wording.subject(of.kind, of.name)}: use from {wording.date(known[0][0])} to {wording.date(now)}"
    svg = _svg(WIDTH, HEIGHT, label)
    _grid(svg, scale, most, now)
    if trend is not None:
        _forecast(svg, scale, trend, (now, used))
    known.append((now, used))
    path = "\n".join(scale.at(time, value) for time, value in known)
    area = f"{scale.at(scale.begin, 0)} {path} {scale.at(now, 0)}"
    SubElement(svg, "polygon", {"class": "area", "points": area})
    SubElement(svg, "polyline", {"class": "line", "points": path})
    _line(svg, "size", (scale.x(scale.begin), scale.y(size)), (scale.x(end), scale.y(size)))
    return svg


def spark(of: Subject, points: Sequence[Point]) -> Element | None:
    """Draw a history as small as a word, from its least to its most."""
    known = _thinned(axes.values(of.kind, points), 60)
    if len(known) < 2 or known[-1][0] <= known[0][0]:
        return None
    least, most = min(value for _, value in known), max(value for _, value in known)
    begin, span = known[0][0], known[-1][0] - known[0][0]
    svg = _svg(90, 22, f"{sizes.show(known[0][1])}, then {sizes.show(known[-1][1])}")
    svg.set("class", "spark")
    places = (
        f"{round((time - begin) / span * 88 + 1, 1)},{round(20 - (value - least) / max(1, most - least) * 18, 1)}"
        for time, value in known
    )
    SubElement(svg, "polyline", {"class": "line", "points": "\n".join(places)})
    return svg


def row(of: Subject, pieces: Sequence[Piece], widest: int, colours: Mapping[str, int], rows: int = 1) -> Element:
    """Draw a PV, one of so many rows, as a bar of the pieces on it; a volume has one colour.

    It is as long as it is large beside the largest.
    """
    svg = _svg(1000, 30, f"{of.name}: {sizes.show(of.allocated)} of {sizes.show(of.size)} in volumes")
    svg.set("preserveAspectRatio", "none")
    # Stretched to the width of the page it must not grow higher.
    svg.set("style", "height:26px")
    scale = 1000 / max(1, widest)
    SubElement(svg, "rect", {"class": "room", "width": f"{of.size * scale:.1f}", "height": "30"})
    for begin, end, names in _shown(pieces, scale, max(_NARROW, 1000 * rows / _MOST_PIECES)):
        first = names[0]
        single = len(set(names)) == 1
        colour = f"p{colours.get(first, 0) % _COLOURS}" if single else "small"
        box = {"x": f"{begin:.1f}", "width": f"{max(0.8, end - begin - 0.8):.1f}", "height": "30", "class": colour}
        SubElement(SubElement(svg, "rect", box), "title").text = first if single else sizes.volumes(len(set(names)))
    return svg


def _shown(pieces: Sequence[Piece], scale: float, narrow: float) -> list[tuple[float, float, list[str]]]:
    """Place the pieces; narrow ones beside each other become one."""
    found: list[tuple[float, float, list[str]]] = []
    for piece in pieces:
        begin, end = piece.start * scale, (piece.start + piece.size) * scale
        # Nothing that is seen of a row may be finer than what a screen shows.
        if found and end - begin < narrow and found[-1][1] - found[-1][0] < 3 * narrow and begin - found[-1][1] < 1:
            last = found[-1]
            found[-1] = (last[0], end, [*last[2], piece.volume])
        else:
            found.append((begin, end, [piece.volume]))
    return found


def _forecast(svg: Element, scale: _Axes, trend: Trend, now: tuple[float, int]) -> None:
    time, used = now

    def ahead(rate: float) -> str:
        """Follow a rate to the end of the plot, or to where it leaves it."""
        edge = scale.top if rate > 0 else 0.0
        reach = (edge - used) / rate * DAY if rate else math.inf
        stop = min(scale.end, time + max(0.0, reach))
        return scale.at(stop, used + rate * (stop - time) / DAY)

    if trend.low is not None and trend.high is not None:
        ends = [scale.at(scale.end, used + rate * (scale.end - time) / DAY) for rate in (trend.high, trend.low)]
        band = (scale.at(time, used), ahead(trend.high), *ends, ahead(trend.low))
        SubElement(svg, "polygon", {"class": "range", "points": " ".join(band)})
    SubElement(svg, "polyline", {"class": "likely", "points": f"{scale.at(time, used)} {ahead(trend.per_day)}"})


def _grid(svg: Element, scale: _Axes, most: int, now: float) -> None:
    left, right = scale.x(scale.begin), scale.x(scale.end)
    for size in axes.ticks(most):
        _line(svg, "axis" if size == 0 else "grid", (left, scale.y(size)), (right, scale.y(size)))
        _text(svg, left - 5, scale.y(size) + 4, "end", sizes.show(size) if size else "0")
    ahead = round((scale.end - now) / DAY)
    places = [(left, "start", wording.date(scale.begin)), (scale.x(now), "middle", "now")]
    if ahead and right - scale.x(now) > 45:
        places.append((right, "end", f"+{ahead} days"))
    if scale.x(now) < right:
        _line(svg, "grid", (scale.x(now), scale.y(0)), (scale.x(now), _TOP))
    else:
        places[1] = (right, "end", "now")
    for x, anchor, text in places:
        _text(svg, x, HEIGHT - 6, anchor, text)


def _thinned(known: Sequence[tuple[float, int]], most: int = _MOST_POINTS) -> list[tuple[float, int]]:
    """Keep so many points at most, evenly, and the last."""
    step = max(1, -(-len(known) // most))
    return [*known[:-1:step], *known[-1:]]


def _svg(width: int, height: int, label: str) -> Element:
    svg = Element("svg", {"viewBox": f"0 0 {width} {height}", "role": "img", "aria-label": label})
    SubElement(svg, "title").text = label
    return svg


def _line(svg: Element, style: str, begin: tuple[float, float], end: tuple[float, float]) -> None:
    x1, y1, x2, y2 = (str(number) for number in (*begin, *end))
    SubElement(svg, "line", {"class": style, "x1": x1, "y1": y1, "x2": x2, "y2": y2})


def _text(svg: Element, x: float, y: float, anchor: str, text: str) -> None:
    SubElement(svg, "text", {"x": str(x), "y": str(y), "text-anchor": anchor}).text = text
