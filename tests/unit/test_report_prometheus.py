"""What Prometheus reads of a report, and that the shipped rules and dashboard ask for what is written."""

import dataclasses
import json
import math
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.support.capacity import ALERTS, GIB, NOW, calm, capacity
from vmstore.policies.alerts import Alert, Severity
from vmstore.policies.codes import CODES
from vmstore.policies.forecast import Full, Trend
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind
from vmstore.report import prometheus
from vmstore.report.capacity import Capacity, Subject

MONITORING = Path(__file__).parents[2] / "contrib" / "monitoring"
RULES = MONITORING / "prometheus-alerts.yml"
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8"))
_METRIC = re.compile(r"\bvmstore_[a-z_]+\b")


def samples(report: Capacity) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(prometheus.form(report)) for sample in family.samples]


def value(report: Capacity, name: str, **labels: str) -> float:
    wanted = {"vg": "vmstore", **labels}
    [found] = [sample.value for sample in samples(report) if sample.name == name and sample.labels == wanted]
    return found


def promtool(*arguments: str, text: str = "") -> None:
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sizes_growth_and_forecasts_are_in_base_units() -> None:
    report = capacity()
    assert value(report, "vmstore_report_timestamp_seconds") == NOW
    assert value(report, "vmstore_class_free_bytes", **{"class": "fc"}) == 90 * GIB
    assert value(report, "vmstore_vm_filesystem_used_bytes", vm="db-01.prod") == 58 * GIB
    assert value(report, "vmstore_vg_growth_bytes_per_second") * DAY == pytest.approx(4 * GIB)
    full = "vmstore_class_full_timestamp_seconds"
    assert value(report, full, estimate="likely", **{"class": "fc"}) == NOW + 18 * DAY
    assert value(report, full, estimate="likely", **{"class": "iscsi"}) == math.inf
    assert value(report, "vmstore_class_placeable_vms", size="20 GiB", **{"class": "fc"}) == 4
    assert value(report, "vmstore_vg_metadata_allocated_bytes") == 700_000


def test_states_are_numbers_and_a_vm_that_moves_keeps_its_series() -> None:
    report = capacity()
    pv = {"pv": "/dev/mapper/lun3", "class": "fc", "uuid": "u3"}
    assert value(report, "vmstore_pv_missing", **pv) == value(report, "vmstore_pv_cordoned", **pv) == 1
    assert value(report, "vmstore_pv_missing", pv="/dev/mapper/lun1", uuid="u1", **{"class": "fc"}) == 0
    info = [sample.labels for sample in samples(report) if sample.name == "vmstore_vm_info"]
    assert {"vg": "vmstore", "vm": "web01", "class": "fc", "node": "n2"} in info
    assert all(set(s.labels) <= {"vg", "vm", "estimate"} for s in samples(report) if s.name.startswith("vmstore_vm_f"))


def test_alerts_are_one_series_each_however_bad() -> None:
    found = [sample for sample in samples(capacity()) if sample.name == "vmstore_alert_severity"]
    assert [(s.labels["code"], s.labels["subject"], s.value) for s in found] == [
        (alert.code, alert.subject, int(alert.severity)) for alert in ALERTS
    ]
    assert found[0].labels["title"] == CODES["VMS-P01"].title


def test_what_nobody_knows_is_left_out() -> None:
    names = {(sample.name, sample.labels.get("vm")) for sample in samples(capacity())}
    assert ("vmstore_vm_size_bytes", "old") in names
    assert ("vmstore_vm_filesystem_used_bytes", "old") not in names
    assert ("vmstore_vm_growth_bytes_per_second", "old") not in names


def test_any_name_comes_back_as_it_was() -> None:
    odd = 'a"b\\c\nd{}é'
    report = Capacity("vmstore", NOW, (Subject(Kind.CLASS, odd, 10, 5, 5),))
    assert value(report, "vmstore_class_size_bytes", **{"class": odd}) == 10


def test_the_textfile_collector_would_take_it() -> None:
    """It refuses times beside values, and a name whose help differs between files; no series may come twice."""
    text = prometheus.form(capacity())
    assert all(sample.timestamp is None for sample in samples(capacity()))
    keys = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in samples(capacity())]
    assert len(keys) == len(set(keys))

    def helps(text: str) -> set[str]:
        return {line for line in text.splitlines() if line.startswith("# HELP")}

    assert helps(prometheus.form(calm())) <= helps(text)


@pytest.mark.spawns("promtool")
def test_promtool_finds_nothing_wrong_with_the_metrics() -> None:
    for report in (capacity(), calm(), Capacity("vmstore", NOW, ())):
        promtool("check", "metrics", text=prometheus.form(report))


@pytest.mark.spawns("promtool")
def test_promtool_finds_nothing_wrong_with_the_rules() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", str(RULES))


def expressions() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def asked(expression: str, instance: str = ".*") -> str:
    """Give an expression of the dashboard as Grafana asks it, of the reports of all nodes or of one."""
    return expression.replace("$vg", "vmstore").replace("$instance", instance)


