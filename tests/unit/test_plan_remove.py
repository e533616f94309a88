"""Planning a removal: what goes in which order, and what is never touched."""

from typing import Any

import pytest

from tests.support.worlds import G, World
from vmstore.errors import ClusterUnusable, Refused
from vmstore.jobs.activation_steps import Activate, Deactivate
from vmstore.jobs.plan_remove import remove
from vmstore.jobs.volume_steps import RemoveVolume, Rename, ZeroVolume


@pytest.fixture
def made() -> World:
    """Give one PV."""
    return World().pv("a", 40 * G)


def kinds(made: World, *, wipe: bool = False) -> list[type]:
    """Plan and name the kinds of steps."""
    return [type(step) for step in remove(made.inventory(), "web01", wipe=wipe)]


def test_what_is_not_there_needs_nothing(made: World) -> None:
    assert kinds(made) == []


def test_an_inactive_volume_is_just_removed(made: World) -> None:
    assert kinds(made.lv("web01", G, "a")) == [RemoveVolume]


def test_wiping_renames_activates_zeroes_deactivates_and_removes(made: World) -> None:
    made.lv("web01", G, "a")
    assert kinds(made, wipe=True) == [Rename, Activate, ZeroVolume, Deactivate, RemoveVolume]
    steps = remove(made.inventory(), "web01", wipe=True)
    assert [getattr(step, "lv", "") for step in steps] == ["web01", *["web01+gone"] * 4]


def test_what_earlier_work_left_active_is_deactivated_there(made: World) -> None:
    made.marks = {"n2": frozenset({"web01"})}
    steps = remove(made.lv("web01", G, "a", active="n2").inventory(), "web01", wipe=False)
    assert [type(step) for step in steps] == [Deactivate, RemoveVolume]
    assert {step.commands()[0].node for step in steps} == {"n2"}


def test_a_rest_of_an_earlier_wipe_goes_first(made: World) -> None:
    made.lv("web01+gone", G, "a").lv("web01", G, "a")
    steps = remove(made.inventory(), "web01", wipe=False)
    assert [getattr(step, "lv", "") for step in steps] == ["web01+gone", "web01"]


@pytest.mark.parametrize(
    ("volume", "says"),
    [
        ({"active": "n2", "mounted": True}, "mounted on n2 at /vm/web01"),
        ({"active": "n2"}, "active on n2"),
        ({"active": "n2", "opens": 1}, "active on n2"),
        ({"active": "n1 n2"}, "a file system mounted twice"),
        ({"active": "n2", "suspended": True}, "takes no I/O"),
        ({"role": "public,origin,thickorigin"}, "it is a origin|it is an origin"),
        ({"layout": "thin,sparse"}, "its layout is thin,sparse"),
        ({"moving_in": ("pvmove0",)}, "pvmove copies it"),
    ],
)
def test_what_is_in_use_or_odd_is_refused(made: World, volume: dict[str, Any], says: str) -> None:
    world = made.lv("web01", G, "a", **volume).inventory()
    for wipe in (False, True):
        with pytest.raises(Refused) as caught:
            remove(world, "web01", wipe=wipe)
        assert any(word in caught.value.why for word in says.split("|"))


def test_a_mark_does_not_make_an_open_volume_idle(made: World) -> None:
    made.marks = {"n2": frozenset({"web01"})}
    with pytest.raises(Refused, match="in use"):
        remove(made.lv("web01", G, "a", active="n2", opens=1).inventory(), "web01", wipe=False)


def test_what_a_silent_node_may_hold_is_not_removed(made: World) -> None:
    made.silent = {"n2": "does not answer (gone)"}
    with pytest.raises(ClusterUnusable, match="who holds web01"):
        remove(made.lv("web01", G, "a").inventory(), "web01", wipe=False)


def test_a_vg_with_a_missing_pv_is_not_changed(made: World) -> None:
    with pytest.raises(Refused, match="is missing"):
        remove(made.pv("b", missing=True).lv("web01", G, "a").inventory(), "web01", wipe=False)
