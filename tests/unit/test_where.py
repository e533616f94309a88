"""Where work is done: the node that holds a volume, the PV that is meant, and what is not known."""

from typing import Any

import msgspec
import pytest

from tests.support.worlds import G, World, disk
from vmstore.errors import ClusterUnusable, NotFound, Refused, UsageError, VmstoreError
from vmstore.jobs import where
from vmstore.model import Inventory, LogicalVolume


def lv(world: Inventory, name: str = "web01") -> LogicalVolume:
    """Find a volume."""
    return where.volume(world, name)


@pytest.mark.parametrize("name", ["nosuch", "pvmove0"])
def test_a_volume_that_is_not_there_or_lvms_own_is_not_found(name: str) -> None:
    world = World().pv("a").lv("pvmove0", G, "a", role="private,pvmove").inventory()
    with pytest.raises(NotFound):
        where.volume(world, name)


@pytest.mark.parametrize(
    ("volume", "marks", "node", "idle"),
    [
        ({}, {}, "n1", True),
        ({"active": "n2"}, {}, "n2", False),
        ({"active": "n2", "mounted": True}, {}, "n2", False),
        ({"active": "n2"}, {"n2": frozenset({"web01"})}, "n2", True),
        ({"active": "n2"}, {"n1": frozenset({"web01"})}, "n2", False),
        ({"active": "n2", "opens": 1}, {"n2": frozenset({"web01"})}, "n2", False),
        ({"active": "n2", "mounted": True}, {"n2": frozenset({"web01"})}, "n2", False),
    ],
)
def test_work_is_done_on_the_holder_and_a_mark_alone_makes_it_idle(
    volume: dict[str, Any], marks: dict[str, frozenset[str]], node: str, idle: bool
) -> None:
    world = World(marks=marks).pv("a").lv("web01", G, "a", **volume).inventory()
    place = where.place(world, lv(world))
    assert (place.node, place.idle, place.mount is not None) == (node, idle, volume.get("mounted", False))


@pytest.mark.parametrize("absent", [frozenset(), frozenset({"n3"})])
def test_a_silent_node_matters_only_where_it_may_hold_something(absent: frozenset[str]) -> None:
    world = World(nodes="n1 n2 n3", silent={} if absent else {"n3": "gone"}, absent=absent)
    now = world.pv("a").lv("web01", G, "a").lv("web02", G, "a", active="n2").inventory()
    assert where.place(now, lv(now, "web02")).node == "n2"
    if absent:
        assert where.place(now, lv(now)).node == "n1"
    else:
        with pytest.raises(ClusterUnusable, match="who holds web01"):
            where.place(now, lv(now))


def test_silent_nodes_are_named_in_order_but_for_those_that_are_off() -> None:
    world = World(silent={"n3": "dead", "n2": "gone", "n4": "off"}, absent=frozenset({"n4"})).pv("a").inventory()
    with pytest.raises(ClusterUnusable) as caught:
        where.known(world, ["web01"])
    assert caught.value.why == "n2 gone; n3 dead"
    assert caught.value.hint == "bring back n2, n3; if it is switched off, say so: --offline n2 --offline n3"


@pytest.mark.parametrize(
    ("layout", "role", "why"),
    [
        ("linear", "public", ""),
        ("striped", "public", ""),
        ("linear", "private,pvmove", "it is LVM's own (private, pvmove)"),
        ("linear", "public,snapshot", "it is a snapshot"),
        ("thin,sparse", "public", "its layout is thin,sparse"),
    ],
)
def test_only_plain_volumes_are_handled(layout: str, role: str, why: str) -> None:
    world = World().pv("a").lv("web01", G, "a", layout=layout, role=role).inventory()
    assert where.plain(world.lvs[0]) == why


def test_striped_volumes_are_not_plain_where_only_linear_ones_are() -> None:
    world = World().pv("a").lv("web01", G, "a", layout="striped").inventory()
    assert where.plain(world.lvs[0], ("linear",)) == "its layout is striped"


def test_a_node_that_was_not_heard_changes_nothing() -> None:
    world = World(silent={"n2": "does not answer (gone)"}).pv("a").inventory()
    with pytest.raises(ClusterUnusable) as caught:
        where.locks(world, "n2")
    assert caught.value.why == "it does not answer (gone)"
    assert caught.value.hint


@pytest.mark.parametrize("lock", ["dlm", "sanlock", "idm"])
def test_a_shared_vg_wants_lvmlockd(lock: str) -> None:
    where.locks(World(lock=lock).pv("a").inventory(), "n1")
    with pytest.raises(ClusterUnusable, match="lvmlockd does not run"):
        where.locks(World(lock=lock, daemons={"n1": frozenset()}).pv("a").inventory(), "n1")


def swapped() -> Inventory:
    """Make the world in which n2 names the PVs the other way round."""
    world = World().pv("sda").pv("sdb").inventory()
    facts = dict(world.nodes)
    blocks = (disk("/dev/sda", wwid="wwid-sdb"), disk("/dev/sdb", wwid="wwid-sda"))
    facts["n2"] = msgspec.structs.replace(facts["n2"], devices={"sda": "/dev/sdb", "sdb": "/dev/sda"}, blocks=blocks)
    return msgspec.structs.replace(world, nodes=facts)


@pytest.mark.parametrize(
    ("local", "text", "uuid"),
    [
        ("", "wwid-sda", "sda"),
        ("", "sdb", "sdb"),
        ("n1", "/dev/sda", "sda"),
        ("n2", "/dev/sda", "sdb"),
        ("n2", "wwid-sda", "sda"),
    ],
)
def test_a_pv_is_found_by_wwid_uuid_and_on_a_node_by_its_device(local: str, text: str, uuid: str) -> None:
    assert where.find_pv(swapped(), local, text) == uuid


def test_a_device_that_is_another_pv_on_another_node_is_refused_on_a_workstation() -> None:
    with pytest.raises(Refused, match="not the same PV on every node") as caught:
        where.find_pv(swapped(), "", "/dev/sda")
    assert caught.value.why == "on n1 it is sda; on n2 it is sdb"


def test_a_pv_that_nobody_knows_is_not_found_and_the_known_ones_are_named() -> None:
    with pytest.raises(NotFound) as caught:
        where.find_pv(swapped(), "", "/dev/sdz")
    assert caught.value.why == "its PVs are /dev/sda, /dev/sdb (names on n1)"


def test_a_device_is_named_as_a_node_names_it() -> None:
    world = swapped()
    assert (where.device(world, "n1", "sda"), where.device(world, "n2", "sda")) == ("/dev/sda", "/dev/sdb")
    with pytest.raises(Refused, match="n9 does not see the PV /dev/sda"):
        where.device(world, "n9", "sda")


def test_destinations_are_sorted_into_classes_and_pvs() -> None:
    world = World().pv("sda").pv("sdb", cls="iscsi").inventory()
    assert where.destinations(world, "", ["fc", "/dev/sdb", "iscsi"]) == (("fc", "iscsi"), ("sdb",))


@pytest.mark.parametrize(
    ("word", "error"),
    [("gold", NotFound), ("/dev/sdz", NotFound), ("x" * 20, NotFound), ("/dev/$x", UsageError), ("", VmstoreError)],
)
def test_a_destination_that_is_neither_is_refused(word: str, error: type[VmstoreError]) -> None:
    with pytest.raises(error):
        where.destinations(World().pv("sda").inventory(), "", [word])
