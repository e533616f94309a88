"""Show how work goes: a bar with bytes, rate and time left on a terminal, a plain line now and then elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from vmstore import sizes, ui
from vmstore.jobs.step import Reporter, Step
from vmstore.policies.pace import Pace, Part

LINE_EVERY = 30.0
BEAT = 5.0


class Tally:
    """Count the bytes of a plan that are there; the rate is over the whole run, so that it does not jump."""

    def __init__(self, steps: Sequence[Step]) -> None:
        copies = [step for step in steps if step.copies]
        self.total = sum(step.bytes for step in copies)
        self._pace = Pace(len(copies), self.total)
        self._done: dict[Step, int] = {}
        self._began = self._since = time.monotonic()
        self._current: Step | None = None
        self._first = self._last = (0.0, 0)

    def count(self, step: Step, done: int) -> None:
        """So many bytes of a step are there."""
        now = time.monotonic()
        if self._done.get(step) == step.bytes:
            return
        self._done[step] = done
        if step != self._current:
            self._current = step
            self._first = self._last = (now, done)
        if done < step.bytes:
            self._last = (now, done)
            return
        self._pace.took(self._part(step))
        self._since, self._current = now, None

    def rested(self, seconds: float) -> None:
        """Leave out time in which nothing was to be done."""
        self._began += seconds
        self._since += seconds

    @property
    def moved(self) -> int:
        """Give the bytes that are there."""
        return sum(self._done.values())

    def left(self) -> float | None:
        """Estimate the seconds that are left, None while nothing is known."""
        # The bar asks from a thread of its own.
        step = self._current
        if step is None:
            return self._pace.left()
        return self._pace.left(self._part(step), self._done.get(step, 0))

    def _part(self, step: Step) -> Part:
        (before, few), (then, more) = self._first, self._last
        return Part(step.bytes, time.monotonic() - self._since, more - few, then - before)

    def told(self) -> str:
        """Say how far the plan is, how fast it goes and how long it will take."""
        rate = self.moved / max(time.monotonic() - self._began, 0.001)
        left = self.left() if self.moved < self.total else None
        rest = "" if left is None else f", {duration(left)} left"
        return f"{sizes.show(self.moved)} of {sizes.show(self.total)} at {sizes.show(int(rate))}/s{rest}"


class Lines:
    """Report in plain lines: each step, and while one is at work at least one line every 30 s."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._tally = Tally(steps)
        self._there: set[Step] = set()
        self._told = self._since = time.monotonic()
        self._at: Step | None = None

    def began(self, step: Step) -> None:
        """A step starts."""
        ui.say(f"{step.title} …")
        self._told = self._since = time.monotonic()
        self._at = step

    def alive(self) -> None:
        """Say what takes so long, if nothing was said for a while."""
        step, now = self._at, time.monotonic()
        if step is not None and now - self._told >= LINE_EVERY:
            self._told = now
            ui.say(f"  still at it for {duration(now - self._since)}: {step.title}")

    def moved(self, step: Step, done: int) -> None:
        """So many bytes of a step that copies are there."""
        self._tally.count(step, done)
        now = time.monotonic()
        if done >= step.bytes:
            self._at = None
            if step not in self._there:
                self._there.add(step)
                ui.say(f"  {step.subject} is moved: {self._tally.told()}")
        elif now - self._told >= LINE_EVERY:
            self._told = now
            ui.say(f"  {step_share(step, done)}; {self._tally.told()}")

    def ended(self, step: Step) -> None:
        """A step is done and was seen to be."""
        self._at = None
        if step.copies:
            self.moved(step, step.bytes)

    def note(self, text: str) -> None:
        """Something the admin should know."""
        ui.say(text)

    def rested(self, seconds: float) -> None:
        """Nothing was to be done for so long."""
        self._tally.rested(seconds)


class Told(ProgressColumn):
    """Show the tally's words beside the bar."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(table_column=Column(no_wrap=True))
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

    def rested(self, seconds: float) -> None:
        """Nothing was to be done for so long."""
        self._tally.rested(seconds)


@contextmanager
def reporter(steps: Sequence[Step]) -> Iterator[Reporter]:
    """Choose how to report by what stderr is."""
    if not ui.is_terminal(sys.stderr):
        lines, over = Lines(steps), threading.Event()
        threading.Thread(target=_beat, args=(lines, over), daemon=True).start()
        try:
            yield lines
        finally:
            over.set()
        return
    console = Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)
    tally = Tally(steps)
    # On a narrow terminal the bar gives way, so that the words stay on its line.
    bar = BarColumn(bar_width=None, table_column=Column(max_width=40))
    columns = (TextColumn("{task.percentage:>3.0f}%"), bar, Told(tally))
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as progress:
        yield Bar(tally, progress)


def _beat(lines: Lines, over: threading.Event) -> None:
    while not over.wait(BEAT):
        lines.alive()


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
