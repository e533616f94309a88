"""Planning to relieve a PV: chosen volumes go where they were told to, the others stay, and the PV is as before."""

import msgspec
import pytest

from tests.support.worlds import EXTENT, G, World
from tests.unit.test_plan_evacuate import moves, wish
from vmstore.errors import NoRoom, Refused
from vmstore.jobs import evacuate as job
from vmstore.jobs import lease, relief, where
from vmstore.jobs.plan_evacuate import evacuate
from vmstore.jobs.pv_steps import BeginEvacuation, EndRelief
from vmstore.model import Inventory
from vmstore.policies.burden import Move
from vmstore.policies.placement import Rules

NAME = "n1:20260102T120000Z-src"
OPEN, CORDONED, EMPTIED = (f"vmstore.{kind}={NAME}" for kind in ("relieve", "relieve-cordoned", "evacuate"))


@pytest.fixture
def made() -> World:
    """Give a source with three volumes, and two PVs with different room."""
    made = World().pv("src", 20 * G).pv("f1", 10 * G).pv("f2", 20 * G)
    return made.lv("one", 2 * G, "src").lv("two", 3 * G, "src").lv("three", 4 * G, "src")


def marked(world: Inventory, tag: str) -> Inventory:
    """Put a job's mark on the source, which takes nothing new then."""
    pvs = (msgspec.structs.replace(world.pvs[0], allocatable=False, tags=world.pvs[0].tags | {tag}), *world.pvs[1:])
    return msgspec.structs.replace(world, pvs=pvs)


def test_each_volume_goes_where_it_was_told_to_and_the_others_stay(made: World) -> None:
    steps = evacuate(made.inventory(), wish(lease=OPEN, moves={"one": "f1", "two": "f2"}, targets=("f1", "f2")))
    assert {vm: step.targets for vm, step in moves(steps).items()} == {"one": ("/dev/f1",), "two": ("/dev/f2",)}
    turned = evacuate(made.inventory(), wish(lease=OPEN, moves={"one": "f2", "two": "f1"}, targets=("f1", "f2")))
    assert {vm: step.targets for vm, step in moves(turned).items()} == {"one": ("/dev/f2",), "two": ("/dev/f1",)}


@pytest.mark.parametrize(("tag", "opens"), [(OPEN, True), (CORDONED, False)])
def test_the_mark_says_whether_the_pv_takes_new_extents_afterwards(made: World, tag: str, opens: bool) -> None:
    steps = evacuate(made.inventory(), wish(lease=tag, moves={"one": "f1"}, targets=("f1",)))
    begin, end = steps[0], steps[-1]
    assert isinstance(begin, BeginEvacuation)
    assert isinstance(end, EndRelief)
    assert (end.allocatable, end.tags, end.lvs) == (opens, (tag,), ("one",))
    assert not end.done(marked(made.inventory(), tag))


def test_when_all_have_left_nothing_but_the_end_is_left_and_then_nothing(made: World) -> None:
    gone = wish(lease=OPEN, moves={"other": "f1"}, targets=("f1",))
    (step,) = evacuate(marked(made.inventory(), OPEN), gone)
    assert isinstance(step, EndRelief)
    assert "--allocatable y" in " ".join(step.commands()[0].argv)
    assert evacuate(made.inventory(), gone) == []


def test_a_volume_that_is_under_way_has_not_left() -> None:
    step = EndRelief("n1", "vmstore", "/dev/src", "src", (OPEN,), ("one",), allocatable=True)
    still = World().pv("src").pv("f1").lv("one", G, "f1", moving_in=["pvmove0"]).inventory()
    assert not step.done(still)
    assert step.done(World().pv("src").pv("f1").lv("one", G, "f1").inventory())


def test_a_target_without_room_or_with_a_neighbour_is_refused(made: World) -> None:
    made.lv("there", 8 * G, "f1")
    asked = wish(lease=OPEN, moves={"two": "f1"}, targets=("f1",))
    with pytest.raises(NoRoom):
        evacuate(made.inventory(), asked)
    apart = wish(lease=OPEN, moves={"one": "f1"}, targets=("f1",), rules=Rules(apart=[("one", "there")]))
    with pytest.raises(NoRoom, match="apart"):
        evacuate(made.inventory(), apart)


def test_a_target_that_takes_nothing_new_is_refused(made: World) -> None:
    made.pv("f3", cordoned=True)
    with pytest.raises(Refused, match="takes nothing new"):
        evacuate(made.inventory(), wish(lease=OPEN, moves={"one": "f3"}, targets=("f3",)))


def test_a_job_that_is_taken_over_keeps_lock_and_record_and_what_the_pv_was(made: World) -> None:
    world = made.inventory()
    assert job.own_tag(world, "src", relieves=True).startswith("vmstore.relieve=n1:")
    assert job.own_tag(marked(world, OPEN), "src", relieves=True) == OPEN
    assert job.own_tag(marked(world, CORDONED), "src", relieves=True) == CORDONED
    # What is emptied stays cordoned, whatever was begun before.
    assert job.own_tag(marked(world, OPEN), "src") == EMPTIED
    assert {lease.node_of(tag) for tag in (OPEN, CORDONED, EMPTIED)} == {"n1"}


def test_the_mark_of_a_node_that_is_off_still_says_what_the_pv_was(made: World) -> None:
    made.nodes, made.absent = "n2", frozenset({"n1"})
    assert job.own_tag(marked(made.inventory(), OPEN), "src", relieves=True).startswith("vmstore.relieve=n2:")
    kept = job.own_tag(marked(made.inventory(), CORDONED), "src", relieves=True)
    assert kept.startswith("vmstore.relieve-cordoned=n2:")


def test_what_is_under_way_counts_as_landed_and_pvs_as_before() -> None:
    made = World().pv("src", 20 * G).pv("f1", 10 * G).lv("web01", 2 * G, "src", moving_in=["pvmove0"])
    made.lv("pvmove0", 6 * G, "src f1", role="private,pvmove", layout="mirror")
    world = relief.settled(marked(made.inventory(), OPEN))
    source, target = world.pvs[0], world.pvs[1]
    assert (source.allocatable, source.leases, source.free) == (True, (), 18 * G)
    assert target.free == 7 * G
    (lv,) = world.lvs
    assert (lv.moving, lv.on("src") * EXTENT, lv.on("f1") * EXTENT) == (False, 2 * G, 3 * G)


def test_marked_pvs_come_first_and_also_without_moves() -> None:
    made = World().pv("src").pv("a").pv("f1").inventory()
    turn = [Move("web01", "a", "f1", G)]
    assert [t.source for t in relief.turns(marked(made, OPEN), [turn])] == ["src", "a"]
    both = [turn, [Move("one", "src", "f1", G)]]
    assert [t.source for t in relief.turns(marked(made, OPEN), both)] == ["src", "a"]


def test_nodes_are_asked_once_and_not_for_each_volume_whether_they_tell_all(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Inventory] = []
    unsure = Inventory.unsure

    def counted(world: Inventory) -> dict[str, str]:
        calls.append(world)
        return dict(unsure(world))

    monkeypatch.setattr(Inventory, "unsure", counted)
    monkeypatch.setattr(where, "place", lambda world, lv: None)
    assert relief.fixed(made.inventory(), ["two"]) == {"two": "it shall stay where it is"}
    assert len(calls) == 1
