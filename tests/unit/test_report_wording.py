"""Words for alerts, growth and forecasts, and where volumes lie."""

from dataclasses import replace

import pytest

from tests.support.capacity import ALERTS, GIB, NOW, capacity, trend
from vmstore.model import Allocation, Inventory, LogicalVolume, PhysicalVolume, VolumeGroup
from vmstore.policies.alerts import Alert, Severity
from vmstore.policies.codes import CODES
from vmstore.policies.forecast import Full, Trend, Unknown, Why
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind
from vmstore.report import layout, wording
from vmstore.report.capacity import Subject
from vmstore.report.layout import Piece


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_its_words_and_commands(code: str) -> None:
    alert = Alert(code, Severity.WARN, Kind.VM, "web01", 3 * DAY, 2 * DAY)
    assert CODES[code].title in wording.headline(alert)
    assert any(character.isdigit() for character in wording.told(alert).replace("web01", ""))
    commands = wording.commands(alert, "vmstore")
    assert len(commands) == len(CODES[code].help)
    assert not any(f" {word} " in f" {line} " for line in commands for word in ("VM", "VG"))


def test_a_code_of_a_later_version_is_told_by_its_name() -> None:
    later = Alert("VMS-X99", Severity.WARN, Kind.VM, "web01", 1, 1)
    assert wording.headline(later) == "web01: VMS-X99"
    assert wording.commands(later, "vmstore") == ()


@pytest.mark.parametrize(
    ("alert", "told"),
    [
        (ALERTS[0], "with 100 GiB of volumes on it"),
        (ALERTS[1], "58 GiB used, the limit is 57 GiB"),
        (ALERTS[2], "full in 18 days, told of from 30 days on"),
        (ALERTS[3], "90 GiB free, 100 GiB are to be kept"),
        (ALERTS[4], "20 GiB came at once, told of from 6 GiB on"),
        (ALERTS[5], "+5 GiB a day, it was +2 GiB a day"),
        (ALERTS[6], "for 9 days, the limit is 7 days"),
        (Alert("VMS-C02", Severity.CRIT, Kind.CLASS, "fc", 7200, DAY), "full in 2 h, told of from 1 day on"),
        (Alert("VMS-P04", Severity.WARN, Kind.PV, "sda", GIB, 2 * GIB), "1 GiB free, 2 GiB are to be kept"),
    ],
)
def test_numbers_are_read_as_their_code_means_them(alert: Alert, told: str) -> None:
    assert wording.told(alert) == told


def test_what_is_filled_into_a_command_stays_one_word() -> None:
    alert = Alert("VMS-V01", Severity.WARN, Kind.VM, "a b; rm -rf /", 1, 1)
    assert wording.commands(alert, "vmstore")[:2] == (
        "vmstore show 'a b; rm -rf /'",
        "vmstore grow 'a b; rm -rf /' +SIZE",
    )
    slash = Alert("VMS-V01", Severity.WARN, Kind.VM, r"a\1", 1, 1)
    assert wording.commands(slash, "vmstore")[0] == r"vmstore show 'a\1'"


@pytest.mark.parametrize(
    ("full", "trend_", "told"),
    [
        (Full(NOW, NOW, NOW), trend(1), "now"),
        (Full(NOW, NOW + DAY, NOW + 2 * DAY), trend(1), "2027-01-16 (2027-01-15 to 2027-01-17)"),
        (Full(NOW, NOW + DAY, None), trend(1), "2027-01-16 (2027-01-15 or later)"),
        (Full(NOW + DAY, None, None), trend(1), "perhaps from 2027-01-16 on"),
        (Full(None, None, None), trend(1), "not on this trend"),
        (None, Unknown(Why.FEW_DAYS, 2), "too few days of history yet"),
        (None, trend(1), "too far off to tell"),
        (None, replace(trend(1), low=None, high=None), "too few days of history yet"),
        (None, None, "-"),
    ],
)
def test_a_forecast_has_its_range_or_its_reason(full: Full | None, trend_: Trend | Unknown | None, told: str) -> None:
    assert wording.outlook(Subject(Kind.CLASS, "fc", 10, 5, 5, trend=trend_, full=full)) == told


def test_every_reason_has_words() -> None:
    for why in Why:
        assert wording.outlook(Subject(Kind.CLASS, "fc", 10, 5, 5, trend=Unknown(why))) not in ("", "-")


def test_growth_has_its_sign() -> None:
    assert [wording.growth(trend(rate)) for rate in (1.5, -2, 0)] == ["+1.5 GiB", "-2 GiB", "0 B"]
    assert wording.growth(Unknown(Why.SHORT)) == "-"


def test_alerts_are_counted() -> None:
    assert wording.counts(capacity()) == "2 critical, 5 warnings"
    assert wording.counts(capacity(alerts=ALERTS[2:3])) == "1 warning"
    assert wording.counts(capacity(alerts=())) == "all is well"


def lv(name: str, *runs: tuple[str, int, int], role: tuple[str, ...] = ()) -> LogicalVolume:
    extents = tuple(Allocation(pv, start, count, name) for pv, start, count in runs)
    return LogicalVolume(name, name, 0, ("linear",), role, extents)


def test_pieces_lie_in_the_order_of_their_extents_and_touching_ones_are_one() -> None:
    pvs = tuple(PhysicalVolume(f"u{n}", f"/dev/sd{n}", 100, 50, True, False, frozenset()) for n in "ab")
    volumes = (
        lv("web", ("ua", 10, 5), ("ua", 0, 4), ("ua", 15, 5)),
        lv("db", ("ua", 4, 6), ("ub", 2, 1)),
        lv("db_rimage_0", ("ub", 2, 1), role=("private",)),
        lv("lvmlock", ("ub", 0, 1), role=("private",)),
    )
    world = Inventory(VolumeGroup("vmstore", "u", 1, 4, 800, 400, "", 0), pvs, volumes, {}, "n1")
    assert layout.pieces(world) == {
        "ua": (Piece("web", 0, 16), Piece("db", 16, 24), Piece("web", 40, 40)),
        "ub": (Piece("lvmlock", 0, 4), Piece("db", 8, 4)),
    }
