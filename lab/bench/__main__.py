"""Run the benchmarks and write docs/benchmarks.md: all of them, or the parts that are named, with the others kept."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from lab.bench import beside, moves, page, plot, relocations, reports, scale, tables, volumes
from lab.bench.figures import Measured
from lab.bench.jobs import JOBS
from lab.bench.options import Wanted, parse
from lab.driver import LAB, Cluster, finish, running

T = TypeVar("T")
MANAGERS = ("pacemaker", "rgmanager")


def main(words: Sequence[str]) -> int:
    """Measure what is wanted and write the page, part by part, so that a fault costs only the part it is in."""
    wanted = parse(words, list(PARTS))
    for name in wanted.parts:
        PARTS[name](wanted)
    if wanted.compared:
        sys.stdout.write(page.PAGE.read_text(encoding="utf-8"))
    return 0


def _measure_volumes(wanted: Wanted) -> None:
    del wanted
    page.put("volumes", [page.today(), "", *volumes.table(_on("default", volumes.measure))])


def _measure_moves(wanted: Wanted) -> None:
    def keep(new: Measured) -> None:
        if not wanted.compared:
            sys.stdout.write("\n".join([*tables.section([new]), "", ""]))
            return
        found = page.kept(new, list(JOBS))
        page.PICTURE.write_text(plot.draw(found), encoding="utf-8")
        page.put("moves", tables.section(found, page.PICTURE.name))

    def measure(cluster: Cluster) -> None:
        moves.measure(cluster, wanted.jobs, wanted.ways, wanted.rounds, keep)

    _on("default", measure)


def _measure_beside(wanted: Wanted) -> None:
    found = _on("default", partial(beside.measure, rounds=wanted.rounds))
    page.put("beside", [page.today(), "", *beside.table(found)])


def _measure_relocations(wanted: Wanted) -> None:
    del wanted
    found = [each for name in MANAGERS for each in _on(name, partial(relocations.measure, manager=name))]
    page.put("relocations", [page.today(), "", *relocations.table(found)])


def _measure_scale(wanted: Wanted) -> None:
    del wanted
    page.put("scale", [page.today(), "", *scale.table(scale.measure())])


def _measure_reports(wanted: Wanted) -> None:
    del wanted
    page.put("reports", [page.today(), "", *reports.table(reports.measure())])


PARTS: dict[str, Callable[[Wanted], None]] = {
    "volumes": _measure_volumes,
    "moves": _measure_moves,
    "beside": _measure_beside,
    "relocations": _measure_relocations,
    "scale": _measure_scale,
    "reports": _measure_reports,
}


def _on(topology: str, measure: Callable[[Cluster], T]) -> T:
    """Measure on a topology of the lab."""
    finish([str(LAB), "up", topology])
    try:
        return measure(running())
    finally:
        finish([str(LAB), "down"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
