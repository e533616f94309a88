"""Planning a new volume: which steps, on which node and PVs, and every refusal."""

from typing import Any

import pytest

from tests.support.worlds import EXTENT, G, World
from vmstore.errors import ClusterUnusable, NoRoom, Refused, UsageError, VmstoreError
from vmstore.jobs.activation_steps import Deactivate
from vmstore.jobs.lock_steps import StartLocks
from vmstore.jobs.plan_create import Create, create
from vmstore.jobs.volume_steps import MakeFileSystem, MakeVolume, RemoveVolume, Rename
from vmstore.policies.placement import Rules


def wish(**more: Any) -> Create:
    """Ask for web01 of 1 GiB."""
    asked: dict[str, Any] = {
        "vm": "web01",
        "size": 1 * G,
        "fstype": "ext4",
        "reserved_percent": 0,
        "storage_class": "",
        "pvs": (),
        "activate": False,
        "preference": (),
        "rules": Rules(),
        "knows_autoactivation": True,
    }
    return Create(**(asked | more))


@pytest.fixture
def made() -> World:
    """Give two classes of PVs."""
    return World().pv("a").pv("b", 20 * G).pv("c", 40 * G, "iscsi")


def kinds(steps: list[Any]) -> list[type]:
    """Name the kinds of steps."""
    return [type(step) for step in steps]


def test_it_is_made_under_another_name_and_gets_its_own_last(made: World) -> None:
    steps = create(made.inventory(), wish())
    assert kinds(steps) == [MakeVolume, MakeFileSystem, Deactivate, Rename]
    assert [getattr(step, "lv", "") for step in steps] == ["web01+new"] * 4
    assert steps[-1].new == "web01"  # type: ignore[attr-defined]
    assert {step.commands()[0].node for step in steps} == {"n1"}


def test_activate_leaves_out_the_deactivation(made: World) -> None:
    assert kinds(create(made.inventory(), wish(activate=True))) == [MakeVolume, MakeFileSystem, Rename]


@pytest.mark.parametrize(
    ("asked", "pvs"),
    [
        ({}, ("/dev/c",)),
        ({"preference": ("fc",)}, ("/dev/b",)),
        ({"storage_class": "fc"}, ("/dev/b",)),
        ({"pvs": ("a",)}, ("/dev/a",)),
        ({"pvs": ("a", "b"), "size": 25 * G}, ("/dev/b", "/dev/a")),
        ({"storage_class": "fc", "size": 30 * G}, ("/dev/b", "/dev/a")),
    ],
)
def test_the_place_is_as_asked_for(made: World, asked: dict[str, Any], pvs: tuple[str, ...]) -> None:
    step = create(made.inventory(), wish(**asked))[0]
    assert isinstance(step, MakeVolume)
    assert step.pvs == pvs
    assert step.extents * EXTENT == asked.get("size", 1 * G)


@pytest.mark.parametrize(("lock", "shared"), [("dlm", True), ("", False)])
def test_only_a_shared_vg_asks_for_exclusive_activation(lock: str, shared: bool) -> None:
    step = create(World("n1", lock=lock).pv("a").inventory(), wish())[0]
    assert isinstance(step, MakeVolume)
    assert step.shared is shared


def test_what_is_there_in_that_size_needs_nothing(made: World) -> None:
    assert create(made.lv("web01", 1 * G, "a").inventory(), wish()) == []
    assert create(made.inventory(), wish(size=1 * G - EXTENT + 1)) == []


@pytest.mark.parametrize(("size", "hint"), [(2 * G, "grow web01 2G"), (G // 2, "volumes never shrink")])
def test_what_is_there_in_another_size_is_refused_with_the_way_out(made: World, size: int, hint: str) -> None:
    with pytest.raises(Refused, match="has a volume already") as caught:
        create(made.lv("web01", 1 * G, "a").inventory(), wish(size=size))
    assert hint in caught.value.hint


def test_a_half_is_thrown_away_where_it_is_active(made: World) -> None:
    steps = create(made.lv("web01+new", 1 * G, "a", active="n2").inventory(), wish())
    assert kinds(steps)[:3] == [Deactivate, RemoveVolume, MakeVolume]
    assert {step.commands()[0].node for step in steps} == {"n2"}


def test_the_room_of_a_half_counts_as_free(made: World) -> None:
    world = made.lv("web01+new", 40 * G, "c").inventory()
    step = create(world, wish(size=40 * G, storage_class="iscsi"))[1]
    assert isinstance(step, MakeVolume)
    assert step.pvs == ("/dev/c",)


@pytest.mark.parametrize(
    ("change", "asked", "error", "says"),
    [
        (lambda w: w.pv("d", cordoned=True), {"pvs": ("d",)}, Refused, "/dev/d takes no new volumes"),
        (lambda w: w, {"pvs": ("a",), "storage_class": "iscsi"}, UsageError, "not of class iscsi"),
        (lambda w: w, {"size": 41 * G}, NoRoom, "no room for 41 GiB"),
        (lambda w: w, {"pvs": ("a",), "size": 11 * G}, NoRoom, "no room for 11 GiB"),
        (lambda w: w.pv("d", missing=True), {}, Refused, "is missing"),
        (lambda w: w.lv("web01+new", 1 * G, "a", active="n1 n2"), {}, Refused, "active on several nodes"),
    ],
)
def test_what_cannot_be_is_refused(
    made: World, change: Any, asked: dict[str, Any], error: type[VmstoreError], says: str
) -> None:
    with pytest.raises(error, match=says):
        create(change(made).inventory(), wish(**asked))


def test_a_node_without_lvmlockd_changes_nothing() -> None:
    with pytest.raises(ClusterUnusable, match="lvmlockd does not run on n1"):
        create(World(daemons={"n1": frozenset()}).pv("a").inventory(), wish())


def test_a_lock_space_that_lacks_is_started_first() -> None:
    steps = create(World(lockspaces={"n1": frozenset({"other"})}).pv("a").inventory(), wish())
    assert [str(command) for command in steps[0].commands()] == ["n1: vgchange --lockstart vmstore"]
    assert not any(isinstance(step, StartLocks) for step in steps[1:])


def test_without_cluster_locks_no_daemon_is_needed() -> None:
    assert create(World("n1", lock="", daemons={"n1": frozenset()}).pv("a").inventory(), wish())


@pytest.mark.parametrize("others", [{}, {"silent": {"n2": "gone"}}, {"absent": frozenset({"n2"})}])
def test_nodes_that_share_a_vg_without_cluster_locks_change_nothing(others: dict[str, Any]) -> None:
    """Two of them would write its metadata, or mount a volume, at once."""
    with pytest.raises(Refused, match="vmstore is not shared"):
        create(World("n1 n2", lock="", **others).pv("a").inventory(), wish())


def test_a_half_that_a_silent_node_may_hold_is_not_touched(made: World) -> None:
    made.lv("web01+new", 1 * G, "a")
    made.silent = {"n2": "does not answer (gone)"}
    with pytest.raises(ClusterUnusable, match=r"who holds web01\+new is not known"):
        create(made.inventory(), wish())


def test_a_pv_that_the_node_does_not_see_is_refused(made: World) -> None:
    made.unseen = frozenset({("n1", "c")})
    with pytest.raises(Refused, match="n1 does not see the PV /dev/c"):
        create(made.inventory(), wish())
