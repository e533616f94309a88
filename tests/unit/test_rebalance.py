"""Which volumes are moved to bring PVs and classes within policy: few bytes, and nothing that need not be."""

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.worlds import EXTENT, G, World
from vmstore.model import Inventory
from vmstore.policies import rebalance
from vmstore.policies.burden import Burden, Limit, Move, Need, Policy
from vmstore.policies.placement import Rules
from vmstore.policies.rebalance import Plan
from vmstore.policies.thresholds import Amount, Levels

PVS = ("a1", "a2", "b1", "b2")


def told(plan: Plan) -> list[tuple[str, str, str]]:
    """Say of each move which volume goes from where to where."""
    return [(move.vm, move.source, move.target) for move in plan.moves]


def up_to(size: int, whole: int = 20 * G) -> Levels:
    """Give the limit of a class of which so much may be in use."""
    return Levels(block=Amount(Fraction(size, whole)))


def two_classes() -> World:
    """Make two PVs each of the classes a and b, of 10 GiB."""
    world = World()
    for name in PVS:
        world.pv(name, cls=name[0])
    return world


def test_within_policy_nothing_is_moved() -> None:
    world = two_classes().lv("web01", 6 * G, "a1").inventory()
    assert rebalance.plan(world, Policy(pvs={"a1": 6 * G}, classes={"a": up_to(6 * G)})) == Plan((), ())


def test_the_least_bytes_leave_a_pv_that_bears_too_much() -> None:
    world = two_classes().lv("web01", 4 * G, "a1").lv("db01", 3 * G, "a1").lv("old01", 2 * G, "a1").inventory()
    assert told(rebalance.plan(world, Policy(pvs={"a1": 6 * G}))) == [("db01", "a1", "a2")]
    assert told(rebalance.plan(world, Policy(pvs={"a1": 7 * G}))) == [("old01", "a1", "a2")]
    assert told(rebalance.plan(world, Policy(pvs={"a1": 4 * G}))) == [("old01", "a1", "a2"), ("db01", "a1", "a2")]


def test_no_volume_goes_to_larger_sectors_to_make_room() -> None:
    world = World().pv("a1", cls="a").pv("a2", cls="a", sector=4096).lv("web01", 4 * G, "a1").lv("db01", 4 * G, "a2")
    assert rebalance.plan(world.inventory(), Policy(pvs={"a1": 3 * G})).moves == ()
    assert told(rebalance.plan(world.inventory(), Policy(pvs={"a2": 3 * G}))) == [("db01", "a2", "a1")]


def test_a_volume_stays_in_its_class_while_that_has_not_too_much() -> None:
    world = two_classes().lv("web01", 8 * G, "a1").lv("db01", 7 * G, "a2").inventory()
    plan = rebalance.plan(world, Policy(pvs={"a1": 5 * G}))
    assert plan.moves == ()
    (unmet,) = plan.unmet
    assert (unmet.need, unmet.excess) == (Need(Limit.PV, "a1"), 3 * G)
    assert "room" in unmet.why


def test_out_of_a_class_with_too_much_volumes_go_to_the_preferred_one() -> None:
    world = two_classes().pv("c1", cls="c").lv("web01", 6 * G, "a1").lv("db01", 2 * G, "a2").inventory()
    policy = Policy(classes={"a": up_to(6 * G)})
    assert told(rebalance.plan(world, replace(policy, order=("a", "c")))) == [("db01", "a2", "c1")]
    assert told(rebalance.plan(world, replace(policy, order=("b", "c")))) == [("db01", "a2", "b1")]


def test_what_leaves_a_pv_may_relieve_its_class_as_well() -> None:
    world = two_classes().lv("web01", 4 * G, "a1").lv("db01", 3 * G, "a1").lv("old01", 3 * G, "a2").inventory()
    plan = rebalance.plan(world, Policy(pvs={"a1": 4 * G}, classes={"a": up_to(7 * G)}))
    assert told(plan) == [("db01", "a1", "b1")]


def test_what_a_later_move_makes_superfluous_is_left_out() -> None:
    world = two_classes().lv("web01", 3 * G, "a1").lv("db01", 4 * G, "a1").inventory()
    plan = rebalance.plan(world, Policy(pvs={"a1": 4 * G}, classes={"a": up_to(3 * G)}))
    assert told(plan) == [("db01", "a1", "b2")]


