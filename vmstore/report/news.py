"""Say what is new since cron told of it last: what it mails. Pure."""

from collections.abc import Collection, Iterator, Mapping

from vmstore.model import unheard
from vmstore.policies.alerts import Alert, Severity
from vmstore.report import wording
from vmstore.report.capacity import Capacity

_IN_A_ROW = 2


def lines(capacity: Capacity) -> list[str]:
    """Write it, a line each; nothing where no alert came, changed or went."""
    changes = capacity.changes
    if changes is None or not (changes.new or changes.changed or changes.over):
        return []
    worse = tuple(alert for alert in changes.changed if alert.severity is Severity.CRIT)
    better = tuple(alert for alert in changes.changed if alert.severity is not Severity.CRIT)
    told = [wording.title(capacity)]
    for heading, alerts in (("new", changes.new), ("worse", worse), ("better", better), ("still", changes.still)):
        told += _part(heading, alerts)
    if changes.over:
        told += [
            "",
            "over",
            *(f"  {alert.code} {wording.subject(alert.kind, alert.subject)}" for alert in changes.over),
        ]
    if capacity.acted:
        told += ["", "done by policies", *(f"  {line}" for line in capacity.acted)]
    codes = sorted({alert.code for alert in (*changes.new, *changes.changed)})
    if codes:
        told += ["", f"what it means and what to do: vmstore explain {' '.join(codes)}"]
    return told


def silence(
    before: Mapping[str, int], silent: Mapping[str, str], answering: Collection[str], *, speaking: bool
) -> tuple[list[str], dict[str, int]]:
    """Say which nodes gave no answer to two reports in a row, and which do again; give the counts for the next report.

    One that is only started anew is no news, but what ``speaking`` tells of without a node is to be known.
    """
    counts = {node: before.get(node, 0) + 1 for node in silent}
    told = [unheard(node, why) for node, why in silent.items() if speaking or counts[node] == _IN_A_ROW]
    told += [f"{node} answers again" for node, count in before.items() if count >= _IN_A_ROW and node in answering]
    return told, counts


def _part(heading: str, alerts: tuple[Alert, ...]) -> Iterator[str]:
    if alerts:
        yield ""
        yield heading
    for alert in alerts:
        yield f"  {wording.SEVERITIES[alert.severity]} {alert.code} {wording.headline(alert)}"
