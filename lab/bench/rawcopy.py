"""Copy the bytes of a job's volumes with dd, in whichever way is fastest: the limit that engines are held against."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from lab.bench.jobs import PATIENCE, Job
from lab.driver import LONG, Cluster

SINGLE = "dd"
PIPE = "dd into dd"
PAIR = "two dd at once"
VARIANTS = (SINGLE, PIPE, PAIR)
# Larger direct writes hang the FC LUN of the lab for good.
BLOCK = 4


def trials(cluster: Cluster, job: Job, device: str) -> dict[str, float]:
    """Copy once in each way; give the seconds of each."""
    with _scratch(cluster, job, device):
        return {variant: round(_copy(cluster, job, variant), 2) for variant in VARIANTS}


def copy(cluster: Cluster, job: Job, device: str, variant: str) -> float:
    """Copy in one way to scratch volumes on the target; give the seconds."""
    with _scratch(cluster, job, device):
        return _copy(cluster, job, variant)


def script(job: Job, names: list[str], scratch: str, variant: str) -> str:
    """Write the commands that copy a node's volumes, one after the other in as many lanes as the variant has."""
    if variant != PAIR:
        one = _piped if variant == PIPE else _direct
        return "; ".join(
            ["set -o pipefail", *(one(vm, scratch, 0, job.mib, n * job.mib) for n, vm in enumerate(names))]
        )
    runs = [(vm, 0, job.mib, n * job.mib) for n, vm in enumerate(names)]
    if len(names) == 1:
        half = job.mib // BLOCK // 2 * BLOCK
        runs = [(names[0], 0, half, 0), (names[0], half, job.mib - half, half)]
    middle = len(runs) // 2
    first, second = (
        "; ".join(_direct(vm, scratch, begin, mib, to) for vm, begin, mib, to in lane)
        for lane in (runs[:middle], runs[middle:])
    )
    return f"(set -e; {first}) & one=$!; (set -e; {second}) & two=$!; wait $one; wait $two"


def _direct(vm: str, scratch: str, begin: int, mib: int, to: int) -> str:
    return (
        f"dd if=/dev/vmstore/{vm} of=/dev/vmstore/{scratch} bs={BLOCK}M skip={begin // BLOCK} count={mib // BLOCK} "
        f"seek={to // BLOCK} iflag=direct oflag=direct conv=notrunc status=none"
    )


def _piped(vm: str, scratch: str, begin: int, mib: int, to: int) -> str:
    # The pipe holds little, but each end has a block of its own: one is read while the one before is written.
    return (
        f"dd if=/dev/vmstore/{vm} bs={BLOCK}M skip={begin // BLOCK} count={mib // BLOCK} iflag=direct status=none | "
        f"dd of=/dev/vmstore/{scratch} bs={BLOCK}M seek={to // BLOCK} iflag=fullblock oflag=direct conv=notrunc "
        "status=none"
    )


def _copy(cluster: Cluster, job: Job, variant: str) -> float:
    """Copy on all nodes at once."""
    with ThreadPoolExecutor(len(job.held)) as pool:
        began = time.monotonic()
        copies = [
            pool.submit(cluster.sh, node, script(job, names, _name(node), variant), timeout=LONG)
            for node, names in job.held.items()
        ]
        for each in copies:
            each.result()
        return time.monotonic() - began


@contextmanager
def _scratch(cluster: Cluster, job: Job, device: str) -> Iterator[None]:
    """Have a scratch volume on the target for each node, and the volumes active."""
    for node, names in job.held.items():
        active = "" if job.mounted else "".join(f"; lvchange -aey vmstore/{vm}" for vm in names)
        size = job.mib * len(names)
        cluster.sh(
            node, f"lvcreate -q -y -aey -Wn -Zn -n {_name(node)} -L {size}M vmstore {device}{active}", timeout=PATIENCE
        )
    yield
    for node, names in job.held.items():
        idle = "" if job.mounted else "".join(f"; lvchange -an vmstore/{vm}" for vm in names)
        cluster.sh(node, f"lvremove -q -y vmstore/{_name(node)}{idle}", timeout=PATIENCE)


def _name(node: str) -> str:
    return f"scratch{node}"
