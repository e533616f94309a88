"""When a volume grows by itself and by how much: rules, limits, room, and the count of what grew."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.worlds import EXTENT, G, M, World
from vmstore import config
from vmstore.errors import ConfigError
from vmstore.policies import class_room, growth, placement
from vmstore.policies import thresholds as levels
from vmstore.policies.grown import DAY, Grown, Known
from vmstore.policies.growth import Rule, Rules, Step
from vmstore.report import room

NOW = 1_800_000_000
LOTS = Step(2**60)


def rules(text: str) -> Rules:
    """Read rules from the configuration."""
    return Rules.of(config.parse(text, "file").growth)


def rule(text: str = "") -> Rule:
    """Give the rule of a VM that has none of its own, with growth on."""
    found = rules(f"[growth]\ngrow = true\n{text}").rule("web01", ["fc"])
    assert found is not None
    return found


def test_nothing_grows_unless_it_is_said() -> None:
    assert not rules("").any
    assert rules("").rule("web01", ["fc"]) == rules("[growth]").rule("web01", ["iscsi"])
    for text in ("[growth]\ngrow = true", "[growth.class.fc]\ngrow = true", "[growth.vm.web01]\ngrow = true"):
        assert rules(text).any
        found = rules(text).rule("web01", ["fc"])
        assert found is not None
        assert found.grow
    off = rules("[growth]\ngrow = true\n[growth.vm.web01]\ngrow = false")
    assert [found.grow for vm in ("web01", "db01") if (found := off.rule(vm, ["fc"]))] == [False, True]


LAYERS = """
[growth]
step = "1G"
daily = "11G"
most = "111G"
[growth.class.fc]
daily = "22G"
most = "222G"
[growth.vm.web01]
most = "333G"
"""


def test_what_is_nearer_to_the_vm_goes_over_what_is_farther_and_each_key_tells_where_it_is_from() -> None:
    table = rules(LAYERS).settings("web01", "fc")
    assert {key: (each.value, each.source) for key, each in table.items()} == {
        "grow": (False, "shipped"),
        "over": ("80%", "shipped"),
        "free": ("none", "shipped"),
        "step": ("1G", "growth"),
        "daily": ("22G", "growth.class.fc"),
        "most": ("333G", "growth.vm.web01"),
    }
    sizes = {
        (vm, name): found.most.size
        for vm in ("web01", "db01")
        for name in ("fc", "iscsi")
        if (found := rules(LAYERS).rule(vm, [name])) and found.most
    }
    assert sizes == {("web01", "fc"): 333 * G, ("web01", "iscsi"): 333 * G, ("db01", "fc"): 222 * G,
                     ("db01", "iscsi"): 111 * G}  # fmt: skip


def test_on_two_classes_whose_rules_differ_no_rule_is_guessed() -> None:
    two = rules(LAYERS)
    assert two.rule("db01", ["fc", "iscsi"]) is None
    assert two.rule("db01", ["iscsi", "nvme"]) == two.rule("db01", [])
    same = rules(LAYERS + '\ndaily = "5G"').rule("web01", ["fc", "iscsi"])
    assert same is not None
    assert same.daily == levels.Amount(size=5 * G)


@pytest.mark.parametrize(
    ("text", "key", "why"),
    [
        ('[growth]\nover = "120%"', "growth.over", "at most 100%"),
        ('[growth]\nover = "100%"', "growth.over", "full by then"),
        ('[growth]\nover = "0%"', "growth.over", "over 0%"),
        ('[growth]\nover = "80"', "growth.over", "no unit"),
        ('[growth]\nover = "10G"', "growth.over", "it is a size"),
        ('[growth.class.fc]\nfree = "10%"', "growth.class.fc.free", "it is a share"),
        ('[growth.class.fc]\nstep = "0%"', "growth.class.fc.step", "over 0%"),
        ('[growth.vm.web01]\nstep = "0G"', "growth.vm.web01.step", "no size cannot exist"),
        ('[growth.vm.web01]\nstep = "none"', "growth.vm.web01.step", "it is none"),
        ('[growth.vm.web01]\nstep = "-5G"', "growth.vm.web01.step", "not a number"),
        ('[growth]\ndaily = "0G"', "growth.daily", "no size cannot exist"),
        ('[growth]\ndaily = "5GB"', "growth.daily", "mistaken for GiB"),
        ('[growth]\nmost = "50%"', "growth.most", "it is a share"),
        ('[growth]\nmost = ""', "growth.most", "empty"),
        ('[growth]\ngrow = true\nover = "none"', "growth.grow", "both none"),
        ('[growth]\ngrow = true\n[growth.vm.web01]\nover = "none"', "growth.grow", "both none"),
        ('[growth.vm.web01]\ngrow = true\n[growth.class.fc]\nover = "none"', "growth.vm.web01.grow", "both none"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_key(text: str, key: str, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        rules(text)
    assert refused.value.what.startswith(f"{key}: ")
    assert why in refused.value.why
    assert refused.value.hint


@pytest.mark.parametrize(
    ("text", "used", "told"),
    [
        ("", 79 * G, ""),
        ("", 80 * G, "80 % of its file system is used (over 80 %)"),
        ('over = "85.5%"', 86 * G, "86 % of its file system is used (over 85.5 %)"),
        ('free = "10G"', 79 * G, ""),
        ('over = "none"\nfree = "10G"', 90 * G, ""),
        ('over = "none"\nfree = "10G"', 90 * G + 1, "10 GiB of its file system are free (under 10 GiB)"),
        ('over = "95%"\nfree = "10G"', 92 * G, "8 GiB of its file system are free (under 10 GiB)"),
        ('over = "none"\nfree = "10G"', 101 * G, "0 B of its file system are free (under 10 GiB)"),
    ],
)
def test_it_is_over_as_soon_as_one_limit_is(text: str, used: int, told: str) -> None:
    assert growth.over(rule(text), 100 * G, used) == told


@pytest.mark.parametrize(
    ("text", "grown", "left", "size", "why"),
    [
        ("", 0, LOTS, 10 * G, ""),
        ('step = "7G"', 0, LOTS, 7 * G, ""),
        ('step = "7G"\nmost = "105G"', 0, LOTS, 5 * G, "105 GiB is its largest size"),
        ('step = "7G"\nmost = "99G"', 0, LOTS, 0, "99 GiB is its largest size"),
        ('step = "7G"\ndaily = "9G"', 4 * G, LOTS, 5 * G, "it grew by 4 GiB in 24 hours, of 9 GiB"),
        ('step = "7G"\ndaily = "9G"', 9 * G, LOTS, 0, "it grew by 9 GiB in 24 hours, of 9 GiB"),
        ('step = "7G"\ndaily = "9G"', 12 * G, LOTS, 0, "it grew by 12 GiB in 24 hours, of 9 GiB"),
        ('step = "50%"\ndaily = "25%"', 20 * G, LOTS, 0, "it grew by 20 GiB in 24 hours, of 20 GiB"),
        ('step = "50%"\ndaily = "25%"', 0, LOTS, 25 * G, "of 25 GiB"),
        ("", None, LOTS, 0, "is not known (daily)"),
        ('daily = "none"', None, LOTS, 10 * G, ""),
        ("", 0, Step(3 * G + 5, "class fc is at its block"), 3 * G, "class fc is at its block"),
        ("", 0, Step(EXTENT - 1, "class fc is at its block"), 0, "class fc is at its block"),
        ('step = "1M"', 0, LOTS, EXTENT, ""),
    ],
)  # fmt: skip
def test_a_step_is_cut_down_by_each_limit_which_is_named(
    text: str, grown: int | None, left: Step, size: int, why: str
) -> None:
    found = growth.step(rule(text), 100 * G, EXTENT, grown, left)
    assert found.size == size
    assert why in found.why if why else found.why == ""


def test_what_is_more_than_the_last_time_grew_now_whoever_did_it() -> None:
    known = Grown(NOW - DAY).seen({"web01": 10 * G, "db01": 5 * G}, NOW)
    assert known.of("web01", NOW) == 0
    known = known.seen({"web01": 12 * G, "db01": 5 * G}, NOW + 100)
    assert (known.of("web01", NOW + 100), known.of("db01", NOW + 100)) == (2 * G, 0)
    known = known.seen({"web01": 13 * G, "db01": 4 * G}, NOW + DAY)
    assert (known.of("web01", NOW + DAY), known.of("db01", NOW + DAY)) == (3 * G, 0)
    assert known.of("web01", NOW + DAY + 99) == 3 * G
    assert known.of("web01", NOW + DAY + 100) == 1 * G
    assert known.of("web01", NOW + 2 * DAY) == 0


def test_what_is_not_there_for_a_moment_of_a_move_is_not_forgotten_and_what_is_gone_is() -> None:
    known = Grown(NOW - DAY).seen({"web01": 10 * G}, NOW).seen({}, NOW + 60).seen({"web01": 11 * G}, NOW + 120)
    assert known.of("web01", NOW + 120) == G
    assert "web01" in known.seen({}, NOW + 120 + DAY - 1).volumes
    assert "web01" not in known.seen({}, NOW + 120 + DAY).volumes


def test_in_the_first_day_nobody_knows_what_grew() -> None:
    known = Grown(NOW).seen({"web01": 10 * G}, NOW)
    assert [known.of("web01", NOW + after) for after in (0, DAY - 1, DAY)] == [None, None, 0]


def test_a_clock_that_was_ahead_makes_no_day_longer_than_one() -> None:
    ahead = NOW + 1000 * DAY
    known = Grown(ahead).seen({"web01": 10 * G}, ahead).seen({"web01": 12 * G}, ahead)
    known = known.seen({"web01": 12 * G}, NOW)
    assert known.of("web01", NOW) is None
    assert known.since == NOW
    assert known.volumes["web01"] == Known(12 * G, NOW, ((NOW, 2 * G),))
    assert known.of("web01", NOW + DAY) == 0


def test_what_is_kept_is_read_again_and_anything_else_is_nothing() -> None:
    known = Grown(NOW).seen({"web01": 10 * G}, NOW).seen({"web01": 12 * G}, NOW + 1)
    assert Grown.read(known.keep()) == known
    odds: list[Any] = [None, {}, [], "x", {"since": "x"}, {"since": 1, "volumes": {"web01": [1]}}]
    for odd in odds:
        assert Grown.read(odd) is None


EVENTS = st.lists(
    st.tuples(
        # Minutes that went by, how full it is, what becomes of the run, and what is by hand or lost before it.
        st.integers(0, 900),
        st.integers(0, 100),
        st.sampled_from(("", "killed before", "killed after", "other host")),
        st.sampled_from(("", "", "", "by hand", "record lost", "older record")),
    ),
    max_size=40,
)


@given(EVENTS, st.sampled_from(('"3G"', '"30%"')), st.sampled_from(('"2G"', '"10%"')), st.integers(20, 60))
def test_never_more_than_daily_in_24_hours_nor_than_most_whatever_is_killed_or_lost(
    events: list[tuple[int, int, str, str]], daily: str, step: str, most: int
) -> None:
    found = rule(f'daily = {daily}\nstep = {step}\nmost = "{most}G"')
    size, now, own, by_hand = 20 * G, NOW, list[tuple[int, int, int]](), 0
    records = {host: [Grown(NOW - DAY).seen({"web01": size}, NOW)] for host in ("this", "other")}
    for minutes, share, fate, before in events:
        now += minutes * 60
        kept = records["other" if fate == "other host" else "this"]
        if before == "by hand":
            size += G
            by_hand += G
        if before == "record lost":
            kept.append(Grown(now))
        if before == "older record":
            kept.append(kept[len(kept) // 2])
        known = kept[-1].seen({"web01": size}, now)
        kept.append(known)
        if fate == "killed before" or not growth.over(found, size, size * share // 100):
            continue
        more = growth.step(found, size, EXTENT, known.of("web01", now), LOTS).size
        assert size + more <= most * G or not more
        assert found.daily is not None
        limit = found.daily.part(size)
        size += more
        own.append((now, more, limit))
        if fate != "killed after":
            kept.append(known.seen({"web01": size}, now))
        # Another host that was not looked at for a day takes all that grew for grown now, so it may only do less.
        for at, _, limit in own:
            assert sum(grew for time, grew, _ in own if at - DAY < time <= at) <= limit


WORLDS = st.tuples(
    st.lists(st.tuples(st.integers(2, 40), st.integers(0, 100), st.booleans(), st.booleans()), min_size=1, max_size=4),
    st.sampled_from(("50%", "95%", "4G", "none")),
    st.sampled_from(("none", "10%", "6G")),
    st.sampled_from(("", "5G")),
    st.integers(0, 8),
)


@given(WORLDS)
def test_never_beyond_what_the_class_may_give(
    drawn: tuple[list[tuple[int, int, bool, bool]], str, str, str, int],
) -> None:
    pvs, block, reserve, kept, promised = drawn
    made = World()
    for number, (size, share, cordoned, missing) in enumerate(pvs):
        made.pv(f"a{number}", size * G, cordoned=cordoned, missing=missing)
        if share:
            made.lv(f"vm{number}", size * G * share // 100 // EXTENT * EXTENT, f"a{number}")
    world = made.pv("other", 40 * G, "iscsi").inventory()
    thresholds = levels.Rules.of({"class": {"block": block, "reserve": reserve, "warn": "none"}})
    rooms = placement.Rules({"fc": 5 * G} if kept else {})
    found = class_room.room(world, ["fc"], thresholds, rooms, {"fc": promised * G})
    assert found.size >= 0
    assert found.why
    if not found.size:
        return
    takes = [pv for pv in world.pvs if pv.storage_class == "fc" and pv.allocatable and not pv.missing]
    limits = thresholds.kinds[levels.Kind.CLASS]
    # As a report tells of the class, with what is free on PVs that take nothing left out.
    told = next(each for each in room.subjects(world, thresholds) if (each.kind, each.name) == ("class", "fc"))
    assert told.filled is not None
    used, whole = told.filled
    used += promised * G + found.size
    assert used <= (limits.block.full(whole) if limits.block else whole)
    assert whole - used >= (limits.reserve.part(whole) if limits.reserve else 0)
    assert sum(pv.free for pv in takes) - promised * G - found.size >= (5 * G if kept else 0)


def test_what_is_free_on_pvs_that_take_nothing_is_no_room_and_what_lies_there_counts() -> None:
    thresholds, rules = levels.Rules.of({"class": {"block": "90%"}}), placement.Rules()
    full = World().pv("a").lv("x", 5 * G, "a").pv("b", cordoned=True).lv("y", 10 * G, "b").inventory()
    empty = World().pv("a").lv("x", 5 * G, "a").pv("b", cordoned=True).inventory()
    assert class_room.room(full, ["fc"], thresholds, rules, {}).size == 3 * G
    assert class_room.room(empty, ["fc"], thresholds, rules, {}).size == 4 * G


@pytest.mark.parametrize(
    ("settings", "reserve", "size", "why"),
    [
        ({}, {}, 9 * G + 512 * M, "class fc is at its block"),
        ({"block": "none"}, {}, 10 * G, "class fc has no more room"),
        ({"block": "2G"}, {}, 8 * G, "class fc is at its block"),
        ({"reserve": "3G"}, {}, 7 * G, "class fc is at its reserve"),
        ({}, {"fc": 6 * G}, 4 * G, "class fc is at its reserve"),
        ({}, {"iscsi": 6 * G}, 9 * G + 512 * M, "class fc is at its block"),
    ],
)
def test_what_bounds_a_class_is_named(
    settings: Mapping[str, Any], reserve: dict[str, int], size: int, why: str
) -> None:
    world = World().pv("a").pv("b", 30 * G, "iscsi").inventory()
    thresholds = levels.Rules.of({"class": settings})
    found = class_room.room(world, ["fc"], thresholds, placement.Rules(reserve), {})
    assert (found.size, why in found.why) == (size, True)
    promised = class_room.room(world, ["fc"], thresholds, placement.Rules(reserve), {"fc": G})
    assert (promised.size, promised.why) == (size - G, found.why)
    less = class_room.room(world, ["fc", "iscsi"], thresholds, placement.Rules(reserve), {"fc": G})
    assert less.size == size - G
    assert class_room.room(world, [], thresholds, placement.Rules(reserve), {}).size == 0
