"""Write a capacity report for Prometheus, as node_exporter's textfile collector reads it. Pure.

Names follow Prometheus's own rules: base units (bytes, seconds), one meaning a name, nothing that a query can compute.
Import this only where it is asked for: prometheus_client takes some 60 ms to load.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vmstore import sizes
from vmstore.policies.codes import CODES
from vmstore.policies.forecast import Trend
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind
from vmstore.report.capacity import Capacity, Subject

# What the metrics of a kind begin with, what it is called in their help, and the labels beside "vg".
_KINDS: dict[Kind, tuple[str, str, tuple[str, ...]]] = {
    Kind.VG: ("vmstore_vg", "the VG", ()),
    Kind.CLASS: ("vmstore_class", "a class of PVs", ("class",)),
    Kind.PV: ("vmstore_pv", "a PV", ("pv", "uuid", "class")),
    Kind.VM: ("vmstore_vm", "a VM", ("vm",)),
    Kind.METADATA: ("vmstore_vg_metadata", "the metadata areas of the VG", ()),
    Kind.LOCK: ("vmstore_vg_lock", "the LV for locks of the VG", ()),
}


class _Measure(NamedTuple):
    """A metric of a subject: how its name ends, its help, the kinds that have it, and its value, None for unknown."""

    name: str
    text: str
    kinds: frozenset[Kind]
    value: Callable[[Subject], float | None]


_ALL = frozenset(Kind)
_ROOM = frozenset({Kind.VG, Kind.CLASS, Kind.PV})
_MEASURES = (
    _Measure("size_bytes", "Size of {}.", _ALL, lambda of: of.size),
    _Measure("allocated_bytes", "Bytes of {} that are taken.", _ALL - {Kind.VM}, lambda of: of.allocated),
    _Measure("free_bytes", "Bytes of {} that are free.", _ALL - {Kind.VM}, lambda of: of.free),
    _Measure("closed_bytes", "Free bytes of {} on PVs that take nothing new.", _ROOM, lambda of: of.closed),
    _Measure("largest_free_bytes", "Longest run of free extents of {}.", _ROOM, lambda of: of.largest),
    _Measure("reserve_bytes", "Bytes of {} that are to stay free.", _ROOM, lambda of: of.reserve),
    _Measure(
        "cordoned", "1 where new extents are kept off {}, else 0.", frozenset({Kind.PV}), lambda of: _is(of, "cordoned")
    ),
    _Measure("missing", "1 where no LUN holds {}, else 0.", frozenset({Kind.PV}), lambda of: _is(of, "missing")),
    _Measure(
        "filesystem_size_bytes",
        "Size of the file system of {}, where a node has it mounted.",
        frozenset({Kind.VM}),
        lambda of: of.filesystem,
    ),
    _Measure(
        "filesystem_used_bytes",
        "Used bytes of the file system of {}, where a node has it mounted.",
        frozenset({Kind.VM}),
        lambda of: of.used,
    ),
    _Measure(
        "growth_bytes_per_second",
        "How fast what is used of {} grows, over the days of the forecast.",
        _ALL,
        lambda of: of.trend.per_day / DAY if isinstance(of.trend, Trend) else None,
    ),
)
_ESTIMATES = ("earliest", "likely", "latest")


def form(capacity: Capacity) -> str:
    """Write the report as Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(capacity))
    return generate_latest(registry).decode()


class _Once(Collector):
    """Hand one report to the library."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity

    def collect(self) -> Iterable[Metric]:
        """Give all metrics, those without a value left out."""
        families = [*_report(self._capacity)]
        for kind in Kind:
            families += _of_kind(kind, self._capacity)
        return (family for family in families if family.samples)


def _report(capacity: Capacity) -> Iterator[Metric]:
    vg = [capacity.vg]
    time = _gauge("vmstore_report_timestamp_seconds", "When the report was made.", "vg")
    time.add_metric(vg, capacity.time)
    silent = _gauge("vmstore_report_silent_nodes", "Nodes that gave no answer.", "vg")
    silent.add_metric(vg, len(capacity.silent))
    notes = _gauge("vmstore_report_notes", "What kept the report from being whole, counted.", "vg")
    notes.add_metric(vg, len(capacity.notes))
    acted = _gauge("vmstore_report_actions", "What policies did in the last 24 hours, counted.", "vg")
    acted.add_metric(vg, len(capacity.acted))
    alerts = _gauge(
        "vmstore_alert_severity",
        "An alert that is on: 1 for a warning, 2 for critical; vmstore explain CODE tells what to do.",
        *("vg", "code", "title", "kind", "subject"),
    )
    for alert in capacity.alerts:
        title = CODES[alert.code].title if alert.code in CODES else ""
        alerts.add_metric([*vg, alert.code, title, alert.kind.value, alert.subject], alert.severity)
    in_all = _gauge("vmstore_vg_placeable_vms", "How many more VMs of a size fit into the VG.", "vg", "size")
    by_class = _gauge(
        "vmstore_class_placeable_vms", "How many more VMs of a size fit into a class of PVs.", "vg", "class", "size"
    )
    for fit in capacity.fits:
        if fit.storage_class:
            by_class.add_metric([*vg, fit.storage_class, sizes.show(fit.size)], fit.count)
        else:
            in_all.add_metric([*vg, sizes.show(fit.size)], fit.count)
    # Apart, since a VM moves: its sizes shall stay one series.
    vms = _gauge("vmstore_vm_info", "The class and the node of a VM, 1.", "vg", "vm", "class", "node")
    for of in capacity.of(Kind.VM):
        vms.add_metric([*vg, of.name, ",".join(of.classes), of.node or ""], 1)
    yield from (time, silent, notes, acted, alerts, in_all, by_class, vms)


def _of_kind(kind: Kind, capacity: Capacity) -> Iterator[Metric]:
    prefix, what, labels = _KINDS[kind]
    subjects = [(of, _labels(kind, capacity.vg, of)) for of in capacity.of(kind)]
    for measure in _MEASURES:
        if kind in measure.kinds:
            family = _gauge(f"{prefix}_{measure.name}", measure.text.format(what), "vg", *labels)
            for of, own in subjects:
                value = measure.value(of)
                if value is not None:
                    family.add_metric(own, value)
            yield family
    full = _gauge(
        f"{prefix}_full_timestamp_seconds",
        f"When {what} will be full: the likely time and its range of 95 %; +Inf for not on this trend.",
        *("vg", *labels, "estimate"),
    )
    for of, own in subjects:
        for estimate in _ESTIMATES if of.full is not None else ():
            time = getattr(of.full, estimate)
            full.add_metric([*own, estimate], math.inf if time is None else time)
    yield full


def _labels(kind: Kind, vg: str, of: Subject) -> list[str]:
    if kind in (Kind.CLASS, Kind.VM):
        return [vg, of.name]
    return [vg, of.name, of.id, ",".join(of.classes)] if kind is Kind.PV else [vg]


def _is(of: Subject, state: str) -> int:
    return int(state in of.state.split(", "))


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)
