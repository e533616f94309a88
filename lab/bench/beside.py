"""Measure how much of its speed a writer keeps beside an evacuation of the same PV, on the node that copies.

The writer verifies all that it writes. Its speed is read off the kernel's count of its device, alone for a while and
then while bytes are copied.
"""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

from lab.bench import claims, jobs, told
from lab.bench.figures import turn
from lab.bench.ways import device
from lab.driver import HOST, Cluster

NODE, VM = "n1", "writer01"
ALONE = 20.0
EVERY = 2.0
MIB = 32
STARTED = 50
CONDITIONS: dict[str, tuple[str, ...]] = {
    "as configured": (),
    "--rate 4M": ("--rate", "4M"),
}
_LOOK = f"cat /proc/uptime; cat /sys/class/block/$(basename $(readlink -f /dev/vmstore/{VM}))/stat"


@dataclass(frozen=True, slots=True)
class Look:
    """What the node said: when by this machine's clock, when by its own, and how many I/Os the writer had done."""

    at: float
    uptime: float
    done: int


@dataclass(frozen=True, slots=True)
class Beside:
    """I/Os a second alone and beside an evacuation, of each round."""

    condition: str
    alone: tuple[float, ...]
    beside: tuple[float, ...]

    @property
    def kept(self) -> float:
        """Give the share that was kept: the median of the rounds, each against its own time alone."""
        return median(beside / alone for alone, beside in zip(self.alone, self.beside, strict=True))


def measure(cluster: Cluster, rounds: int) -> list[Beside]:
    """Do each condition in turn, in as many rounds."""
    source, target = cluster.wwid("iscsi", 1), cluster.wwid("fc")
    found: dict[str, list[tuple[float, float]]] = {condition: [] for condition in CONDITIONS}
    cluster.sh(NODE, _writing(device(source)), timeout=jobs.PATIENCE)
    for number in range(rounds):
        for condition in turn(list(CONDITIONS), number):
            alone, beside = _one(cluster, source, target, CONDITIONS[condition])
            found[condition].append((alone, beside))
            sys.stderr.write(f"{condition}: {alone:.0f} I/Os a second alone, {beside:.0f} beside\n")
    cluster.unmount(NODE, VM)
    cluster.sh(NODE, f"lvremove -q -y vmstore/{VM}")
    return [
        Beside(condition, tuple(alone for alone, _ in pairs), tuple(beside for _, beside in pairs))
        for condition, pairs in found.items()
    ]


def speed(looks: Sequence[Look]) -> float:
    """Give the I/Os a second from the first look to the last."""
    return (looks[-1].done - looks[0].done) / (looks[-1].uptime - looks[0].uptime)


def within(looks: Sequence[Look], begin: float, end: float) -> Sequence[Look]:
    """Give the looks between two times of this machine's clock. Raises AssertionError for fewer than two."""
    found = [look for look in looks if begin <= look.at <= end]
    assert len(found) > 1, f"bytes came from {begin:.1f} to {end:.1f}; the looks are {looks}"
    return found


def read(at: float, text: str) -> Look:
    """Read /proc/uptime and a block device's stat (Linux Documentation/block/stat.rst: reads first, writes fifth)."""
    uptime, stat = text.strip().splitlines()
    fields = stat.split()
    return Look(at, float(uptime.split()[0]), int(fields[0]) + int(fields[4]))


def table(found: Sequence[Beside]) -> list[str]:
    """Write the table."""
    lines = [
        "| evacuation | I/Os a second alone, each round | beside it, each round | share that is kept, median |",
        "|---|---|---|---|",
    ]
    for each in found:
        alone, beside = (", ".join(f"{one:.0f}" for one in ones) for ones in (each.alone, each.beside))
        lines.append(f"| {each.condition} | {alone} | {beside} | {each.kept * 100:.0f} % |")
    return [*lines, "", "The aim is at least half as configured."]


def _writing(device: str) -> str:
    # All blocks are written once, or the writer's first round would be a file system's allocations.
    return (
        f"lvcreate -q -y -aey --setautoactivation n -Wn -Zn -n {VM} -L {2 * MIB}M vmstore {device}; "
        f"mke2fs -q -F -t ext4 -b 4096 /dev/vmstore/{VM}; mkdir -p /vm/{VM}; "
        f"mount -o noinit_itable /dev/vmstore/{VM} /vm/{VM}; "
        f"dd if=/dev/urandom of=/vm/{VM}/fio bs=1M count={MIB} conv=fsync status=none"
    )


def _one(cluster: Cluster, source: str, target: str, words: Sequence[str]) -> tuple[float, float]:
    job = jobs.JOBS["large"]
    jobs.make(cluster, job, device(source))
    before = _look(cluster).done
    cluster.start_writer(NODE, VM, mib=MIB, iops=0)
    cluster.wait(lambda: _look(cluster).done > before + STARTED, 60, "the writer to write")
    alone, end = [_look(cluster)], time.monotonic() + ALONE
    while time.monotonic() < end:
        time.sleep(EVERY)
        alone.append(_look(cluster))
    asked = ("evacuate", source, "--to", target, "--yes", "--exclude", VM, *words)
    beside = []
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(told.run, cluster, *asked)
        while not running.done():
            beside.append(_look(cluster))
            time.sleep(EVERY)
        run = running.result()
    assert not run.refused, run.refused
    cluster.stop_writer(NODE, VM)
    jobs.remove(cluster, job)
    cluster.vmstore(HOST, "pv", "uncordon", source)
    copied = claims.copying(run.lines)
    assert copied, run.lines
    begin, end = copied
    return speed(alone), speed(within(beside, run.began + begin, run.began + end))


def _look(cluster: Cluster) -> Look:
    began = time.monotonic()
    text = cluster.sh(NODE, _LOOK, timeout=60).out
    return read((began + time.monotonic()) / 2, text)
