"""What is drawn in a terminal: to scale, in its width, and without colours or Unicode as well."""

import io
import sys

import pytest

from tests.support.capacity import DAYS, GIB, HISTORIES, NOW, capacity, points, vm
from vmstore import ui_plots
from vmstore.history.values import Point
from vmstore.policies.thresholds import Kind
from vmstore.report import axes, plot
from vmstore.report.plot import ASCII, UNICODE, Ink, Part

FC = capacity().of(Kind.CLASS)[0]
INKS = pytest.mark.parametrize("ink", [UNICODE, ASCII])


def rows(text: str) -> list[str]:
    return text.splitlines()


@INKS
@pytest.mark.parametrize(("share", "whole"), [(0.0, 0), (0.5, 10), (1.0, 20)])
def test_a_bar_is_as_long_as_its_share(share: float, whole: int, ink: Ink) -> None:
    full, room = plot.bar(share, 20, ink)
    assert (full, room) == (ink.growing[-1] * whole, ink.room * (20 - whole))


@INKS
def test_a_bar_tells_nearly_full_from_full_and_nearly_empty_from_empty(ink: Ink) -> None:
    assert plot.bar(0.9999, 20, ink)[0] != ink.growing[-1] * 20
    assert plot.bar(0.0001, 20, ink)[0] != ""
    assert [len("".join(plot.bar(n / 100, 20, ink))) for n in range(101)] == [20] * 101


@INKS
@pytest.mark.parametrize("width", [40, 60, 80, 132])
def test_everything_fits_into_the_width(width: int, ink: Ink) -> None:
    lines = rows(plot.text(plot.history(FC, HISTORIES[("class", "fc")], NOW, width, ink=ink)))
    assert len(lines) == 8
    assert max(map(len, lines)) <= width


def test_ascii_is_ascii() -> None:
    assert plot.text(plot.history(FC, HISTORIES[("class", "fc")], NOW, ink=ASCII)).isascii()
    assert "".join(plot.bar(0.55, 9, ASCII)).isascii()


def test_the_plot_rises_with_the_history_and_shows_what_is_expected() -> None:
    lines = rows(plot.text(plot.history(FC, HISTORIES[("class", "fc")], NOW, 80, 6, ASCII)))
    heights = [sum(1 for line in lines[:6] if line.ljust(80)[column] in ":#") for column in range(10, 56)]
    assert heights == sorted(heights)
    assert (heights[0], heights[-1]) == (4, 6)
    assert "+" in lines[0]
    assert lines[6].startswith("       0 +---")
    assert lines[7].split() == ["2026-10-17", "now", "+45", "d"]
    assert lines[0].startswith("1.95 TiB |")


def test_a_plot_without_a_forecast_ends_now() -> None:
    of = vm("a", 60, 50, trend=None)
    history = points(50, 0.1, size=60, used=True)
    lines = rows(plot.text(plot.history(of, history, NOW, 80, 6, ASCII)))
    assert lines[-1].rstrip().endswith("now")
    assert not any("+" in line for line in lines[:6])


def test_gaps_and_unknown_use_are_left_open() -> None:
    history = [point for place, point in enumerate(points(50, 0, size=60, used=True)) if not 20 < place < 60]
    unknown = [Point(int(NOW - 10 * 86400), 60 * GIB, 60 * GIB, None, 0, 0, None, None)]
    known = axes.values(Kind.VM, [*history, *unknown])
    assert len(known) == len(history)
    column = axes.sampled(known, known[0][0], 86400.0, DAYS)
    assert column[0] == 50 * GIB
    assert column[40] is None
    assert column[-1] == 50 * GIB


@INKS
def test_too_little_history_is_no_plot(ink: Ink) -> None:
    for few in ((), points(10, 1, days=0)):
        assert plot.history(FC, few, NOW, ink=ink) == []
    assert plot.history(vm("a", 60, None), points(50, 1, used=True), NOW, ink=ink) == []


@pytest.mark.parametrize("top", [1, 5, 1023, 10 * GIB, 1000 * GIB, 2000 * GIB, 7 * 2**50, 2**63])
def test_ticks_are_few_and_reach_far(top: int) -> None:
    ticks = axes.ticks(top)
    assert ticks[0] == 0
    assert 1 <= len(ticks) <= 6
    assert ticks[-1] <= top
    assert top < 4 or ticks[-1] >= top / 2


@pytest.mark.parametrize(
    ("encoding", "term", "ink"),
    [
        ("utf-8", "xterm-256color", UNICODE),
        ("UTF8", "screen", UNICODE),
        ("ANSI_X3.4-1968", "xterm", ASCII),
        ("iso-8859-1", "xterm", ASCII),
        ("utf-8", "linux", ASCII),
        ("utf-8", "dumb", ASCII),
    ],
)
def test_what_is_drawn_with_is_what_the_terminal_can_show(encoding: str, term: str, ink: Ink) -> None:
    assert ui_plots.ink(encoding, {"TERM": term}) is ink


def test_without_a_terminal_there_are_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    ui_plots.show([(Part("a[b]:x: ", "critical"), Part("c", "dim"))])
    assert out.getvalue() == "a[b]:x: c\n"


def test_on_a_terminal_there_are_colours_unless_nobody_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def drawn() -> str:
        out = Terminal()
        monkeypatch.setattr(sys, "stdout", out)
        ui_plots.show([(Part("bad", "critical"),)])
        return out.getvalue()

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert drawn() == "\x1b[1;31mbad\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert "31" not in drawn()