def test_a_reserve_is_made_again_by_what_goes_to_another_class_only() -> None:
    world = two_classes().lv("web01", 8 * G, "a1").lv("db01", 7 * G, "a2").lv("x", 6 * G, "b1").inventory()
    rules = Rules({"a": 6 * G, "b": 4 * G})
    assert told(rebalance.plan(world, Policy(rules))) == [("db01", "a2", "b2")]
    plan = rebalance.plan(world, Policy(replace(rules, reserve={"a": 6 * G, "b": 8 * G})))
    assert plan.moves == ()
    assert [unmet.need for unmet in plan.unmet] == [Need(Limit.RESERVE, "a")]


def test_of_those_that_lie_apart_the_largest_stays() -> None:
    world = two_classes().lv("db01", 4 * G, "a1").lv("db02", 3 * G, "a1").lv("db03", 1 * G, "a1")
    policy = Policy(Rules(apart=[("db01", "db02")]))
    assert told(rebalance.plan(world.inventory(), policy)) == [("db02", "a1", "a2")]
    three = Policy(Rules(apart=[("db01", "db02", "db03")]))
    plan = rebalance.plan(world.inventory(), three)
    assert plan.moves == ()
    assert [unmet.need for unmet in plan.unmet] == [Need(Limit.APART, "a1", 0)]


def test_what_is_fixed_stays_and_is_named() -> None:
    world = two_classes().lv("db01", 4 * G, "a1").lv("db02", 3 * G, "a1").inventory()
    policy = Policy(Rules(apart=[("db01", "db02")]), fixed={"db02": "it shall stay"})
    assert told(rebalance.plan(world, policy)) == [("db01", "a1", "a2")]
    plan = rebalance.plan(world, replace(policy, fixed={"db01": "its layout is thin", "db02": "it shall stay"}))
    assert plan.moves == ()
    assert plan.unmet[0].why == "db01 stays: its layout is thin; db02 stays: it shall stay"


def test_onto_a_pv_that_takes_nothing_new_nothing_goes() -> None:
    world = World().pv("a1", cls="a").pv("a2", cls="a", cordoned=True).pv("a3", cls="a", lease="n1:20260101T000000Z-a3")
    made = world.lv("web01", 6 * G, "a1").lv("left", 2 * G, "a3").inventory()
    plan = rebalance.plan(made, Policy(pvs={"a1": 5 * G, "a3": 0}))
    assert plan.moves == ()
    assert [unmet.need.name for unmet in plan.unmet] == ["a1"]


def test_the_limit_of_a_class_sinks_with_what_leaves_a_pv_that_takes_nothing_new() -> None:
    world = two_classes().pv("a3", cls="a", cordoned=True)
    for number in range(8):
        world.lv(f"vm{number}", 1 * G, "a3")
    made = world.lv("web01", 4 * G, "a1").inventory()
    policy = Policy(classes={"a": Levels(block=Amount(Fraction(40, 100)))})
    # 12 GiB of 28 are in use, and 11.2 may be; one less are 11 of 27, where 10.8 may be, two less 10 of 26.
    plan = rebalance.plan(made, policy)
    assert (plan.size, plan.unmet) == (2 * G, ())
    assert rebalance.plan(rebalance.moved(made, plan.moves), policy) == Plan((), ())


def test_off_a_pv_that_takes_nothing_new_nothing_goes_within_a_class_that_would_have_too_much_then() -> None:
    world = World().pv("a1", cls="a", cordoned=True).pv("a2", cls="a").lv("web01", 6 * G, "a1").inventory()
    policy = Policy(pvs={"a1": 5 * G}, classes={"a": Levels(block=Amount(Fraction(1, 2)))})
    assert [unmet.need.kind for unmet in rebalance.plan(world, policy).unmet] == [Limit.PV]
    policy = replace(policy, classes={"a": Levels(block=Amount(Fraction(3, 5)))})
    assert told(rebalance.plan(world, policy)) == [("web01", "a1", "a2")]


