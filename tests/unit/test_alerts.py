"""What an admin is told of, when, and for how long."""

import re
from dataclasses import replace
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from vmstore.cli import app
from vmstore.policies.alerts import Alert, Changes, Gauge, Pv, Severity, compare, judge
from vmstore.policies.codes import CODES
from vmstore.policies.forecast import Full, Jump, Trend
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind, Rules, Settings

GIB = 2**30
NOW = 1_800_000_000.0
WARN, CRIT = Severity.WARN, Severity.CRIT
OFF: Settings = {"warn": "none", "block": "none", "jump": "none", "warn_days": 0, "crit_days": 0}


def told(gauge: Gauge, settings: Settings | None = None, before: tuple[Alert, ...] = ()) -> list[tuple[str, Severity]]:
    rules = Rules.of({gauge.kind: settings or {}})
    return [(alert.code, alert.severity) for alert in judge([gauge], (), rules, NOW, before)]


def gauge(used: int, kind: Kind = Kind.CLASS, **more: Any) -> Gauge:
    return Gauge(kind, "fc", 1000 * GIB, used * GIB, **more)


def alert(code: str, severity: Severity = WARN, subject: str = "fc", kind: Kind = Kind.CLASS) -> Alert:
    return Alert(code, severity, kind, subject, 0, 0)


def likely(days: float) -> Full:
    return Full(NOW, NOW + days * DAY, None)


def grew(jump: int = 0, hours: int = 0, per_day: float = 0, before: float | None = None) -> Trend:
    leap = Jump(NOW - hours * 3600, jump * GIB) if jump else None
    return Trend(per_day * GIB, 0, 0, 90, 0, NOW, leap, 0, None if before is None else before * GIB)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.CLASS, "VMS-C01"),
        (Kind.PV, "VMS-P03"),
        (Kind.VM, "VMS-V01"),
        (Kind.VG, "VMS-G01"),
        (Kind.METADATA, "VMS-M01"),
        (Kind.LOCK, "VMS-L01"),
    ],
)
@pytest.mark.parametrize(
    ("used", "severity"), [(0, None), (799, None), (800, WARN), (949, WARN), (950, CRIT), (1000, CRIT), (1100, CRIT)]
)
def test_nearly_full(kind: Kind, code: str, used: int, severity: Severity | None) -> None:
    expected = [(code, severity)] if severity else []
    assert told(gauge(used, kind), {"warn": "80%", "block": "95%"}) == expected
    assert told(gauge(used, kind), {"warn": "200G", "block": "50G"}) == expected


def test_the_number_and_the_limit() -> None:
    (found,) = judge([gauge(960)], (), Rules.of(), NOW)
    assert found == Alert("VMS-C01", CRIT, Kind.CLASS, "fc", 960 * GIB, 950 * GIB)


def test_what_was_not_measured_is_not_judged() -> None:
    assert judge([Gauge(Kind.VM, "web01", 0, 0, trend=grew(jump=5))], (), Rules.of(), NOW) == []


@pytest.mark.parametrize(("kind", "code"), [(Kind.CLASS, "VMS-C03"), (Kind.PV, "VMS-P04"), (Kind.VG, "VMS-G03")])
@pytest.mark.parametrize("reserve", ["10%", "100G"])
def test_the_reserve_may_be_reached_and_not_touched(kind: Kind, code: str, reserve: str) -> None:
    settings: Settings = {"warn": "none", "block": "none", "reserve": reserve}
    assert told(gauge(900, kind), settings) == []
    (found,) = judge([gauge(901, kind)], (), Rules.of({kind: settings}), NOW)
    assert (found.code, found.severity, found.number, found.limit) == (code, WARN, 99 * GIB, 100 * GIB)


