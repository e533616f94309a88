"""Planning an evacuation: every volume moved where it is held, all of it fitting, and every refusal."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.worlds import EXTENT, G, M, World
from vmstore.config import Move
from vmstore.errors import ClusterUnusable, NoRoom, Refused, UsageError, VmstoreError
from vmstore.jobs.activation_steps import LeaveInactive
from vmstore.jobs.mirror import MoveVolume
from vmstore.jobs.parts import Evacuate
from vmstore.jobs.plan_evacuate import evacuate
from vmstore.jobs.pv_steps import BeginEvacuation, DropPv, EndEvacuation, SetAllocatable, WipeLabel
from vmstore.jobs.step import Step
from vmstore.policies.placement import Rules

WHOLE = Move(piece_mib=0)
TAG = "vmstore.evacuate=n1:20260102T120000Z"


def wish(**more: Any) -> Evacuate:
    """Ask for emptying the PV "src"."""
    asked: dict[str, Any] = {
        "source": "src",
        "targets": (),
        "classes": (),
        "remove": False,
        "lease": TAG,
        "move": Move(),
    }
    return Evacuate(**(asked | more))


def moves(steps: list[Step]) -> dict[str, MoveVolume]:
    """Give the moves by volume."""
    return {step.lv: step for step in steps if isinstance(step, MoveVolume)}


@pytest.fixture
def made() -> World:
    """Give a source, one more PV of its class, and two of another."""
    return World().pv("src", 20 * G, "iscsi").pv("i2", 20 * G, "iscsi").pv("f1", 10 * G).pv("f2", 20 * G)


def test_what_is_empty_is_cordoned(made: World) -> None:
    (step,) = evacuate(made.inventory(), wish())
    assert isinstance(step, SetAllocatable)
    assert step.allocatable is False


def test_a_pv_that_is_gone_needs_nothing() -> None:
    assert evacuate(World().pv("a").inventory(), wish()) == []


def test_each_volume_is_moved_where_it_is_held_between_mark_and_proof(made: World) -> None:
    made.lv("on1", 2 * G, "src", active="n1", mounted=True).lv("on2", 3 * G, "src", active="n2", mounted=True)
    made.lv("idle", 1 * G, "src").lv("spread", 8 * G, "src f1", active="n2", mounted=True).lv("other", G, "f1")
    steps = evacuate(made.inventory(), wish())
    assert isinstance(steps[0], BeginEvacuation)
    assert isinstance(steps[-1], EndEvacuation)
    told = {lv: (step.node, step.size, step.idle, step.targets) for lv, step in moves(steps).items()}
    assert told == {
        "idle": ("n1", 1 * G, True, ("/dev/i2",)),
        "on1": ("n1", 2 * G, False, ("/dev/i2",)),
        "on2": ("n2", 3 * G, False, ("/dev/i2",)),
        "spread": ("n2", 4 * G, False, ("/dev/i2",)),
    }
    assert list(moves(steps)) == ["idle", "on1", "on2", "spread"]


def test_remove_takes_the_pv_out_at_the_end(made: World) -> None:
    for world in (made.inventory(), made.lv("a", G, "src").inventory()):
        last = [step for step in evacuate(world, wish(remove=True)) if not isinstance(step, MoveVolume)][-2:]
        assert [type(step) for step in last] == [DropPv, WipeLabel]


@pytest.mark.parametrize(
    ("asked", "targets"),
    [
        ({"classes": ("fc",)}, ("/dev/f2",)),
        ({"targets": ("f1",)}, ("/dev/f1",)),
        ({"targets": ("f1",), "classes": ("iscsi",)}, ("/dev/i2",)),
        ({}, ("/dev/i2",)),
    ],
)
def test_destinations_are_as_asked_for(made: World, asked: dict[str, Any], targets: tuple[str, ...]) -> None:
    steps = evacuate(made.lv("a", 8 * G, "src").inventory(), wish(**asked))
    assert moves(steps)["a"].targets == targets


def test_what_is_larger_than_any_destination_is_split(made: World) -> None:
    steps = evacuate(made.lv("a", 20 * G, "src").lv("b", 5 * G, "f2").inventory(), wish(classes=("fc",), move=WHOLE))
    parts = [(step.targets, step.size, step.title) for step in steps if isinstance(step, MoveVolume)]
    assert [(targets, size) for targets, size, _ in parts] == [(("/dev/f2",), 15 * G), (("/dev/f1",), 5 * G)]
    assert "of a (piece 2 of 2) to" in parts[1][2]


def test_a_large_volume_is_moved_in_pieces_between_one_freeze_and_one_thaw(made: World) -> None:
    made.lv("a", 5 * G, "src", active="n2", mounted=True)
    steps = evacuate(made.inventory(), wish(move=Move(piece_mib=2048)))
    parts = [step for step in steps if isinstance(step, MoveVolume)]
    assert [step.piece for step in parts] == [(1, 3), (2, 3), (3, 3)]
    assert sum(step.size for step in parts) == 5 * G
    sources = [step.commands()[0].argv[-2] for step in parts]
    assert sources == ["/dev/src:0-425", "/dev/src:426-852", "/dev/src:853-1279"]
    world = made.inventory()
    assert not any(step.done(world) for step in parts)


def test_a_piece_is_done_once_its_extents_have_left(made: World) -> None:
    made.lv("a", 5 * G, "src")
    parts = [s for s in evacuate(made.inventory(), wish(move=Move(piece_mib=2048))) if isinstance(s, MoveVolume)]
    world = made.inventory()
    (lv,) = world.lvs
    (run,) = lv.extents
    moved = msgspec.structs.replace(run, pv="i2", start=0, count=426)
    rest = msgspec.structs.replace(run, start=426, count=run.count - 426)
    world = msgspec.structs.replace(world, lvs=(msgspec.structs.replace(lv, extents=(moved, rest)),))
    assert [step.done(world) for step in parts] == [True, False, False]
    world = msgspec.structs.replace(world, lvs=(msgspec.structs.replace(world.lvs[0], moving_in=("pvmove0",)),))
    assert not any(step.done(world) for step in parts)


def test_what_lvm_moves_already_is_followed_whole(made: World) -> None:
    made.lv("a", 5 * G, "i2", active="n2", mounted=True, moving_in=("pvmove0",))
    made.lv("pvmove0", 10 * G, "src f2", role="private,pvmove", layout="mirror", move_source="/dev/src")
    parts = [s for s in evacuate(made.inventory(), wish(move=Move(piece_mib=1024))) if isinstance(s, MoveVolume)]
    assert [(step.size, step.ranges) for step in parts] == [(5 * G, ())]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.lists(st.integers(0, 60), min_size=1, max_size=4))
def test_no_plan_ever_wants_more_room_than_there_is(volumes: list[int], rooms: list[int]) -> None:
    made = World().pv("src", 300 * EXTENT, "iscsi")
    for number, room in enumerate(rooms):
        made.pv(f"t{number}", 100 * EXTENT, "fc")
        if room < 100:
            made.lv(f"full{number}", (100 - room) * EXTENT, f"t{number}")
    for number, extents in enumerate(volumes):
        made.lv(f"vm{number}", extents * EXTENT, "src")
    world = made.inventory()
    try:
        steps = evacuate(world, wish(classes=("fc",)))
    except NoRoom:
        assert sum(volumes) > sum(rooms)
        return
    parts = [step for step in steps if isinstance(step, MoveVolume)]
    assert sum(step.size for step in parts) == sum(volumes) * EXTENT
    free = {pv.name: pv.free for pv in world.pvs}
    for step in parts:
        (target,) = step.targets
        free[target] -= step.size
    assert min(free.values()) >= 0


def test_what_was_begun_is_finished_first_and_keeps_its_room(made: World) -> None:
    made.lv("small", G, "src").lv("begun", 4 * G, "f1", active="n2", mounted=True, moving_in=("pvmove0",))
    made.lv("pvmove0", 8 * G, "src f2", role="private,pvmove", layout="mirror", move_source="/dev/src")
    steps = evacuate(made.inventory(), wish(classes=("fc",)))
    assert list(moves(steps)) == ["begun", "small"]
    assert moves(steps)["begun"].targets == ("/dev/f2",)
    assert moves(steps)["begun"].size == 4 * G


def test_tags_of_runs_that_are_gone_are_dropped_with_the_new_mark() -> None:
    made = World().pv("src", 20 * G, "iscsi", lease="n9:20250101T000000Z").pv("i2", 20 * G, "iscsi").lv("a", G, "src")
    step = evacuate(made.inventory(), wish())[0]
    assert isinstance(step, BeginEvacuation)
    assert step.stale == ("vmstore.evacuate=n9:20250101T000000Z",)


def test_what_a_run_moved_and_did_not_let_go_of_is_left_inactive() -> None:
    made = World(marks={"n2": frozenset({"moved", "used"})})
    made.pv("src", 20 * G, "iscsi", cordoned=True, lease="n2:20260101T000000Z").pv("i2", 20 * G, "iscsi")
    made.lv("moved", G, "i2", active="n2").lv("used", G, "i2", active="n2", opens=1).lv("asleep", G, "i2")
    steps = evacuate(made.inventory(), wish())
    assert [step for step in steps if isinstance(step, LeaveInactive)] == [LeaveInactive("n2", "vmstore", ("moved",))]


def test_volumes_that_nobody_uses_are_let_go_of_together_and_before_they_become_too_much(made: World) -> None:
    for name, size in (("a", 32 * M), ("b", 32 * M), ("c", 64 * M), ("d", 128 * M), ("e", G), ("f", 2 * G)):
        made.lv(name, size, "src", active="n2" if name == "c" else "")
    plan = [
        step.lv if isinstance(step, MoveVolume) else step.lvs
        for step in evacuate(made.inventory(), wish())
        if isinstance(step, MoveVolume | LeaveInactive)
    ]
    assert plan == ["a", "b", "c", "d", "e", ("a", "b", "d", "e"), "f", ("f",)]


def test_what_is_done_already_is_not_in_the_plan(made: World) -> None:
    tag = wish().lease.removeprefix("vmstore.evacuate=")
    again = World().pv("src", 20 * G, "iscsi", cordoned=True, lease=tag).pv("i2", 20 * G, "iscsi").lv("a", G, "src")
    assert not [step for step in evacuate(again.inventory(), wish()) if isinstance(step, BeginEvacuation)]
    empty = World().pv("src", 20 * G, "iscsi", cordoned=True).pv("i2", 20 * G, "iscsi")
    assert evacuate(empty.inventory(), wish()) == []


@pytest.mark.parametrize(
    ("volume", "error", "says"),
    [
        ({"role": "public,origin,thickorigin"}, Refused, "holds what cannot be moved"),
        ({"role": "private,thin,pool,data"}, Refused, "holds what cannot be moved"),
        ({"layout": "raid,raid1"}, Refused, "holds what cannot be moved"),
        ({"active": "n1 n2"}, Refused, "active on several nodes"),
        ({"active": "n1", "suspended": True}, Refused, "is suspended"),
        ({"moving_in": ("pvmove1",)}, Refused, "being moved off another PV"),
    ],
)
def test_what_cannot_move_is_refused(made: World, volume: dict[str, Any], error: type[VmstoreError], says: str) -> None:
    with pytest.raises(error, match=says):
        evacuate(made.lv("a", G, "src", **volume).inventory(), wish())


def test_all_of_a_kind_that_cannot_move_are_named(made: World) -> None:
    made.lv("b", G, "src", layout="raid,raid1").lv("a", G, "src", role="public,snapshot,thicksnapshot")
    with pytest.raises(Refused) as caught:
        evacuate(made.inventory(), wish())
    assert caught.value.why == "a: it is a snapshot, thicksnapshot; b: its layout is raid,raid1"


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        ({"targets": ("src",)}, UsageError, "onto itself"),
        ({"targets": ("cordoned",)}, Refused, "takes nothing new"),
        ({"classes": ("gold",)}, Refused, "no PV of class gold"),
    ],
)
def test_destinations_that_take_nothing_are_refused(
    made: World, asked: dict[str, Any], error: type[VmstoreError], says: str
) -> None:
    made.pv("cordoned", 10 * G, "gold", cordoned=True).lv("a", G, "src")
    with pytest.raises(error, match=says):
        evacuate(made.inventory(), wish(**asked))


def test_no_room_says_how_much_must_go_and_which_class_has_it(made: World) -> None:
    made.lv("a", 18 * G, "src").lv("full", 19 * G, "i2")
    with pytest.raises(NoRoom) as caught:
        evacuate(made.inventory(), wish())
    assert caught.value.why == ("18 GiB in 1 volume must go, and the targets (class iscsi) have 1 GiB free")
    assert caught.value.hint == "--to fc (30 GiB free)"


def test_no_room_anywhere_says_to_add_a_pv() -> None:
    with pytest.raises(NoRoom) as caught:
        evacuate(World().pv("src", 20 * G, "iscsi").lv("a", G, "src").inventory(), wish())
    assert "add a PV" in caught.value.hint
    assert "class iscsi" in caught.value.why


def test_holders_must_be_known_and_able(made: World) -> None:
    made.lv("a", G, "src")
    made.silent = {"n2": "does not answer (gone)"}
    with pytest.raises(ClusterUnusable, match="who holds a is not known"):
        evacuate(made.inventory(), wish())


@pytest.mark.parametrize(
    ("daemons", "says"),
    [
        (frozenset({"lvmlockd"}), "lvmpolld does not run on n2"),
        (frozenset({"lvmpolld"}), "lvmlockd does not run on n2"),
    ],
)
def test_a_holder_without_its_daemons_is_named(made: World, daemons: frozenset[str], says: str) -> None:
    made.daemons = {"n2": daemons}
    with pytest.raises(ClusterUnusable, match=says):
        evacuate(made.lv("a", G, "src", active="n2", mounted=True).inventory(), wish())


def test_a_holder_that_does_not_see_a_destination_is_named(made: World) -> None:
    made.unseen = frozenset({("n2", "i2")})
    with pytest.raises(Refused, match="n2 does not see the PV /dev/i2"):
        evacuate(made.lv("a", G, "src", active="n2", mounted=True).inventory(), wish())


def test_what_shall_stay_stays_and_the_rest_is_proven_to_be_gone(made: World) -> None:
    made.lv("web01", 2 * G, "src", active="n2", mounted=True).lv("idle", G, "src")
    steps = evacuate(made.inventory(), wish(exclude=("web01", "nosuch")))
    assert list(moves(steps)) == ["idle"]
    assert steps[-1].title == "prove that /dev/src is empty but for web01"
    assert not steps[-1].done(made.inventory())
    moved = World().pv("src", 20 * G, "iscsi", cordoned=True).pv("i2", 20 * G, "iscsi")
    moved.lv("web01", 2 * G, "src", active="n2", mounted=True).lv("idle", G, "i2")
    assert steps[-1].done(moved.inventory())
    assert evacuate(moved.inventory(), wish(exclude=("web01",))) == []
    assert not steps[-1].done(moved.lv("late", G, "src").inventory())


def test_a_pv_on_which_something_stays_cannot_go_out(made: World) -> None:
    made.lv("web01", 2 * G, "src")
    with pytest.raises(UsageError, match="cannot leave"):
        evacuate(made.inventory(), wish(exclude=("web01",), remove=True))


def test_what_lvm_moves_already_does_not_stay(made: World) -> None:
    made.lv("a", 5 * G, "i2", active="n2", mounted=True, moving_in=("pvmove0",))
    made.lv("pvmove0", 10 * G, "src f2", role="private,pvmove", layout="mirror", move_source="/dev/src")
    assert list(moves(evacuate(made.inventory(), wish(exclude=("a",))))) == ["a"]


def test_the_most_important_ones_move_last(made: World) -> None:
    for name, size in (("db01", 1), ("mail", 2), ("web01", 3), ("web02", 4)):
        made.lv(name, size * G, "src")
    steps = evacuate(made.inventory(), wish(move=Move(last=("mail", "db01"))))
    assert list(moves(steps)) == ["web01", "web02", "mail", "db01"]


def test_volumes_that_lie_apart_go_to_different_pvs_and_join_none_there(made: World) -> None:
    made.lv("web01", 2 * G, "src").lv("web02", 2 * G, "src").lv("web03", G, "f1").lv("big", 9 * G, "src")
    rules = Rules(apart=(("web01", "web02"), ("big", "web03")))
    to = {
        lv: step.targets for lv, step in moves(evacuate(made.inventory(), wish(classes=("fc",), rules=rules))).items()
    }
    assert {to["web01"], to["web02"]} == {("/dev/f1",), ("/dev/f2",)}
    assert to["big"] == ("/dev/f2",)
    with pytest.raises(NoRoom) as caught:
        evacuate(made.inventory(), wish(targets=("f2",), rules=rules))
    assert "web01 lies apart from web02" in caught.value.why


def test_the_reserve_of_the_target_class_is_kept(made: World) -> None:
    made.lv("a", 8 * G, "src")
    evacuate(made.inventory(), wish(classes=("fc",), rules=Rules(reserve={"fc": 22 * G})))
    with pytest.raises(NoRoom) as caught:
        evacuate(made.inventory(), wish(classes=("fc",), rules=Rules(reserve={"fc": 23 * G})))
    assert "23 GiB of class fc stay free" in caught.value.why


def test_a_volume_that_is_being_moved_keeps_others_away_from_where_it_goes(made: World) -> None:
    made.lv("web01", 2 * G, "", active="n2", mounted=True, moving_in=("pvmove0",))
    made.lv("pvmove0", 4 * G, "src f1", role="private,pvmove", layout="mirror", move_source="/dev/src")
    made.lv("web02", 2 * G, "src")
    rules = Rules(apart=(("web01", "web02"),))
    steps = evacuate(made.inventory(), wish(classes=("fc",), rules=rules))
    assert moves(steps)["web02"].targets == ("/dev/f2",)


def test_room_on_the_pv_that_is_emptied_keeps_no_reserve() -> None:
    made = World().pv("src", 100 * G).pv("f2", 60 * G).lv("a", 50 * G, "src")
    evacuate(made.inventory(), wish(rules=Rules(reserve={"fc": 10 * G})))
    with pytest.raises(NoRoom):
        evacuate(made.inventory(), wish(rules=Rules(reserve={"fc": 11 * G})))


def test_of_what_shall_stay_only_the_piece_at_work_is_finished(made: World) -> None:
    made.lv("a", 8 * G, "src", active="n2", mounted=True, moving_in=("pvmove0",))
    made.lv("pvmove0", 4 * G, "src f2", role="private,pvmove", layout="mirror", move_source="/dev/src")
    steps = evacuate(made.inventory(), wish(exclude=("a",), classes=("fc",)))
    assert [step.size for step in steps if isinstance(step, MoveVolume)] == [2 * G]


def test_a_piece_is_never_smaller_than_an_extent(made: World) -> None:
    made.lv("a", 3 * EXTENT, "src")
    steps = evacuate(made.inventory(), wish(move=Move(piece_mib=1)))
    assert [step.size for step in steps if isinstance(step, MoveVolume)] == [EXTENT] * 3


def test_volumes_go_to_the_fullest_pv_that_can_take_them_where_that_comes_first(made: World) -> None:
    made.lv("a", 8 * G, "src").lv("b", 11 * G, "src")
    steps = moves(evacuate(made.inventory(), wish(classes=("fc",), rules=Rules(fullest=True), move=WHOLE)))
    assert {vm: step.targets for vm, step in steps.items()} == {"a": ("/dev/f2",), "b": ("/dev/f2",)}
    emptiest = moves(evacuate(made.inventory(), wish(classes=("fc",), move=WHOLE)))
    assert {vm: step.targets for vm, step in emptiest.items()} == {"a": ("/dev/f1",), "b": ("/dev/f2",)}


def test_no_volume_is_spread_over_more_pvs_than_it_lies_on_where_that_may_not_be(made: World) -> None:
    whole = Rules(spread=False)
    made.lv("a", 20 * G, "f2 src").lv("b", 9 * G, "src")
    steps = moves(evacuate(made.inventory(), wish(classes=("fc",), rules=whole, move=WHOLE)))
    assert {vm: step.targets for vm, step in steps.items()} == {"a": ("/dev/f2",), "b": ("/dev/f1",)}
    made.lv("c", G, "src").lv("x", 4 * G, "f1")
    with pytest.raises(NoRoom) as caught:
        evacuate(made.inventory(), wish(classes=("fc",), rules=whole))
    assert "no volume is spread over more PVs ([placement])" in caught.value.why