def test_rules_hear_the_newest_report_alone_where_older_ones_would_raise_something() -> None:
    newest = (
        "and on (vg, instance) "
        "(vmstore_report_timestamp_seconds == on (vg) group_left () max by (vg) (vmstore_report_timestamp_seconds))"
    )
    rules = " ".join(RULES.read_text(encoding="utf-8").split())
    for metric in ("vmstore_alert_severity", "vmstore_report_silent_nodes", "vmstore_report_notes"):
        assert f"{metric} {newest}" in rules


def written() -> set[str]:
    return {sample.name for sample in samples(capacity())}


def test_rules_and_dashboard_ask_only_for_what_is_written() -> None:
    asked = set(_METRIC.findall(RULES.read_text(encoding="utf-8"))) | set(_METRIC.findall("".join(expressions())))
    asked |= set(_METRIC.findall(json.dumps(DASHBOARD["templating"])))
    assert len(asked) > 15
    assert asked <= written()


def test_labels_that_the_dashboard_groups_by_are_written() -> None:
    labels = {label for sample in samples(capacity()) for label in sample.labels} | {"instance"}
    for expression in expressions():
        for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression):
            assert set(group.split(", ")) <= labels, expression


@pytest.mark.spawns("promtool")
def test_promtool_reads_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"dashboard:{place}", "expr": asked(expression)} for place, expression in enumerate(expressions())
    ]
    file = tmp_path / "rules.yml"
    # Prometheus reads YAML, of which JSON is a part.
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    promtool("check", "rules", str(file))


def test_the_dashboard_is_laid_out_and_asks_the_chosen_source() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not taken & cells, panel["title"]
        taken |= cells
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "vg", "instance"}