def test_a_pv_that_is_cordoned_may_be_relieved() -> None:
    world = World().pv("a1", cls="a", cordoned=True).pv("a2", cls="a").lv("web01", 6 * G, "a1").inventory()
    assert told(rebalance.plan(world, Policy(pvs={"a1": 5 * G}))) == [("web01", "a1", "a2")]
    # What is free on it is no reserve of its class, and a move off it takes from that.
    assert rebalance.plan(world, Policy(Rules({"a": 5 * G}), pvs={"a1": 5 * G})).moves == ()


def test_what_was_begun_is_kept_as_long_as_it_fits() -> None:
    world = two_classes().lv("web01", 4 * G, "a1").lv("db01", 3 * G, "a1").inventory()
    policy = Policy(pvs={"a1": 4 * G})
    begun = Move("web01", "a1", "a2", 4 * G)
    assert rebalance.plan(world, policy, [begun]).moves == (begun,)
    assert told(rebalance.plan(world, policy, [replace(begun, target="a9")])) == [("db01", "a1", "a2")]


def test_a_pv_gives_before_it_takes_where_it_must() -> None:
    world = two_classes().lv("db01", 6 * G, "a1").lv("db02", 4 * G, "a1").lv("x", 4 * G, "a2").lv("y", 3 * G, "a2")
    policy = Policy(Rules(apart=[("db01", "db02")]), pvs={"a2": 4 * G}, classes={"a": up_to(13 * G)})
    plan = rebalance.plan(world.inventory(), policy)
    assert plan.unmet == ()
    assert Burden(rebalance.moved(world.inventory(), plan.moves), policy).needs() == []


def test_a_pv_that_must_give_before_it_can_take_comes_first() -> None:
    world = World().pv("a1", cls="a").pv("a2", cls="a").pv("a3", cls="a").lv("x", 1 * G, "a1").lv("y", 5 * G, "a2")
    policy = Policy(Rules(apart=[("x", "z")]), pvs={"a1": 0, "a2": 4 * G})
    plan = rebalance.plan(world.lv("z", 1 * G, "a3").inventory(), policy)
    assert told(plan) == [("y", "a2", "a3"), ("x", "a1", "a2")]


def test_where_room_is_tight_volumes_are_fitted_closely() -> None:
    world = World().pv("a1", cls="a").pv("a2", cls="a").pv("a3", cls="a")
    made = world.lv("large", 4 * G, "a1").lv("one", 3 * G, "a1").lv("two", 3 * G, "a1").inventory()
    plan = rebalance.plan(made, Policy(pvs={"a1": 0, "a2": 6 * G, "a3": 4 * G}))
    assert sorted(told(plan)) == [("large", "a1", "a3"), ("one", "a1", "a2"), ("two", "a1", "a2")]


def test_volumes_go_to_the_fullest_pv_that_can_take_them_where_that_comes_first() -> None:
    world = two_classes().pv("a3", cls="a").lv("web01", 4 * G, "a1").lv("db01", 3 * G, "a1").lv("x", 2 * G, "a3")
    policy = Policy(pvs={"a1": 4 * G})
    assert told(rebalance.plan(world.inventory(), policy)) == [("db01", "a1", "a2")]
    packed = replace(policy, rules=Rules(fullest=True))
    assert told(rebalance.plan(world.inventory(), packed)) == [("db01", "a1", "a3")]


def test_sizes_for_which_the_least_sum_takes_too_long_are_planned_all_the_same() -> None:
    world = World().pv("a1", size=2**18 * G, cls="a").pv("a2", size=2**18 * G, cls="a")
    for number in range(24):
        world.lv(f"vm{number:02}", 8192 * G + number * EXTENT, "a1")
    plan = rebalance.plan(world.inventory(), Policy(pvs={"a1": 8 * 8192 * G}))
    assert (len(plan.moves), plan.unmet) == (17, ())


@dataclass(frozen=True)
class Case:
    """A world and what shall hold in it."""

    world: Inventory
    policy: Policy


