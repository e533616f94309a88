"""A capacity report put together: alerts by the policies, what is kept for the next one, and what is not over."""

from collections.abc import Sequence

import msgspec
import pytest

from tests.support.worlds import G, World
from vmstore.history.values import Sample
from vmstore.model import Inventory
from vmstore.policies.alerts import Alert, Severity
from vmstore.policies.forecast import Trend
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind, Rules
from vmstore.report import collect, room
from vmstore.report.capacity import Capacity
from vmstore.report.collect import Past, Told

NOW = 1_800_000_000.0
RULES = Rules.of({"vm": {"warn": "40%", "block": "none"}})


def report(world: Inventory, past: Past | None = None, rules: Rules = RULES) -> tuple[Capacity, tuple[Told, ...]]:
    """Make the report."""
    return collect.collect(world, room.subjects(world, rules), past or Past(), rules, NOW)


def told(code: str, kind: Kind, subject: str, name: str = "") -> Told:
    """Make what an earlier report told of."""
    return Told(Alert(code, Severity.WARN, kind, subject, 0, 0), name or subject)


def codes(alerts: Sequence[Alert]) -> list[tuple[str, str]]:
    """Name alerts and what they are of."""
    return [(alert.code, alert.subject) for alert in alerts]


def busy(made: World | None = None, name: str = "web01") -> World:
    """Put a VM there whose file system is half full, which these rules tell of."""
    return (made or World().pv("a")).lv(name, 4 * G, "a", active="n1", mounted=True)


def test_alerts_are_judged_and_kept() -> None:
    capacity, kept = report(busy().inventory())
    assert codes(capacity.alerts) == [("VMS-V01", "web01")]
    assert [(each.alert, each.name) for each in kept] == [(capacity.alerts[0], "web01")]
    assert capacity.changes is None


def test_changes_are_since_what_was_told() -> None:
    past = Past(told=(told("VMS-V01", Kind.VM, "db01"),))
    changes = report(busy().inventory(), past)[0].changes
    assert changes is not None
    assert (codes(changes.new), codes(changes.over), changes.still) == (
        [("VMS-V01", "web01")],
        [("VMS-V01", "db01")],
        (),
    )


def test_a_pv_is_named_as_the_node_does_and_known_by_its_uuid() -> None:
    world = World().pv("a", missing=True).inventory()
    uuid = "AFePYW-sYgd"
    world = msgspec.structs.replace(world, pvs=(msgspec.structs.replace(world.pvs[0], uuid=uuid, name="/dev/sdx"),))
    capacity, kept = report(world)
    assert codes(capacity.alerts) == [("VMS-P01", "/dev/sdx")]
    assert [(each.alert.subject, each.name) for each in kept] == [(uuid, "/dev/sdx")]
    renamed = msgspec.structs.replace(world, pvs=(msgspec.structs.replace(world.pvs[0], name="/dev/sdy"),))
    changes = report(renamed, Past(told=kept))[0].changes
    assert changes is not None
    assert (codes(changes.still), changes.new, changes.over) == ([("VMS-P01", "/dev/sdy")], (), ())
    gone = report(World().pv("b").inventory(), Past(told=kept))[0].changes
    assert gone is not None
    assert codes(gone.over) == [("VMS-P01", "/dev/sdx")]


@pytest.mark.parametrize("name", ["web01", "web01+from", "web01+to"])
def test_what_cannot_be_measured_is_not_over(name: str) -> None:
    world = World().pv("a").lv(name, 4 * G, "a").inventory()
    capacity, kept = report(world, Past(told=(told("VMS-V01", Kind.VM, "web01"),)))
    assert codes(capacity.alerts) == [("VMS-V01", "web01")]
    assert len(kept) == 1
    assert capacity.changes is not None
    assert (codes(capacity.changes.still), capacity.changes.over) == ([("VMS-V01", "web01")], ())


@pytest.mark.parametrize("name", ["other", "web01+gone"])
def test_a_vm_that_is_gone_is_over(name: str) -> None:
    world = World().pv("a").lv(name, 4 * G, "a").inventory()
    assert report(world, Past(told=(told("VMS-V01", Kind.VM, "web01"),)))[0].alerts == ()


@pytest.mark.parametrize(
    ("code", "stays"), [("VMS-C02", True), ("VMS-J01", True), ("VMS-J02", True), ("VMS-C01", False)]
)
def test_where_the_history_cannot_be_read_growth_is_not_over(code: str, stays: bool) -> None:
    world = World().pv("a").inventory()
    past = Past(told=(told(code, Kind.CLASS, "fc"),))
    assert report(world, past)[0].alerts == ()
    blind = report(world, msgspec.structs.replace(past, blind=True))[0]
    assert codes(blind.alerts) == ([(code, "fc")] if stays else [])


def test_a_pv_that_is_cordoned_no_more_is_over_though_the_history_cannot_be_read() -> None:
    past = Past(told=(told("VMS-P02", Kind.PV, "a"),), blind=True)
    assert report(World().pv("a").inventory(), past)[0].alerts == ()


def test_an_alert_of_a_code_that_is_no_more_is_over() -> None:
    world = World().pv("a").lv("web01", 4 * G, "a").inventory()
    assert report(world, Past(told=(told("VMS-X99", Kind.VM, "web01"),)))[0].alerts == ()


def test_what_takes_nothing_new_makes_a_class_fuller() -> None:
    made = World().pv("a", 10 * G).pv("b", 10 * G, cordoned=True).lv("x", 9 * G, "a")
    assert codes(report(made.inventory())[0].alerts) == [("VMS-C01", "fc"), ("VMS-G01", "vmstore")]


def test_growth_of_a_class_is_told_of_and_that_of_a_pv_is_not() -> None:
    per_day = Trend(0.5 * G, 0.4 * G, 0.6 * G, 90, NOW - 90 * DAY, NOW)
    trends = {(Kind.CLASS, "fc"): per_day, (Kind.PV, "a"): per_day}
    capacity, _ = report(World().pv("a").inventory(), Past(trends))
    assert codes(capacity.alerts) == [("VMS-C02", "fc")]
    assert capacity.of(Kind.PV)[0].full is not None


def test_since_when_a_pv_is_cordoned_is_remembered() -> None:
    world = World().pv("a", cordoned=True).pv("b", cordoned=True).pv("c").inventory()
    before = {"a": NOW - 9 * DAY, "c": NOW - DAY, "gone": NOW - DAY}
    since = collect.cordons(world, before, NOW)
    assert since == {"a": NOW - 9 * DAY, "b": NOW}
    assert collect.cordons(world, {"a": NOW + DAY}, NOW)["a"] == NOW
    assert codes(report(world, Past(cordons=since))[0].alerts) == [("VMS-P02", "/dev/a")]


def test_silent_nodes_are_named() -> None:
    capacity, _ = report(World(silent={"n2": "does not answer"}).pv("a").inventory())
    assert capacity.silent == {"n2": "does not answer"}


def test_the_history_keeps_what_grows() -> None:
    world = busy(World().pv("a", 10 * G)).inventory()
    assert collect.samples(room.subjects(world, RULES)) == [
        Sample("vg", "vmstore", 10 * G, 4 * G),
        Sample("class", "fc", 10 * G, 4 * G),
        Sample("pv", "a", 10 * G, 4 * G),
        Sample("vm", "web01", 4 * G, 4 * G, 2 * G),
    ]
