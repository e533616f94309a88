"""Placement: never more than there is, never where nothing may go, and every byte somewhere."""

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.worlds import EXTENT, G, World
from vmstore.config import Placement
from vmstore.errors import NoRoom, NotFound, Refused
from vmstore.model import Inventory, PhysicalVolume
from vmstore.policies import placement
from vmstore.policies.placement import Room, Rules

rooms = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 100 * G), max_size=6)


def choose(
    world: Inventory, size: int, *sets: Sequence[PhysicalVolume], vm: str = "web01", rules: Rules | None = None
) -> dict[str, int]:
    """Choose PVs for a VM."""
    return placement.choose(world, vm, size, sets, rules or Rules())


@given(rooms, st.integers(1, 300 * G), st.booleans())
def test_every_byte_is_placed_and_never_more_than_is_free(free: dict[str, int], size: int, fullest: bool) -> None:
    taken = placement.fill(Room(free), size, fullest=fullest)
    if taken is None:
        assert sum(free.values()) < size
        return
    assert sum(taken.values()) == size
    assert all(0 < part <= free[pv] for pv, part in taken.items())
    left = Room(free).less(taken)
    assert sum(left.free.values()) == sum(free.values()) - size
    assert min(left.free.values()) >= 0


@given(rooms, st.integers(1, 300 * G), st.booleans())
def test_as_few_pvs_as_possible_are_used(free: dict[str, int], size: int, fullest: bool) -> None:
    taken = placement.fill(Room(free), size, fullest=fullest)
    if taken is not None:
        largest = sorted(free.values(), reverse=True)
        assert sum(largest[: len(taken) - 1]) < size


