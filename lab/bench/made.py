"""Make a large storage that is not there: what LVM and the nodes would tell of it, and a history of it."""

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

from vmstore.history.store import History

VOLUMES, PVS, NODES, SILENT = 5000, 64, 16, 2
DAYS, HOURLY = 400, 14
EXTENT, GIB = 4 * 2**20, 2**30
_PV = 2**41 // EXTENT
_FILE_SYSTEM = 20 * GIB


def node(number: int) -> str:
    """Name a node."""
    return f"n{number:02}"


def vm(number: int) -> str:
    """Name a VM."""
    return f"vm{number:05}"


def report() -> str:
    """Write what ``lvm fullreport`` would tell: a volume every five extents or so, in turn on all PVs."""
    chance = random.Random(1)  # noqa: S311
    rows: dict[str, list[dict[str, str]]] = {"vg": [], "pv": [], "lv": [], "pvseg": [], "seg": []}
    ends = [0] * PVS
    taken = [0] * PVS
    for number in range(VOLUMES):
        pv, count = number % PVS, chance.randint(256, 5000)
        start = ends[pv]
        rows["lv"].append(
            dict.fromkeys(("move_pv", "lv_tags"), "")
            | {"lv_name": vm(number), "lv_uuid": f"uuid-{number:05}", "lv_size": str(count * EXTENT)}
            | {"lv_layout": "linear", "lv_role": "public", "lv_lockargs": "dlm"}
        )
        rows["seg"].append({"lv_name": vm(number), "devices": f"/dev/sd{pv}({start})"})
        rows["pvseg"].append(
            {"pv_uuid": f"pv{pv}", "pvseg_start": str(start), "pvseg_size": str(count), "lv_name": vm(number)}
        )
        ends[pv] += count + chance.choice((0, 0, 5))
        taken[pv] += count
    for pv in range(PVS):
        rows["pv"].append(
            {"pv_name": f"/dev/sd{pv}", "pv_uuid": f"pv{pv}", "pv_size": str(_PV * EXTENT)}
            | {"pv_free": str((_PV - taken[pv]) * EXTENT), "pv_allocatable": "allocatable", "pv_missing": ""}
            | {"pv_tags": f"vmstore.class={'fc' if pv % 2 else 'iscsi'}", "pe_start": "1048576"}
        )
    rows["vg"].append(
        {"vg_name": "vmstore", "vg_uuid": "vg", "vg_seqno": "1", "vg_extent_size": str(EXTENT)}
        | {"vg_size": str(_PV * PVS * EXTENT), "vg_free": str((_PV * PVS - sum(taken)) * EXTENT)}
        | {"vg_lock_type": "dlm", "vg_mda_size": "17821696", "vg_mda_free": "5000000"}
    )
    return json.dumps({"report": [rows]})


def probe(number: int, used: dict[str, int]) -> str:
    """Write what probe.sh would print on a node, which holds and mounts every so many-th volume."""
    own = range(number, VOLUMES, NODES)
    sections: dict[str, list[str]] = {
        "dm": [f"LVM-vguuid{at:05}|253|{at}|1|L--w" for at in own],
        "mounts": [f"40 22 253:{at} / /vm/{vm(at)} rw shared:9 - ext4 /dev/x rw" for at in own],
        "space": [f"4096|{_FILE_SYSTEM // 4096}|{(_FILE_SYSTEM - used[vm(at)]) // 4096}|/vm/{vm(at)}" for at in own],
        "links": [f"/sys/class/block/sd{pv} ../../devices/platform/host0/session0/block/sd{pv}" for pv in range(PVS)],
        "sysfs": [f"sd{pv}|8:{pv}|{_PV * EXTENT // 512}|running||naa.{pv}|||||||" for pv in range(PVS)],
    }
    names = ("dm", "mounts", "space", "marks", "daemons", "lockspaces", "links", "sysfs", "swaps")
    return "".join(f"{line}\n" for name in names for line in (f"@{name}", *sections.get(name, ()), "@end 0"))


def history(path: Path, now: int) -> dict[str, int]:
    """Write a history that ends an hour ago, each VM with a growth of its own and noise; give what VMs use now."""
    chance = random.Random(2)  # noqa: S311
    with History.open(path):
        pass
    kinds = [("vg", "vmstore"), ("class", "fc"), ("class", "iscsi"), *(("pv", f"pv{pv}") for pv in range(PVS))]
    kinds += [("vm", vm(number)) for number in range(VOLUMES)]
    start = [chance.randint(1, 8) * GIB for _ in kinds]
    rate = [max(0.0, chance.gauss(5, 8)) * 2**20 for _ in kinds]

    def use(subject: int, age: float) -> int:
        value = start[subject] + rate[subject] * (DAYS - age) + chance.gauss(0, 3e7)
        return min(_FILE_SYSTEM, max(0, int(value)))

    today = now // 86_400
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("BEGIN")
        file.executemany(
            "INSERT INTO subjects VALUES (?, ?, ?, ?)", [(at, *kind, today) for at, kind in enumerate(kinds, 1)]
        )
        for ago in range(DAYS, HOURLY, -1):
            time = (today - ago) * 86_400 + 80_000
            rows = ((today - ago, at + 1, time, 20 * GIB, 20 * GIB, use(at, ago)) for at in range(len(kinds)))
            file.executemany("INSERT INTO days VALUES (?, ?, ?, ?, ?, ?, ?5, ?5, ?6, ?6)", rows)
        for hour in range(HOURLY * 24, 0, -1):
            time = now - hour * 3600
            latest = ((time, at + 1, 20 * GIB, 20 * GIB, use(at, hour / 24)) for at in range(len(kinds)))
            file.executemany("INSERT INTO samples VALUES (?, ?, ?, ?, ?)", latest)
        file.execute("COMMIT")
    return {name: use(at, 0) for at, (kind, name) in enumerate(kinds) if kind == "vm"}
