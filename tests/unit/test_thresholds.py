"""What may be set as a threshold, and what is made of it."""

from collections.abc import Mapping

import pytest

from vmstore.errors import UsageError
from vmstore.policies.thresholds import DEFAULTS, KEYS, Amount, Kind, Rules, Settings

GIB = 2**30


@pytest.mark.parametrize(
    ("text", "full", "part", "back"),
    [
        ("80%", 1600, 1600, 40),
        ("92.5%", 1850, 1850, 40),
        ("100%", 2000, 2000, 40),
        ("500B", 1500, 500, 50),
        ("1K", 976, 1024, 103),
        ("1G", 0, GIB, 107_374_183),
    ],
)
def test_amounts(text: str, full: int, part: int, back: int) -> None:
    amount = Amount.parse(text)
    assert amount is not None
    assert (amount.full(2000), amount.part(2000), amount.back(2000)) == (full, part, back)


def test_a_share_is_rounded_up() -> None:
    amount = Amount.parse("33.333%")
    assert amount is not None
    assert amount.full(10) == 4


@pytest.mark.parametrize("text", ["", "80", "0%", "101%", "-5%", "80 %", "1e2%", "%", "0G", "10GB", "None"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Amount.parse(text)


@pytest.mark.parametrize(
    ("kinds", "says"),
    [
        ({"luns": {}}, "luns"),
        ({"class": {"wran": "80%"}}, "wran"),
        ({"lock": {"jump": "10%"}}, "jump"),
        ({"class": {"cordon_days": 3}}, "cordon_days"),
        ({"class": {"warn": 80}}, "warn"),
        ({"class": {"warn": "96%"}}, "warn comes after block"),
        ({"vm": {"warn": "1G", "block": "2G"}}, "warn comes after block"),
        ({"vm": {"warn_days": "30"}}, "warn_days"),
        ({"pv": {"cordon_days": True}}, "cordon_days"),
        ({"vm": {"warn_days": -1}}, "warn_days"),
        ({"vm": {"crit_days": 31}}, "crit_days"),
    ],
)
def test_settings_that_make_no_sense_are_refused(kinds: Mapping[str, Settings], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Rules.of(kinds)


@pytest.mark.parametrize("given", [{"warn": "2G", "block": "1G"}, {"warn": "99%", "block": "1G"}, {"warn": "none"}])
def test_settings_that_make_sense_are_taken(given: Settings) -> None:
    levels = Rules.of({"vm": given}).levels(Kind.VM, "web01")
    assert levels.warn == Amount.parse(str(given["warn"]))
    assert levels.warn_days == 30


def test_classes_and_vms_may_have_their_own() -> None:
    rules = Rules.of(
        {"class": {"warn": "70%"}}, {"fc": {"block": "75%"}}, {"db01": {"warn": "5G"}, "fc": {"warn": "9%"}}
    )
    fc, other = rules.levels(Kind.CLASS, "fc"), rules.levels(Kind.CLASS, "iscsi")
    assert (fc.warn, fc.block) == (Amount.parse("70%"), Amount.parse("75%"))
    assert (other.warn, other.block) == (Amount.parse("70%"), Amount.parse("95%"))
    assert rules.levels(Kind.VM, "db01").warn == Amount.parse("5G")
    assert rules.levels(Kind.VM, "web01").warn == Amount.parse("85%")
    with pytest.raises(UsageError, match="class fc: warn comes after block"):
        Rules.of({}, {"fc": {"block": "75%"}})


def test_the_shipped_limits_are_read_and_named() -> None:
    assert set(DEFAULTS) == set(KEYS) == set(Kind)
    assert Rules.of().levels(Kind.PV, "sda").cordon_days == 7
    assert Rules.of().levels(Kind.PV, "sda").warn is None


@pytest.mark.parametrize(
    ("settings", "room"),
    [
        ({}, 350),
        ({"block": "none"}, 400),
        ({"block": "none", "reserve": "100G"}, 300),
        ({"block": "300G", "reserve": "10%"}, 100),
        ({"block": "95%", "reserve": "500G"}, 0),
    ],
)
def test_room_that_may_be_given_out(settings: Settings, room: int) -> None:
    assert Rules.of({"class": settings}).levels(Kind.CLASS, "fc").room(1000 * GIB, 600 * GIB) == room * GIB
