"""Planning growth: to which size, where, in which steps, and every refusal."""

from typing import Any

import pytest

from tests.support.worlds import EXTENT, G, M, World
from vmstore.errors import ClusterUnusable, NoRoom, Refused, VmstoreError
from vmstore.jobs import plan_grow
from vmstore.jobs.activation_steps import Activate, Deactivate
from vmstore.jobs.step import Step
from vmstore.jobs.volume_steps import CheckFileSystem, ExtendVolume, ResizeFileSystem
from vmstore.model import Inventory, LogicalVolume
from vmstore.policies.placement import Rules
from vmstore.sizes import Growth
from vmstore.tools.fs import Superblock

GROUP = 128 * M
CHECKED = [CheckFileSystem, ExtendVolume, ResizeFileSystem]


def block(size: int) -> Superblock:
    """Make a superblock."""
    return Superblock(size, 4096, GROUP, True)


def web01(world: Inventory) -> LogicalVolume:
    """Find the volume."""
    lv = world.lv("web01")
    assert lv is not None
    return lv


def plan(made: World, size: int, filesystem: int | None = None) -> list[Step]:
    """Plan growing web01 to a size."""
    world = made.inventory()
    return plan_grow.grow(world, web01(world), size, block(filesystem) if filesystem else None, Rules())


def kinds(steps: list[Step]) -> list[type]:
    """Name the kinds of steps."""
    return [type(step) for step in steps]


@pytest.fixture
def made() -> World:
    """Give two fc PVs and one iscsi PV."""
    return World().pv("a").pv("b", 20 * G).pv("c", 40 * G, "iscsi")


@pytest.mark.parametrize(
    ("text", "filesystem", "size"),
    [
        ("+1G", None, 9 * G),
        ("+1G", 8 * G, 9 * G),
        ("+1G", 8 * G - GROUP + 1, 9 * G),
        ("10G", 8 * G, 10 * G),
        ("8G", 8 * G, 8 * G),
        ("+1M", 8 * G, 8 * G + EXTENT),
        ("+1M", 8 * G - 2 * M, 8 * G + EXTENT),
        ("+2G", 6 * G, 8 * G),
        ("+2G", 5 * G, 7 * G),
        ("+2G", 7 * G, 10 * G),
    ],
)
def test_the_size_aimed_at_is_in_whole_extents_and_counts_from_the_file_system_of_a_growth_cut_off(
    made: World, text: str, filesystem: int | None, size: int
) -> None:
    world = made.lv("web01", 8 * G, "a").inventory()
    assert plan_grow.target(world, web01(world), Growth.parse(text), filesystem) == size


def test_a_smaller_size_is_refused(made: World) -> None:
    world = made.lv("web01", 8 * G, "a").inventory()
    with pytest.raises(Refused, match="would shrink from 8 GiB to 7 GiB"):
        plan_grow.target(world, web01(world), Growth.parse("7G"), 8 * G)


def test_mounted_it_is_extended_and_resized_where_it_is_held(made: World) -> None:
    steps = plan(made.lv("web01", 8 * G, "a", active="n2", mounted=True), 9 * G, 8 * G)
    assert kinds(steps) == [ExtendVolume, ResizeFileSystem]
    assert {step.commands()[0].node for step in steps} == {"n2"}


def test_active_and_not_mounted_it_is_checked_first_and_stays_active(made: World) -> None:
    assert kinds(plan(made.lv("web01", 8 * G, "a", active="n2"), 9 * G, 8 * G)) == CHECKED


def test_inactive_it_is_woken_and_left_asleep(made: World) -> None:
    steps = plan(made.lv("web01", 8 * G, "a"), 9 * G)
    assert kinds(steps) == [Activate, *CHECKED, Deactivate]
    assert {step.commands()[0].node for step in steps} == {"n1"}


