"""Reports: what is said of a volume and of a PV, from the inventory alone."""

import msgspec
import pytest

from tests.support.worlds import G, World, disk
from vmstore.model import Inventory, NodeFacts, dm_uuid
from vmstore.report import pvs, volumes


def test_a_volume_that_nobody_holds_has_no_holder_and_no_file_system() -> None:
    (row,) = volumes.rows(World().pv("a").lv("web01", G, "a").inventory())
    assert (row["held_by"], row["mounted_on"], row["filesystem_used"], row["used_percent"]) == (None, None, None, None)
    assert volumes.holder(row["held_by"]) == "nobody"


def test_a_holder_that_cannot_be_known_is_a_question_mark() -> None:
    world = World(silent={"n2": "gone"}).pv("a").lv("web01", G, "a").lv("web02", G, "a", active="n1").inventory()
    assert [row["held_by"] for row in volumes.rows(world)] == ["?", "n1"]
    assert (volumes.holder("?"), volumes.holder("n1")) == ("unknown", "n1")


def test_all_holders_are_named() -> None:
    (row,) = volumes.rows(World().pv("a").lv("web01", G, "a", active="n1 n2").inventory())
    assert (row["held_by"], row["note"]) == ("n1,n2", "active on several nodes")


def test_a_file_system_whose_use_is_not_known_has_no_percentage() -> None:
    world = World().pv("a").lv("web01", G, "a", active="n1", mounted=True).inventory()

    def unknown(facts: NodeFacts) -> NodeFacts:
        active = {
            key: msgspec.structs.replace(
                value, mounts=tuple(msgspec.structs.replace(mount, size=None, used=None) for mount in value.mounts)
            )
            for key, value in facts.active.items()
        }
        return msgspec.structs.replace(facts, active=active)

    world = msgspec.structs.replace(world, nodes={name: unknown(facts) for name, facts in world.nodes.items()})
    (row,) = volumes.rows(world)
    assert (row["mounted_on"], row["filesystem_size"], row["used_percent"]) == ("/vm/web01", None, None)
    shown = dict(volumes.shown({**row, "extents": []}))
    assert "file system" not in shown
    assert shown["mounted on"] == "/vm/web01"


def test_what_lvm_hides_is_not_listed_and_lies_with_the_volume_it_moves() -> None:
    world = World().pv("a").pv("b", cls="iscsi")
    world.lv("web01", G, "a", moving_in=("pvmove0",)).lv("pvmove0", G, "a b", role="private,pvmove")
    (row,) = volumes.rows(world.inventory())
    assert (row["name"], row["pvs"], row["classes"], row["note"]) == (
        "web01",
        ["/dev/a", "/dev/b"],
        ["fc", "iscsi"],
        "moving",
    )


def test_notes_stand_side_by_side() -> None:
    world = World().pv("a").lv("web01+new", G, "a", active="n1", suspended=True, layout="raid,raid1").inventory()
    (row,) = volumes.rows(world)
    assert row["note"] == "unfinished: create it again; suspended; its layout is raid,raid1"
    assert dict(volumes.shown({**row, "extents": []}))["note"] == row["note"]


def test_extents_are_in_bytes_and_of_a_volume_that_exists() -> None:
    world = World().pv("a").pv("b").lv("x", G, "b").lv("web01", 2 * G, "a b").inventory()
    assert volumes.extents(world, "web01") == [
        {"pv": "/dev/a", "start": 0, "size": G},
        {"pv": "/dev/b", "start": G, "size": G},
    ]
    assert volumes.extents(world, "nosuch") == []


def rows(made: World) -> dict[str, pvs.PvRow]:
    """Describe PVs by name."""
    return {row["name"]: row for row in pvs.rows(made.inventory())}


def test_pvs_are_ordered_by_class_and_name() -> None:
    made = World().pv("b", cls="iscsi").pv("c").pv("a", cls="iscsi")
    assert list(rows(made)) == ["/dev/c", "/dev/a", "/dev/b"]


@pytest.mark.parametrize(
    ("made", "state"),
    [
        (World().pv("a"), "ok"),
        (World().pv("a", cordoned=True), "cordoned"),
        (World().pv("a", missing=True), "missing"),
        (World().pv("a", cordoned=True, lease="n2:x"), "cordoned, being emptied (lock on n2)"),
    ],
)
def test_the_state_of_a_pv_is_said_in_words(made: World, state: str) -> None:
    assert rows(made)["/dev/a"]["state"] == state


def test_paths_that_are_down_are_counted() -> None:
    world = World().pv("a").inventory()
    pv = msgspec.structs.replace(world.pvs[0], device=disk("/dev/a", paths=4, paths_up=1))
    world = msgspec.structs.replace(world, pvs=(pv,))
    (row,) = pvs.rows(world)
    assert (row["paths"], row["paths_up"], row["state"]) == (4, 1, "3 of 4 paths down")


def test_a_pv_without_a_disk_has_its_recorded_class_and_no_transport() -> None:
    world = World().pv("a", cls="gold").inventory()
    bare = msgspec.structs.replace(world.pvs[0], device=None)
    (row,) = pvs.rows(msgspec.structs.replace(world, pvs=(bare,)))
    assert (row["transport"], row["class"], row["wwid"], row["paths"]) == ("unknown", "gold", None, 0)


def test_a_class_that_was_not_recorded_is_the_transport() -> None:
    assert rows(World().pv("a", cls="", transport="sas"))["/dev/a"]["class"] == "sas"


def inventory() -> Inventory:
    """Make a world with a silent node that the admin also called off."""
    return World(silent={"n2": "gone"}, absent=frozenset({"n2"})).pv("a").inventory()


def test_a_node_that_was_called_off_makes_nothing_unsure() -> None:
    assert inventory().unsure() == {}


def test_the_dm_uuid_of_a_volume_has_no_hyphens() -> None:
    assert dm_uuid("ab-c", "d-ef") == "LVM-abcdef"
