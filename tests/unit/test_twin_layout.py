"""A layout is read strictly: whatever is wrong with a file is refused by the name of its key."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lab import layout_reading
from lab.errors import UsageError
from lab.topology_fields import TopologyProblem
from tests.support.layouts import NOW, storage
from tests.support.worlds import EXTENT, World
from vmstore.report import inventory_document

A, B = "wwid-a", "wwid-b"


def document() -> dict[str, Any]:
    """Give a sound document of a mounted volume that lies on two PVs."""
    world = World().pv("a").pv("b").lv("web01", 8 * EXTENT, "a b", active="n2", mounted=True)
    found: dict[str, Any] = json.loads(inventory_document.form(world.lv("idle", EXTENT, "a").inventory(), NOW))
    return found


def changed(path: str, value: Any) -> dict[str, Any]:
    """Give it with another value in one place."""
    found = document()
    at: Any = found
    *way, last = (int(word) if word.isdigit() else word for word in path.split("."))
    for word in way:
        at = at[word]
    if value is KeyError:
        del at[last]
    else:
        at[last] = value
    return found


def run(pv: str, start: int, count: int) -> dict[str, Any]:
    """Write a run."""
    return {"pv": pv, "start": start, "count": count}


def test_what_vmstore_writes_is_read() -> None:
    found = layout_reading.parse(document())
    assert (found.vg, found.extent, found.lock_type, found.nodes) == ("vmstore", EXTENT, "dlm", ("n1", "n2"))
    web01 = found.volumes[1]
    assert [(each.pv, each.start, each.count) for each in web01.runs] == [(A, 0, 4), (B, 0, 4)]
    assert web01.mount
    assert (web01.mount.directory, web01.held_by, web01.odd) == ("/vm/web01", ("n2",), "")


@pytest.mark.parametrize("seed", range(20))
def test_whatever_vmstore_writes_is_read(seed: int) -> None:
    world = storage(Random(seed))
    text = inventory_document.form(world, NOW)
    assert len(layout_reading.parse(json.loads(text)).volumes) == len(world.lvs)


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("schema", 2, "schema"),
        ("schema", KeyError, "schema"),
        ("kind", "report", "kind"),
        ("more", 1, "more"),
        ("time", "`reboot`", "time"),
        ("vg", [], "vg"),
        ("vg.name", "../../etc", "vg.name"),
        ("vg.name", "..", "vg.name"),
        ("vg.name", "-f", "vg.name"),
        ("vg.extent", 0, "vg.extent"),
        ("vg.extent", True, "vg.extent"),
        ("vg.extent", 4 * 2**20 + 1, "vg.extent"),
        ("vg.extent", 2**70, "vg.extent"),
        ("vg.lock_type", "flock", "vg.lock_type"),
        ("vg.metadata_size", -1, "vg.metadata_size"),
        ("manager", "a b", "manager"),
        ("nodes", [], "nodes"),
        ("nodes.0", "n1", "nodes"),
        ("nodes.0.name", "n1;reboot", "nodes[0].name"),
        ("nodes.0.name", "n2", "nodes.name"),
        ("nodes.0.answered", "yes", "nodes[0].answered"),
        ("pvs", [], "pvs"),
        ("pvs.0.wwid", "a\nb", "pvs[0].wwid"),
        ("pvs.0.wwid", B, "pvs.wwid"),
        ("pvs.0.class", "x;y", "pvs[0].class"),
        ("pvs.0.size", EXTENT + 1, "pvs[0].size"),
        ("pvs.0.size", 2**63, "pvs[0].size"),
        ("pvs.0.size", EXTENT, "volumes.segments.runs.count"),
        ("pvs.0.cordoned", None, "pvs[0].cordoned"),
        ("pvs.0.paths", 1.5, "pvs[0].paths"),
        ("volumes", None, "volumes"),
        ("volumes.0.name", "a b", "volumes[0].name"),
        ("volumes.0.name", "-n", "volumes[0].name"),
        ("volumes.0.name", ".", "volumes[0].name"),
        ("volumes.0.name", "web01_rimage_0", "volumes[0].name"),
        ("volumes.0.name", "pvmove0", "volumes[0].name"),
        ("volumes.0.name", "web01", "volumes.name"),
        ("volumes.0.segments", [], "volumes[0].segments"),
        ("volumes.0.segments.0.runs", [], "volumes[0].segments[0].runs"),
        ("volumes.0.segments.0.runs.0.pv", "elsewhere", "volumes.segments.runs.pv"),
        ("volumes.0.segments.0.runs.0.start", -1, "volumes[0].segments[0].runs[0].start"),
        ("volumes.0.segments.0.runs.0.start", 3, "volumes.segments.runs.start"),
        ("volumes.0.segments.0.runs.0.count", 0, "volumes[0].segments[0].runs[0].count"),
        ("volumes.0.segments.0.runs.0.count", 2560, "volumes.segments.runs.count"),
        ("volumes.0.segments.0.stripe_size", 65536, "volumes[0].segments[0].stripe_size"),
        ("volumes.0.segments.0.runs", [run(A, 9, 1), run(B, 9, 1)], "volumes[0].segments[0].stripe_size"),
        (
            "volumes.0.segments.0",
            {"stripe_size": 65536, "runs": [run(A, 9, 1), run(B, 9, 2)]},
            "volumes[0].segments[0].runs",
        ),
        (
            "volumes.0.segments.0",
            {"stripe_size": 65536, "runs": [run(A, 9, 1), run(A, 20, 1)]},
            "volumes[0].segments[0].runs",
        ),
        (
            "volumes.0.segments.0",
            {"stripe_size": 65537, "runs": [run(A, 9, 1), run(B, 9, 1)]},
            "volumes[0].segments[0].stripe_size",
        ),
        ("volumes.1.held_by", ["n9"], "volumes[1].mount.node"),
        ("volumes.0.held_by", ["n9"], "volumes.held_by"),
        ("volumes.0.held_by", "n1", "volumes[0].held_by"),
        ("volumes.1.mount.directory", "vm/web01", "volumes[1].mount.directory"),
        ("volumes.1.mount.directory", "/vm/../etc", "volumes[1].mount.directory"),
        ("volumes.1.mount.directory", "/", "volumes[1].mount.directory"),
        ("volumes.1.mount.directory", "/vm/a\nb", "volumes[1].mount.directory"),
        ("volumes.1.mount.filesystem", "EXT4!", "volumes[1].mount.filesystem"),
        ("volumes.1.mount.used", "much", "volumes[1].mount.used"),
        ("volumes.1.mount.used", 2**40, "volumes[1].mount.used"),
        ("volumes.1.mount.size", 0, "volumes[1].mount.size"),
        ("services", [{"vm": "web01", "state": "started"}], "services[0].node"),
    ],
)
def test_what_is_wrong_is_refused_by_its_key(path: str, value: Any, key: str) -> None:
    with pytest.raises(TopologyProblem) as refused:
        layout_reading.parse(changed(path, value))
    assert str(refused.value).partition(": ")[0] == key


def test_a_service_may_be_called_anything() -> None:
    told = changed("services", [{"vm": "backup of all: 3 h", "state": "stopped", "node": None}])
    assert layout_reading.parse(told).services == 1


def test_how_full_a_file_system_is_may_not_be_known() -> None:
    for key in ("size", "used"):
        found = layout_reading.parse(changed(f"volumes.1.mount.{key}", None)).volumes[1]
        assert found.mount
        assert found.mount.used == 0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JSON"),
        (b'{"schema": 1', "no JSON"),
        (b"[]", "no JSON object"),
        (b"\xff\xfe", "no JSON"),
        (b'{"a":' * 100_000, "no JSON"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "no JSON"),
        (b"{}", "schema: is missing"),
    ],
)
def test_a_broken_file_is_refused_in_three_lines(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "layout.json"
    file.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        layout_reading.read(file)
    lines = refused.value.render().splitlines()
    assert [line.split(":")[0] for line in lines] == ["lab", "  why", "  try"]
    assert str(file) in lines[0]
    assert why in lines[1]


def test_a_file_that_never_ends_is_not_read_to_its_end() -> None:
    with pytest.raises(UsageError) as refused:
        layout_reading.read(Path("/dev/zero"))
    assert "larger than" in refused.value.why


def test_what_is_no_plain_volume_is_read_with_what_it_is() -> None:
    for where, words, odd in (
        ("layout", ["raid", "raid1"], "raid, raid1"),
        ("role", ["public", "snapshot"], "snapshot"),
        ("role", ["private", "pvmove"], "private, pvmove"),
        ("layout", ["linear", "striped"], ""),
    ):
        found = layout_reading.parse(changed(f"volumes.0.{where}", words))
        assert found.volumes[0].odd == odd