@given(
    st.lists(
        st.tuples(
            st.integers(1, 50), st.sampled_from(["fc", "iscsi", "sas"]), st.booleans(), st.booleans(), st.booleans()
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 120),
    st.lists(st.sampled_from(["fc", "iscsi", "sas", "gold"]), unique=True),
)
def test_nothing_goes_onto_a_pv_that_is_cordoned_missing_or_being_emptied(
    pvs: list[tuple[int, str, bool, bool, bool]], extents: int, order: list[str]
) -> None:
    made = World()
    for number, (size, cls, cordoned, missing, emptied) in enumerate(pvs):
        lease = "n1:20260101T000000Z" if emptied else ""
        made.pv(f"pv{number}", size * EXTENT, cls, cordoned=cordoned, missing=missing, lease=lease)
    world = made.inventory()
    with suppress(NoRoom):
        chosen = choose(
            world, extents * EXTENT, *(placement.by_class(world, name) for name in placement.preferred(world, order))
        )
        assert sum(chosen.values()) == extents * EXTENT
        for uuid, part in chosen.items():
            pv = world.pv(uuid)
            assert pv is not None
            assert not (pv.cordoned or pv.missing or pv.leases)
            assert part <= pv.free
        assert len({pv.storage_class for pv in world.pvs if pv.uuid in chosen}) == 1


@pytest.fixture
def world() -> Inventory:
    """Give two classes with different room."""
    made = World().pv("a", 10 * G).pv("b", 20 * G).pv("c", 40 * G, "iscsi").pv("d", 5 * G, "gold", cordoned=True)
    return made.lv("x", 4 * G, "b").inventory()


def test_all_goes_onto_the_pv_with_most_room(world: Inventory) -> None:
    assert choose(world, 12 * G, placement.by_class(world, "fc")) == {"b": 12 * G}


def test_what_does_not_fit_on_one_is_split_the_largest_first(world: Inventory) -> None:
    assert choose(world, 20 * G, placement.by_class(world, "fc")) == {"b": 16 * G, "a": 4 * G}


def test_of_two_pvs_alike_the_first_by_name_is_taken() -> None:
    world = World().pv("b", 10 * G).pv("a", 10 * G).inventory()
    assert choose(world, 1 * G, world.pvs) == {"a": 1 * G}


def test_the_first_set_with_room_is_taken(world: Inventory) -> None:
    sets = [placement.by_class(world, name) for name in ("fc", "iscsi")]
    assert choose(world, 30 * G, *sets) == {"c": 30 * G}


@pytest.mark.parametrize(
    ("order", "classes"), [((), ["iscsi", "fc"]), (("fc",), ["fc", "iscsi"]), (("gold", "nosuch"), ["iscsi", "fc"])]
)
def test_preferred_classes_come_first_and_the_others_by_their_room(
    world: Inventory, order: tuple[str, ...], classes: list[str]
) -> None:
    assert placement.preferred(world, order) == classes


def test_no_room_says_what_each_class_has_left(world: Inventory) -> None:
    with pytest.raises(NoRoom, match="no room for 100 GiB") as caught:
        choose(world, 100 * G, *(placement.by_class(world, name) for name in ("fc", "iscsi")))
    assert caught.value.why == "class fc has 26 GiB free; class iscsi has 40 GiB free"


def test_no_room_on_nothing_says_that_no_pv_takes_any() -> None:
    with pytest.raises(NoRoom) as caught:
        choose(World().pv("a").inventory(), 1)
    assert caught.value.why == "no PV takes new extents"


def test_a_class_that_no_pv_has_is_not_found(world: Inventory) -> None:
    with pytest.raises(NotFound) as caught:
        placement.by_class(world, "sas")
    assert "class fc, gold, iscsi" in caught.value.why


def test_a_class_whose_pvs_are_all_cordoned_is_refused(world: Inventory) -> None:
    with pytest.raises(Refused, match="no PV of class gold"):
        placement.by_class(world, "gold")


def test_the_fullest_first_keeps_large_rooms_whole(world: Inventory) -> None:
    fullest = Rules(fullest=True)
    fc = placement.by_class(world, "fc")
    assert choose(world, 8 * G, fc, rules=fullest) == {"a": 8 * G}
    assert choose(world, 12 * G, fc, rules=fullest) == {"b": 12 * G}
    # What none can take goes on as few as possible, and its rest where it fits most closely.
    assert choose(world, 24 * G, fc, rules=fullest) == {"b": 16 * G, "a": 8 * G}
    assert placement.fill(Room({"a": 9, "b": 3, "c": 6}), 12, fullest=True) == {"a": 9, "b": 3}
    assert placement.fill(Room({"a": 2, "b": 6, "c": 9}), 8, {"a"}, fullest=True) == {"a": 2, "b": 6}


def test_a_volume_that_may_not_be_spread_lies_on_one_pv_or_there_is_no_room(world: Inventory) -> None:
    whole = Rules(spread=False)
    fc = placement.by_class(world, "fc")
    assert choose(world, 16 * G, fc, rules=whole) == {"b": 16 * G}
    with pytest.raises(NoRoom) as caught:
        choose(world, 17 * G, fc, rules=whole)
    assert caught.value.why == "class fc has 26 GiB free; no volume is spread over more PVs ([placement])"
    # It grows where it lies and nowhere else, also where it lies on several already.
    assert choose(world, 16 * G, fc, vm="x", rules=whole) == {"b": 16 * G}
    with pytest.raises(NoRoom):
        choose(world, 17 * G, fc, vm="x", rules=whole)
    both = World().pv("a", 10 * G).pv("b", 5 * G).pv("c", 40 * G).lv("x", 2 * G, "a b").inventory()
    assert choose(both, 11 * G, both.pvs, vm="x", rules=whole) == {"a": 9 * G, "b": 2 * G}


@given(rooms, st.integers(1, 300 * G), st.sets(st.text("abcdef", min_size=1, max_size=1)), st.integers(0, 2))
def test_no_volume_comes_to_lie_on_more_pvs_than_it_may(
    free: dict[str, int], size: int, own: set[str], more: int
) -> None:
    taken = placement.fill(Room(free), size, own, more=more)
    there = sum(left for pv, left in free.items() if pv in own)
    others = sorted((left for pv, left in free.items() if pv not in own), reverse=True)[:more]
    assert (taken is not None) == (there + sum(others) >= size)
    assert taken is None or len(taken.keys() - own) <= more


def test_the_settings_say_which_comes_first_and_whether_volumes_are_spread() -> None:
    assert Rules.of(Placement()) == Rules() == Rules(fullest=False, spread=True)
    assert Rules.of(Placement(first="fullest", spread=False)) == Rules(fullest=True, spread=False)


def test_a_pv_that_bears_a_part_already_comes_first() -> None:
    room = Room({"a": 5, "b": 9, "c": 9})
    assert placement.fill(room, 4, {"a"}) == {"a": 4}
    assert placement.fill(room, 8, {"a", "x"}) == {"a": 5, "b": 3}
    assert placement.fill(room, 8) == {"b": 8}


def test_a_reserve_is_never_given_away(world: Inventory) -> None:
    rules = Rules(reserve={"fc": 10 * G})
    assert choose(world, 16 * G, placement.by_class(world, "fc"), rules=rules) == {"b": 16 * G}
    with pytest.raises(NoRoom) as caught:
        choose(world, 17 * G, placement.by_class(world, "fc"), rules=rules)
    assert caught.value.why == "class fc has 26 GiB free; 10 GiB of class fc stay free ([placement])"
    assert choose(world, 40 * G, placement.by_class(world, "iscsi"), rules=rules) == {"c": 40 * G}


def test_a_reserve_larger_than_the_room_leaves_nothing(world: Inventory) -> None:
    with pytest.raises(NoRoom):
        choose(world, EXTENT, placement.by_class(world, "fc"), rules=Rules(reserve={"fc": 100 * G}))


@given(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from(("fc", "iscsi"))), min_size=1, max_size=5),
    st.integers(0, 60),
    st.lists(st.integers(1, 40), max_size=6),
)
def test_whatever_is_given_out_the_reserve_stays(pvs: list[tuple[int, str]], reserve: int, wanted: list[int]) -> None:
    made = World()
    for number, (size, cls) in enumerate(pvs):
        made.pv(f"pv{number}", size * EXTENT, cls)
    world = made.inventory()
    rules = Rules(reserve={"fc": reserve * EXTENT})
    room = rules.room(world, world.pvs)
    total = {name: sum(pv.free for pv in world.pvs if pv.storage_class == name) for name in ("fc", "iscsi")}
    for extents in wanted:
        taken = placement.fill(room, extents * EXTENT)
        if taken is None:
            left = sum(max(0, room.most(pv)) for pv in room.free)
            assert extents * EXTENT > min(left, max(0, total["fc"] - reserve * EXTENT) + total["iscsi"])
            continue
        for uuid, part in taken.items():
            total[room.of[uuid]] -= part
        room = room.less(taken)
    assert total["iscsi"] >= 0
    assert total["fc"] >= 0
    given_out = total["fc"] < sum(pv.free for pv in world.pvs if pv.storage_class == "fc")
    assert not given_out or total["fc"] >= reserve * EXTENT