@pytest.mark.parametrize(
    ("full", "severity"),
    [
        (None, None),
        (Full(NOW + DAY, None, None), None),
        (likely(30.1), None),
        (likely(30), WARN),
        (likely(7.1), WARN),
        (likely(7), CRIT),
        (likely(0), CRIT),
        (likely(-1), CRIT),
    ],
)
def test_full_soon(full: Full | None, severity: Severity | None) -> None:
    for kind, code in ((Kind.CLASS, "VMS-C02"), (Kind.VM, "VMS-V02"), (Kind.VG, "VMS-G02")):
        assert told(gauge(1, kind, full=full)) == ([(code, severity)] if severity else [])
    assert told(gauge(1, full=full), OFF) == []


def test_the_time_that_is_left() -> None:
    (found,) = judge([gauge(1, full=likely(10))], (), Rules.of(), NOW)
    assert (found.number, found.limit) == (10 * DAY, 30 * DAY)
    assert CODES[found.code].unit == "seconds"
    (found,) = judge([gauge(1, full=likely(-10))], (), Rules.of(), NOW)
    assert found.number == 0


@pytest.mark.parametrize(
    ("trend", "codes"),
    [
        (grew(100, 5), ["VMS-J01"]),
        (grew(99, 5), []),
        (grew(-900, 5), []),
        (grew(100, 72), ["VMS-J01"]),
        (grew(100, 73), []),
        (grew(per_day=5, before=1), ["VMS-J02"]),
        (grew(per_day=5, before=2), []),
        (grew(per_day=4, before=-50), ["VMS-J02"]),
        (grew(per_day=3, before=-50), []),
        (grew(per_day=500), []),
        (grew(100, 5, 50, 1), ["VMS-J01", "VMS-J02"]),
        (None, []),
    ],
)
def test_growth_that_is_not_as_it_was(trend: Trend | None, codes: list[str]) -> None:
    assert told(gauge(1, trend=trend)) == [(code, WARN) for code in codes]
    assert told(gauge(1, trend=trend), OFF) == []


@pytest.mark.parametrize(
    ("pv", "expected"),
    [
        (Pv("sda"), []),
        (Pv("sda", missing=True, allocated=5), [Alert("VMS-P01", CRIT, Kind.PV, "sda", 5, 0)]),
        (Pv("sda", cordoned=NOW - 7 * DAY), [Alert("VMS-P02", WARN, Kind.PV, "sda", 7 * DAY, 7 * DAY)]),
        (Pv("sda", cordoned=NOW - 7 * DAY + 1), []),
        (Pv("sda", missing=True, cordoned=0.0), [Alert("VMS-P01", CRIT, Kind.PV, "sda", 0, 0)]),
    ],
)
def test_pvs(pv: Pv, expected: list[Alert]) -> None:
    assert judge((), [pv], Rules.of(), NOW) == expected


def test_a_cordon_may_last_where_no_days_are_set() -> None:
    assert judge((), [Pv("sda", cordoned=0.0)], Rules.of({"pv": {"cordon_days": 0}}), NOW) == []


@pytest.mark.parametrize(
    ("now", "settings", "code", "was", "severity"),
    [
        (gauge(780), {}, "VMS-C01", WARN, WARN),
        (gauge(779), {}, "VMS-C01", WARN, None),
        (gauge(780), {"warn": "200G"}, "VMS-C01", WARN, WARN),
        (gauge(779), {"warn": "200G"}, "VMS-C01", WARN, None),
        (gauge(930), {}, "VMS-C01", CRIT, CRIT),
        (gauge(930), {}, "VMS-C01", WARN, WARN),
        (gauge(929), {}, "VMS-C01", CRIT, WARN),
        (gauge(779), {}, "VMS-C01", CRIT, None),
        (gauge(700), {"reserve": "300G"}, "VMS-C03", WARN, WARN),
        (gauge(670), {"reserve": "300G"}, "VMS-C03", WARN, None),
        (gauge(1, full=likely(33)), {}, "VMS-C02", WARN, WARN),
        (gauge(1, full=likely(33.1)), {}, "VMS-C02", WARN, None),
        (gauge(1, full=likely(8)), {}, "VMS-C02", CRIT, CRIT),
        (gauge(1, full=likely(8.1)), {}, "VMS-C02", CRIT, WARN),
        (gauge(1, trend=grew(90, 1)), {}, "VMS-J01", WARN, WARN),
        (gauge(1, trend=grew(89, 1)), {}, "VMS-J01", WARN, None),
        (gauge(1, trend=grew(per_day=3, before=0)), {}, "VMS-J02", WARN, WARN),
        (gauge(1, trend=grew(per_day=2.9, before=0)), {}, "VMS-J02", WARN, None),
    ],
)
def test_what_was_on_stays_on_until_it_is_well_back(
    now: Gauge, settings: Settings, code: str, was: Severity, severity: Severity | None
) -> None:
    assert told(now, settings, (alert(code, was),)) == ([(code, severity)] if severity else [])