class Firing:
    """Have promtool run rules and expressions over the metrics of reports, and say what must come of that."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "test.yml"
        self._rows: list[dict[str, str]] = []

    def test(self, check: dict[str, Any]) -> None:
        """Run one check over what was written."""
        test = {"interval": "1m", "input_series": self._rows, **check}
        whole = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}
        self._file.write_text(json.dumps(whole), encoding="utf-8")
        promtool("test", "rules", str(self._file))

    def counts(self, *expected: tuple[str, int]) -> None:
        """Count the series that each expression gives five minutes after midnight."""
        checks = [
            {
                "expr": f"count({expression}) or vector(0)",
                "eval_time": "5m",
                "exp_samples": [{"labels": "{}", "value": n}],
            }
            for expression, n in expected
        ]
        self.test({"promql_expr_test": checks})

    def add(self, report: Capacity, instance: str) -> None:
        """Have a node write a report, and no other for eight hours."""
        for sample in samples(report):
            labels = {**sample.labels, "instance": instance}
            text = ",".join(f"{key}={json.dumps(word)}" for key, word in labels.items())
            # promtool cannot repeat an infinite number, and no rule asks for one.
            if math.isfinite(sample.value):
                row = {"series": f"{sample.name}{{{text}}}", "values": f"{sample.value:.0f}x480"}
                self._rows.append(row)

    def expect(self, at: str, alert: str, *expected: tuple[dict[str, str], str, str]) -> None:
        """Name the labels, summary and description of each alert of a name that must be on at a time."""
        alerts = [
            {"exp_labels": labels, "exp_annotations": {"summary": summary, "description": description}}
            for labels, summary, description in expected
        ]
        self.test({"alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": alerts}]})


def threshold(alert: Alert) -> tuple[dict[str, str], str, str]:
    title = CODES[alert.code].title
    kind = alert.kind.value
    labels = {"vg": "vmstore", "code": alert.code, "title": title, "kind": kind, "subject": alert.subject}
    severity = {Severity.WARN: "warning", Severity.CRIT: "critical"}[alert.severity]
    told = f"{alert.code} is on in VG vmstore. What it means and what to do: vmstore explain {alert.code}"
    return {**labels, "severity": severity}, f"{kind} {alert.subject}: {title}", told


@pytest.mark.spawns("promtool")
def test_an_alert_of_the_newest_report_fires_with_its_severity_and_those_of_older_ones_do_not(tmp_path: Path) -> None:
    firing = Firing(tmp_path)
    old = Alert("VMS-G01", Severity.WARN, Kind.VG, "vmstore", 9, 8)
    firing.add(calm(time=60.0, alerts=ALERTS[:3]), "n1")
    firing.add(calm(time=0.0, alerts=(old, ALERTS[0])), "n2")
    firing.expect("5m", "VmstoreThreshold", *map(threshold, ALERTS[:3]))
    # Of a report that is late everywhere, what was on stays on.
    firing.expect("7h", "VmstoreThreshold", *map(threshold, ALERTS[:3]))


@pytest.mark.spawns("promtool")
def test_what_two_nodes_report_in_the_same_second_fires_once_as_the_worse_of_them_says(tmp_path: Path) -> None:
    firing = Firing(tmp_path)
    both = {"silent": {"n3": "no route"}, "notes": ("the history is damaged",)}
    milder = dataclasses.replace(ALERTS[0], severity=Severity.WARN)
    firing.add(calm(time=60.0, alerts=ALERTS[:3], **both), "n1")
    firing.add(calm(time=60.0, alerts=(milder, *ALERTS[1:3]), **both), "n2")
    firing.expect("5m", "VmstoreThreshold", *map(threshold, ALERTS[:3]))
    text = "What their VMs use is not known, nor watched: vmstore status"
    labels = {"vg": "vmstore", "severity": "warning"}
    firing.expect("3h", "VmstoreNodeSilent", (labels, "VG vmstore: 1 nodes give no answer", text))


def reporting(time: float, much: int) -> Capacity:
    """Make a report of which no figure is the same as that of another with ``much`` else, and no PV has its name."""
    report = capacity(time, silent=dict.fromkeys(map(str, range(much)), "no route"))
    subjects = []
    for of in report.subjects:
        name = of.name + str(much) if of.kind is Kind.PV else of.name
        sizes = {key: getattr(of, key) + much * GIB for key in ("allocated", "free", "largest")}
        used = {} if of.used is None else {"used": of.used + much * GIB}
        rate = {"trend": dataclasses.replace(of.trend, per_day=much * GIB)} if isinstance(of.trend, Trend) else {}
        full = Full(0, much * DAY, None)
        subjects.append(replace(of, name=name, size=of.size * 2**much, full=full, **sizes, **used, **rate))
    fits = tuple(replace(fit, count=fit.count + much) for fit in report.fits)
    alerts = tuple(
        Alert("VMS-V01", severity, Kind.VM, f"{severity} {number} of {much}", 9, 8)
        for number in range(much)
        for severity in Severity
    )
    return replace(report, subjects=tuple(subjects), fits=fits, alerts=alerts)


@pytest.mark.spawns("promtool")
def test_the_dashboard_shows_the_newest_report_alone_or_that_of_the_node_that_is_chosen(tmp_path: Path) -> None:
    firing = Firing(tmp_path)
    firing.add(reporting(60.0, 1), "n1")
    firing.add(reporting(0.0, 2), "n2")
    checks: list[tuple[str, int]] = []
    for expression in expressions():
        newest, one, other = (f"({asked(expression, instance)})" for instance in (".*", "n1", "n2"))
        checks += [(f"({newest} unless {one}) or ({one} unless {newest}) or ({newest} != {one})", 0)]
        checks += [(f"count({newest}) > 0 and count({other}) > 0", 1), (f"{newest} == {other}", 0)]
    firing.counts(*checks)


@pytest.mark.spawns("promtool")
def test_all_is_well_while_reports_come_and_all_is_well(tmp_path: Path) -> None:
    firing = Firing(tmp_path)
    firing.add(calm(time=0.0), "n1")
    for name in ("Threshold", "ReportStale", "ReportsMissing", "NodeSilent", "ReportNotWhole"):
        firing.expect("149m", f"Vmstore{name}")


@pytest.mark.spawns("promtool")
def test_a_file_that_was_left_where_another_node_took_over_raises_nothing(tmp_path: Path) -> None:
    firing = Firing(tmp_path)
    left = {"silent": {"n3": "no route", "n4": "no route"}, "notes": ("the history is damaged",)}
    firing.add(calm(time=0.0, alerts=ALERTS, **left), "n2")
    firing.add(calm(time=60.0), "n1")
    for name in ("Threshold", "NodeSilent", "ReportNotWhole"):
        firing.expect("7h", f"Vmstore{name}")


@pytest.mark.spawns("promtool")
def test_reports_that_stop_are_told_of_once_for_all_nodes(tmp_path: Path) -> None:
    firing = Firing(tmp_path)
    firing.add(calm(time=0.0), "n1")
    firing.add(calm(time=3600.0), "n2")
    firing.expect("3h", "VmstoreReportStale")
    text = (
        "Reports are written every hour. Nobody would learn that the storage is full. "
        "On the node that writes them: systemctl status vmstore-report, or the mail of cron."
    )
    labels = {"vg": "vmstore", "severity": "critical"}
    firing.expect("4h", "VmstoreReportStale", (labels, "VG vmstore: no report for 3h 0m 0s", text))


@pytest.mark.spawns("promtool")
def test_no_report_at_all_silent_nodes_and_notes_are_told_of(tmp_path: Path) -> None:
    firing = Firing(tmp_path)
    text = "node_exporter needs --collector.textfile.directory, and the report must be written there as a file *.prom."
    firing.expect("1h", "VmstoreReportsMissing", ({"severity": "critical"}, "no node tells of vmstore", text))
    firing.add(calm(time=0.0, silent={"n3": "no route"}, notes=("the history is damaged",)), "n1")
    labels = {"vg": "vmstore", "severity": "warning"}
    text = "What their VMs use is not known, nor watched: vmstore status"
    firing.expect("1h", "VmstoreNodeSilent")
    firing.expect("3h", "VmstoreNodeSilent", (labels, "VG vmstore: 1 nodes give no answer", text))
    told = "vmstore report names what keeps them from it."
    firing.expect("7h", "VmstoreReportNotWhole", (labels, "VG vmstore: reports are not whole for hours", told))
