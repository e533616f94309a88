"""Write alerts, growth and forecasts as words for eyes; every form of a capacity report has the same ones. Pure."""

import re
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from vmstore import sizes
from vmstore.policies.alerts import Alert, Severity
from vmstore.policies.codes import CODES
from vmstore.policies.forecast import Full, Trend, Unknown, Why
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind
from vmstore.report.capacity import Capacity, Subject

SEVERITIES: dict[Severity, Literal["warning", "critical"]] = {Severity.WARN: "warning", Severity.CRIT: "critical"}
_KINDS = {
    Kind.CLASS: "class",
    Kind.PV: "PV",
    Kind.VM: "VM",
    Kind.VG: "VG",
    Kind.METADATA: "metadata of VG",
    Kind.LOCK: "lock LV of VG",
}
_WHY = {
    Why.NOTHING: "no history yet",
    Why.CLOCK: "the history was written by a wrong clock",
    Why.FEW_DAYS: "too few days of history yet",
    Why.SHORT: "too short a history yet",
    Why.FAR: "too far off to tell",
}
# How the number of an alert and its limit are to be read.
_TOLD = {
    "01": "{number} used, the limit is {limit}",
    "02": "full in {number}, told of from {limit} on",
    "03": "{number} free, {limit} are to be kept",
    "P01": "with {number} of volumes on it",
    "P02": "for {number}, the limit is {limit}",
    "P03": "{number} used, the limit is {limit}",
    "P04": "{number} free, {limit} are to be kept",
    "J01": "{number} came at once, told of from {limit} on",
    "J02": "{number}, it was {limit}",
}


def subject(kind: Kind, name: str) -> str:
    """Name what an alert or a line is of."""
    return f"{_KINDS[kind]} {name}"


def headline(alert: Alert) -> str:
    """Say in a line what is the matter, and by how much."""
    known = CODES.get(alert.code)
    title = known.title if known else alert.code
    return f"{subject(alert.kind, alert.subject)}: {title}, {told(alert)}" if known else f"{alert.subject}: {title}"


def told(alert: Alert) -> str:
    """Say the numbers of an alert."""
    form = _TOLD.get(alert.code[-3:]) or _TOLD[alert.code[-2:]]
    unit = CODES[alert.code].unit
    return form.format(number=_number(alert.number, unit), limit=_number(alert.limit, unit))


def commands(alert: Alert, vg: str) -> tuple[str, ...]:
    """List the commands that help, with what is known filled in; what is in capitals is left to the admin."""
    known = {"VG": vg}
    if alert.kind in (Kind.VM, Kind.PV):
        known[alert.kind.upper()] = alert.subject
    lines = CODES[alert.code].help if alert.code in CODES else ()
    filled = [re.sub(r"\b(VG|PV|VM)\b", lambda at: shlex.quote(known.get(at[1], at[1])), line) for line in lines]
    if alert.kind is Kind.CLASS:
        # A class that is short of room wants more PVs; volumes that leave it go to another.
        filled = [line.replace("--class CLASS", f"--class {shlex.quote(alert.subject)}") for line in filled]
    return tuple(filled)


def title(capacity: Capacity) -> str:
    """Say what a report is of, when it was made, and how things are."""
    return f"VG {capacity.vg} at {moment(capacity.time)}: {counts(capacity)}"


def counts(capacity: Capacity) -> str:
    """Count the alerts: "2 critical, 1 warning", or "all is well"."""
    critical = sum(alert.severity is Severity.CRIT for alert in capacity.alerts)
    warnings = len(capacity.alerts) - critical
    words = [f"{critical} critical"] if critical else []
    words += [sizes.counted(warnings, "warning")] if warnings else []
    return ", ".join(words) or "all is well"


def worst(capacity: Capacity, of: Subject) -> str:
    """Say how bad the worst alert of a subject is, "" where it has none."""
    found = [alert.severity for alert in capacity.alerts_of(of)]
    return SEVERITIES[max(found)] if found else ""


def growth(trend: Trend | Unknown | None, show: Callable[[int], str] = sizes.show) -> str:
    """Write the growth of a day with its sign."""
    return signed(trend.per_day, show) if isinstance(trend, Trend) else "-"


def signed(size: float, show: Callable[[int], str] = sizes.show) -> str:
    """Write bytes with their sign."""
    whole = round(size)
    return f"{'+' if whole > 0 else '-' if whole < 0 else ''}{show(abs(whole))}"


def outlook(of: Subject) -> str:
    """Say when it will be full, as a date with its range, or why that cannot be told."""
    if of.full is not None:
        return full(of.full)
    why = unknown(of)
    return _WHY[why] if why else "-"


def unknown(of: Subject) -> Why | None:
    """Tell why there is no forecast; None where there is one, or where nobody looked."""
    if of.full is not None or of.trend is None:
        return None
    if isinstance(of.trend, Unknown):
        return of.trend.why
    return Why.FEW_DAYS if of.trend.low is None else Why.FAR


def full(when: Full) -> str:
    """Write a forecast: the likely date and the earliest and latest."""
    if when.likely is None:
        return "not on this trend" if when.earliest is None else f"perhaps from {date(when.earliest)} on"
    if when.earliest == when.latest:
        return "now"
    latest = f"to {date(when.latest)}" if when.latest is not None else "or later"
    return f"{date(when.likely)} ({date(when.earliest or when.likely)} {latest})"


def date(time: float) -> str:
    """Write a day; far ones would only pretend to be exact, but a column is easier to read with one form."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d")


def moment(time: float) -> str:
    """Write a time to the minute."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _number(number: float, unit: str) -> str:
    if unit == "bytes":
        return sizes.show(round(number))
    if unit == "bytes a day":
        return f"{signed(number)} a day"
    days = number / DAY
    return sizes.counted(round(days), "day") if days >= 1 else f"{number / 3600:.0f} h"