@pytest.mark.parametrize(
    "other", [alert("VMS-C01", subject="iscsi"), alert("VMS-C02"), alert("VMS-C01", kind=Kind.VM)], ids=str
)
def test_only_the_same_alert_holds_on(other: Alert) -> None:
    assert told(gauge(790), before=(other,)) == []


@given(st.lists(st.integers(781, 820), max_size=30))
def test_cron_speaks_at_most_once_of_what_swings_about_its_limit(values: list[int]) -> None:
    before: list[Alert] = []
    spoke = 0
    for used in values:
        now = judge([gauge(used)], (), Rules.of(), NOW, before)
        found = compare(before, now)
        spoke += bool(found.new or found.changed or found.over)
        before = now
    assert spoke == any(used >= 800 for used in values)


def test_changes() -> None:
    stays, goes, comes = alert("VMS-C01"), alert("VMS-C02"), alert("VMS-V01", subject="web01")
    worse, better = alert("VMS-G01", subject="vg"), alert("VMS-M01", CRIT, "vg")
    now_worse, now_better = replace(worse, severity=CRIT), replace(better, severity=WARN)
    moved = replace(stays, number=9.0)
    found = compare([stays, goes, worse, better], [now_worse, now_better, comes, moved])
    assert found == Changes((comes,), (now_worse, now_better), (goes,), (moved,))
    assert compare([], []) == Changes((), (), (), ())


def test_the_worst_comes_first() -> None:
    gauges = [Gauge(Kind.VM, name, 100, used) for name, used in (("b", 90), ("a", 90), ("z", 99))]
    found = judge(gauges, [Pv("sda", missing=True)], Rules.of(), NOW)
    assert [(each.code, each.subject) for each in found] == [
        ("VMS-P01", "sda"), ("VMS-V01", "z"), ("VMS-V01", "a"), ("VMS-V01", "b"),
    ]  # fmt: skip


def test_every_code_can_be_told_and_is_explained() -> None:
    trend = grew(900, 1, 900, 0)
    kinds: dict[str, Settings] = {kind: {"warn": "10%", "block": "20%"} for kind in Kind}
    kinds |= {kind: {"reserve": "50%"} for kind in (Kind.CLASS, Kind.VM, Kind.VG)}
    rules = Rules.of(kinds | {"pv": {"warn": "10%", "reserve": "50%"}})
    gauges = [gauge(900, kind, full=likely(1), trend=trend) for kind in Kind]
    pvs = [Pv("sda", missing=True), Pv("sdb", cordoned=0.0)]
    assert {each.code for each in judge(gauges, pvs, rules, NOW)} == set(CODES)


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_a_code_has_one_sentence_and_commands_that_exist(code: Any) -> None:
    assert re.fullmatch(r"VMS-[A-Z][0-9]{2}", code.code)
    assert re.fullmatch(r"[A-Z][^.]*\.", code.meaning)
    assert "refuse" not in code.meaning
    assert code.title[0] != " "
    assert code.help
    for line in code.help:
        if line.startswith("vmstore "):
            check_command(line.split()[1:])


def check_command(words: list[str]) -> None:
    """Follow the words through the table of commands; each option must be one of the command's."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        assert words[0] in command.commands, words
        command, words = command.commands[words[0]], words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known
