"""Show how work goes: a bar with bytes, rate and time left on a terminal, a plain line now and then elsewhere."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from vmstore import sizes, ui
from vmstore.jobs.step import Reporter, Step

LINE_EVERY = 30.0


class Tally:
    """Count the bytes of a plan that are there; rate and time left are over the whole run, so they do not jump."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.total = sum(step.bytes for step in steps)
        self._done: dict[Step, int] = {}
        self._began = time.monotonic()

    def count(self, step: Step, done: int) -> None:
        """So many bytes of a step are there."""
        self._done[step] = done

    @property
    def moved(self) -> int:
        """Give the bytes that are there."""
        return sum(self._done.values())

    def told(self) -> str:
        """Say how far the plan is, how fast it goes and how long it will take."""
        rate = self.moved / max(time.monotonic() - self._began, 0.001)
        left = f", {duration((self.total - self.moved) / rate)} left" if self.moved < self.total and rate > 0 else ""
        return f"{sizes.show(self.moved)} of {sizes.show(self.total)} at {sizes.show(int(rate))}/s{left}"


class Lines:
    """Report in plain lines: each step, and while bytes move at least one line every 30 s."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._tally = Tally(steps)
        self._there: set[Step] = set()
        self._told = time.monotonic()

    def began(self, step: Step) -> None:
        """A step starts."""
        ui.say(f"{step.title} …")
        self._told = time.monotonic()

    def moved(self, step: Step, done: int) -> None:
        """So many bytes of a step that copies are there."""
        self._tally.count(step, done)
        now = time.monotonic()
        if done >= step.bytes:
            if step not in self._there:
                self._there.add(step)
                ui.say(f"  {step.subject} is moved: {self._tally.told()}")
        elif now - self._told >= LINE_EVERY:
            self._told = now
            ui.say(f"  {step_share(step, done)}; {self._tally.told()}")

    def ended(self, step: Step) -> None:
        """A step is done and was seen to be."""
        if step.copies:
            self.moved(step, step.bytes)

    def note(self, text: str) -> None:
        """Something the admin should know."""
        ui.say(text)


class Told(ProgressColumn):
    """Show the tally's words beside the bar."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally

    def render(self, task: Task) -> Text:
        """Write them as they are at this moment."""
        del task
        return Text(self._tally.told())


class Bar:
    """Report with one bar over the bytes of the whole plan."""

    def __init__(self, tally: Tally, progress: Progress) -> None:
        self._progress = progress
        self._tally = tally
        self._task = progress.add_task("", total=tally.total or None, visible=tally.total > 0)

    def began(self, step: Step) -> None:
        """A step starts."""
        self._progress.console.print(f"{step.title} …")

    def moved(self, step: Step, done: int) -> None:
        """So many bytes of a step that copies are there."""
        self._tally.count(step, done)
        self._progress.update(self._task, completed=self._tally.moved)

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
    tally = Tally(steps)
    columns = (TextColumn("{task.percentage:>3.0f}%"), BarColumn(), Told(tally))
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bar(tally, progress)


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
