"""The twin of a storage: the commands that make it give the same runs of extents, and what it cannot be is said."""

import argparse
import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab import furnish, guestconfig, layout_reading, rehearsal, wiring
from lab.layout import Layout, Volume
from lab.shrink import shrink
from lab.topology import Topology
from lab.topology_fields import TopologyProblem
from lab.twin import Twin, derive
from tests.support.layouts import NOW, storage
from tests.support.worlds import EXTENT, World
from vmstore.model import Inventory
from vmstore.report import inventory_document

M = 2**20
seeds = st.integers(0, 2**32)
Runs = dict[str, list[tuple[int, tuple[tuple[str, int, int], ...]]]]


def layout_of(world: Inventory) -> Layout:
    """Export a world and read the export."""
    return layout_reading.parse(json.loads(inventory_document.form(world, NOW)))


def twin_of(world: Inventory, by: int = 1) -> Twin:
    """Give a world's twin."""
    return derive("twin", layout_of(world), by)


def devices(twin: Twin) -> dict[str, str]:
    """Name the device of each LUN after it."""
    return {wwid: f"/dev/{lun.name}" for wwid, lun in twin.luns.items()}


class Lvm:
    """LVM that does what it is told: each volume as its segments, of stripe size and runs."""

    def __init__(self) -> None:
        self.lvs: Runs = {}
        self.parser = argparse.ArgumentParser(exit_on_error=False)
        for flag in ("-q", "-y"):
            self.parser.add_argument(flag, action="store_true")
        for option in ("-a", "-W", "-Z", "-n", "-l", "-I", "--setautoactivation"):
            self.parser.add_argument(option)
        self.parser.add_argument("-i", type=int)
        self.parser.add_argument("names", nargs="+")

    def run(self, argv: list[str]) -> None:
        """Run lvcreate or lvextend."""
        told = self.parser.parse_args(argv[1:])
        name, *ranges = told.names
        runs = tuple(_run(each) for each in ranges)
        assert sum(count for _, _, count in runs) == int(told.l)
        assert len(runs) == told.i
        segment = (int((told.I or "0").removesuffix("b")), runs)
        if argv[0] == "lvcreate":
            assert name == "vmstore"
            assert (told.a, told.W, told.Z) == ("n", "n", "n")
            assert told.n not in self.lvs
            self.lvs[told.n] = [segment]
        else:
            assert told.l.startswith("+")
            self.lvs[name.removeprefix("vmstore/")].append(segment)


def _run(text: str) -> tuple[str, int, int]:
    device, _, extents = text.partition(":")
    first, _, last = extents.partition("-")
    return device, int(first), int(last) - int(first) + 1


def carried_out(twin: Twin) -> Runs:
    """Give the volumes that the twin's commands make."""
    lvm = Lvm()
    for argv in furnish.made(twin, devices(twin)):
        if argv[0] in ("lvcreate", "lvextend"):
            lvm.run(argv)
    return lvm.lvs


def each_extent(segments: list[tuple[int, tuple[tuple[str, int, int], ...]]]) -> list[Any]:
    """Give where each extent lies, in order, with the stripes it belongs to."""
    found: list[Any] = []
    for size, runs in segments:
        legs = [[(pv, start + at) for at in range(count)] for pv, start, count in runs]
        found += [(size, row) for row in zip(*legs, strict=True)]
    return found


def commands(twin: Twin) -> list[list[str]]:
    """Give all that is run in the twin, in order."""
    own = [argv for node in twin.topology.nodes for argv in furnish.held(twin, node)]
    return [*furnish.made(twin, devices(twin)), *own, *furnish.marked(twin, devices(twin))]


@given(seeds)
@settings(max_examples=60)
def test_each_volume_has_the_same_extents_as_the_original(seed: int) -> None:
    world = storage(Random(seed), volumes=12)
    twin = twin_of(world)
    lun = {pv.uuid: f"/dev/{twin.luns[f'wwid-{pv.uuid}'].name}" for pv in world.pvs}
    made = carried_out(twin)
    assert made.keys() == {lv.name for lv in world.lvs}
    for lv in world.lvs:
        runs = iter([(lun[run.pv], run.start, run.count) for run in lv.extents])
        stripes = lv.stripes or ((1, 0),) * len(lv.extents)
        wanted = [(size, tuple(next(runs) for _ in range(count))) for count, size in stripes]
        assert each_extent(made[lv.name]) == each_extent(wanted)
    for pv in world.pvs:
        found = twin.luns[f"wwid-{pv.uuid}"]
        assert (found.size - twin.topology.data_start) // EXTENT == pv.size // EXTENT


