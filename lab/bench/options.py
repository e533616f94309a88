"""Read what `script/bench` is asked for. Pure."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.bench.jobs import JOBS
from lab.bench.ways import WAYS


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured: parts of the page, and of the moves which jobs in which ways."""

    parts: tuple[str, ...]
    jobs: tuple[str, ...] = tuple(JOBS)
    ways: tuple[str, ...] = tuple(WAYS)
    rounds: int = 3

    @property
    def compared(self) -> bool:
        """Tell whether all ways are run: else ratios would mix runs, and nothing is written."""
        return set(self.ways) == set(WAYS)


def parse(words: Sequence[str], parts: Sequence[str]) -> Wanted:
    """Read the command line; ends with exit code 2 and a line about what is wrong."""
    parser = argparse.ArgumentParser(
        prog="script/bench", description="Measure vmstore on the emulated cluster and write docs/benchmarks.md."
    )
    parser.add_argument(
        "parts", metavar="PART", nargs="*", type=_known("part", parts), help=f"of {', '.join(parts)}; none: all"
    )
    parser.add_argument(
        "--jobs", type=_listed("job", tuple(JOBS)), default=tuple(JOBS), help=f"of the moves: {','.join(JOBS)} (all)"
    )
    parser.add_argument(
        "--ways",
        type=_listed("way", tuple(WAYS)),
        default=tuple(WAYS),
        help=f"of the moves: {','.join(WAYS)} (all); with fewer the figures are only printed",
    )
    parser.add_argument("--rounds", type=_rounds, default=3, help="of moves and beside (3)")
    told = parser.parse_intermixed_args(words)
    chosen = tuple(part for part in parts if part in told.parts or not told.parts)
    return Wanted(chosen, told.jobs, told.ways, told.rounds)


def _known(what: str, names: Sequence[str]) -> Callable[[str], str]:
    def check(word: str) -> str:
        if word not in names:
            raise argparse.ArgumentTypeError(f"there is no {what} {word!r}; there are {', '.join(names)}")
        return word

    return check


def _listed(what: str, names: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    check = _known(what, names)
    return lambda words: tuple(dict.fromkeys(check(word) for word in words.split(",")))


def _rounds(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one round is needed")
    return number
