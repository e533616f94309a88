"""Decide when a resource is due for a check, and which one. Pure.

rgmanager polls every ten seconds and runs what is due by then, one depth of a resource at a time, the deepest first; so
an interval of 30 s becomes one of 40.
"""

from lab.standins.rgmanager.conf import Resource

POLL = 10.0
_HOUR = 3600.0
# Seconds between the checks of each depth (metadata of the agents).
_INTERVALS = {"script": {0: 30.0}, "lvm": {0: _HOUR}, "fs": {0: 60.0, 10: 30.0, 20: 60.0}}


class Clock:
    """Remember when each depth of each resource of the running services was checked last."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._last: dict[str, dict[tuple[str, str, int], float]] = {}

    def begin(self, service: str, now: float) -> None:
        """Count from the start of a service."""
        self._last[service] = {}
        self._last[service]["", "", -1] = now

    def due(self, service: str, resource: Resource, now: float) -> int | None:
        """Return the depth that is to be checked, if any."""
        last = self._last.get(service)
        if last is None:
            self.begin(service, now)
            return None
        start = last["", "", -1]
        for depth, interval in sorted(_INTERVALS[resource.kind].items(), reverse=True):
            if now - last.get((*resource.key, depth), start) >= interval / self._speed:
                return depth
        return None

    def checked(self, service: str, resource: Resource, depth: int, now: float) -> None:
        """Note a check when it has ended."""
        self._last.setdefault(service, {("", "", -1): now})[(*resource.key, depth)] = now
