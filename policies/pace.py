"""Estimate how long what is left of a plan will take, from how long its parts took. Pure.

A part is a piece that one command moves. It costs its bytes and, whatever they are, what goes with each command: locks,
metadata, polling, proof. Many small volumes are all of the second kind and a large one all of the first, so both are
told apart: by a line through the parts that are done, or, where they are all alike, by how fast bytes came in them.
"""

from dataclasses import dataclass, field

# So many parts are remembered: what the storage did hours ago says little of what it does now.
LAST = 30
# Parts differ enough for a line through them when they are off their mean by this much of it.
UNLIKE = 0.25


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is done: its bytes and seconds; ``moved`` of them were seen to come in ``during`` seconds."""

    size: int
    seconds: float
    moved: int = 0
    during: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds that a part costs in any case, and seconds that each of its bytes costs."""

    part: float
    byte: float

    def over(self, size: int) -> float:
        """Give the seconds of a part of so many bytes."""
        return self.part + self.byte * size


@dataclass(slots=True)
class Pace:
    """Remember how long parts took; ``parts`` and ``total`` (bytes) are the whole plan's."""

    parts: int
    total: int
    _took: list[Part] = field(default_factory=list)
    _done: int = 0
    _bytes: int = 0

    def took(self, part: Part) -> None:
        """Take note of a part that is done; its seconds are from the end of the one before to its own."""
        self._took = [*self._took, part][-LAST:]
        self._done += 1
        self._bytes += part.size

    def left(self, now: Part | None = None, there: int = 0) -> float | None:
        """Estimate the seconds that are left; None while nothing is known.

        ``now`` is a part on its way, ``there`` its bytes that have come. The further it is, the more its own speed
        counts.
        """
        line = _line(self._took)
        own = _own(now, there)
        if line is None:
            if own is None:
                return None
            line = Line(0.0, own)
        more = max(0, self.total - self._bytes - (now.size if now else 0))
        parts = max(self.parts - self._done - bool(now), bool(more))
        rest = 0.0
        if now and own is None:
            rest = max(line.over(now.size) - now.seconds, line.byte * now.size)
        elif now and own is not None:
            weight = there / now.size
            rest = (weight * own + (1 - weight) * line.byte) * (now.size - there)
        return rest + line.part * parts + line.byte * more


def _own(now: Part | None, there: int) -> float | None:
    """Give the seconds a byte of the part on its way."""
    if now is None or not there:
        return None
    return now.during / now.moved if now.moved else now.seconds / there


def _line(took: list[Part]) -> Line | None:
    """Draw the line through the parts, with neither of its two numbers below zero."""
    if not any(part.size for part in took):
        return None
    size = sum(part.size for part in took)
    time = sum(part.seconds for part in took)
    moved = sum(part.moved for part in took)
    middle = size / len(took)
    spread = sum((part.size - middle) ** 2 for part in took)
    if spread > len(took) * (UNLIKE * middle) ** 2:
        # Least squares.
        byte = sum((part.size - middle) * part.seconds for part in took) / spread
    elif moved * 4 > size:
        byte = sum(part.during for part in took) / moved
    else:
        byte = time / size
    byte = min(max(0.0, byte), time / size)
    return Line(time / len(took) - byte * middle, byte)
