"""Hold what was measured of evacuations, and compute what is told of it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

RAW, PVMOVE, DEFAULT = "raw", "pvmove", "default"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that one way of doing a job took in each round; none where it was refused, for the reason ``refused``."""

    way: str
    rounds: tuple[float, ...] = ()
    refused: str = ""

    @property
    def seconds(self) -> float | None:
        """Give the median."""
        return median(self.rounds) if self.rounds else None

    def and_round(self, seconds: float) -> "Timing":
        """Add a round."""
        return Timing(self.way, (*self.rounds, round(seconds, 2)), self.refused)


@dataclass(frozen=True, slots=True)
class Measured:
    """All that one run found of a job.

    ``raw`` are the seconds of each way to copy that was tried, ``claims`` how far off each claim of the time left was,
    in per cent, in the runs with the default choice.
    """

    job: str
    when: str
    raw: dict[str, float] = field(default_factory=dict)
    timings: tuple[Timing, ...] = ()
    claims: tuple[float, ...] = ()

    def seconds(self, way: str) -> float | None:
        """Give a way's median; None where it was not measured, or refused."""
        return next((timing.seconds for timing in self.timings if timing.way == way), None)

    def slower(self, way: str, than: str) -> float | None:
        """Say how many times as long as another way one takes, None where one of them is not known."""
        one, other = self.seconds(way), self.seconds(than)
        return one / other if one is not None and other else None

    @property
    def best_raw(self) -> str:
        """Name the fastest way to copy, "" where none was tried."""
        return min(self.raw, key=lambda name: self.raw[name], default="")


def turn(ways: Sequence[str], number: int) -> list[str]:
    """Give the order of a round: each round begins one way further on, so that none is always first."""
    shift = number % len(ways) if ways else 0
    return [*ways[shift:], *ways[:shift]]


def merged(old: Sequence[Measured], new: Measured, order: Sequence[str]) -> list[Measured]:
    """Put a job's new figures in the place of its old ones; jobs that are no longer known are left out."""
    known = {each.job: each for each in (*old, new)}
    return [known[job] for job in order if job in known]


def spread(errors: Sequence[float]) -> tuple[float, float] | None:
    """Give the median and the worst; None for nothing."""
    return (median(errors), max(errors)) if errors else None
