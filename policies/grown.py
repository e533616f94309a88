"""Know by how much volumes grew of late, from the sizes that each run finds. Pure.

What a volume has more than at the run before counts as grown now, whoever grew it: this policy, an admin, vmstore on
another host, or a run that was killed before it could say so. So all of those, and an older copy of what is kept, make
the count too high rather than too low.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

DAY = 24 * 3600


class Known(msgspec.Struct, frozen=True, array_like=True):
    """The size of a volume when it was last ``seen``, and what it ``grew`` by: times and bytes of the last 24 hours."""

    size: int
    seen: int
    grew: tuple[tuple[int, int], ...] = ()


class Grown(msgspec.Struct, frozen=True):
    """The volumes by name, and ``since`` when all that grew is known; times are seconds since 1970."""

    since: int
    volumes: dict[str, Known] = {}

    def seen(self, found: Mapping[str, int], now: int) -> "Grown":
        """Give what is known after a look at all volumes and their sizes.

        One that is not there is remembered for a day: for a moment of a move, a volume has no name.
        """
        kept = {vm: _aged(known, now) for vm, known in self.volumes.items()}
        known = {vm: each for vm, each in kept.items() if vm not in found and now - each.seen < DAY}
        known |= {vm: _next(kept.get(vm), size, now) for vm, size in found.items()}
        # A time ahead was written while a clock was wrong.
        return Grown(min(self.since, now), known)

    def of(self, vm: str, now: int) -> int | None:
        """Give the bytes by which a volume grew in the last 24 hours; None where that is not known."""
        if now - self.since < DAY:
            return None
        known = self.volumes.get(vm)
        return sum(size for _, size in _aged(known, now).grew) if known else 0

    def keep(self) -> Any:
        """Give it as what JSON can hold."""
        return msgspec.to_builtins(self)

    @classmethod
    def read(cls, kept: Any) -> "Grown | None":
        """Read what was kept; None for what is no such thing."""
        try:
            return msgspec.convert(kept, cls)
        except msgspec.ValidationError:
            return None


def _aged(known: Known, now: int) -> Known:
    grew = tuple((min(time, now), size) for time, size in known.grew if now - time < DAY)
    return Known(known.size, min(known.seen, now), grew)


def _next(known: Known | None, size: int, now: int) -> Known:
    if known is None:
        return Known(size, now)
    more = ((now, size - known.size),) if size > known.size else ()
    return Known(size, now, known.grew + more)