def test_what_earlier_work_left_active_is_left_asleep(made: World) -> None:
    made.marks = {"n2": frozenset({"web01"})}
    assert kinds(plan(made.lv("web01", 8 * G, "a", active="n2"), 9 * G, 8 * G)) == [*CHECKED, Deactivate]
    assert kinds(plan(made, 8 * G, 8 * G)) == [Deactivate]


def test_a_file_system_that_fell_behind_is_grown_without_extending(made: World) -> None:
    made.lv("web01", 8 * G, "a", active="n2", mounted=True)
    assert kinds(plan(made, 8 * G, 7 * G)) == [ResizeFileSystem]
    assert plan(made, 8 * G, 8 * G - GROUP + 1) == []
    assert kinds(plan(made, 8 * G, 8 * G - GROUP)) == [ResizeFileSystem]


@pytest.mark.parametrize(
    ("size", "pvs"),
    [(9 * G, ("/dev/a",)), (10 * G, ("/dev/a",)), (11 * G, ("/dev/b",)), (30 * G, ("/dev/b", "/dev/a"))],
)
def test_new_extents_go_beside_the_old_ones_else_to_the_class(made: World, size: int, pvs: tuple[str, ...]) -> None:
    steps = plan(made.lv("web01", 8 * G, "a", active="n2", mounted=True), size, 8 * G)
    (extend,) = [step for step in steps if isinstance(step, ExtendVolume)]
    assert extend.pvs == pvs
    assert extend.extents * EXTENT == size


def test_no_room_in_the_class_is_told_once_a_class(made: World) -> None:
    with pytest.raises(NoRoom) as caught:
        plan(made.lv("web01", 8 * G, "a", active="n2", mounted=True), 60 * G, 8 * G)
    assert caught.value.why == "class fc has 22 GiB free"


@pytest.mark.parametrize(
    ("volume", "error", "says"),
    [
        ({"layout": "striped"}, Refused, "does not grow"),
        ({"layout": "raid,raid1"}, Refused, "does not grow"),
        ({"role": "public,origin,thickorigin"}, Refused, "does not grow"),
        ({"moving_in": ("pvmove0",)}, Refused, "is being moved"),
        ({"active": "n1 n2"}, Refused, "active on several nodes"),
        ({"active": "n1", "suspended": True}, Refused, "is suspended"),
        ({"active": "n1", "opens": 1}, Refused, "open on n1 but not mounted"),
    ],
)
def test_what_cannot_grow_is_refused(made: World, volume: dict[str, Any], error: type[VmstoreError], says: str) -> None:
    with pytest.raises(error, match=says):
        plan(made.lv("web01", 8 * G, "a", **volume), 9 * G, 8 * G)


def test_a_volume_that_a_silent_node_may_hold_is_not_touched(made: World) -> None:
    made.silent = {"n2": "does not answer (gone)"}
    with pytest.raises(ClusterUnusable, match="who holds web01 is not known") as caught:
        plan(made.lv("web01", 8 * G, "a"), 9 * G)
    assert caught.value.why == "n2 does not answer (gone)"
    assert "--offline n2" in caught.value.hint


def test_a_vg_with_a_missing_pv_is_not_changed(made: World) -> None:
    world = made.pv("d", missing=True).lv("web01", 8 * G, "a")
    with pytest.raises(Refused, match="is missing") as caught:
        plan(world, 9 * G)
    assert caught.value.hint.endswith("gone for good: vgreduce --removemissing vmstore (no volume is on it)")
    with pytest.raises(Refused, match="is missing") as caught:
        plan(world.lv("db01", G, "d"), 9 * G)
    assert caught.value.hint.endswith("--force, which removes what has a part on it: db01")


def test_the_holder_must_have_its_locks(made: World) -> None:
    made.daemons = {"n2": frozenset()}
    with pytest.raises(ClusterUnusable, match="lvmlockd does not run on n2"):
        plan(made.lv("web01", 8 * G, "a", active="n2", mounted=True), 9 * G, 8 * G)
