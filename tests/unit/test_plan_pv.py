"""Planning for whole PVs: taking in only what is surely free and the same everywhere."""

from typing import Any

import pytest

from tests.support.worlds import G, World, disk
from vmstore.errors import NotFound, Refused
from vmstore.jobs import plan_pv
from vmstore.jobs.pv_steps import AddPv, DropPv, RecordClass, SetAllocatable, WipeLabel
from vmstore.jobs.step import Step
from vmstore.model import BlockDevice

NEW = disk("/dev/sdx", wwid="3600", links=["/dev/disk/by-id/wwn-0x600", "/dev/disk/by-path/x"])


def world(n1: BlockDevice = NEW, n2: BlockDevice | None = NEW, **more: Any) -> World:
    """Make two nodes that see a new disk."""
    made = World(**more).pv("a").pv("b")
    mine = tuple(disk(f"/dev/{name}") for name in "ab")
    made.blocks = {"n1": (*mine, n1), "n2": (*mine, *([n2] if n2 else []))}
    return made


def add(made: World, text: str = "/dev/sdx", cls: str = "", signatures: tuple[str, ...] = ()) -> list[Step]:
    """Plan adding what the admin calls that."""
    now = made.inventory()
    return plan_pv.add(now, text, plan_pv.find_device(now, text), cls, list(signatures))


@pytest.mark.parametrize("text", ["/dev/sdx", "3600", "/dev/disk/by-id/wwn-0x600"])
def test_a_free_disk_is_taken_in_and_its_class_recorded(text: str) -> None:
    first, second = add(world(), text)
    assert isinstance(first, AddPv)
    assert isinstance(second, RecordClass)
    assert (first.device, first.wwid, second.storage_class) == ("/dev/sdx", "3600", "fc")


def test_the_class_is_the_transport_unless_it_is_given() -> None:
    assert add(world(), cls="gold")[1].storage_class == "gold"  # type: ignore[attr-defined]
    both = disk("/dev/sdx", wwid="3600", transport="fc+iscsi")
    assert add(world(both, both))[1].storage_class == "fc-iscsi"  # type: ignore[attr-defined]


def test_a_disk_under_another_name_elsewhere_is_the_same_by_its_wwid() -> None:
    assert len(add(world(n2=disk("/dev/sdq", wwid="3600")), "/dev/sdx")) == 2


def test_what_is_a_pv_already_only_changes_its_class() -> None:
    made = world()
    assert add(made, "/dev/a") == []
    assert add(made, "/dev/a", "fc") == []
    (step,) = add(made, "/dev/a", "gold")
    assert isinstance(step, RecordClass)
    assert (step.storage_class, step.old) == ("gold", ("vmstore.class=fc",))


@pytest.mark.parametrize(
    ("made", "signatures", "says"),
    [
        (world(), ("ext4",), "it carries ext4"),
        (world(), ("gpt", "PMBR", "gpt"), "it carries PMBR, gpt"),
        (world(disk("/dev/sdx", wwid="3600", uses=("it is mounted on /x",))), (), "n1: it is mounted on /x"),
        (world(n2=disk("/dev/sdx", wwid="3600", uses=("it is swap space",))), (), "n2: it is swap space"),
        (world(n2=None), (), "n2 does not see the LUN 3600"),
        (world(n2=disk("/dev/sdx", wwid="3600", size=G)), (), "n2 sees it with 1073741824 bytes"),
        (world(disk("/dev/sdx", wwid="")), (), "cannot be told whether all nodes see the same LUN"),
        (world(silent={"n3": "does not answer (gone)"}, nodes="n1 n2 n3"), (), "n3 does not answer (gone)"),
    ],
)
def test_what_is_in_use_or_not_the_same_everywhere_is_refused(
    made: World, signatures: tuple[str, ...], says: str
) -> None:
    with pytest.raises(Refused) as caught:
        add(made, signatures=signatures)
    assert says in caught.value.why


def test_a_stable_name_that_is_another_lun_elsewhere_is_refused() -> None:
    link = "/dev/disk/by-path/x"
    made = world()
    made.blocks["n2"] = (disk("/dev/sdx", wwid="3600"), disk("/dev/sdy", wwid="3601", links=[link]))
    with pytest.raises(Refused) as caught:
        add(made, link)
    assert caught.value.why == "on n2 that name is another LUN, 3601"
    assert len(add(made, "/dev/sdx")) == 2


def test_a_node_that_sees_it_as_paths_and_as_multipath_is_asked_for_the_multipath_device() -> None:
    path = disk("/dev/sdd", wwid="3600", uses=("it is a path of the multipath device /dev/mapper/mpatha",))
    top = disk("/dev/mapper/mpatha", wwid="3600")
    made = world(top, None)
    made.blocks["n2"] = (path, top)
    assert len(add(made, "/dev/mapper/mpatha")) == 2


def test_a_single_host_takes_a_disk_without_a_wwid() -> None:
    made = World(nodes="n1", lock="").pv("a")
    made.blocks = {"n1": (disk("/dev/a"), disk("/dev/vdb", wwid="", transport="virtio"))}
    assert len(add(made, "/dev/vdb")) == 2


def test_a_disk_that_nobody_knows_is_not_found() -> None:
    with pytest.raises(NotFound, match="n1 has no disk /dev/nosuch"):
        plan_pv.find_device(world().inventory(), "/dev/nosuch")


def test_only_an_empty_pv_is_taken_out() -> None:
    made = world()
    assert [type(step) for step in plan_pv.drop(made.inventory(), "a")] == [DropPv, WipeLabel]
    made.lv("web01", G, "a")
    with pytest.raises(Refused, match="is not empty") as caught:
        plan_pv.drop(made.inventory(), "a")
    assert caught.value.why == "extents of web01 lie on it"
    assert "evacuate wwid-a --remove" in caught.value.hint


def test_the_last_pv_stays() -> None:
    with pytest.raises(Refused, match="is the last PV"):
        plan_pv.drop(World().pv("a").inventory(), "a")


@pytest.mark.parametrize("allocatable", [True, False])
def test_a_pv_that_is_so_already_needs_nothing(allocatable: bool) -> None:
    made = World().pv("a", cordoned=not allocatable)
    assert plan_pv.cordon(made.inventory(), "a", allocatable=allocatable) == []
    (step,) = plan_pv.cordon(made.inventory(), "a", allocatable=not allocatable)
    assert isinstance(step, SetAllocatable)
    assert step.allocatable is not allocatable


def test_uncordoning_gives_up_an_evacuation_and_cordoning_does_not() -> None:
    made = World().pv("a", cordoned=True, lease="n1:x")
    assert plan_pv.cordon(made.inventory(), "a", allocatable=False) == []
    (step,) = plan_pv.cordon(made.inventory(), "a", allocatable=True)
    assert isinstance(step, SetAllocatable)
    assert step.drop == ("vmstore.evacuate=n1:x",)
