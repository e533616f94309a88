"""Decide which share of its time a copy may take while others use the PVs that it reads and writes. Pure.

A copy reads its source and writes its targets, and nothing else. So whatever is written to the source, or read from a
target, is somebody else's. What others read from the source as well cannot be told from the copy, nor what other nodes
do there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vmstore.policies.load import Look
from vmstore.policies.throttle import WHOLE

# So many I/Os a second of others are no load: an idle file system, and LVM itself, do some.
BUSY = 10.0
# Seconds for which a copy stays courteous after others were last seen.
PATIENCE = 5.0


@dataclass(slots=True)
class Courtesy:
    """Follow what others do on the PVs, ``source`` and ``targets`` by their devices on the node.

    ``share`` is what a copy takes then, in per cent of its time, 100 for no regard.
    """

    share: int
    source: str
    targets: Sequence[str]
    _seen: float | None = None
    _last: dict[str, tuple[float, int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.share < WHOLE

    def percent(self, now: float, look: Look) -> int:
        """Take a look at ``now``, in seconds, into account; give the share until the next one."""
        each = {device: served.writes for device, served in look.served.items() if device == self.source}
        each |= {device: served.reads for device, served in look.served.items() if device in self.targets}
        for device, count in each.items():
            then, before = self._last.get(device, (now, count))
            if now > then and (count - before) / (now - then) >= BUSY:
                self._seen = now
            self._last[device] = (now, count)
        return self.share if self._seen is not None and now - self._seen <= PATIENCE else WHOLE