@st.composite
def cases(draw: st.DrawFn, most: int = 9) -> Case:
    """Make four PVs of two classes, volumes on one or two of them, and rules."""
    world = World()
    for name in PVS:
        world.pv(name, cls=name[0], size=10 * 4 * EXTENT, cordoned=draw(st.sampled_from([False, False, False, True])))
    free = dict.fromkeys(PVS, 40)
    names = []
    for number in range(draw(st.integers(0, most))):
        on = draw(st.lists(st.sampled_from(PVS), min_size=1, max_size=2, unique=True))
        count = draw(st.integers(1, 12))
        if all(free[pv] >= count for pv in on):
            names.append(f"vm{number}")
            layout = draw(st.sampled_from(["linear", "linear", "striped"])) if len(on) == 2 else "linear"
            world.lv(names[-1], count * len(on) * EXTENT, on, layout=layout)
            free |= {pv: free[pv] - count for pv in on}
    some = st.lists(st.sampled_from(names), max_size=3, unique=True) if names else st.just([])
    limits = st.integers(0, 40).map(lambda count: count * EXTENT)
    amounts = st.builds(
        lambda count, share: Amount(Fraction(count, 80)) if share else Amount(size=count * EXTENT),
        st.integers(1, 80),
        st.booleans(),
    )
    levels = st.builds(Levels, block=st.none() | amounts, reserve=st.none() | amounts)
    rules = Rules(
        draw(st.dictionaries(st.sampled_from("ab"), st.integers(0, 50).map(lambda count: count * EXTENT), max_size=2)),
        draw(st.lists(some.filter(lambda group: len(group) != 1), max_size=2)),
    )
    policy = Policy(
        rules,
        draw(st.dictionaries(st.sampled_from(PVS), limits, max_size=4)),
        draw(st.dictionaries(st.sampled_from("ab"), levels, max_size=2)),
        draw(st.sampled_from([(), ("a", "b"), ("b",)])),
        dict.fromkeys(draw(some), "it shall stay"),
    )
    return Case(world.inventory(), policy)


def borne(world: Inventory, name: str) -> int:
    """Count the bytes on the PVs of a class."""
    return sum(lv.on(pv.uuid) for lv in world.lvs for pv in world.pvs if pv.storage_class == name) * EXTENT


def spare(world: Inventory, name: str) -> int:
    """Count what is free on the PVs of a class that take new extents."""
    return sum(pv.free for pv in world.pvs if pv.storage_class == name and pv.allocatable)


def obeys(world: Inventory, policy: Policy, moves: tuple[Move, ...]) -> set[Need]:
    """Make the moves one by one, each checked by counting anew what lies where; give what is out of policy then."""
    for move in moves:
        lv = world.lv(move.vm)
        assert lv is not None
        assert lv.on(move.source) * EXTENT == move.size > 0
        before = set(Burden(world, policy).needs())
        world = rebalance.moved(world, [move])
        target = world.pv(move.target)
        assert target is not None
        assert target.allocatable
        assert target.free >= 0
        assert target.allocated <= policy.pvs.get(move.target, target.size)
        if target.storage_class != move.source[0]:
            used, free = borne(world, target.storage_class), spare(world, target.storage_class)
            levels = policy.classes.get(target.storage_class, Levels())
            assert used <= (levels.block.full(used + free) if levels.block else used)
            assert free >= (levels.reserve.part(used + free) if levels.reserve else 0)
            assert free >= policy.rules.reserve.get(target.storage_class, 0)
        there = {other.name for other in world.lvs if other.on(move.target)}
        for group in policy.rules.apart:
            assert move.vm not in group or not set(group) & there - {move.vm}
        assert set(Burden(world, policy).needs()) <= before
        now = [run.pv for run in (world.lv(move.vm) or lv).extents]
        assert len(now) == len(set(now)) or lv.layout == ("linear",)
    return set(Burden(world, policy).needs())


@given(cases())
@settings(max_examples=400)
def test_no_move_breaks_a_rule_and_what_is_left_is_told(case: Case) -> None:
    plan = rebalance.plan(case.world, case.policy)
    left = obeys(case.world, case.policy, plan.moves)
    assert left == {unmet.need for unmet in plan.unmet}
    assert not case.policy.fixed.keys() & {move.vm for move in plan.moves}
    assert left <= set(Burden(case.world, case.policy).needs())


