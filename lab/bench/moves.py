"""Measure evacuating, creating and growing on the lab against the raw tools and a raw copy."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from lab.driver import HOST, Cluster

NODE = "n1"
LARGE = ("large", 1, 400)
SMALL = ("small", 12, 32)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that one way of doing a job took."""

    job: str
    way: str
    seconds: float


def measure(cluster: Cluster) -> list[Timing]:
    """Do each job in each way, one after the other, in the same lab."""
    source, target = cluster.wwid("iscsi", 1), cluster.wwid("fc")
    found = _volumes(cluster)
    for job, count, mib in (LARGE, SMALL):
        names = [f"{job}{number:02}" for number in range(1, count + 1)]
        cluster.sh(
            NODE, "; ".join(f"lvcreate -q -an -Wn -Zn -n {vm} -L {mib}M vmstore {_device(source)}" for vm in names)
        )
        label = f"evacuate {count} of {mib} MiB"
        found.append(Timing(label, "dd, direct, 4 MiB", _copy(cluster, names, mib, target)))
        plain = "; ".join(
            f"pvmove -n {vm} {_device(source)} {_device(target)}; lvchange -an vmstore/{vm}" for vm in names
        )
        found.append(Timing(label, "plain pvmove -n", _timed(cluster.sh, NODE, plain)))
        _back(cluster, names, target, source)
        found.append(
            Timing(
                label,
                "vmstore evacuate",
                _timed(cluster.vmstore, HOST, "evacuate", source, "--to", target, "--yes"),
            )
        )
        cluster.vmstore(HOST, "pv", "uncordon", source)
        cluster.sh(NODE, "lvremove -q -y " + " ".join(f"vmstore/{vm}" for vm in names))
    return found


def _volumes(cluster: Cluster) -> list[Timing]:
    make = (
        "lvcreate -q -y -aey --setautoactivation n -n raw01 -L 64M vmstore; "
        "mkfs.ext4 -q /dev/vmstore/raw01; lvchange -an vmstore/raw01"
    )
    grow = "lvextend -q -L 96M vmstore/raw01; resize2fs /dev/vmstore/raw01"
    found = [
        Timing("create 64 MiB", "lvcreate, mkfs, lvchange", _timed(cluster.sh, NODE, make)),
        Timing("create 64 MiB", "vmstore create", _timed(cluster.vmstore, HOST, "create", "bench01", "64M")),
    ]
    cluster.mount(NODE, "raw01")
    cluster.mount(NODE, "bench01")
    found += [
        Timing("grow by 32 MiB, mounted", "lvextend, resize2fs", _timed(cluster.sh, NODE, grow)),
        Timing("grow by 32 MiB, mounted", "vmstore grow", _timed(cluster.vmstore, HOST, "grow", "bench01", "96M")),
    ]
    for vm in ("raw01", "bench01"):
        cluster.unmount(NODE, vm)
        cluster.sh(NODE, f"lvremove -q -y vmstore/{vm}")
    return found


def _copy(cluster: Cluster, names: list[str], mib: int, target: str) -> float:
    cluster.sh(NODE, f"lvcreate -q -y -Wn -Zn -aey -n scratch -L {mib * len(names)}M vmstore {_device(target)}")
    cluster.sh(NODE, "; ".join(f"lvchange -aey vmstore/{vm}" for vm in names))
    copy = "; ".join(
        f"dd if=/dev/vmstore/{vm} of=/dev/vmstore/scratch bs=4M seek={number * mib // 4} "
        "iflag=direct oflag=direct conv=notrunc status=none"
        for number, vm in enumerate(names)
    )
    seconds = _timed(cluster.sh, NODE, copy)
    cluster.sh(NODE, "; ".join(f"lvchange -an vmstore/{vm}" for vm in names) + "; lvremove -q -y vmstore/scratch")
    return seconds


def _back(cluster: Cluster, names: list[str], source: str, target: str) -> None:
    for vm in names:
        cluster.sh(NODE, f"pvmove -i1 -n {vm} {_device(source)} {_device(target)}; lvchange -an vmstore/{vm}")


def _device(wwid: str) -> str:
    return f"/dev/disk/by-id/wwn-0x{wwid[1:]}"


def _timed(work: Callable[..., object], *arguments: str) -> float:
    began = time.monotonic()
    work(*arguments)
    return time.monotonic() - began
