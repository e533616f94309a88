"""The schemas that are shipped are those of the types, and refuse what is not so."""

import json
from typing import Any

import jsonschema
import pytest

from tests.support import documents as shipped
from tests.support.scripted import HOSTS, captured_report
from vmstore.model import Inventory, NodeFacts
from vmstore.report import documents, inventory_document, pvs, volumes
from vmstore.services import State
from vmstore.tools import lvm_report

STARTED: dict[str, Any] = {
    "schema": 1, "kind": "relocate", "vm": "web01", "state": "started", "node": "n1", "frozen": False, "changed": True,
    "away_seconds": 9.8,
}  # fmt: skip


@pytest.mark.parametrize("kind", documents.KINDS)
def test_the_shipped_schema_is_that_of_the_types(kind: str) -> None:
    assert shipped.schema(kind) == documents.schema(kind), "run script/schemas"
    jsonschema.Draft202012Validator.check_schema(shipped.schema(kind))


def test_no_schema_is_left_of_a_kind_that_is_not_written() -> None:
    assert {file.name for file in shipped.FOLDER.iterdir()} == {f"{kind}.schema.json" for kind in documents.KINDS}


def test_what_is_as_it_shall_be_passes() -> None:
    assert shipped.wrong(STARTED) == []
    assert shipped.wrong(STARTED | {"node": None, "away_seconds": None}) == []
    shipped.check(json.dumps(STARTED))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", 2),
        ("vm", None),
        ("state", "runs"),
        ("frozen", "no"),
        ("away_seconds", -1),
        ("away_seconds", "9.8"),
        ("more", 1),
    ],
)
def test_what_is_not_is_found(field: str, value: object) -> None:
    assert len(shipped.wrong(STARTED | {field: value})) == 1


def test_what_is_left_out_is_found() -> None:
    for field in STARTED.keys() - {"kind"}:
        assert len(shipped.wrong({key: STARTED[key] for key in STARTED.keys() - {field}})) == 1


def test_times_have_to_be_times() -> None:
    job = {"time": "yesterday", "event": "asked"}
    (wrong, *_) = [each for each in shipped.wrong({"schema": 1, "kind": "job", "events": [job]}) if "time" in each]
    assert "'yesterday' is not a 'date-time'" in wrong


def test_a_schema_says_units_and_words() -> None:
    assert shipped.schema("grow")["properties"]["size"] == {"description": "bytes", "minimum": 0, "type": "integer"}
    assert shipped.schema("start")["$defs"]["State"]["enum"] == sorted(State)


@pytest.mark.parametrize("situation", sorted(file.parent.name for file in HOSTS.glob("*/fullreport.json")))
def test_what_real_hosts_told_of_their_storage_is_written_as_the_schemas_say(situation: str) -> None:
    told = lvm_report.parse("vmstore", captured_report(situation))
    world = Inventory(told.vg, told.pvs, told.lvs, {"n1": NodeFacts("n1")}, "n1")
    rows = volumes.rows(world)
    assert rows
    assert shipped.wrong({"schema": 1, "kind": "volumes", "items": rows}) == []
    for row in rows:
        facts = {**row, "extents": volumes.extents(world, row["name"])}
        assert shipped.wrong({"schema": 1, "kind": "volume", **facts}) == []
    assert shipped.wrong({"schema": 1, "kind": "pvs", "items": pvs.rows(world)}) == []
    shipped.check(inventory_document.form(world, 1_800_000_000))