@given(seeds, st.integers(1, 5000))
@settings(max_examples=60)
def test_shrinking_keeps_every_run_on_its_pv_in_its_place(seed: int, by: int) -> None:
    whole = layout_of(storage(Random(seed), volumes=12))
    small = shrink(whole, by)
    pairs = [
        (old, new)
        for before, after in zip(whole.volumes, small.volumes, strict=True)
        for old, new in zip(before.runs, after.runs, strict=True)
    ]
    assert all(new.pv == old.pv and new.count == -(-old.count // by) for old, new in pairs)
    for pv, smaller in zip(whole.pvs, small.pvs, strict=True):
        own = sorted(((old, new) for old, new in pairs if old.pv == pv.wwid), key=lambda pair: pair[0].start)
        edges = [(0, 0), *((old.start + old.count, new.start + new.count) for old, new in own)]
        starts = [*((old.start, new.start) for old, new in own), (pv.extents, smaller.extents)]
        for (old_end, new_end), (old_start, new_start) in zip(edges, starts, strict=True):
            assert new_start - new_end == -(-(old_start - old_end) // by)


@given(seeds)
@settings(max_examples=20)
def test_a_shrunken_layout_is_a_sound_one(seed: int) -> None:
    twin = twin_of(storage(Random(seed)), 50)
    used = [(device, start + at) for segments in carried_out(twin).values() for _, runs in segments
            for device, start, count in runs for at in range(count)]  # fmt: skip
    assert len(set(used)) == len(used)


def test_shrinking_by_one_changes_nothing() -> None:
    whole = layout_of(storage(Random(3)))
    assert shrink(whole, 1) == whole


def test_runs_side_by_side_cost_one_command() -> None:
    world = World().pv("a").lv("one", 4 * EXTENT, "a a").inventory()
    [argv, *_] = furnish.made(twin_of(world), {"wwid-a": "/dev/sda"})
    assert argv[-1] == "/dev/sda:0-3"
    assert [argv[0] for argv in furnish.made(twin_of(world), {"wwid-a": "/dev/sda"})].count("lvextend") == 0


def test_volumes_are_made_filled_and_held_as_the_original_has_them() -> None:
    world = World(nodes="n1 n2").pv("a").pv("b", cls="gold", cordoned=True)
    world.lv("web01", EXTENT, "b", active="n2", mounted=True).lv("db01", EXTENT, "a", active="n1", mounted=True)
    world.lv("idle", EXTENT, "a").lv("raw", EXTENT, "a", active="n2", opens=1)
    twin = twin_of(world.inventory())
    told = [" ".join(argv) for argv in commands(twin) if argv[0] not in ("lvcreate", "lvextend")]
    make = "mke2fs -q -F -t ext4 -E nodiscard,lazy_itable_init=1,lazy_journal_init=1 /dev/vmstore/"
    assert told == [
        "lvchange -q -aey vmstore/db01 vmstore/idle vmstore/web01",
        *(f"{make}{name}" for name in ("db01", "idle", "web01")),
        "lvchange -q -an vmstore/idle vmstore/web01",
        "lvchange -q -aey vmstore/db01",
        f"{furnish.HOLD} /dev/vmstore/db01 /vm/db01 500",
        "lvchange -q -aey vmstore/raw vmstore/web01",
        f"{furnish.HOLD} /dev/vmstore/web01 /vm/web01 500",
        "pvchange -q -x n --addtag vmstore.class=gold /dev/fc2",
    ]


def test_a_single_host_has_no_cluster_locks() -> None:
    twin = twin_of(World(nodes="n1", lock="").pv("a").lv("web01", EXTENT, "a", active="n1", mounted=True).inventory())
    assert (twin.topology.locks, twin.topology.shared) == ("none", False)
    assert ["lvchange", "-q", "-ay", "vmstore/web01"] in commands(twin)
    assert twin.notes == ()


def test_a_mount_below_another_comes_after_it() -> None:
    layout = layout_of(
        World(nodes="n1").pv("a").lv("a", EXTENT, "a", active="n1", mounted=True)
        .lv("b", EXTENT, "a", active="n1", mounted=True).inventory()
    )  # fmt: skip
    a, b = layout.volumes
    assert a.mount
    assert b.mount
    below = replace(a, mount=replace(a.mount, directory=f"{b.mount.directory}/a"))
    twin = derive("twin", replace(layout, volumes=(below, b)), 1)
    assert [argv[2] for argv in furnish.held(twin, "n1") if argv[0] == furnish.HOLD] == ["/vm/b", "/vm/b/a"]


def test_what_is_not_as_in_the_original_is_said() -> None:
    world = World(nodes="n1 n2", lock="sanlock", silent={"n2": "does not answer"})
    world.pv("a", transport="sas").pv("b").lv("thin", EXTENT, "b", layout="thin,pool", active="n1")
    told = "\n".join(twin_of(world.inventory(), 10).notes)
    for part in (
        "divided by 10",
        "what n2 held was not known",
        "dlm instead of sanlock",
        "iscsi1 is reached by iscsi instead of sas",
        "thin (thin, pool) is a linear volume that takes its room, odd1.thin",
    ):
        assert part in told


def test_what_is_no_plain_volume_takes_its_room_and_is_nobodys() -> None:
    world = World(nodes="n1").pv("a").lv("vm_rimage_0", 3 * EXTENT, "a", role="private,raid,image", active="n1")
    twin = twin_of(world.inventory())
    assert carried_out(twin) == {"odd1.vm.rimage.0": [(0, (("/dev/fc1", 0, 3),))]}
    assert [argv[0] for argv in commands(twin)] == ["lvcreate"]
    assert rehearsal.translation(twin)["volumes"] == [{"real": "vm_rimage_0", "twin": "odd1.vm.rimage.0"}]


@pytest.mark.parametrize(
    ("real", "twin"),
    [
        ("n1 n2", "n1 n2"),
        ("web1.example.org WEB2.example.org", "web1 web2"),
        ("a.example.com a.example.org", "n1 n2"),
        ("san n1", "n2 n1"),
        ("10.0.0.1 localhost much-too-long-a-name", "n1 n2 n3"),
    ],
)
def test_nodes_keep_the_names_that_the_lab_can_carry(real: str, twin: str) -> None:
    found = twin_of(World(nodes=real).pv("a").inventory())
    assert [found.nodes[node] for node in real.split()] == twin.split()
    assert found.topology.nodes == tuple(found.nodes.values())


def test_of_too_many_nodes_those_stay_that_hold_volumes() -> None:
    world = World(nodes=" ".join(f"n{number}" for number in range(1, 10)))
    for number in range(10):
        world.pv(f"pv{number}")
    for node in ("n9", "n5", "n5", "n7", "n3", "n2"):
        world.lv(f"on-{node}-{len(world.inventory().lvs)}", EXTENT, "pv0", active=node)
    twin = twin_of(world.inventory())
    assert len(twin.topology.luns) + 3 * len(twin.topology.nodes) <= 25
    assert twin.topology.nodes == ("n2", "n3", "n5", "n7", "n9")
    assert any("n1, n4, n6, n8" in note for note in twin.notes)


def test_what_a_node_held_that_is_left_out_is_held_by_nobody() -> None:
    world = World(nodes="n1 n2")
    for number in range(20):
        world.pv(f"pv{number}")
    world.lv("a", EXTENT, "pv0", active="n2").lv("b", EXTENT, "pv0", active="n2").lv("c", EXTENT, "pv0", active="n1")
    twin = twin_of(world.inventory())
    assert twin.topology.nodes == ("n2",)
    assert [twin.holder(volume) for volume in twin.layout.volumes] == ["n2", "n2", ""]
    assert twin.topology.locks == "dlm"


def test_too_many_luns_are_refused_by_key() -> None:
    world = World(nodes="n1")
    for number in range(23):
        world.pv(f"pv{number}")
    with pytest.raises(TopologyProblem, match=r"^pvs: there are 23"):
        twin_of(world.inventory())


@pytest.mark.parametrize(
    ("can_grow_to", "asked", "start"),
    [(0, 16 * M, 17 * M), (8910592, 16 * M, 17 * M), (521984, M - 4096, M), (96000, M - 4096, M)],
)
def test_the_metadata_of_the_vg_may_grow_as_far(can_grow_to: int, asked: int, start: int) -> None:
    layout = replace(layout_of(World(nodes="n1").pv("a").inventory()), metadata_size=can_grow_to)
    topology = derive("twin", layout, 1).topology
    # As LVM 2.03.16 does it, seen with these sizes on a disk.
    assert (topology.metadata, topology.data_start) == (asked, start)
    assert f"LAB_METADATA={asked}b" in guestconfig.render(topology, "n1")


def test_other_topologies_are_as_they_were() -> None:
    plain = Topology("t", ("n1",), 1024, 768, "vg", "none", ())
    text = guestconfig.render(plain, "n1")
    assert f"LAB_EXTENT={4 * M}b" in text
    assert f"LAB_METADATA={16 * M}b" in text


def test_multipath_devices_are_named_in_their_order() -> None:
    twin = twin_of(storage(Random(1), luns=4))
    named = [wiring.device(twin.topology, lun) for lun in twin.topology.luns]
    assert named[2] == "/dev/mapper/mpatha"
    assert named[0] == f"/dev/disk/by-id/wwn-0x{wiring.wwid(twin.topology.luns[0])[1:]}"
    assert len(rehearsal.table(twin).splitlines()) == 5


def test_file_systems_are_those_of_the_original() -> None:
    def kind(volume: Volume, **mount: Any) -> str:
        assert volume.mount
        return furnish.filesystem(replace(volume, mount=replace(volume.mount, **mount)))

    layout = layout_of(World(nodes="n1").pv("a").lv("a", EXTENT, "a", active="n1", mounted=True).inventory())
    [volume] = layout.volumes
    assert kind(volume, filesystem="ext3") == "ext3"
    assert kind(volume, filesystem="xfs") == "ext4"
    assert furnish.filesystem(replace(volume, mount=None)) == ""
    assert furnish.filesystem(replace(volume, mount=None, held_by=())) == "ext4"
