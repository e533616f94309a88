"""One round of the soak: volumes under writers, an evacuation that meets a fault, and what must be true afterwards."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from lab.driver import HOST, LAB, Cluster
from lab.soak.faults import FAULTS, Fault, program
from vmstore.jobs.throttle import KNOB

TRIES = 5
# About as many points has the work on a PV, and as many more that on each volume.
POINTS = 8
POINTS_EACH = 10
LEFT = ("vmstore.leg", "vmstore.suspend", "pvmove", "_rimage", "_rmeta", "+to", "+from", "+void", "+new", "+gone")
# What a run may say when a fault met it: tool failed, cluster unusable, locked, half-way, interrupted, killed.
GOOD = {6, 7, 8, 9, 130, -9}


@dataclass(slots=True)
class Volume:
    """A volume, where it is mounted ("" nowhere), and the checksum of what it holds."""

    name: str
    mib: int
    node: str
    sum: str = ""


@dataclass(slots=True)
class Round:
    """What a seed makes of a round."""

    seed: int
    volumes: list[Volume]
    fault: Fault
    at: int
    words: tuple[str, ...]
    again: tuple[str, ...]
    met: str = "not met"
    broken: bool = False
    runs: list[int] = field(default_factory=list)

    @classmethod
    def made(cls, seed: int, nodes: tuple[str, ...]) -> "Round":
        """Draw a round."""
        chance = Random(seed)  # noqa: S311  # to be played again, not to be secret
        volumes = [
            Volume(f"soak{number}", chance.choice((16, 32, 48, 96)), chance.choice(("", *nodes)))
            for number in range(chance.randint(1, 3))
        ]
        words = chance.choice(((), ("--rate", "8M"), ("--engine", "mirror"), ("--engine", "raid1")))
        again = tuple(chance.choice((HOST, *nodes)) for _ in range(TRIES))
        return cls(
            seed, volumes, chance.choice(FAULTS), chance.randint(1, POINTS + POINTS_EACH * len(volumes)), words, again
        )

    def __str__(self) -> str:
        laid = ", ".join(f"{each.mib} MiB {'on ' + each.node if each.node else 'idle'}" for each in self.volumes)
        how = " ".join(self.words)
        return f"seed {self.seed}: {laid}; {how or 'as it chooses'}; {self.fault.name} at {self.at}"


def play(cluster: Cluster, this: Round, folder: Path) -> None:
    """Play a round. Raises AssertionError for anything that is not as it must be."""
    source = cluster.wwid("iscsi", 1)
    for volume in this.volumes:
        _make(cluster, volume, source)
    # The array's kernel keeps the session of an FC port that was lost amid a write, and locks the node out: lab.md.
    target = cluster.wwid("iscsi", 2) if this.fault.crash else "fc"
    words = ("evacuate", source, "--to", target, "--yes")
    with _hooked(this, folder):
        run = cluster.vmstore_start(HOST, *words, *this.words)
    _, told = run.communicate(timeout=900)
    this.runs.append(run.returncode)
    assert run.returncode in GOOD | {0}, told
    met = folder / "met"
    if met.exists():
        this.met = met.read_text().strip()
        ends = (folder / "broken", folder / "void")
        cluster.wait(lambda: any(file.exists() for file in ends), 30, "the fault to have come about")
        this.broken = ends[0].exists()
        _mend(cluster, this, (folder / "node").read_text().strip(), folder)
    for host in this.again:
        if this.runs[-1] == 0:
            break
        time.sleep(2)
        done = cluster.vmstore(host, *words, check=False)
        this.runs.append(done.rc)
        assert done.rc in GOOD | {0}, done.err
        told = done.err
    assert this.runs[-1] == 0, f"not done after {len(this.runs)} runs: {told}"
    _check(cluster, this, source)


def _make(cluster: Cluster, volume: Volume, source: str) -> None:
    cluster.create(volume.name, f"{volume.mib}M", "--pv", source)
    if volume.node:
        cluster.mount(volume.node, volume.name)
        volume.sum = cluster.fill(volume.node, volume.name, volume.mib // 4)
        cluster.start_writer(volume.node, volume.name, 2)
    else:
        volume.sum = cluster.fill_idle(volume.name, volume.mib // 8)


@contextmanager
def _hooked(this: Round, folder: Path) -> Iterator[None]:
    hook = folder / "hook"
    hook.write_text(program(this.fault, this.at, str(folder), str(LAB), os.environ["VMSTORE_LAB_STATE"]))
    hook.chmod(0o700)
    os.environ["VMSTORE_HOOK"] = str(hook)
    try:
        yield
    finally:
        del os.environ["VMSTORE_HOOK"]


def _mend(cluster: Cluster, this: Round, node: str, folder: Path) -> None:
    """Mend what the fault broke, and do what a cluster manager does when a node is gone."""
    if this.fault.mends:
        environment = {**os.environ, "node": node, "lab": str(LAB)}
        subprocess.run(["sh", "-c", this.fault.mends], env=environment, check=True, cwd=folder, timeout=600)
    if this.fault.crash:
        for volume in this.volumes:
            if volume.node == node:
                cluster.mount(node, volume.name)
                cluster.start_writer(node, volume.name, 2)


def _check(cluster: Cluster, this: Round, source: str) -> None:
    pv = cluster.pv(source)
    assert (pv["free"], pv["state"]) == (pv["size"], "cordoned"), pv
    assert cluster.vmstore(HOST, "job", "list", "-o", "json").json["items"] == []
    tags = cluster.sh(cluster.nodes[0], "pvs --noheadings -o pv_tags; lvs -a --noheadings -o lv_name vmstore").out
    assert not [word for word in ("vmstore.evacuate", "vmstore.freeze", *LEFT) if word in tags], tags
    for volume in this.volumes:
        if volume.node:
            assert cluster.stop_writer(volume.node, volume.name) > 0
            assert cluster.data_sum(volume.node, volume.name) == volume.sum
            cluster.unmount(volume.node, volume.name)
        else:
            assert cluster.volume(volume.name)["held_by"] is None
            assert cluster.content_sum(volume.name) == volume.sum
        cluster.fsck(cluster.nodes[0], volume.name)
    for node in cluster.nodes:
        left = cluster.sh(
            node,
            "ls /run/vmstore/idle 2>/dev/null || true; dmsetup info -c --noheadings -o name,suspended 2>/dev/null"
            f" | grep -i ':suspended' || true; cat {KNOB} 2>/dev/null || echo 100",
        ).out.split()
        assert left == ["100"], f"{node}: {left}"


def tidy(cluster: Cluster) -> None:
    """Remove a round's volumes and open the PV again."""
    for name in list(cluster.used):
        cluster.vmstore(HOST, "remove", name, "--confirm", name)
    cluster.used.clear()
    cluster.uncordon()