def test_vms_that_lie_apart_share_no_pv() -> None:
    made = World().pv("a", 10 * G).pv("b", 5 * G).lv("web01", G, "a").lv("web02", G, "b").lv("other", G, "a")
    world = made.inventory()
    rules = Rules(apart=(("web01", "web02", "web03"), ("other", "web02")))
    assert choose(world, G, world.pvs, vm="web02", rules=rules) == {"b": G}
    assert choose(world, G, world.pvs, vm="free", rules=rules) == {"a": G}
    with pytest.raises(NoRoom) as caught:
        choose(world, G, world.pvs, vm="web03", rules=rules)
    assert "web03 lies apart from web01, web02" in caught.value.why
    # More of a volume where it lies already makes nothing worse.
    assert choose(world, G, world.pvs, vm="other", rules=rules) == {"a": G}


def test_a_class_that_may_give_little_does_not_split_what_another_can_take_whole() -> None:
    room = Room({"a": 100, "b": 50}, {"fc": 5}, {"a": "fc", "b": "iscsi"})
    assert placement.fill(room, 10) == {"b": 10}


def test_a_reserve_leaves_whole_extents() -> None:
    made = World().pv("a", 10 * EXTENT).pv("b", 10 * EXTENT, "iscsi")
    world = made.inventory()
    room = Rules(reserve={"fc": 3 * EXTENT - 1}).room(world, world.pvs)
    assert room.most("a") == 7 * EXTENT
