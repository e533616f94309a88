"""What is full, what is free and what there is room for, from the inventory and the rules alone."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.worlds import EXTENT, G, M, World
from vmstore.errors import NoRoom
from vmstore.model import Inventory
from vmstore.policies import placement
from vmstore.policies.thresholds import Kind, Rules
from vmstore.report import room
from vmstore.report.capacity import Subject

RULES = Rules.of()


def found(world: Inventory, kind: Kind, name: str, rules: Rules = RULES) -> Subject:
    """Find one thing."""
    return next(each for each in room.subjects(world, rules) if (each.kind, each.name) == (kind, name))


def test_sums_are_those_of_lvm_and_what_is_closed_is_told_apart() -> None:
    made = World().pv("a", 10 * G).pv("b", 10 * G, cordoned=True).pv("c", 4 * G, "iscsi")
    world = made.lv("x", 6 * G, "a").lv("y", 2 * G, "b").inventory()
    vg, fc = found(world, Kind.VG, "vmstore"), found(world, Kind.CLASS, "fc")
    assert (vg.size, vg.allocated, vg.free, vg.closed) == (24 * G, 8 * G, 16 * G, 8 * G)
    assert (fc.size, fc.allocated, fc.free, fc.closed) == (20 * G, 8 * G, 12 * G, 8 * G)
    # What takes nothing new is not there to be filled.
    assert (fc.filled, vg.filled) == ((8 * G, 12 * G), (8 * G, 16 * G))
    assert found(world, Kind.PV, "/dev/b").filled == (2 * G, 10 * G)
    assert (fc.pvs, vg.classes) == (("/dev/a", "/dev/b"), ("fc", "iscsi"))


def test_the_largest_room_is_the_longest_gap_and_of_a_class_that_of_its_open_pvs() -> None:
    made = World().pv("a", 10 * G).pv("b", 10 * G, cordoned=True)
    world = made.lv("x", 2 * G, "a").lv("hole", 5 * G, "a").lv("y", G, "a").inventory()
    world = msgspec.structs.replace(world, lvs=tuple(lv for lv in world.lvs if lv.name != "hole"))
    assert found(world, Kind.PV, "/dev/a").largest == 5 * G
    assert found(world, Kind.PV, "/dev/b").largest == 10 * G
    assert found(world, Kind.CLASS, "fc").largest == found(world, Kind.VG, "vmstore").largest == 5 * G


def test_a_full_pv_and_a_free_one_have_no_and_all_room() -> None:
    world = World().pv("a", 2 * G).pv("b", 3 * G).lv("x", 2 * G, "a").inventory()
    assert [found(world, Kind.PV, name).largest for name in ("/dev/a", "/dev/b")] == [0, 3 * G]


def test_what_is_missing_or_being_emptied_is_closed_too() -> None:
    world = World().pv("a", missing=True).pv("b", lease="n1:x").inventory()
    assert [found(world, Kind.PV, name).closed for name in ("/dev/a", "/dev/b")] == [10 * G, 10 * G]
    assert found(world, Kind.PV, "/dev/a").state == "missing"
    assert found(world, Kind.CLASS, "fc").filled == (0, 0)


def test_a_vm_has_its_file_system_its_node_and_where_it_lies() -> None:
    made = World().pv("a").pv("b", cls="iscsi").lv("web01", 2 * G, "a b", active="n2", mounted=True).lv("idle", G, "a")
    world = made.inventory()
    web01, idle = found(world, Kind.VM, "web01"), found(world, Kind.VM, "idle")
    assert (web01.size, web01.used, web01.filesystem, web01.node) == (2 * G, G, 2 * G, "n2")
    assert (web01.classes, web01.pvs, web01.filled) == (("fc", "iscsi"), ("/dev/a", "/dev/b"), (G, 2 * G))
    assert (idle.used, idle.filled, idle.node) == (None, None, None)


@pytest.mark.parametrize("name", ["web01+new", "web01+gone", "web01+to", "web01+from", "web01+void"])
def test_what_has_no_name_of_its_own_is_no_vm_and_takes_room(name: str) -> None:
    world = World().pv("a").lv(name, G, "a").lv("pvmove0", G, "a", role="private,pvmove").inventory()
    assert [each for each in room.subjects(world, RULES) if each.kind is Kind.VM] == []
    assert found(world, Kind.VG, "vmstore").allocated == 2 * G


def test_metadata_and_lock_lv_are_told_of_where_they_are_known() -> None:
    world = World().pv("a").inventory()
    kinds = {each.kind for each in room.subjects(world, RULES)}
    assert not kinds & {Kind.METADATA, Kind.LOCK}
    vg = msgspec.structs.replace(
        world.vg, metadata_size=8 * M, metadata_free=2 * M, lock_size=256 * M, lock_used=300 * M
    )
    world = msgspec.structs.replace(world, vg=vg)
    metadata, lock = found(world, Kind.METADATA, "vmstore"), found(world, Kind.LOCK, "vmstore")
    assert (metadata.size, metadata.allocated, metadata.free) == (8 * M, 6 * M, 2 * M)
    assert (lock.size, lock.allocated, lock.free) == (256 * M, 256 * M, 0)


def test_the_reserve_is_in_bytes_whatever_it_was_set_in() -> None:
    rules = Rules.of({"vg": {"reserve": "10%"}, "vm": {"reserve": "1G"}}, {"fc": {"reserve": "3G"}})
    world = World().pv("a").pv("b", cls="iscsi").lv("x", G, "a", active="n1", mounted=True).inventory()
    reserves = {(each.kind, each.name): each.reserve for each in room.subjects(world, rules)}
    assert reserves[Kind.VG, "vmstore"] == 2 * G
    assert reserves[Kind.CLASS, "fc"] == 3 * G
    assert reserves[Kind.CLASS, "iscsi"] == 0
    assert reserves[Kind.VM, "x"] == G


@given(
    st.lists(st.tuples(st.sampled_from(["fc", "iscsi"]), st.integers(0, 40), st.booleans()), min_size=1, max_size=5),
    st.integers(1, 12),
    st.integers(0, 30),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=120)
def test_as_many_more_fit_as_create_would_place(
    pvs: list[tuple[str, int, bool]], size: int, reserve: int, fullest: bool, spread: bool
) -> None:
    made = World()
    for number, (cls, extents, cordoned) in enumerate(pvs):
        made.pv(f"pv{number}", extents * EXTENT, cls, cordoned=cordoned)
    rules = placement.Rules({"fc": reserve * EXTENT}, fullest=fullest, spread=spread)
    # In bytes between extents, as an admin may ask.
    told = room.fits(made.inventory(), rules, [size * EXTENT - 1])
    counts = {fit.storage_class: fit.count for fit in told}
    for cls in {cls for cls, _, _ in pvs}:
        placed = 0
        while True:
            world = made.inventory()
            open_pvs = [pv for pv in placement.open_to_new(world) if pv.storage_class == cls]
            try:
                taken = placement.choose(world, f"vm{placed}", size * EXTENT, [open_pvs], rules)
            except NoRoom:
                break
            for pv, part in taken.items():
                made.lv(f"{cls}{placed}-{pv}", part, pv)
            placed += 1
        assert counts[cls] == placed
    assert counts[""] == sum(count for cls, count in counts.items() if cls)
