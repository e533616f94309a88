"""Cut what a volume has on a PV into pieces: work that is cut off costs one, and can pause between two. Pure.

lvm2 from 2.03.36 on can set checkpoints itself (allocation/pvmove_max_segment_size_mb); older ones copy a whole segment
again after a crash, however large it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """Physical extents of a PV: the first, and how many."""

    start: int
    count: int

    def __str__(self) -> str:
        """Write them as LVM's commands take them behind a PV (lvm(8), PhysicalVolume[:PE[-PE]])."""
        return f"{self.start}-{self.start + self.count - 1}"

    def meets(self, start: int, count: int) -> bool:
        """Tell whether any of these extents is among those."""
        return start < self.start + self.count and self.start < start + count


@dataclass(frozen=True, slots=True)
class Piece:
    """Extents that are moved by one command, and the PVs that they go to, by UUID."""

    targets: tuple[str, ...]
    ranges: tuple[Range, ...]

    @property
    def count(self) -> int:
        """Count its extents."""
        return sum(each.count for each in self.ranges)


def cut(runs: Iterable[Range], room: Mapping[str, int], most: int) -> list[Piece]:
    """Share extents out to targets, in order, and cut each share into pieces of about the same length.

    ``room`` says how many extents go to which target and is used up from the front; ``most`` is the largest piece in
    extents, 0 for no limit.
    """
    left = _Extents(runs)
    pieces = []
    for target, share in room.items():
        count = min(share, left.count)
        parts = -(-count // most) if most else 1
        for number in range(parts if count else 0):
            pieces.append(Piece((target,), tuple(left.take(count * (number + 1) // parts - count * number // parts))))
    return pieces


class _Extents:
    """Extents that are taken from the front."""

    def __init__(self, runs: Iterable[Range]) -> None:
        self._runs = list(runs)

    @property
    def count(self) -> int:
        return sum(run.count for run in self._runs)

    def take(self, count: int) -> Iterator[Range]:
        while count:
            first = self._runs.pop(0)
            taken = min(count, first.count)
            if taken < first.count:
                self._runs.insert(0, Range(first.start + taken, first.count - taken))
            count -= taken
            yield Range(first.start, taken)
