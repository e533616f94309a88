"""Put a capacity report together: from the inventory, what the history tells, and the policies. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from vmstore import names
from vmstore.history.values import Kind as Kept
from vmstore.history.values import Sample
from vmstore.model import Inventory
from vmstore.policies.alerts import Alert, Changes, Gauge, Pv, compare, judge
from vmstore.policies.codes import CODES
from vmstore.policies.forecast import Trend, Unknown
from vmstore.policies.thresholds import Kind, Rules
from vmstore.report import growth
from vmstore.report.capacity import Capacity, Fit, Subject

# Kinds that the history keeps, by its own names for them.
KEPT: Mapping[Kind, Kept] = {Kind.VG: "vg", Kind.CLASS: "class", Kind.PV: "pv", Kind.VM: "vm"}
# Codes of alerts that only the history can tell of.
_BY_GROWTH = frozenset({"VMS-C02", "VMS-G02", "VMS-V02", "VMS-J01", "VMS-J02"})


class Told(msgspec.Struct, frozen=True):
    """An alert as it is kept for the next report; its subject is what the history knows it by."""

    alert: Alert
    name: str


class Past(msgspec.Struct, frozen=True):
    """What is known from reports before.

    ``trends`` are by kind and key of the subject. ``told`` are the alerts that cron told of, None where it never ran.
    ``cordons`` are since when PVs are cordoned, by UUID. ``blind``: the history could not be read, or not all of it.
    """

    trends: Mapping[tuple[Kind, str], Trend | Unknown] = {}
    told: tuple[Told, ...] | None = None
    cordons: Mapping[str, float] = {}
    blind: bool = False


def collect(
    world: Inventory,
    found: Iterable[Subject],
    past: Past,
    rules: Rules,
    now: float,
    *,
    fits: tuple[Fit, ...] = (),
    notes: Sequence[str] = (),
) -> tuple[Capacity, tuple[Told, ...]]:
    """Make the report, and what is to be kept of its alerts."""
    subjects = tuple(growth.grown(each, past.trends.get((each.kind, each.key)), now) for each in found)
    before = tuple(told.alert for told in past.told or ())
    alerts = judge(_gauges(subjects), _pvs(world, past.cordons), rules, now, before)
    alerts += _unseen(world, subjects, before, alerts, past.blind)
    alerts.sort(key=lambda alert: (-alert.severity, alert.key))
    shown = {(told.alert.kind, told.alert.subject): told.name for told in past.told or ()}
    shown |= {(each.kind, each.key): each.name for each in subjects}

    def named(part: Iterable[Alert]) -> tuple[Alert, ...]:
        return tuple(replace(each, subject=shown.get((each.kind, each.subject), each.subject)) for each in part)

    own = named(alerts)
    capacity = Capacity(
        world.vg.name,
        now,
        subjects,
        own,
        Changes(*map(named, compare(before, alerts))) if past.told is not None else None,
        fits,
        world.unsure(),
        tuple(notes),
    )
    return capacity, tuple(Told(alert, each.subject) for alert, each in zip(alerts, own, strict=True))


def samples(subjects: Iterable[Subject]) -> list[Sample]:
    """List what the history keeps of this report."""
    return [
        Sample(KEPT[each.kind], each.key, each.size, each.allocated, each.used)
        for each in subjects
        if each.kind in KEPT
    ]


def cordons(world: Inventory, before: Mapping[str, float], now: float) -> dict[str, float]:
    """Say since when each PV is cordoned, as far as reports have seen; a time to come was a wrong clock's."""
    return {pv.uuid: min(now, before.get(pv.uuid, now)) for pv in world.pvs if pv.cordoned}


def _gauges(subjects: Iterable[Subject]) -> Iterable[Gauge]:
    for each in subjects:
        if each.filled:
            used, size = each.filled
            trend = each.trend if isinstance(each.trend, Trend) else None
            # A PV has no limit for growth, and what it is judged by has its UUID.
            yield Gauge(each.kind, each.key, size, used, each.full if each.kind is not Kind.PV else None, trend)


def _pvs(world: Inventory, since: Mapping[str, float]) -> Iterable[Pv]:
    for pv in world.pvs:
        yield Pv(pv.uuid, pv.missing, pv.allocated, since.get(pv.uuid))


def _unseen(
    world: Inventory, subjects: Iterable[Subject], before: Iterable[Alert], now: Iterable[Alert], blind: bool
) -> list[Alert]:
    """List the alerts of before of which nothing can be seen now; nobody may say that they are over."""
    keys = {alert.key for alert in now}
    measured = {each.name: each.filled is not None for each in subjects if each.kind is Kind.VM}
    # What is half-way to another name is there still.
    passing = {name for lv in world.lvs for name in _without_ending(lv.name)}
    return [
        alert
        for alert in before
        if alert.key not in keys
        and alert.code in CODES
        and (
            (alert.kind is Kind.VM and not measured.get(alert.subject, alert.subject not in passing))
            or (blind and alert.code in _BY_GROWTH)
        )
    ]


def _without_ending(name: str) -> Iterable[str]:
    return (name.removesuffix(half) for half in names.HALVES if name.endswith(half))