@given(cases())
@settings(max_examples=400)
def test_each_move_is_needed(case: Case) -> None:
    plan = rebalance.plan(case.world, case.policy)
    left = {unmet.need for unmet in plan.unmet}
    for move in plan.moves:
        rest = [each for each in plan.moves if each is not move]
        if rebalance.holds(case.world, case.policy, rest) is None:
            assert not obeys(case.world, case.policy, tuple(rest)) <= left, move


@given(cases())
@settings(max_examples=400)
def test_made_and_planned_again_nothing_is_left_to_do(case: Case) -> None:
    plan = rebalance.plan(case.world, case.policy)
    again = rebalance.plan(rebalance.moved(case.world, plan.moves), case.policy)
    assert again.moves == ()
    assert {unmet.need for unmet in again.unmet} == {unmet.need for unmet in plan.unmet}


@given(cases())
@settings(max_examples=200)
def test_no_volume_is_moved_twice_and_the_order_of_the_report_is_nothing_to_it(case: Case) -> None:
    plan = rebalance.plan(case.world, case.policy)
    gone = {(move.vm, move.target) for move in plan.moves} & {(move.vm, move.source) for move in plan.moves}
    assert not gone
    turned = type(case.world)(
        **{
            **{name: getattr(case.world, name) for name in case.world.__struct_fields__},
            "pvs": case.world.pvs[::-1],
            "lvs": case.world.lvs[::-1],
        }
    )
    assert rebalance.plan(turned, case.policy) == plan


@given(cases(most=5), st.sampled_from(PVS), st.integers(0, 30))
@settings(max_examples=200)
def test_one_pv_is_relieved_with_the_least_bytes_that_any_moves_can(case: Case, pv: str, most: int) -> None:
    policy = Policy(pvs={pv: most * EXTENT})
    plan = rebalance.plan(case.world, policy)
    there = {lv.name: lv.on(pv) * EXTENT for lv in case.world.lvs if lv.on(pv)}
    targets = [other for other in PVS if other != pv and other[0] == pv[0]]
    best = None
    for chosen in chain.from_iterable(combinations(there, count) for count in range(len(there) + 1)):
        for onto in product(targets, repeat=len(chosen)):
            moves = [Move(vm, pv, target, there[vm]) for vm, target in zip(chosen, onto, strict=True)]
            if rebalance.holds(case.world, policy, moves) is None and not obeys(case.world, policy, tuple(moves)):
                size = sum(move.size for move in moves)
                best = size if best is None else min(best, size)
    assert (plan.size if not plan.unmet else None) == best


@pytest.mark.parametrize("number", [200])
def test_many_volumes_are_planned_quickly_and_exactly(number: int) -> None:
    world = World().pv("a1", size=4096 * G, cls="a").pv("a2", size=4096 * G, cls="a")
    for each in range(number):
        world.lv(f"vm{each:03}", (7 + each % 13) * G, "a1")
    made = world.inventory()
    used = sum(lv.size for lv in made.lvs)
    plan = rebalance.plan(made, Policy(pvs={"a1": used - 500 * G}))
    assert (plan.size, plan.unmet) == (500 * G, ())


@pytest.mark.parametrize("number", [100, 200, 400])
def test_what_planning_takes_follows_the_number_of_moves(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    for pv in range(number // 10):
        world.pv(f"a{pv:02}", 200 * G, "a").pv(f"b{pv:02}", 200 * G, "b")
        for each in range(10):
            world.lv(f"vm{pv:02}-{each}", (5 + each) * G, f"a{pv:02}")
    made = world.inventory()
    pairs = tuple((f"vm{pv:02}-8", f"vm{pv:02}-9") for pv in range(number // 10))
    made_so_far: list[Move] = []
    shift = Burden.shift

    def counted(burden: Burden, move: Move) -> None:
        made_so_far.append(move)
        shift(burden, move)

    monkeypatch.setattr(Burden, "shift", counted)
    plan = rebalance.plan(
        made,
        Policy(
            Rules(apart=pairs),
            {pv.uuid: 60 * G for pv in made.pvs},
            {"a": up_to(4 * number * G, number // 10 * 200 * G)},
        ),
    )
    assert len(plan.moves) > number // 4
    assert plan.unmet == ()
    assert len(made_so_far) < 10 * number
