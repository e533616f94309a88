"""Write a capacity report as a plugin of Nagios, Icinga and their kin: status line, perfdata, exit code. Pure.

After the Monitoring Plugins' guidelines: https://www.monitoring-plugins.org/doc/guidelines.html
"""

from enum import IntEnum

from vmstore import sizes
from vmstore.errors import VmstoreError
from vmstore.policies.alerts import Severity
from vmstore.policies.thresholds import Kind, Rules
from vmstore.report import wording
from vmstore.report.capacity import Capacity, Subject

# Nagios reads no more than 8 KiB of a plugin; the first line, with the perfdata, must be well within that.
LONG_LINES = 40


class State(IntEnum):
    """The exit codes of plugins."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def state(capacity: Capacity) -> State:
    """Give the exit code; where no alert is on but not all could be seen, nobody knows."""
    if capacity.alerts:
        worst = max(alert.severity for alert in capacity.alerts)
        return State.CRITICAL if worst is Severity.CRIT else State.WARNING
    return State.UNKNOWN if capacity.silent or capacity.notes else State.OK


def form(capacity: Capacity, rules: Rules | None = None, *, every: bool = False) -> str:
    """Write the report; the perfdata have the limits of ``rules``, and those of each PV and VM with ``every``."""
    kinds = tuple(Kind) if every else (Kind.VG, Kind.CLASS, Kind.METADATA, Kind.LOCK)
    data = [_data(of, rules) for kind in kinds for of in capacity.of(kind)]
    lines = [f"{_clean(_status(capacity))}{' | ' if any(data) else ''}{' '.join(filter(None, data))}"]
    more = [f"[{wording.SEVERITIES[a.severity]}] {a.code} {wording.headline(a)}" for a in capacity.alerts]
    if len(more) > LONG_LINES:
        more[LONG_LINES:] = [f"and {len(more) - LONG_LINES} more: vmstore report"]
    more += [f"node {node} is silent: {why}" for node, why in capacity.silent.items()]
    more += [*capacity.notes, *(f"policy: {line}" for line in capacity.acted)]
    return "".join(f"{line}\n" for line in (*lines, *map(_clean, more)))


def failed(error: VmstoreError) -> str:
    """Write that there is no report; the exit code is that of UNKNOWN."""
    return f"VMSTORE {State.UNKNOWN.name}: {_clean(f'{error.what}: {error.why}')}\n{_clean(f'try: {error.hint}')}\n"


def _status(capacity: Capacity) -> str:
    words = [wording.counts(capacity)]
    if capacity.alerts:
        words.append(wording.headline(capacity.alerts[0]))
    elif capacity.silent:
        words.append(f"no answer from {', '.join(capacity.silent)}")
    elif capacity.notes:
        words.append(capacity.notes[0])
    for of in capacity.of(Kind.VG):
        words.append(f"{sizes.show(of.free)} of {sizes.show(of.size)} free in VG {of.name}")
    return f"VMSTORE {state(capacity).name}: {'; '.join(words)}"


def _data(of: Subject, rules: Rules | None) -> str:
    """Write 'label'=value[UOM];warn;crit;min;max, where what the file system uses stands for a VM."""
    full = of.filled
    if full is None:
        return ""
    used, size = full
    levels = rules.levels(of.kind, of.name) if rules else None
    limits = [amount.full(size) if amount else "" for amount in (levels.warn, levels.block)] if levels else ["", ""]
    # The guidelines would have a quote doubled, but not all that read perfdata know of it.
    label = f"{of.kind.value} {of.name}".replace("'", "_").replace("=", "_")
    return f"'{_clean(label)}'={used}B;{limits[0]};{limits[1]};0;{size}"


def _clean(text: str) -> str:
    """Keep what would end the text and begin the perfdata, or the line, out of it."""
    return " ".join(text.split()).replace("|", "/")
