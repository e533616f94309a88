"""Say what is new since cron told of it last: what it mails. Pure."""

from collections.abc import Iterator

from vmstore.policies.thresholds import Alert, Severity
from vmstore.report import wording
from vmstore.report.capacity import Capacity


def lines(capacity: Capacity) -> list[str]:
    """Write it, a line each; nothing where no alert came, changed or went."""
    changes = capacity.changes
    if changes is None or not (changes.new or changes.changed or changes.over):
        return []
    worse = tuple(alert for alert in changes.changed if alert.severity is Severity.CRIT)
    better = tuple(alert for alert in changes.changed if alert.severity is not Severity.CRIT)
    told = [f"VG {capacity.vg} at {wording.moment(capacity.time)}: {wording.counts(capacity)}"]
    for heading, alerts in (("new", changes.new), ("worse", worse), ("better", better), ("still", changes.still)):
        told += _part(heading, alerts)
    if changes.over:
        told += [
            "",
            "over",
            *(f"  {alert.code} {wording.subject(alert.kind, alert.subject)}" for alert in changes.over),
        ]
    told += [f"{node} {why}: what it holds is not known" for node, why in capacity.silent.items()]
    if capacity.acted:
        told += ["", "done by policies", *(f"  {line}" for line in capacity.acted)]
    codes = sorted({alert.code for alert in (*changes.new, *changes.changed)})
    if codes:
        told += ["", f"what it means and what to do: vmstore explain {' '.join(codes)}"]
    return told


def _part(heading: str, alerts: tuple[Alert, ...]) -> Iterator[str]:
    if alerts:
        yield ""
        yield heading
    for alert in alerts:
        yield f"  {wording.SEVERITIES[alert.severity]} {alert.code} {wording.headline(alert)}"
