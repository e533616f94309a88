"""The exported layout, held against its schema by a validator that is not ours."""

import json
from random import Random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.support import documents
from tests.support.layouts import NOW, storage
from tests.support.worlds import EXTENT, G, World
from vmstore.model import Inventory
from vmstore.report import inventory_document
from vmstore.services import Cluster, Service, State

MANAGED = Cluster("pacemaker", "n1", True, services={"web01": Service("web01", State.STARTED, "n1")})


def document(world: Inventory) -> dict[str, Any]:
    """Give the document as whoever reads it has it."""
    found: dict[str, Any] = json.loads(inventory_document.form(world, NOW))
    return found


def plain() -> World:
    """Make a storage of two PVs and one volume that lies on both."""
    return World().pv("a").pv("b", cls="gold", cordoned=True).lv("web01", 8 * EXTENT, "a b", active="n2", mounted=True)


@pytest.mark.parametrize(
    "world",
    [
        World().pv("a").inventory(),
        replace(plain().inventory(), cluster=MANAGED),
        World(silent={"n2": "does not answer"}, lock="").pv("a", missing=True).inventory(),
        storage(Random(1)),
    ],
    ids=["empty", "managed", "silent", "many"],
)
def test_what_is_written_is_as_the_schema_says(world: Inventory) -> None:
    assert documents.wrong(document(world)) == []


def test_a_volume_lies_where_it_lies_and_is_held_and_mounted_where_it_is() -> None:
    found = document(replace(plain().inventory(), cluster=MANAGED))
    assert found["volumes"] == [
        {
            "name": "web01",
            "layout": ["linear"],
            "role": ["public"],
            "segments": [
                {"stripe_size": 0, "runs": [{"pv": "wwid-a", "start": 0, "count": 4}]},
                {"stripe_size": 0, "runs": [{"pv": "wwid-b", "start": 0, "count": 4}]},
            ],
            "held_by": ["n2"],
            "mount": {
                "node": "n2",
                "directory": "/vm/web01",
                "filesystem": "ext4",
                "size": 8 * EXTENT,
                "used": 4 * EXTENT,
            },
        }
    ]
    assert found["services"] == [{"vm": "web01", "state": "started", "node": "n1"}]
    assert [(pv["wwid"], pv["class"], pv["size"], pv["cordoned"]) for pv in found["pvs"]] == [
        ("wwid-a", "fc", 10 * G, False),
        ("wwid-b", "gold", 10 * G, True),
    ]


def test_tags_and_uuids_of_volumes_are_not_in_it() -> None:
    world = plain().inventory()
    tagged = replace(world, lvs=tuple(replace(lv, tags=("secret",)) for lv in world.lvs))
    text = inventory_document.form(tagged, NOW)
    assert "secret" not in text
    assert "uuid-web01" not in text


def test_stripes_stay_together() -> None:
    lv = replace(
        plain().inventory().lvs[0],
        layout=("striped",),
        stripes=((2, 65536),),
    )
    [volume] = document(replace(plain().inventory(), lvs=(lv,)))["volumes"]
    assert volume["segments"] == [
        {
            "stripe_size": 65536,
            "runs": [{"pv": "wwid-a", "start": 0, "count": 4}, {"pv": "wwid-b", "start": 0, "count": 4}],
        }
    ]


def test_legs_that_are_striped_in_themselves_lie_run_by_run() -> None:
    raid = replace(plain().inventory().lvs[0], layout=("raid", "raid10"), stripes=((4, 65536),))
    [volume] = document(replace(plain().inventory(), lvs=(raid,)))["volumes"]
    assert [len(segment["runs"]) for segment in volume["segments"]] == [1, 1]


def test_extents_of_a_volume_and_its_hidden_parts_are_there_once() -> None:
    world = plain().inventory()
    hidden = replace(world.lvs[0], name="web01_rimage_0", role=("private", "raid", "image"))
    found = document(replace(world, lvs=(hidden, replace(world.lvs[0], layout=("raid", "raid1")))))
    assert [volume["name"] for volume in found["volumes"]] == ["web01"]


def test_a_pv_goes_by_its_uuid_where_no_wwid_tells_it_from_others() -> None:
    world = plain().inventory()
    a, b = world.pvs
    twins = tuple(replace(pv, device=replace(pv.device, wwid="same")) for pv in (a, b) if pv.device)
    for pvs, wanted in ((twins, ["a", "b"]), ((replace(a, device=None), b), ["a", "wwid-b"])):
        found = document(replace(world, pvs=pvs))
        assert [pv["wwid"] for pv in found["pvs"]] == wanted
        assert [run["pv"] for part in found["volumes"][0]["segments"] for run in part["runs"]] == wanted


def test_nodes_that_did_not_answer_are_told_from_those_that_hold_nothing() -> None:
    world = World(nodes="n1 n2 n3", silent={"n2": "does not answer"}, absent=frozenset({"n3"})).pv("a").inventory()
    assert document(world)["nodes"] == [
        {"name": "n1", "answered": True},
        {"name": "n2", "answered": False},
        {"name": "n3", "answered": False},
    ]


def test_the_document_is_read_back_as_it_was() -> None:
    world = storage(Random(2))
    text = inventory_document.form(world, NOW)
    assert msgspec.json.decode(text, type=inventory_document.Document) == inventory_document.document(world, NOW)
