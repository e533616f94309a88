"""Decide what an admin must be told of: what is too full, or full too soon, or not as it should be. Pure.

Each alert has a code (see codes.py). One that was on stays on until its number is back by a margin, so that cron does
not speak time and again of what lies at its limit.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from vmstore.policies.forecast import Full, Trend
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import BACK_SIZE, Amount, Kind, Levels, Rules

# A jump is told of for so long; what growth got faster by is held against the same limit, over so many days.
TOLD, AHEAD = 3 * DAY, 30


class Severity(IntEnum):
    """How bad it is."""

    WARN = 1
    CRIT = 2


@dataclass(frozen=True, slots=True)
class Gauge:
    """Something that fills up, in bytes; ``full`` and ``trend`` are None where nothing is known of them."""

    kind: Kind
    name: str
    size: int
    used: int
    full: Full | None = None
    trend: Trend | None = None


@dataclass(frozen=True, slots=True)
class Pv:
    """A PV: whether it is missing, the bytes of volumes on it, and since when it is cordoned, None where it is not."""

    name: str
    missing: bool = False
    allocated: int = 0
    cordoned: float | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """What is told: the ``number`` is over the ``limit``, or under it; both in the unit of the code."""

    code: str
    severity: Severity
    kind: Kind
    subject: str
    number: float
    limit: float

    @property
    def key(self) -> tuple[str, str, str]:
        """Tell which alert it is, however bad."""
        return self.code, self.kind, self.subject


class Changes(NamedTuple):
    """What came, got better or worse, went, and stayed."""

    new: tuple[Alert, ...]
    changed: tuple[Alert, ...]
    over: tuple[Alert, ...]
    still: tuple[Alert, ...]


# The codes of each kind for: nearly full, full soon, below its reserve.
_CODES: Mapping[Kind, tuple[str, str, str]] = {
    Kind.CLASS: ("VMS-C01", "VMS-C02", "VMS-C03"),
    Kind.PV: ("VMS-P03", "", "VMS-P04"),
    Kind.VM: ("VMS-V01", "VMS-V02", "VMS-V03"),
    Kind.VG: ("VMS-G01", "VMS-G02", "VMS-G03"),
    Kind.METADATA: ("VMS-M01", "", ""),
    Kind.LOCK: ("VMS-L01", "", ""),
}
_Was = Mapping[tuple[str, str, str], Severity]


def judge(
    gauges: Iterable[Gauge], pvs: Iterable[Pv], rules: Rules, now: float, before: Collection[Alert] = ()
) -> list[Alert]:
    """List the alerts, the worst first; ``before`` are those of the last time."""
    was = {alert.key: alert.severity for alert in before}
    found: list[Alert | None] = []
    for gauge in gauges:
        levels = rules.levels(gauge.kind, gauge.name)
        # What has no size was not measured.
        if gauge.size > 0:
            found += [_full(gauge, levels, was), _reserve(gauge, levels, was)]
            found += [_jump(gauge, levels, now, was), _faster(gauge, levels, was)]
        found.append(_soon(gauge, levels, now, was))
    for pv in pvs:
        days = rules.levels(Kind.PV, pv.name).cordon_days
        if pv.missing:
            found.append(Alert("VMS-P01", Severity.CRIT, Kind.PV, pv.name, pv.allocated, 0))
        elif days and pv.cordoned is not None and now - pv.cordoned >= days * DAY:
            found.append(Alert("VMS-P02", Severity.WARN, Kind.PV, pv.name, now - pv.cordoned, days * DAY))
    return sorted((alert for alert in found if alert), key=lambda alert: (-alert.severity, alert.key))


def compare(before: Collection[Alert], now: Collection[Alert]) -> Changes:
    """Compare the alerts of two times; one whose severity is another has changed."""
    old = {alert.key: alert for alert in before}
    keys = {alert.key for alert in now}
    return Changes(
        tuple(alert for alert in now if alert.key not in old),
        tuple(alert for alert in now if alert.key in old and old[alert.key].severity is not alert.severity),
        tuple(alert for alert in before if alert.key not in keys),
        tuple(alert for alert in now if alert.key in old and old[alert.key].severity is alert.severity),
    )


def _full(gauge: Gauge, levels: Levels, was: _Was) -> Alert | None:
    """Hold what is used against ``block`` and ``warn``."""
    code, size = _CODES[gauge.kind][0], gauge.size
    for severity, amount in ((Severity.CRIT, levels.block), (Severity.WARN, levels.warn)):
        if amount and gauge.used >= amount.full(size) - _margin(gauge, code, severity, was, amount.back(size)):
            return Alert(code, severity, gauge.kind, gauge.name, gauge.used, amount.full(size))
    return None


def _reserve(gauge: Gauge, levels: Levels, was: _Was) -> Alert | None:
    """Hold what is free against ``reserve``; placement may use all that is beyond it, so at the limit all is well."""
    if levels.reserve is None:
        return None
    code, free, least = _CODES[gauge.kind][2], gauge.size - gauge.used, levels.reserve.part(gauge.size)
    if free < least + _margin(gauge, code, Severity.WARN, was, levels.reserve.back(gauge.size)):
        return Alert(code, Severity.WARN, gauge.kind, gauge.name, free, least)
    return None


def _soon(gauge: Gauge, levels: Levels, now: float, was: _Was) -> Alert | None:
    """Hold the time until it is most likely full against the days; the earliest time would cry wolf."""
    if gauge.full is None or gauge.full.likely is None:
        return None
    code, left = _CODES[gauge.kind][1], gauge.full.likely - now
    for severity, days in ((Severity.CRIT, levels.crit_days), (Severity.WARN, levels.warn_days)):
        limit = days * DAY
        if days and left <= limit + _margin(gauge, code, severity, was, max(DAY, limit * float(BACK_SIZE))):
            return Alert(code, severity, gauge.kind, gauge.name, max(0.0, left), limit)
    return None


def _jump(gauge: Gauge, levels: Levels, now: float, was: _Was) -> Alert | None:
    """Tell of a jump of late that is large, held against what there is in all; what went away alarms nobody."""
    jump = gauge.trend.jump if gauge.trend else None
    if jump is None or levels.jump is None or now - jump.time > TOLD:
        return None
    limit = levels.jump.part(gauge.size)
    if jump.size >= limit - _margin(gauge, "VMS-J01", Severity.WARN, was, _tenth(levels.jump, gauge.size)):
        return Alert("VMS-J01", Severity.WARN, gauge.kind, gauge.name, jump.size, limit)
    return None


def _faster(gauge: Gauge, levels: Levels, was: _Was) -> Alert | None:
    """Tell of growth that got faster, if it makes a difference within a month."""
    trend = gauge.trend
    if trend is None or trend.before is None or levels.jump is None:
        return None
    more = (trend.per_day - max(0.0, trend.before)) * AHEAD
    limit = levels.jump.part(gauge.size)
    if more >= limit - _margin(gauge, "VMS-J02", Severity.WARN, was, _tenth(levels.jump, gauge.size)):
        return Alert("VMS-J02", Severity.WARN, gauge.kind, gauge.name, trend.per_day, trend.before)
    return None


def _tenth(amount: Amount, size: int) -> int:
    return int(amount.part(size) * BACK_SIZE)


def _margin(gauge: Gauge, code: str, severity: Severity, was: _Was, margin: float) -> float:
    """Give the margin for what was at least as bad before, else nothing."""
    return margin if was.get((code, gauge.kind, gauge.name), 0) >= severity else 0.0
