"""Show how work goes: a bar with bytes, rate and time left on a terminal, a plain line now and then elsewhere."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from vmstore import sizes, ui
from vmstore.jobs.step import Reporter, Step

LINE_EVERY = 30.0


class Lines:
    """Report in plain lines: each step, and while bytes move at least one line every 30 s."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._total = sum(step.bytes for step in steps)
        self._done: dict[Step, int] = {}
        self._there: set[Step] = set()
        self._began = self._told = time.monotonic()

    def began(self, step: Step) -> None:
        """A step starts."""
        ui.say(f"{step.title} …")
        self._told = time.monotonic()

    def moved(self, step: Step, done: int) -> None:
        """So many bytes of a step that copies are there."""
        now = time.monotonic()
        self._done[step] = done
        if done >= step.bytes:
            self._is_there(step)
        elif now - self._told >= LINE_EVERY:
            self._told = now
            ui.say(f"  {step_share(step, done)}; {self._overall(now)}")

    def ended(self, step: Step) -> None:
        """A step is done and was seen to be."""
        if step.copies:
            self.moved(step, step.bytes)

    def note(self, text: str) -> None:
        """Something the admin should know."""
        ui.say(text)

    def _is_there(self, step: Step) -> None:
        if step not in self._there:
            self._there.add(step)
            ui.say(f"  {step.subject} is moved: {self._overall(time.monotonic())}")

    def _overall(self, now: float) -> str:
        moved = sum(self._done.values())
        rate = moved / max(now - self._began, 0.001)
        left = f", {duration((self._total - moved) / rate)} left" if moved < self._total and rate > 0 else ""
        return f"{sizes.show(moved)} of {sizes.show(self._total)} at {sizes.show(int(rate))}/s{left}"


class Rate(ProgressColumn):
    """Show how fast bytes move, in binary units as everywhere; rich's own column has decimal ones."""

    def render(self, task: Task) -> Text:
        """Write the rate."""
        speed = task.finished_speed or task.speed
        return Text("-" if speed is None else f"{sizes.show(int(speed))}/s")


class Bar:
    """Report with one bar over the bytes of the whole plan."""

    def __init__(self, steps: Sequence[Step], progress: Progress) -> None:
        self._progress = progress
        self._total = sum(step.bytes for step in steps)
        self._done: dict[Step, int] = {}
        self._task = progress.add_task("", total=self._total or None, visible=self._total > 0)

    def began(self, step: Step) -> None:
        """A step starts."""
        self._progress.console.print(f"{step.title} …")

    def moved(self, step: Step, done: int) -> None:
        """So many bytes of a step that copies are there."""
        self._done[step] = done
        self._progress.update(self._task, completed=sum(self._done.values()))

    def ended(self, step: Step) -> None:
        """A step is done and was seen to be."""
        if step.copies:
            self.moved(step, step.bytes)

    def note(self, text: str) -> None:
        """Something the admin should know."""
        self._progress.console.print(text)


@contextmanager
def reporter(steps: Sequence[Step]) -> Iterator[Reporter]:
    """Choose how to report by what stderr is."""
    if not ui.is_terminal(sys.stderr):
        yield Lines(steps)
        return
    console = Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)
    columns = (
        TextColumn("{task.percentage:>3.0f}%"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bar(steps, progress)


def step_share(step: Step, done: int) -> str:
    """Say how far a step is."""
    return f"{sizes.show(done)} of {sizes.show(step.bytes)}"


def duration(seconds: float) -> str:
    """Write a time in the two largest units."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
