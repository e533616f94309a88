"""Decide what is not as it should be, from all that the nodes told, and what nobody could tell. Pure.

The checks are by theme in checkup_lvm.py, checkup_luns.py, checkup_volumes.py, checkup_cluster.py and checkup_nodes.py;
their codes are in checkup_codes.py.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vmstore.policies import checkup_cluster, checkup_luns, checkup_lvm, checkup_nodes, checkup_volumes
from vmstore.policies.checkup_codes import CODES
from vmstore.policies.findings import Finding, Seen, Unknown
from vmstore.services import NONE

_CHECKS = (
    checkup_lvm.lock_daemon, checkup_lvm.lock_space, checkup_lvm.poll_daemon, checkup_lvm.filters,
    checkup_lvm.devices_file, checkup_lvm.autoactivation, checkup_lvm.reading,
    checkup_luns.unseen, checkup_luns.identities, checkup_luns.sizes_of_luns, checkup_luns.paths,
    checkup_luns.duplicates,
    checkup_volumes.suspended, checkup_volumes.moves, checkup_volumes.holders, checkup_volumes.mounts,
    checkup_volumes.rooms,
    checkup_cluster.fencing, checkup_cluster.manager, checkup_cluster.members, checkup_cluster.shutdowns,
    checkup_cluster.services,
    checkup_nodes.agents, checkup_nodes.clocks,
)  # fmt: skip
# What cannot be checked on a node that did not answer a part of the question (see tools/checkup.sh).
_NEEDED = {
    "suspended": ("VMS-D30",),
    "paths": ("VMS-D23", "VMS-D24"),
    "pvs": ("VMS-D20", "VMS-D21", "VMS-D22", "VMS-D23", "VMS-D24", "VMS-D25"),
    "settings": ("VMS-D10", "VMS-D12", "VMS-D13", "VMS-D14", "VMS-D15"),
    "locks": ("VMS-D32", "VMS-D33"),
    "guests": ("VMS-D34",),
    "agent": ("VMS-D45",),
    "dlm": ("VMS-D40",),
    "volumes": ("VMS-D15",),
    "fencing": ("VMS-D40",),
    "order": ("VMS-D47",),
}
# What is judged whole without a VG; of fencing (D40) that of the manager is, and that of dlm is not.
_WITHOUT_VG = ("VMS-D13", "VMS-D16", "VMS-D30", "VMS-D41", "VMS-D42", "VMS-D45", "VMS-D46", "VMS-D47", "VMS-D50")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found, the worst first, what could not be checked, and how much was looked at."""

    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]
    checks: int
    nodes: int


def examine(seen: Seen) -> Diagnosis:
    """Run every check."""
    told: list[Finding | Unknown] = [each for check in _CHECKS for each in check(seen)]
    findings = [each for each in told if isinstance(each, Finding)]
    unknown = [*_unknown(seen), *(each for each in told if isinstance(each, Unknown))]
    findings.sort(key=lambda finding: (-finding.level, finding.code, finding.kind, finding.name))
    return Diagnosis(tuple(findings), tuple(unknown), len(CODES), len(seen.nodes.keys() & seen.world.nodes.keys()))


def _unknown(seen: Seen) -> Iterator[Unknown]:
    world = seen.world
    for node, why in sorted({**world.silent, **seen.silent}.items()):
        if node not in world.absent:
            yield Unknown(f"node {node}", why)
    for node in sorted(world.absent):
        yield Unknown(f"node {node}", "called off: it was not asked")
    for node, checkup in seen.nodes.items():
        for part, why in checkup.untold.items():
            if _matters(seen, node, part):
                yield Unknown(f"node {node}", f"{part}: {why}", _NEEDED[part])
    cluster = world.cluster
    if cluster and cluster.manager != NONE and cluster.reporter in seen.silent:
        why = f"{cluster.reporter} was to tell whether it fences"
        yield Unknown(f"cluster {cluster.manager}", why, _NEEDED["fencing"])
    if world.unread:
        yield Unknown(f"VG {seen.vg}", "no node can read it", tuple(code for code in CODES if code not in _WITHOUT_VG))
    elif world.reporter in seen.silent:
        yield Unknown(f"VG {seen.vg}", f"{world.reporter} was to tell what activates itself", _NEEDED["volumes"])


def _matters(seen: Seen, node: str, part: str) -> bool:
    """Tell whether anything hangs on a part that is untold: where there are no such locks there is nobody to ask."""
    vg = seen.world.vg
    facts = seen.world.nodes.get(node)
    if part == "locks":
        return vg.lockd and (facts is None or "lvmlockd" in facts.daemons)
    return part != "dlm" or vg.lock_type == "dlm"


def codes(findings: Iterable[Finding]) -> list[str]:
    """List the codes that are found, each once."""
    return sorted({finding.code for finding in findings})
