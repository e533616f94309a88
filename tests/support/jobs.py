"""Evacuations to look at and to steer: two running VMs and an idle volume on a LUN, and what a job leaves."""

import json
from typing import Any

from tests.support.bench import Bench, Outcome
from tests.support.san import G, San
from vmstore.jobs import lease


def fill(san: San) -> None:
    """Put them there."""
    san.volume("web01", 14 * G, "iscsi1", active="n1", mounted=True)
    san.serve("web01", "n1")
    san.volume("db01", 2 * G, "iscsi1", active="n2", mounted=True)
    san.serve("db01", "n2")
    san.volume("idle", 1 * G, "iscsi1")


def evacuate(bench: Bench, **tampering: Any) -> Outcome:
    """Empty iscsi1."""
    return bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", **tampering)


def jobs(bench: Bench) -> list[dict[str, object]]:
    """List the jobs."""
    return list(json.loads(bench.vmstore("job", "list", "-o", "json").out)["items"])


def wish(bench: Bench, word: str) -> None:
    """Leave a wish as another vmstore does."""
    key = ("n1", lease.path(lease.evacuation(bench.san.label("iscsi1").uuid)))
    bench.san.wishes[key] = word


def events(bench: Bench) -> list[str]:
    """Name what the job's record tells, in order."""
    (record,) = bench.san.records.values()
    return [json.loads(line)["event"] for line in record]


def clean(san: San, *, cordoned: bool = False) -> dict[str, object]:
    """Say what of a job is left in the world; nothing is what it shall be."""
    more = {
        "idle is active": san.holders(san.lvs["idle"]),
        "cordoned": not (san.label("iscsi1").allocatable or cordoned),
    }
    return left(san, "iscsi1", **more)


def left(san: San, *luns: str, **more: object) -> dict[str, object]:
    """Say what of jobs is left on LUNs and in the world, and what ``more`` there is that shall not be."""
    found = {
        "tags": sorted(tag for lun in luns for tag in san.label(lun).tags if "class" not in tag),
        "frozen": sorted(vm for vm, service in san.services.items() if service.frozen),
        "moving": sorted(lv.name for lv in san.lvs.values() if lv.move or lv.leg),
        "marks": san.marks(),
        "locks": sorted(san.leases),
        **more,
    }
    return {key: value for key, value in found.items() if value}
