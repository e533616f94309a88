"""Placement: never more than there is, never where nothing may go, and every byte somewhere."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.worlds import EXTENT, G, World
from vmstore.errors import NoRoom, NotFound, Refused
from vmstore.model import Inventory
from vmstore.policies import placement
from vmstore.policies.placement import Room

rooms = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 100 * G), max_size=6)


@given(rooms, st.integers(1, 300 * G))
def test_every_byte_is_placed_and_never_more_than_is_free(free: dict[str, int], size: int) -> None:
    taken = placement.fill(Room(free), size)
    if taken is None:
        assert sum(free.values()) < size
        return
    assert sum(taken.values()) == size
    assert all(0 < part <= free[pv] for pv, part in taken.items())
    left = Room(free).less(taken)
    assert left.total == sum(free.values()) - size
    assert min(left.free.values()) >= 0


@given(rooms, st.integers(1, 300 * G))
def test_as_few_pvs_as_possible_are_used(free: dict[str, int], size: int) -> None:
    taken = placement.fill(Room(free), size)
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
        chosen = placement.choose(
            extents * EXTENT, [placement.by_class(world, name) for name in placement.preferred(world, order)]
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
    assert placement.choose(12 * G, [placement.by_class(world, "fc")]) == {"b": 12 * G}


def test_what_does_not_fit_on_one_is_split_the_largest_first(world: Inventory) -> None:
    assert placement.choose(20 * G, [placement.by_class(world, "fc")]) == {"b": 16 * G, "a": 4 * G}


def test_of_two_pvs_alike_the_first_by_name_is_taken() -> None:
    world = World().pv("b", 10 * G).pv("a", 10 * G).inventory()
    assert placement.choose(1 * G, [world.pvs]) == {"a": 1 * G}


def test_the_first_set_with_room_is_taken(world: Inventory) -> None:
    sets = [placement.by_class(world, name) for name in ("fc", "iscsi")]
    assert placement.choose(30 * G, sets) == {"c": 30 * G}


@pytest.mark.parametrize(
    ("order", "classes"), [((), ["iscsi", "fc"]), (("fc",), ["fc", "iscsi"]), (("gold", "nosuch"), ["iscsi", "fc"])]
)
def test_preferred_classes_come_first_and_the_others_by_their_room(
    world: Inventory, order: tuple[str, ...], classes: list[str]
) -> None:
    assert placement.preferred(world, order) == classes


def test_no_room_says_what_each_class_has_left(world: Inventory) -> None:
    with pytest.raises(NoRoom, match="no room for 100 GiB") as caught:
        placement.choose(100 * G, [placement.by_class(world, name) for name in ("fc", "iscsi")])
    assert caught.value.why == "class fc has 26 GiB free; class iscsi has 40 GiB free"


def test_no_room_on_nothing_says_that_no_pv_takes_any() -> None:
    with pytest.raises(NoRoom) as caught:
        placement.choose(1, [])
    assert caught.value.why == "no PV takes new extents"


def test_a_class_that_no_pv_has_is_not_found(world: Inventory) -> None:
    with pytest.raises(NotFound) as caught:
        placement.by_class(world, "sas")
    assert "class fc, gold, iscsi" in caught.value.why


def test_a_class_whose_pvs_are_all_cordoned_is_refused(world: Inventory) -> None:
    with pytest.raises(Refused, match="no PV of class gold"):
        placement.by_class(world, "gold")


def test_a_pv_that_bears_a_part_already_comes_first() -> None:
    room = Room({"a": 5, "b": 9, "c": 9})
    assert placement.fill(room, 4, {"a"}) == {"a": 4}
    assert placement.fill(room, 8, {"a", "x"}) == {"a": 5, "b": 3}
    assert placement.fill(room, 8) == {"b": 8}
