"""The pages about reports and growth name what there is: metrics, alerts, rules and their defaults."""

import json
import re
import tomllib
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.support.capacity import capacity
from vmstore.policies import growth
from vmstore.report import prometheus

ROOT = Path(__file__).parents[2]
MONITORING = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")


def table(text: str, heading: str) -> list[list[str]]:
    """Give the cells of the table with that heading."""
    _, _, rest = text.partition(f"\n{heading}\n")
    rows = rest.split("\n\n", maxsplit=1)[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def test_the_page_names_all_metrics_that_there_are_and_no_others() -> None:
    names = {family.name for family in text_string_to_metric_families(prometheus.form(capacity()))}
    assert len(names) > 20
    told = "".join(metrics for metrics, _ in table(MONITORING, "| metric | labels beside `vg` |"))
    whole = set(re.findall(r"`(vmstore_[a-z_]+)`", told))
    begins = tuple(re.findall(r"`(vmstore_[a-z_]+_)…`", told))
    ends = set(re.findall(r"`(?:…_)?([a-z_]+)`", told)) - whole
    parts = {name for name in names if any(name == begin + end for begin in begins for end in ends)}
    # The kinds of what fills up have what that row says, each its own part of it.
    assert names - whole - parts == set()
    assert whole - names == set()


def test_the_page_has_each_alert_for_prometheus() -> None:
    rules = (ROOT / "contrib" / "monitoring" / "prometheus-alerts.yml").read_text(encoding="utf-8")
    told = [alert.strip("`") for alert, _ in table(MONITORING, "| alert | tells that |")]
    assert told == re.findall(r"- alert: (\w+)", rules)


def test_the_page_has_the_shipped_rules_of_growth() -> None:
    page = (ROOT / "docs" / "growth.md").read_text(encoding="utf-8")
    told = {key.strip("`"): default.strip("`") for key, default, _ in table(page, "| key | default | meaning |")}
    shipped = tomllib.loads((ROOT / "policies" / "growth.toml").read_text(encoding="utf-8"))
    assert told == {key: json.dumps(shipped[key]) for key in growth.KEYS}
