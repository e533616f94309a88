"""Measure creating and growing a volume on the lab against the raw tools."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from lab.driver import HOST, Cluster

NODE = "n1"
RAW_MAKE = (
    "lvcreate -q -y -aey --setautoactivation n -n raw01 -L 64M vmstore; "
    "mkfs.ext4 -q /dev/vmstore/raw01; lvchange -an vmstore/raw01"
)
RAW_GROW = "lvextend -q -L 96M vmstore/raw01; resize2fs /dev/vmstore/raw01"


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds that one way of doing a job took."""

    job: str
    way: str
    seconds: float


def measure(cluster: Cluster) -> list[Took]:
    """Make a volume in each way, and grow each while it is mounted."""
    found = [
        Took("create 64 MiB", "lvcreate, mkfs, lvchange", _timed(cluster.sh, NODE, RAW_MAKE)),
        Took("create 64 MiB", "vmstore create", _timed(cluster.vmstore, HOST, "create", "bench01", "64M")),
    ]
    cluster.mount(NODE, "raw01")
    cluster.mount(NODE, "bench01")
    found += [
        Took("grow by 32 MiB, mounted", "lvextend, resize2fs", _timed(cluster.sh, NODE, RAW_GROW)),
        Took("grow by 32 MiB, mounted", "vmstore grow", _timed(cluster.vmstore, HOST, "grow", "bench01", "96M")),
    ]
    for vm in ("raw01", "bench01"):
        cluster.unmount(NODE, vm)
        cluster.sh(NODE, f"lvremove -q -y vmstore/{vm}")
    return found


def table(found: list[Took]) -> list[str]:
    """Write the table; each job's first way is what its others are held against."""
    lines = ["| job | way | seconds | ratio to the first way |", "|---|---|---|---|"]
    first: dict[str, float] = {}
    for each in found:
        base = first.setdefault(each.job, each.seconds)
        lines.append(f"| {each.job} | {each.way} | {each.seconds:.1f} | {each.seconds / base:.2f} |")
    return lines


def _timed(work: Callable[..., object], *arguments: str) -> float:
    began = time.monotonic()
    work(*arguments)
    return time.monotonic() - began
