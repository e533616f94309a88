"""Progress: plain lines for logs, a bar on a terminal, both over the bytes of the whole plan."""

import re
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.bench import Terminal
from vmstore import ui_progress
from vmstore.jobs.activation_steps import Deactivate
from vmstore.jobs.mirror import MoveVolume

G = 2**30


def move(name: str, size: int) -> MoveVolume:
    """Make a move."""
    return MoveVolume("n1", "vg", name, "u", "/dev/a", ("/dev/b",), size, False, 16, 1)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put the test's clock in place."""
    made = Clock()
    monkeypatch.setattr(ui_progress, "time", made)
    return made


def test_lines_tell_of_each_step_and_every_half_minute_while_bytes_move(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    first, last, rest = move("a", 4 * G), move("b", 6 * G), Deactivate("n1", "vg", "b")
    lines = ui_progress.Lines([first, last, rest])
    lines.began(first)
    for seconds, done in ((10, G), (29, 2 * G), (30, 2 * G), (59, 3 * G)):
        clock.now = 1000 + seconds
        lines.moved(first, done)
    clock.now = 1060
    lines.ended(first)
    lines.began(last)
    clock.now = 1091
    lines.moved(last, 3 * G)
    clock.now = 1120
    lines.ended(last)
    lines.began(rest)
    lines.ended(rest)
    lines.note("by the way")
    assert capsys.readouterr().err.splitlines() == [
        f"{first.title} …",
        "  2 GiB of 4 GiB; 2 GiB of 10 GiB at 68.27 MiB/s, 2 min 40 s left",
        "  a is moved: 4 GiB of 10 GiB at 68.27 MiB/s, 1 min 30 s left",
        f"{last.title} …",
        "  3 GiB of 6 GiB; 7 GiB of 10 GiB at 78.77 MiB/s, 38 s left",
        "  b is moved: 10 GiB of 10 GiB at 85.33 MiB/s",
        f"{rest.title} …",
        "by the way",
    ]


def test_time_in_which_it_rested_does_not_count(clock: Clock) -> None:
    first, last = move("a", 4 * G), move("b", 6 * G)
    tally = ui_progress.Tally([first, last])
    clock.now += 60
    tally.count(first, 4 * G)
    clock.now += 3600
    tally.rested(3600)
    assert tally.told() == "4 GiB of 10 GiB at 68.27 MiB/s, 1 min 30 s left"
    clock.now += 45
    tally.count(last, 3 * G)
    assert tally.left() == 45


def test_a_step_that_takes_long_without_a_word_is_named(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    step = Deactivate("n1", "vg", "b")
    lines = ui_progress.Lines([step])
    clock.now += 40
    lines.alive()
    lines.began(step)
    for seconds in (29, 1, 29, 1):
        clock.now += seconds
        lines.alive()
    lines.ended(step)
    clock.now += 100
    lines.alive()
    assert capsys.readouterr().err.splitlines() == [
        f"{step.title} …",
        f"  still at it for 30 s: {step.title}",
        f"  still at it for 1 min 0 s: {step.title}",
    ]


def test_the_reporter_looks_by_itself(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(ui_progress, "BEAT", 0.001)
    monkeypatch.setattr(ui_progress, "LINE_EVERY", 0.0)
    step = Deactivate("n1", "vg", "b")
    with ui_progress.reporter([step]) as reporter:
        reporter.began(step)
        deadline = time.monotonic() + 5
        while "still at it" not in capsys.readouterr().err and time.monotonic() < deadline:
            time.sleep(0.005)
        assert time.monotonic() < deadline


def test_nothing_moved_yet_has_no_end_in_sight(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    step = move("a", G)
    lines = ui_progress.Lines([step])
    clock.now += 31
    lines.moved(step, 0)
    assert capsys.readouterr().err == "  0 B of 1 GiB; 0 B of 1 GiB at 0 B/s\n"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (3600, "1 h 0 min"), (90061, "25 h 1 min")],
)
def test_times_are_written_in_their_two_largest_units(seconds: float, shown: str) -> None:
    assert ui_progress.duration(seconds) == shown


def test_without_a_terminal_there_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with ui_progress.reporter([]) as reporter:
        assert isinstance(reporter, ui_progress.Lines)


def test_a_terminal_has_a_bar_and_the_steps_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal(terminal=True)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    step = move("[bold]a", G)
    with ui_progress.reporter([step]) as reporter:
        assert isinstance(reporter, ui_progress.Bar)
        reporter.began(step)
        reporter.moved(step, G // 2)
        reporter.ended(step)
        reporter.note("by the way")
    text = screen.getvalue()
    assert step.title in text
    assert "by the way" in text
    assert "100%" in text
    assert "iB/s" in text


class Drawn:
    """Stands for rich's Progress and remembers what the bar shows."""

    def __init__(self) -> None:
        self.tasks: list[dict[str, Any]] = []
        self.completed: list[float] = []
        self.printed: list[str] = []
        self.console = SimpleNamespace(print=self.printed.append)

    def add_task(self, description: str, **more: Any) -> int:
        """Begin the bar."""
        self.tasks.append(more)
        return 0

    def update(self, task: int, *, completed: float) -> None:
        """Move the bar."""
        self.completed.append(completed)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_bar_gives_way_to_its_words(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    screen = Terminal(terminal=True)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    step = move("a", 1023 * G)
    with ui_progress.reporter([step]) as reporter:
        reporter.began(step)
        reporter.moved(step, 1000 * G + 2**20 * 17)
        reporter.ended(step)
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue()).splitlines()
    told = [line for line in lines if "%" in line]
    assert told
    assert all("B/s" in line and len(line) <= columns for line in told)
    assert max(line.count("━") + line.count("╸") for line in told) <= 40


def test_the_bar_goes_on_where_the_last_volume_ended() -> None:
    drawn = Drawn()
    first, last, rest = move("a", 4 * G), move("b", 6 * G), Deactivate("n1", "vg", "b")
    bar = ui_progress.Bar(ui_progress.Tally([first, last, rest]), drawn)  # type: ignore[arg-type]
    bar.moved(first, 2 * G)
    bar.ended(first)
    bar.moved(last, 3 * G)
    bar.ended(last)
    bar.ended(rest)
    assert drawn.tasks == [{"total": 10 * G, "visible": True}]
    assert drawn.completed == [2 * G, 4 * G, 7 * G, 10 * G]


def test_a_plan_that_copies_nothing_has_no_bar() -> None:
    drawn = Drawn()
    ui_progress.Bar(ui_progress.Tally([Deactivate("n1", "vg", "b")]), drawn)  # type: ignore[arg-type]
    assert drawn.tasks == [{"total": None, "visible": False}]
