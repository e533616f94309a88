"""Take a capacity report: read the history, write this report to it, and put both together."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from vmstore import session, sizes
from vmstore.history import acted
from vmstore.history.store import History
from vmstore.history.values import Fault, Fit, Point
from vmstore.model import Inventory
from vmstore.policies import placement
from vmstore.policies.forecast import Trend, Unknown
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind
from vmstore.report import collect, growth, room
from vmstore.report.capacity import Capacity, Subject
from vmstore.report.collect import KEPT, Past, Told
from vmstore.session import Session

# Seconds that one report spends on growth of VMs at most; those that had no turn have it in the next reports.
BUDGET = 0.4
_AT_ONCE = 100
_TOLD, _CORDONS, _SILENT = "told", "cordons", "silent"
_WRITING_ONLY = (Fault.READ_ONLY, Fault.FULL)
_Value = TypeVar("_Value")


def take(
    run: Session, world: Inventory, history: History, now: float, *, cron: bool
) -> tuple[Capacity, tuple[Told, ...]]:
    """Make the report and add it to the history; give also what is to be kept of its alerts once they are told.

    Whatever is wrong with the history becomes a note.
    """
    rules = session.rules(run.config)
    subjects = room.subjects(world, rules)
    cordons: dict[str, float] = _state(history, _CORDONS, dict[str, float], {})
    since = collect.cordons(world, cordons, now)
    told: tuple[Told, ...] | None = _state(history, _TOLD, tuple[Told, ...] | None, None)
    history.add(int(now), collect.samples(subjects))
    trends, notes = _trends(history, subjects, now)
    if since != cordons:
        history.remember(_CORDONS, since)
    past = Past(
        trends,
        () if cron and told is None else told,
        since,
        blind=any(note.fault not in _WRITING_ONLY for note in history.notes),
    )
    limits = placement.Rules.of(run.config.placement)
    fits = room.fits(world, limits, map(sizes.parse, run.config.report.sizes))
    notes += map(str, history.notes)
    capacity, alerts = collect.collect(world, subjects, past, rules, now, fits=fits, notes=notes)
    return replace(capacity, acted=acted.since(history.state(acted.KEY), now - DAY)), alerts


def told(history: History, alerts: Sequence[Told], silent: Mapping[str, int]) -> None:
    """Remember what was told of, and how many reports in a row nodes are silent."""
    history.remember(_TOLD, msgspec.to_builtins(alerts))
    if silent != silences(history):
        history.remember(_SILENT, dict(silent))


def silences(history: History) -> dict[str, int]:
    """Give how many reports in a row nodes were silent."""
    found: dict[str, int] = _state(history, _SILENT, dict[str, int], {})
    return found


def histories(history: History, subjects: Sequence[Subject], now: float) -> Mapping[tuple[str, str], Sequence[Point]]:
    """Read what is to be drawn of some subjects."""
    found: dict[tuple[str, str], Sequence[Point]] = {}
    for kind, kept in KEPT.items():
        by_key = {each.key: each.name for each in subjects if each.kind is kind}
        if by_key:
            points = history.days_of(kept, by_key, int(now - growth.WINDOW))
            found |= {(kind.value, by_key[key]): each for key, each in points.items()}
    return found


def _trends(
    history: History, subjects: Sequence[Subject], now: float
) -> tuple[dict[tuple[Kind, str], Trend | Unknown], list[str]]:
    since = int(now - growth.WINDOW)
    found: dict[tuple[Kind, str], Trend | Unknown] = {}
    for kind in (Kind.VG, Kind.CLASS, Kind.PV):
        of_kind = [each for each in subjects if each.kind is kind]
        points = history.days_of(KEPT[kind], {each.key for each in of_kind}, since)
        found |= {(kind, each.key): growth.fit(each, points.get(each.key, ()), now) for each in of_kind}
    end = time.monotonic() + BUDGET
    before = history.fits("vm")
    known = growth.known(before)
    due = growth.due(subjects, before, known, now)
    made: dict[str, Fit] = {}
    for first in range(0, len(due), _AT_ONCE):
        batch = due[first : first + _AT_ONCE]
        points = history.days_of("vm", {each.key for each in batch}, since)
        for each in batch:
            known[each.key] = growth.fit(each, points.get(each.key, ()), now)
            made[each.key] = growth.kept(each, known[each.key], now)
        if time.monotonic() >= end:
            break
    history.keep_fits("vm", made)
    left = sum(each.key not in known for each in due)
    notes = (
        [f"the growth of {sizes.counted(left, 'VM')} is not worked out yet; the next reports go on with it"]
        if left
        else []
    )
    return found | {(Kind.VM, name): trend for name, trend in known.items()}, notes


def _state(history: History, key: str, kind: Any, otherwise: _Value) -> _Value:
    """Read what an earlier report remembered; what makes no sense to this version counts as nothing."""
    value = history.state(key)
    try:
        found: _Value = otherwise if value is None else msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return otherwise
    return found
