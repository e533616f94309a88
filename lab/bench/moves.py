"""Measure evacuations on the lab: each job in each way, in turn, against a raw copy and plain pvmove."""

import sys
import time
from collections.abc import Callable, Sequence

from lab.bench import claims, jobs, rawcopy
from lab.bench.figures import DEFAULT, PVMOVE, RAW, Measured, Timing, turn
from lab.bench.ways import Place, Ran, device, mover
from lab.driver import HOST, Cluster


def measure(
    cluster: Cluster, wanted: Sequence[str], ways: Sequence[str], rounds: int, keep: Callable[[Measured], None]
) -> None:
    """Do the wanted jobs, and hand over each when it is done: a fault in a later one shall not cost what is there."""
    source, target = cluster.wwid("iscsi", 1), cluster.wwid("fc")
    for name in wanted:
        keep(_Rounds(Place(cluster, jobs.JOBS[name], source, target), ways).all(rounds))


class _Rounds:
    """Measure one job; ``_there`` tells whether its volumes are on the source."""

    def __init__(self, place: Place, ways: Sequence[str]) -> None:
        self._place = place
        self._ways = tuple(ways)
        self._there = False
        self._raw: dict[str, float] = {}
        self._claims: list[float] = []
        self._found = {way: Timing(way) for way in ways}

    def all(self, rounds: int) -> Measured:
        """Do all rounds, and leave no volume behind."""
        for number in range(rounds):
            for way in turn(self._ways, number):
                if not self._found[way].refused:
                    self._one(way)
        if self._there:
            jobs.remove(self._place.cluster, self._place.job)
        when = time.strftime("%Y-%m-%d")
        return Measured(self._place.job.name, when, self._raw, tuple(self._found.values()), tuple(self._claims))

    def _one(self, way: str) -> None:
        place = self._place
        if not self._there:
            jobs.make(place.cluster, place.job, device(place.source))
            self._there = True
        ran = self._copy() if way == RAW else self._move(way)
        if ran.seconds is None:
            self._found[way] = Timing(way, refused=ran.refused)
        else:
            self._found[way] = self._found[way].and_round(ran.seconds)
        if way == DEFAULT and ran.seconds is not None:
            self._claims += claims.errors(ran.lines, ran.seconds)
        told = f"{ran.seconds:.1f} s" if ran.seconds is not None else f"refused: {ran.refused}"
        sys.stderr.write(f"{place.job.name}, {way}: {told}\n")

    def _copy(self) -> Ran:
        place, target = self._place, device(self._place.target)
        if not self._raw:
            self._raw = rawcopy.trials(place.cluster, place.job, target)
        best = min(self._raw, key=lambda name: self._raw[name])
        return Ran(rawcopy.copy(place.cluster, place.job, target, best))

    def _move(self, way: str) -> Ran:
        place = self._place
        ran = mover(way)(place)
        if ran.seconds is not None:
            # To make them again takes less time than to move them back.
            jobs.remove(place.cluster, place.job)
            self._there = False
        if way != PVMOVE:
            place.cluster.vmstore(HOST, "pv", "uncordon", place.source)
        return ran
