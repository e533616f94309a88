"""Decide when a copy must stand back because the storage is too busy, and when it may go on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

# It goes on below this share of a limit, so that it does not go on and off at the limit itself.
BACK = 0.8
# The newest look counts as much as all before it.
SMOOTH = 0.5
# After so many looks in which a device served nothing, nothing is known of it.
FORGET = 5
# The kernel counts milliseconds in 32 bits (block/genhd.c, diskstats).
_WRAP = 2**32


@dataclass(frozen=True, slots=True)
class Limits:
    """What is too much: ``pressure`` in per cent of the time (PSI, "some"), ``latency`` in ms an I/O; 0: no limit."""

    pressure: int = 0
    latency: int = 0

    def __bool__(self) -> bool:
        return bool(self.pressure or self.latency)


class Served(NamedTuple):
    """What a device has done so far: I/Os, and the milliseconds that all of them took."""

    reads: int
    writes: int
    ms: int


@dataclass(frozen=True, slots=True)
class Look:
    """What a node said: PSI's 10 s average, None where its kernel has none, and what its devices have done."""

    pressure: float | None
    served: Mapping[str, Served]


@dataclass(slots=True)
class Judge:
    """Follow the load of a node; ``why`` says why the copy must stand back, "" where it need not."""

    node: str
    limits: Limits
    why: str = ""
    _latency: dict[str, float] = field(default_factory=dict)
    _served: dict[str, tuple[int, int]] = field(default_factory=dict)
    _still: dict[str, int] = field(default_factory=dict)

    def judge(self, look: Look) -> str:
        """Take a look into account; give ``why``."""
        for device, (reads, writes, ms) in look.served.items():
            count = reads + writes
            before, spent = self._served.get(device, (count, ms))
            self._still[device] = 0 if count > before else self._still.get(device, 0) + 1
            if count > before:
                now = (ms - spent) % _WRAP / (count - before)
                self._latency[device] = now + SMOOTH * (self._latency.get(device, now) - now)
            elif self._still[device] >= FORGET:
                self._latency.pop(device, None)
        self._served = {device: (reads + writes, ms) for device, (reads, writes, ms) in look.served.items()}
        factor = BACK if self.why else 1.0
        over = []
        if self.limits.pressure and look.pressure is not None and look.pressure >= self.limits.pressure * factor:
            over.append(f"I/O pressure on {self.node} is {look.pressure:.0f} % (limit {self.limits.pressure} %)")
        for device, latency in sorted(self._latency.items()):
            if self.limits.latency and latency >= self.limits.latency * factor:
                over.append(f"{device} on {self.node} takes {latency:.0f} ms an I/O (limit {self.limits.latency} ms)")
        self.why = "; ".join(over)
        return self.why
