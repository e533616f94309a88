"""Write a capacity report as JSON; its schema is made of the types here (documents.py). Pure.

Sizes are integer bytes, times RFC 3339. A field is only ever added; what changes its meaning changes ``schema``.
"""

from typing import Literal

import msgspec

from vmstore.history.acted import Act
from vmstore.moments import show as when
from vmstore.policies.alerts import Alert
from vmstore.policies.codes import CODES
from vmstore.policies.forecast import Full, Trend, Unknown, Why
from vmstore.policies.thresholds import Kind
from vmstore.report.capacity import Capacity, Fit, Subject
from vmstore.report.json_types import SCHEMA, Code, Count, Size, Time
from vmstore.report.wording import SEVERITIES


class JumpRow(msgspec.Struct, frozen=True):
    """So many bytes that came at once, or went."""

    time: Time
    bytes: int


class GrowthRow(msgspec.Struct, frozen=True):
    """Bytes a day, between ``low`` and ``high`` at 95 %; ``before`` where they were fewer until two weeks ago."""

    per_day: float
    low: float | None
    high: float | None
    before: float | None
    days: int
    begin: Time
    end: Time
    jump: JumpRow | None


class FullRow(msgspec.Struct, frozen=True):
    """When it will be full; null for not on this trend, or in more than ten years."""

    earliest: Time | None
    likely: Time | None
    latest: Time | None


class SubjectRow(msgspec.Struct, frozen=True):
    """How full one thing is; ``no_growth`` says why its growth is not known."""

    kind: Kind
    name: str
    id: str
    size: Size
    allocated: Size
    free: Size
    closed: Size
    largest: Size
    reserve: Size
    filesystem: Size | None
    used: Size | None
    classes: tuple[str, ...]
    pvs: tuple[str, ...]
    node: str | None
    state: str
    growth: GrowthRow | None
    no_growth: Why | None
    full: FullRow | None


class AlertRow(msgspec.Struct, frozen=True):
    """What is told; ``vmstore explain CODE`` says what to do."""

    code: Code
    title: str
    severity: Literal["warning", "critical"]
    kind: Kind
    subject: str
    number: float
    limit: float
    unit: Literal["bytes", "seconds", "bytes a day"]


class ChangesRow(msgspec.Struct, frozen=True):
    """How alerts changed since cron told of them last."""

    new: tuple[AlertRow, ...]
    changed: tuple[AlertRow, ...]
    over: tuple[AlertRow, ...]
    still: tuple[AlertRow, ...]


class FitRow(msgspec.Struct, frozen=True):
    """How many more VMs of a size there is room for, in a class; null for all of them."""

    size: Size
    storage_class: str | None = msgspec.field(name="class")
    count: Count


class ActRow(msgspec.Struct, frozen=True):
    """What a policy did, last at ``time``: a VM's volume of ``before`` bytes was to have ``target``.

    ``outcome`` is "begun", "done", "failed: " with the reason, or what was found of one that was cut off.
    """

    time: Time
    vm: str
    before: Size
    target: Size
    why: str
    outcome: str


class Document(msgspec.Struct, frozen=True):
    """A capacity report of vmstore."""

    schema: Literal[1]
    kind: Literal["report"]
    time: Time
    vg: str
    subjects: tuple[SubjectRow, ...]
    alerts: tuple[AlertRow, ...]
    changes: ChangesRow | None
    fits: tuple[FitRow, ...]
    silent: dict[str, str]
    notes: tuple[str, ...]
    acted: tuple[ActRow, ...]


def form(capacity: Capacity) -> str:
    """Write the report."""
    return msgspec.json.format(msgspec.json.encode(document(capacity)), indent=2).decode() + "\n"


def document(capacity: Capacity) -> Document:
    """Give the report as it is written."""
    changes = capacity.changes
    return Document(
        SCHEMA,
        "report",
        when(capacity.time),
        capacity.vg,
        tuple(map(_subject, capacity.subjects)),
        _alerts(capacity.alerts),
        ChangesRow(*map(_alerts, changes)) if changes else None,
        tuple(map(_fit, capacity.fits)),
        capacity.silent,
        capacity.notes,
        tuple(map(_act, capacity.acted)),
    )


def _subject(of: Subject) -> SubjectRow:
    return SubjectRow(
        of.kind, of.name, of.key, of.size, of.allocated, of.free, of.closed, of.largest, of.reserve, of.filesystem,
        of.used, of.classes, of.pvs, of.node, of.state,
        _growth(of.trend) if isinstance(of.trend, Trend) else None,
        of.trend.why if isinstance(of.trend, Unknown) else None,
        _full(of.full) if of.full else None,
    )  # fmt: skip


def _growth(trend: Trend) -> GrowthRow:
    jump = JumpRow(when(trend.jump.time), trend.jump.size) if trend.jump else None
    span = when(trend.begin), when(trend.end)
    return GrowthRow(trend.per_day, trend.low, trend.high, trend.before, trend.days, *span, jump)


def _full(full: Full) -> FullRow:
    return FullRow(*(None if time is None else when(time) for time in (full.earliest, full.likely, full.latest)))


def _alerts(alerts: tuple[Alert, ...]) -> tuple[AlertRow, ...]:
    # What is over may be of a code that only another version knows; what its number counts, nobody can tell then.
    return tuple(
        AlertRow(
            each.code, CODES[each.code].title, SEVERITIES[each.severity], each.kind, each.subject, each.number,
            each.limit, CODES[each.code].unit,
        )
        for each in alerts if each.code in CODES
    )  # fmt: skip


def _act(act: Act) -> ActRow:
    return ActRow(when(act.time), act.vm, act.before, act.target, act.why, act.outcome)


def _fit(fit: Fit) -> FitRow:
    return FitRow(size=fit.size, storage_class=fit.storage_class or None, count=fit.count)
