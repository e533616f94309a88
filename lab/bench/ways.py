"""Empty a PV of a job's volumes, in each way that is compared."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from lab.bench import told
from lab.bench.figures import DEFAULT, PVMOVE, RAW
from lab.bench.jobs import Job
from lab.driver import HOST, LONG, Cluster

ENGINES = ("mirror", "raid1", "used")
WAYS = {
    RAW: "raw copy",
    PVMOVE: "plain pvmove -n",
    DEFAULT: "vmstore evacuate",
    **{engine: f"--engine {engine}" for engine in ENGINES},
}


@dataclass(frozen=True, slots=True)
class Place:
    """A job in the lab: from which PV to which, by their WWIDs."""

    cluster: Cluster
    job: Job
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Ran:
    """One run: its seconds, None and ``refused`` where it was refused, and what was said when."""

    seconds: float | None
    refused: str = ""
    lines: tuple[tuple[float, str], ...] = ()


def device(wwid: str) -> str:
    """Name a PV with one path on any node."""
    return f"/dev/disk/by-id/wwn-0x{wwid[1:]}"


def mover(way: str) -> Callable[[Place], Ran]:
    """Give what moves the volumes in a way; the raw copy moves none and is not one."""
    if way == PVMOVE:
        return _pvmove
    return lambda place: _vmstore(place, *(() if way == DEFAULT else ("--engine", way)))


def plain(job: Job, names: list[str], source: str, target: str) -> str:
    """Write the commands of an admin without vmstore; what was idle is left inactive."""
    idle = "" if job.mounted else "; lvchange -an vmstore/{vm}"
    return "; ".join(f"pvmove -n {vm} {device(source)} {device(target)}" + idle.format(vm=vm) for vm in names)


def _pvmove(place: Place) -> Ran:
    began = time.monotonic()
    for node, names in place.job.held.items():
        place.cluster.sh(node, plain(place.job, names, place.source, place.target), timeout=LONG)
    return Ran(time.monotonic() - began)


def _vmstore(place: Place, *words: str) -> Ran:
    asked = ("evacuate", place.source, "--to", place.target, "--yes", *words)
    if words:
        # Where an engine does not do, a volume goes by mirror, which has a row of its own.
        steps = place.cluster.vmstore(HOST, *asked, "--dry-run", "-o", "json").json["steps"]
        others = {step["detail"] for step in steps if step["detail"] and f"by {words[-1]}: " not in step["detail"]}
        if others:
            return Ran(None, "; ".join(sorted(others)))
    run = told.run(place.cluster, *asked)
    if run.refused:
        return Ran(None, run.refused)
    return Ran(run.seconds, lines=run.lines)
