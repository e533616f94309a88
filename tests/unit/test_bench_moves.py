"""Benchmarks: which commands they run in the lab, and when volumes are made anew."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.bench import jobs, moves, rawcopy, told, ways
from lab.bench.figures import Measured
from lab.bench.options import parse
from lab.bench.ways import WAYS, Ran
from lab.driver import Cluster

PARTS = ("volumes", "moves", "scale")


def test_volumes_are_dealt_out_to_the_nodes() -> None:
    held = jobs.JOBS["spread"].held
    assert {node: len(names) for node, names in held.items()} == {"n1": 4, "n2": 4, "n3": 4}
    assert len({name for names in held.values() for name in names}) == 12
    assert jobs.JOBS["large"].held == {"n1": ["large01"]}


def test_used_volumes_are_mounted_and_idle_ones_left_inactive() -> None:
    used = jobs.making(jobs.JOBS["large"], ["large01"], "/dev/a")
    assert "mount -o noinit_itable /dev/vmstore/large01 /vm/large01" in used
    assert "lvchange -an" not in used
    idle = jobs.making(jobs.JOBS["sparse"], ["sparse01"], "/dev/a")
    assert "count=40" in idle
    assert "mke2fs -q -F -t ext4 -b 4096 -d /var/tmp/bench40 /dev/vmstore/sparse01" in idle
    assert idle.endswith("lvchange -an vmstore/sparse01")


def test_a_used_volume_is_let_go_of_before_it_is_removed() -> None:
    assert jobs.removing(jobs.JOBS["large"], ["large01"]) == (
        "umount /vm/large01; lvchange -an vmstore/large01; lvremove -q -y vmstore/large01"
    )


@pytest.mark.spawns("bash")
@pytest.mark.parametrize("variant", rawcopy.VARIANTS)
@pytest.mark.parametrize("job", jobs.JOBS.values(), ids=jobs.JOBS)
def test_the_raw_copy_is_whole(job: jobs.Job, variant: str, tmp_path: Path) -> None:
    """Copy between files, with dd asked for no direct I/O, which not every file system has."""
    names = next(iter(job.held.values()))
    data = {name: os.urandom(job.mib * 1024) for name in names}
    for name, content in data.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "scratch").write_bytes(b"")
    script = rawcopy.script(job, names, "scratch", variant).replace("/dev/vmstore/", f"{tmp_path}/")
    # MiB become KiB.
    script = script.replace("bs=4M", "bs=4K").replace("iflag=direct", "").replace("oflag=direct", "")
    subprocess.run(["bash", "-c", f"set -e; {script}"], check=True, timeout=60)
    assert (tmp_path / "scratch").read_bytes() == b"".join(data[name] for name in names)


@pytest.mark.parametrize("variant", rawcopy.VARIANTS)
def test_the_raw_copy_is_direct_and_in_blocks_that_the_lab_survives(variant: str) -> None:
    script = rawcopy.script(jobs.JOBS["large"], ["large01"], "scratch", variant)
    assert script.count("iflag=direct") == script.count("oflag=direct") == script.count("of=")
    assert script.count("bs=4M") == script.count("dd ")


def test_plain_pvmove_leaves_idle_volumes_inactive_and_used_ones_alone() -> None:
    small = ways.plain(jobs.JOBS["small"], ["a", "b"], "31", "32")
    assert small == (
        "pvmove -n a /dev/disk/by-id/wwn-0x1 /dev/disk/by-id/wwn-0x2; lvchange -an vmstore/a; "
        "pvmove -n b /dev/disk/by-id/wwn-0x1 /dev/disk/by-id/wwn-0x2; lvchange -an vmstore/b"
    )
    assert "lvchange" not in ways.plain(jobs.JOBS["spread"], ["a"], "31", "32")


class Lab:
    """Note what a benchmark does, in place of the lab."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def wwid(self, transport: str, paths: int = 1) -> str:
        """Name a PV."""
        return f"3{transport}{paths}"

    def vmstore(self, where: str, *words: str) -> None:
        """Take note of a run of vmstore."""
        self.did.append(" ".join(words[:2]))


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Put a lab in place in which `used` is refused and everything else takes a second."""
    made = Lab()

    def mover(way: str) -> Any:
        def run(place: ways.Place) -> Ran:
            made.did.append(way)
            said = ((0.5, " at 1 MiB/s, 1 s left"),)
            return Ran(None, "in use") if way == "used" else Ran(1.0, lines=said)

        return run

    def copy(cluster: Any, job: jobs.Job, device: str, variant: str) -> float:
        made.did.append(variant)
        return 1.0

    monkeypatch.setattr(jobs, "make", lambda *_: made.did.append("make"))
    monkeypatch.setattr(jobs, "remove", lambda *_: made.did.append("remove"))
    monkeypatch.setattr(rawcopy, "trials", lambda *_: {"dd": 2.0, "two dd": 1.0})
    monkeypatch.setattr(rawcopy, "copy", copy)
    monkeypatch.setattr(moves, "mover", mover)
    return made


def test_volumes_are_made_anew_only_when_they_were_moved(lab: Any) -> None:
    found: list[Measured] = []
    moves.measure(lab, ["large"], ["raw", "used", "default"], 2, found.append)
    assert lab.did == [
        "make", "two dd", "used", "pv uncordon", "default", "remove", "pv uncordon",
        "make", "default", "remove", "pv uncordon", "make", "two dd", "remove",
    ]  # fmt: skip
    (only,) = found
    assert only.best_raw == "two dd"
    assert [(timing.way, timing.rounds, timing.refused) for timing in only.timings] == [
        ("raw", (1.0, 1.0), ""), ("used", (), "in use"), ("default", (1.0, 1.0), ""),
    ]  # fmt: skip
    assert only.claims == pytest.approx((50.0, 50.0))


def test_a_refusal_says_why() -> None:
    lines = ((1.0, "looking …"), (2.0, "vmstore: web01 is in use"), (2.0, "  why: it is mounted"), (2.0, "  try: x"))
    assert told.Told(4, 0.0, 2.0, lines).refused == "web01 is in use: it is mounted"
    assert told.Told(4, 0.0, 2.0, ()).refused == "refused"
    assert told.Told(0, 0.0, 2.0, lines).refused == ""


@pytest.mark.spawns(Path(sys.executable).name)
def test_a_run_is_read_line_by_line_and_its_failure_raised(tmp_path: Path) -> None:
    cluster = Cluster(("n1",), tmp_path / "none.toml")
    with pytest.raises(AssertionError, match=r"exit code 2(?s:.*)none\.toml"):
        told.run(cluster, "evacuate", "/dev/none", "--yes")


def test_everything_is_wanted_unless_it_is_named() -> None:
    all_of_it = parse([], PARTS)
    assert (all_of_it.parts, all_of_it.jobs, all_of_it.ways) == (PARTS, tuple(jobs.JOBS), tuple(WAYS))
    assert (all_of_it.rounds, all_of_it.compared) == (3, True)
    some = parse(["scale", "moves", "--jobs", "large", "--ways", "raw,pvmove,default", "--rounds", "1"], PARTS)
    assert (some.parts, some.jobs, some.rounds) == (("moves", "scale"), ("large",), 1)
    assert (some.ways, some.compared) == (("raw", "pvmove", "default"), False)


@pytest.mark.parametrize("words", [["other"], ["--jobs", "other"], ["--ways", "raw,"], ["--rounds", "0"]])
def test_what_is_not_there_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words, PARTS)
    assert ended.value.code == 2
    assert "there " in capsys.readouterr().err or words == ["--rounds", "0"]
