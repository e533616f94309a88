"""Marks of volumes that are active only to be worked on, and the rest of taking a PV out."""

import pytest

from tests.support.scripted import ScriptedRunner, expect
from tests.support.works import work
from tests.support.worlds import G, World, disk
from vmstore.errors import NotFound
from vmstore.jobs import leftover, marks
from vmstore.jobs.pv_steps import WipeLabel

WIPEFS = "wipefs --no-act --noheadings --output TYPE /dev/sdx"
PVS = "pvs --readonly --noheadings -o vg_name /dev/sdx"


def test_a_mark_is_set_before_the_volume_is_active_and_dropped_after() -> None:
    assert str(marks.set_and("n1", "a", ["x"])) == "n1: mkdir -p /run/vmstore/idle && touch /run/vmstore/idle/a && x"
    assert str(marks.deactivate("n1", "vg", "a")) == "n1: lvchange --activate n vg/a && rm -f /run/vmstore/idle/a"


def test_marks_of_what_is_not_active_there_are_swept() -> None:
    world = World(marks={"n1": frozenset({"gone", "asleep", "awake"}), "n2": frozenset({"awake"})})
    world.pv("a").lv("awake", G, "a", active="n1").lv("asleep", G, "a")
    now = world.inventory()
    assert (marks.awake(now, "n1"), marks.awake(now, "n2")) == ({"awake"}, set())


def leftovers(carries: str, vg: str = "\n", **disk_is: tuple[str, ...]) -> list[object]:
    """Plan the rest for a disk that carries something."""
    world = World(nodes="n1").pv("a")
    world.blocks = {"n1": (disk("/dev/a"), disk("/dev/sdx", **disk_is))}  # type: ignore[arg-type]
    runner = ScriptedRunner([expect("n1", WIPEFS, out=carries), expect("n1", PVS, out=vg)])
    missing = NotFound("there is no PV", why="x", hint="y")
    return list(leftover.plan(work(runner)[0].nodes, world.inventory(), "/dev/sdx", missing))


def test_a_blank_disk_needs_nothing_more() -> None:
    assert leftovers("") == []


def test_a_label_that_no_vg_claims_is_removed() -> None:
    assert leftovers("LVM2_member\n", "        \n") == [WipeLabel("n1", "vmstore", "/dev/sdx")]


@pytest.mark.parametrize(
    ("carries", "vg"), [("ext4\n", ""), ("LVM2_member\next4\n", ""), ("LVM2_member\n", "  other\n")]
)
def test_a_disk_that_is_somebody_elses_is_no_leftover(carries: str, vg: str) -> None:
    with pytest.raises(NotFound, match="there is no PV"):
        leftovers(carries, vg)


def test_a_disk_in_use_is_no_leftover() -> None:
    with pytest.raises(NotFound, match="there is no PV"):
        leftovers("", uses=("it is mounted on /x",))
