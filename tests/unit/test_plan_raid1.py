"""Planning moves by legs: the right engine for each volume, room for what LVM keeps of a leg, and back again."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.support.worlds import EXTENT, G, World
from vmstore.config import Move
from vmstore.errors import Refused
from vmstore.jobs import plan_abort, plan_grow, plan_pv, plan_remove
from vmstore.jobs.activation_steps import Activate, LeaveInactive
from vmstore.jobs.leg_steps import AddLeg, CloseAfterLegs, DropLeg, OpenForLegs
from vmstore.jobs.leg_sync import WaitInSync
from vmstore.jobs.mirror import MoveVolume
from vmstore.jobs.parts import Evacuate
from vmstore.jobs.plan_evacuate import evacuate
from vmstore.jobs.pv_steps import BeginEvacuation, EndEvacuation, SetAllocatable
from vmstore.jobs.step import Step
from vmstore.model import Inventory
from vmstore.policies import engines
from vmstore.policies.engines import Engine, Facts
from vmstore.policies.placement import Rules

TAG = "vmstore.evacuate=n1:20260102T120000Z"
WISH = Evacuate("src", (), (), False, TAG, Move(), engine=Engine.RAID1)


@pytest.fixture
def made() -> World:
    """Give a source and two more PVs of its class."""
    return World().pv("src", 20 * G, "iscsi").pv("i2", 20 * G, "iscsi").pv("i3", 20 * G, "iscsi")


def half_way(world: Inventory, *names: str) -> Inventory:
    """Have volumes that lie on the source and on others leave the source."""

    def leave(lv: Any) -> Any:
        changed = msgspec.structs.replace(lv, layout=("raid", "raid1"), leaving="src", size=lv.size // 2)
        return changed if lv.name in names else lv

    def noted(pv: Any) -> Any:
        tags = pv.tags | {f"vmstore.leg={name}" for name in names}
        return msgspec.structs.replace(pv, tags=tags) if pv.uuid == "src" else pv

    lvs, pvs = tuple(map(leave, world.lvs)), tuple(map(noted, world.pvs))
    return msgspec.structs.replace(world, lvs=lvs, pvs=pvs)


def kinds(steps: list[Step]) -> list[str]:
    """Name the steps by what they are."""
    return [type(step).__name__ for step in steps]


def test_a_batch_opens_the_pv_adds_legs_closes_it_waits_and_drops(made: World) -> None:
    made.lv("a", 2 * G, "src", active="n2", mounted=True).lv("b", 1 * G, "src")
    steps = evacuate(made.inventory(), WISH)
    assert kinds(steps) == [
        "BeginEvacuation",
        *("Activate", "OpenForLegs", "AddLeg", "AddLeg", "CloseAfterLegs"),
        *("WaitInSync", "DropLeg", "DropLeg", "LeaveInactive", "EndEvacuation"),
    ]
    assert [(step.lv, step.node) for step in steps if isinstance(step, AddLeg | DropLeg)] == [
        *(("b", "n1"), ("a", "n2")),
        *(("b", "n1"), ("a", "n2")),
    ]
    (wait,) = (step for step in steps if isinstance(step, WaitInSync))
    assert (wait.bytes, wait.moves) == (3 * G, ("b", "a"))
    end = steps[-1]
    assert isinstance(end, EndEvacuation)
    assert set(end.tags) == {TAG, "vmstore.leg=a", "vmstore.leg=b"}


def test_batches_follow_each_other_and_each_takes_the_notes_of_the_one_before(made: World) -> None:
    for name in "abcde":
        made.lv(name, G, "src", active="n1", mounted=True)
    steps = evacuate(made.inventory(), replace(WISH, move=Move(together=2)))
    opened = [step for step in steps if isinstance(step, OpenForLegs)]
    assert [step.lvs for step in opened] == [("a", "b"), ("c", "d"), ("e",)]
    assert [step.stale for step in opened] == [
        (),
        ("vmstore.leg=a", "vmstore.leg=b"),
        ("vmstore.leg=c", "vmstore.leg=d"),
    ]


def test_opening_is_taken_back_unless_the_pv_was_closed_again(made: World) -> None:
    steps = evacuate(made.lv("a", G, "src", active="n1", mounted=True).inventory(), WISH)
    (opened,) = (step for step in steps if isinstance(step, OpenForLegs))
    (closed,) = (step for step in steps if isinstance(step, CloseAfterLegs))
    assert opened.taken_back_in_doubt
    assert [command.argv for command in opened.undo()] == [("pvchange", "--allocatable", "n", "/dev/src")]
    assert closed.ends(opened)
    assert not closed.ends(closed)


def test_an_activation_is_over_once_the_volume_was_left_inactive(made: World) -> None:
    steps = evacuate(made.lv("a", G, "src").inventory(), WISH)
    (awake,) = (step for step in steps if isinstance(step, Activate))
    (asleep,) = (step for step in steps if isinstance(step, LeaveInactive))
    assert asleep.ends(awake)
    assert not LeaveInactive("n2", "vmstore", ("a",)).ends(awake)


def test_what_is_half_way_goes_on_first_and_needs_no_room_whatever_is_asked_for(made: World) -> None:
    made.lv("full", 19 * G, "i2").lv("full2", 18 * G, "i3")
    made.lv("small", EXTENT, "src").lv("begun", 2 * G, "src i2", active="n2", mounted=True)
    world = half_way(made.inventory(), "begun")
    steps = evacuate(world, replace(WISH, engine=None))
    assert kinds(steps) == ["BeginEvacuation", "WaitInSync", "DropLeg", "MoveVolume", "LeaveInactive", "EndEvacuation"]
    wait = steps[1]
    assert isinstance(wait, WaitInSync)
    assert (wait.detail, wait.legs[0].new, wait.legs[0].begun) == ("by raid1: it was begun so", ("/dev/i2",), True)
    drop = steps[2]
    assert isinstance(drop, DropLeg)
    assert [command.argv for command in drop.commands()] == [
        ("lvconvert", "--yes", "--mirrors", "0", "vmstore/begun", "/dev/src")
    ]


def test_half_way_and_new_ones_do_not_share_a_batch(made: World) -> None:
    made.lv("new", G, "src").lv("begun", 2 * G, "src i2", active="n2", mounted=True)
    steps = evacuate(half_way(made.inventory(), "begun"), WISH)
    assert [step.moves for step in steps if isinstance(step, WaitInSync)] == [("begun",), ("new",)]
    # The note of what is half-way stays until it is not.
    assert [step.stale for step in steps if isinstance(step, OpenForLegs)] == [("vmstore.leg=begun",)]


def test_a_leg_lies_apart_from_others_as_any_extents_do(made: World) -> None:
    made.lv("a", G, "src").lv("b", G, "src")
    steps = evacuate(made.inventory(), replace(WISH, rules=Rules(apart=[("a", "b")])))
    assert len({step.targets for step in steps if isinstance(step, AddLeg)}) == 2


@pytest.mark.parametrize(
    ("facts", "engine", "why"),
    [
        (Facts(idle=True), Engine.RAID1, "as asked for"),
        (Facts(idle=True, begun=Engine.MIRROR), Engine.MIRROR, "it was begun so"),
        (Facts(idle=True, linear=False), Engine.MIRROR, "linear volumes only"),
        (Facts(idle=True, wholly=False), Engine.MIRROR, "another PV"),
        (Facts(idle=True, room=False), Engine.MIRROR, "too few extents"),
        (Facts(idle=True, beyond=False), Engine.MIRROR, "no target"),
    ],
)
def test_the_choice_says_why(facts: Facts, engine: Engine, why: str) -> None:
    choice = engines.choose(Engine.RAID1, facts)
    assert choice.engine is engine
    assert why in choice.why
    # What is against a leg is nothing to the mirror.
    assert engines.choose(Engine.MIRROR, replace(facts, begun=None)).why == "as asked for"


@pytest.mark.parametrize(("extent", "count"), [(4 * 2**20, 1), (2**19, 1), (2**18, 2), (4096, 128)])
def test_metadata_takes_whole_extents(extent: int, count: int) -> None:
    assert engines.metas(extent) == count


@pytest.mark.parametrize(
    ("active", "steps"),
    [("n2", ["DropLeg"]), ("", ["Activate", "DropLeg", "LeaveInactive"])],
)
def test_giving_up_drops_the_new_leg_where_the_volume_is(made: World, active: str, steps: list[str]) -> None:
    made.lv("a", 2 * G, "src i3", active=active, mounted=bool(active)).lv("b", G, "src")
    world = half_way(made.inventory(), "a")
    ends = plan_abort.end_moves(world, world.pvs[0])
    assert kinds(ends) == steps
    drop = next(step for step in ends if isinstance(step, DropLeg))
    assert (drop.node, drop.devices, drop.first) == (active or "n1", ("/dev/i3",), False)
    given_up = plan_abort.give_up(world, world.pvs[0], cordoned=False, patience=300)
    assert "--deltag vmstore.leg=a" in str(given_up[-1].commands()[0])


def test_a_volume_that_is_half_way_is_neither_grown_nor_removed_nor_moved_elsewhere(made: World) -> None:
    world = half_way(made.lv("a", 2 * G, "src i3").inventory(), "a")
    lv = world.lvs[0]
    with pytest.raises(Refused, match="a is being moved"):
        plan_grow.grow(world, lv, 9 * G, None, Rules())
    with pytest.raises(Refused, match="a is being moved"):
        plan_remove.remove(world, "a", wipe=False)
    with pytest.raises(Refused, match="a is being moved off another PV"):
        evacuate(world, replace(WISH, source="i3"))


def test_what_another_job_moves_by_a_leg_is_that_job_s_to_let_go_of(made: World) -> None:
    made.lv("theirs", 2 * G, "i2 i3", active="n1").lv("mine", 2 * G, "src i3", active="n1")
    made.marks["n1"] = frozenset({"theirs", "mine"})
    world = half_way(made.inventory(), "theirs", "mine")
    theirs = msgspec.structs.replace(world.lvs[0], leaving="i2")
    source = msgspec.structs.replace(world.pvs[0], tags=world.pvs[0].tags | {TAG})
    world = msgspec.structs.replace(world, lvs=(theirs, *world.lvs[1:]), pvs=(source, *world.pvs[1:]))
    ends = plan_abort.end_moves(world, source)
    assert {name for step in ends if isinstance(step, LeaveInactive) for name in step.lvs} == {"mine"}


def test_uncordoning_takes_the_notes_that_mean_nothing(made: World) -> None:
    made.lv("a", 2 * G, "src i3").lv("b", G, "src")
    world = made.inventory()
    source = msgspec.structs.replace(world.pvs[0], allocatable=False, tags=world.pvs[0].tags | {"vmstore.leg=b", TAG})
    (step,) = plan_pv.cordon(msgspec.structs.replace(world, pvs=(source, *world.pvs[1:])), "src", allocatable=True)
    assert isinstance(step, SetAllocatable)
    assert step.drop == (TAG, "vmstore.leg=b")


def test_a_pv_that_a_volume_is_half_way_off_is_not_opened(made: World) -> None:
    world = half_way(made.lv("a", 2 * G, "src i3").inventory(), "a")
    with pytest.raises(Refused, match="a is half-way off it") as refusal:
        plan_pv.cordon(world, "src", allocatable=True)
    assert "job abort" in refusal.value.hint
    assert plan_pv.cordon(world, "src", allocatable=False)


def test_the_end_is_not_there_before_the_notes_are_gone(made: World) -> None:
    end = EndEvacuation("n1", "vmstore", "/dev/src", "src", (TAG, "vmstore.leg=a"))
    assert end.done(made.inventory())
    assert not end.done(half_way(made.inventory(), "a"))


def test_without_a_wish_all_goes_by_the_mirror(made: World) -> None:
    steps = evacuate(made.lv("a", G, "src").inventory(), replace(WISH, engine=None))
    assert kinds(steps) == ["BeginEvacuation", "MoveVolume", "LeaveInactive", "EndEvacuation"]
    assert isinstance(steps[0], BeginEvacuation)
    assert isinstance(steps[1], MoveVolume)
    assert steps[1].detail == "by mirror: what is used of it is not known"


def test_what_goes_by_mirror_does_not_part_those_that_move_together(made: World) -> None:
    made.lv("a", G, "src").lv("b", 2 * G, "src i2").lv("c", 3 * G, "src").lv("d", G, "src", layout="striped")
    steps = evacuate(made.inventory(), replace(WISH, move=Move(last=("d",))))
    order = [step.moves for step in steps if step.moves]
    assert order == [("b",), ("a", "c"), ("d",)]
