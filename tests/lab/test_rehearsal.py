"""The twin of a storage of 40 volumes: it is laid out as the file says, and an evacuation can be rehearsed on it."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lab.driver import HOST, LAB, Cluster, finish, running
from tests.support.layouts import NOW, storage
from vmstore.model import Inventory
from vmstore.report import inventory_document

pytestmark = pytest.mark.long
NAME = "rehearsal"
# Every volume is made by LVM in emulated machines, at about 2 s a run of extents.
LONGEST = 2400
# Runs of up to 2 GiB, and 32 GiB free on each LUN: the files behind them are sparse. By this seed one PV is cordoned,
# one has a class of its own, and both FC LUNs are of class fc.
SEED, LONGEST_RUN, SPARE = 12, 512, 8192


def _storage() -> Inventory:
    return storage(Random(SEED), longest=LONGEST_RUN, spare=SPARE, mixed=False)


@pytest.fixture(scope="module")
def original() -> dict[str, Any]:
    """Give the layout of a storage that was never there."""
    found: dict[str, Any] = json.loads(inventory_document.form(_storage(), NOW))
    return found


@pytest.fixture(scope="module")
def twin(
    topologies: dict[str, Cluster], original: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Bring up its twin, in place of whatever is up."""
    if topologies:
        topologies.clear()
        finish([str(LAB), "down"])
    file = tmp_path_factory.mktemp("layout") / f"{NAME}.json"
    file.write_text(json.dumps(original), encoding="utf-8")
    finish([str(LAB), "up", "--like", str(file)], timeout=LONGEST)
    topologies[NAME] = running()
    yield topologies[NAME]
    # Its VG is full of what no other test expects.
    topologies.clear()
    finish([str(LAB), "down"])


@pytest.fixture(scope="module")
def wwids(twin: Cluster) -> dict[str, str]:
    """Translate the WWIDs of the twin into the original's, by the table that the lab left."""
    told = json.loads((twin.config.parent / "twin.json").read_text(encoding="utf-8"))
    return {pv["twin"]: pv["real"] for pv in told["pvs"]}


def test_the_twin_is_laid_out_held_and_mounted_as_the_file_says(
    twin: Cluster, original: dict[str, Any], wwids: dict[str, str]
) -> None:
    told = twin.vmstore(HOST, "inventory", "export").json
    assert told["vg"] == original["vg"]
    for key in ("class", "cordoned", "size", "transport", "paths", "start"):
        assert {wwids[pv["wwid"]]: pv[key] for pv in told["pvs"]} == {pv["wwid"]: pv[key] for pv in original["pvs"]}, (
            key
        )
    assert [volume["name"] for volume in told["volumes"]] == [volume["name"] for volume in original["volumes"]]
    for volume, wanted in zip(told["volumes"], original["volumes"], strict=True):
        assert _extents(volume, wwids) == _extents(wanted, {}), volume["name"]
        assert volume["layout"] == wanted["layout"]
        assert volume["held_by"] == wanted["held_by"]
        keys = ("node", "directory", "filesystem")
        own, other = (each["mount"] and [each["mount"][key] for key in keys] for each in (volume, wanted))
        assert own == other


def test_the_twin_lists_every_volume_with_its_size_holder_and_class(twin: Cluster, original: dict[str, Any]) -> None:
    items = {item["name"]: item for item in twin.vmstore(HOST, "list", "-o", "json").json["items"]}
    classes = {pv["wwid"]: pv["class"] for pv in original["pvs"]}
    extent = original["vg"]["extent"]
    assert items.keys() == {volume["name"] for volume in original["volumes"]}
    for volume in original["volumes"]:
        runs = [run for segment in volume["segments"] for run in segment["runs"]]
        item, mount = items[volume["name"]], volume["mount"]
        assert item["size"] == extent * sum(run["count"] for run in runs)
        assert item["held_by"] == (",".join(volume["held_by"]) or None)
        assert item["classes"] == sorted({classes[run["pv"]] for run in runs})
        assert item["mounted_on"] == (mount and mount["directory"])
        assert item["note"] == ""
        # ext3 cannot take room without writing; a small file system is full of itself.
        if mount and mount["filesystem"] == "ext4" and item["size"] >= 64 * 2**20:
            assert item["used_percent"] == pytest.approx(100 * mount["used"] / mount["size"], abs=5)


def test_tomorrows_evacuation_can_be_rehearsed(twin: Cluster, original: dict[str, Any], wwids: dict[str, str]) -> None:
    source = next(pv for pv in original["pvs"] if pv["transport"] == "iscsi" and pv["paths"] == 1)
    device = next(own for own, real in wwids.items() if real == source["wwid"])
    seen = twin.seqno()
    planned = twin.vmstore(HOST, "evacuate", device, "--to", "fc", "--dry-run")
    on_it = [
        volume["name"]
        for volume in original["volumes"]
        if any(run["pv"] == source["wwid"] for segment in volume["segments"] for run in segment["runs"])
    ]
    assert on_it
    assert all(name in planned.out for name in on_it)
    assert twin.seqno() == seen


def test_the_file_behind_a_lun_is_as_large_as_the_lun_and_takes_little_room(
    twin: Cluster, original: dict[str, Any]
) -> None:
    files = [file.stat() for file in (Path(twin.config.parent) / "luns").glob("*.raw")]
    size = sum(pv["size"] + pv["start"] for pv in original["pvs"])
    assert sum(file.st_size for file in files) == size
    assert sum(512 * file.st_blocks for file in files) < size // 20


def _extents(volume: dict[str, Any], names: dict[str, str]) -> list[Any]:
    """Give where each extent lies, in order; which of the stripes of a segment comes first is LVM's choice."""
    found: list[Any] = []
    for segment in volume["segments"]:
        for at in range(segment["runs"][0]["count"]):
            legs = sorted((names.get(run["pv"], run["pv"]), run["start"] + at) for run in segment["runs"])
            found.append((segment["stripe_size"], legs))
    return found
