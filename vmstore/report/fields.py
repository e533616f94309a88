"""Write a capacity report as a line for each thing that fills up: as CSV, or with tabs for the shell. Pure."""

import csv
import io
from collections.abc import Callable

from vmstore.moments import show as when
from vmstore.policies.forecast import Trend
from vmstore.report.capacity import Capacity, Subject

# The fields in their order; sizes are bytes, times RFC 3339, and what is not known is empty. New ones come last.
_FIELDS: tuple[tuple[str, Callable[[Subject], object]], ...] = (
    ("kind", lambda of: of.kind.value),
    ("name", lambda of: of.name),
    ("size", lambda of: of.size),
    ("allocated", lambda of: of.allocated),
    ("free", lambda of: of.free),
    ("filesystem", lambda of: of.filesystem),
    ("used", lambda of: of.used),
    ("largest", lambda of: of.largest),
    ("reserve", lambda of: of.reserve),
    ("closed", lambda of: of.closed),
    ("classes", lambda of: ",".join(of.classes)),
    ("node", lambda of: of.node),
    ("state", lambda of: of.state),
    ("bytes_per_day", lambda of: round(of.trend.per_day) if isinstance(of.trend, Trend) else None),
    ("full_earliest", lambda of: _time(of.full.earliest) if of.full else None),
    ("full_likely", lambda of: _time(of.full.likely) if of.full else None),
    ("full_latest", lambda of: _time(of.full.latest) if of.full else None),
)


def comma_separated(capacity: Capacity) -> str:
    """Write it as CSV (RFC 4180), the last field the codes of the alerts."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*(name for name, _ in _FIELDS), "alerts"])
    writer.writerows(_rows(capacity))
    return text.getvalue()


def plain(capacity: Capacity) -> str:
    """Write the same fields with tabs between, without a heading."""
    return "".join("\t".join(row) + "\n" for row in _rows(capacity))


def _rows(capacity: Capacity) -> list[list[str]]:
    return [
        [*(_text(give(of)) for _, give in _FIELDS), ",".join(alert.code for alert in capacity.alerts_of(of))]
        for of in capacity.subjects
    ]


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _time(time: float | None) -> str | None:
    return None if time is None else when(time)
