"""What nodes of the simulated SAN tell: the text of ``lvm fullreport`` and of probe.sh."""

import json
from collections.abc import Sequence

from tests.support.san import EXTENT, Lun, Lv, Node, San
from tests.support.san_copy import PE_START
from vmstore.tools.blocks import RawBlock

_PLACES = {
    "iscsi": "/devices/platform/host{0}/session{0}/target{0}:0:0/{0}:0:0:0/block/{1}",
    "fc": "/devices/pci0000:00/0000:00:06.0/virtio4/net/fc0/ctlr_0/host0/rport-0:0-0/target0:0:{0}/0:0:{0}:0/block/{1}",
}


def fullreport(san: San, node: str) -> str:
    """Write what LVM answers to vmstore.tools.lvm_report.argv."""
    pvs = san.pvs()
    free = sum(san.free(_uuid(lun)) for lun in pvs)
    size = sum(lun.pv.extents for lun in pvs if lun.pv)
    report: dict[str, list[dict[str, str]]] = {"vg": [], "pv": [], "lv": [], "pvseg": [], "seg": []}
    report["vg"].append(
        {
            "vg_name": san.vg,
            "vg_uuid": san.vg_uuid,
            "vg_seqno": str(san.seqno),
            "vg_extent_size": str(EXTENT),
            "vg_size": str(size * EXTENT),
            "vg_free": str(free * EXTENT),
            # Of clvmd only the attributes tell (lvm2 2.02.188, lib/report/report.c).
            "vg_lock_type": san.lock_type.replace("clvm", ""),
            "vg_attr": "wz--n" + {"clvm": "c", "": "-"}.get(san.lock_type, "s"),
            "vg_mda_size": "17821696",
            "vg_mda_free": str(8910592 - 512 * (len(san.lvs) + 4)),
        }
    )
    for lun in pvs:
        pv = _uuid(lun)
        assert lun.pv is not None
        report["pv"].append(
            {
                "pv_name": lun.device(node) or "[unknown]",
                "pv_uuid": pv,
                "pv_size": str(lun.pv.extents * EXTENT),
                "pv_free": str(san.free(pv) * EXTENT),
                "pv_allocatable": "allocatable" if lun.pv.allocatable else "",
                "pv_missing": "" if lun.device(node) else "missing",
                "pv_tags": ",".join(sorted(lun.pv.tags)),
                "pe_start": str(PE_START),
            }
        )
        runs = [(name, run) for name, run in san.used(pv)] + [("", run) for run in san.gaps(pv)]
        for name, run in sorted(runs, key=lambda item: item[1].start):
            report["pvseg"].append(
                {"pv_uuid": pv, "pvseg_start": str(run.start), "pvseg_size": str(run.count), "lv_name": name}
            )
    for lv in san.lvs.values():
        _describe(san, node, lv, report)
    return json.dumps({"report": [report]})


def _describe(san: San, node: str, lv: Lv, report: dict[str, list[dict[str, str]]]) -> None:
    name = f"[{lv.name}]" if "private" in lv.role else lv.name
    report["lv"].append(_lv(name, lv.uuid, lv.size, lv.layout, lv.role, "") | {"lv_tags": ",".join(sorted(lv.tags))})
    if lv.leg:
        devices = ",".join(f"{lv.name}_rimage_{number}(0)" for number in (0, 1))
        report["seg"].append({"lv_name": name, "devices": devices})
        for part, runs in san.images(lv).items():
            size = sum(run.count for run in runs) * EXTENT
            role = "private,raid," + ("image" if "rimage" in part else "metadata")
            report["lv"].append(_lv(part, f"{lv.uuid[:-6]}{part[-9:-3]}", size, "linear", role, ""))
            for run in runs:
                device = f"{san.lun_of(run.pv).device(node)}({run.start})"
                report["seg"].append({"lv_name": part, "devices": device})
        return
    for run in lv.runs:
        moving = lv.move is not None and run in lv.move.old
        device = "pvmove0(0)" if moving else f"{san.lun_of(run.pv).device(node)}({run.start})"
        report["seg"].append({"lv_name": name, "devices": device})
    if lv.move:
        size = sum(run.count for run in lv.move.old) * EXTENT
        source = san.lun_of(lv.move.source).device(node)
        report["lv"].append(_lv("[pvmove0]", "pvmove" + lv.uuid[6:], size, "mirror", "private,pvmove", source))


def _lv(name: str, uuid: str, size: int, layout: str, role: str, source: str) -> dict[str, str]:
    return {
        "lv_name": name,
        "lv_uuid": uuid,
        "lv_size": str(size),
        "lv_layout": layout,
        "lv_role": role,
        "move_pv": source,
        "lv_tags": "",
        "lv_lockargs": "",
    }


def _uuid(lun: Lun) -> str:
    assert lun.pv is not None
    return lun.pv.uuid


def probe(san: San, node: Node, parts: Sequence[str]) -> str:
    """Write what probe.sh prints on a node."""
    sections = {"dm": _dm(san, node), "mounts": _mounts(san, node), "space": _space(san, node)}
    sections["marks"] = sorted(node.marks)
    sections["daemons"] = sorted(node.daemons)
    sections["lockspaces"] = [san.vg] if node.lockspace and "lvmlockd" in node.daemons else []
    if "blocks" in parts:
        raw = sorted(raw_blocks(san, node.name), key=lambda block: block.name)
        sections["links"] = [line for block in raw for line in _links(block)]
        sections["sysfs"] = [_sysfs(block) for block in raw]
        sections["swaps"] = ["Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority"]
    if "devices" in parts:
        sections["devices"] = [
            f"  {_uuid(lun)}|{lun.device(node.name)}|{san.vg}" for lun in san.pvs() if lun.device(node.name)
        ]
    return "\n".join(line for name, lines in sections.items() for line in (f"@{name}", *lines, "@end 0")) + "\n"


def _numbers(san: San, node: Node) -> dict[str, int]:
    return {uuid: 16 + number for number, uuid in enumerate(sorted(node.active))}


def _dm(san: San, node: Node) -> list[str]:
    lines = [f"mpath-{lun.wwid}|253|0|1|L--w" for lun in san.luns.values() if lun.mapper and lun.paths.get(node.name)]
    for uuid, minor in _numbers(san, node).items():
        opens = (uuid in node.mounts) + (uuid in node.opened)
        attr = "L-sw" if uuid in node.suspended else "L--w"
        lines.append(f"LVM-{(san.vg_uuid + uuid).replace('-', '')}|253|{minor}|{opens}|{attr}")
    return lines or ["No devices found"]


def _mounts(san: San, node: Node) -> list[str]:
    lines = ["22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw"]
    for uuid, target in node.mounts.items():
        lv = next(lv for lv in san.lvs.values() if lv.uuid == uuid)
        escaped = target.replace(" ", "\\040")
        kind = lv.fs.kind if lv.fs else "ext4"
        lines.append(f"40 22 253:{_numbers(san, node)[uuid]} / {escaped} rw shared:9 - {kind} /dev/x rw")
    for lun in san.luns.values():
        if node.name in lun.mounted:
            minor = 16 * (ord(lun.paths[node.name][0][2]) - ord("a"))
            lines.append(f"50 22 8:{minor} / {lun.mounted[node.name]} rw - ext4 /dev/x rw")
    return lines


def _space(san: San, node: Node) -> list[str]:
    lines = []
    for uuid, target in node.mounts.items():
        lv = next(lv for lv in san.lvs.values() if lv.uuid == uuid)
        if lv.fs:
            blocks = lv.fs.size // 4096
            free = blocks * 3 // 4 if lv.fs.used is None else blocks - lv.fs.used // 4096
            lines.append(f"4096|{blocks}|{free}|{target}")
    return lines


def raw_blocks(san: San, node: str) -> list[RawBlock]:
    """Describe the node's disks as udev does, in the order of its database: paths before what lies on them."""
    found = []
    for lun in san.luns.values():
        names = lun.paths.get(node, [])
        links = f"/dev/disk/by-id/wwn-0x{lun.wwid[1:]} /dev/disk/by-id/scsi-{lun.wwid}"
        for name in names:
            place = _PLACES[lun.transport].format(ord(name[2]), name)
            properties = {
                "DEVPATH": place,
                "MAJOR": "8",
                "MINOR": str(16 * (ord(name[2]) - ord("a"))),
                "DEVLINKS": links,
            }
            state = "offline" if (node, name) in lun.down else "running"
            holders = ("dm-0",) if lun.mapper else ()
            wwid = f"naa.{lun.wwid[1:]}" if lun.wwid else ""
            found.append(RawBlock(name, place, properties, lun.size // 512, state, "", wwid, (), holders, lun.sector))
        if lun.mapper and names:
            place = "/devices/virtual/block/dm-0"
            properties = {
                "DEVPATH": place,
                "DM_NAME": lun.mapper,
                "DM_UUID": f"mpath-{lun.wwid}",
                "MAJOR": "253",
                "MINOR": "0",
                "DEVLINKS": f"/dev/mapper/{lun.mapper} {links}",
            }
            found.append(RawBlock("dm-0", place, properties, lun.size // 512, slaves=tuple(names), sector=lun.sector))
    return sorted(found, key=lambda block: block.devpath)


def _links(block: RawBlock) -> list[str]:
    # A link has one target: the multipath device where there is one.
    own = [] if block.holders else block.properties["DEVLINKS"].split()
    return [f"/sys/class/block/{block.name} ../..{block.devpath}", *(f"{link} ../../{block.name}" for link in own)]


def _sysfs(block: RawBlock) -> str:
    told = block.properties
    number = f"{told['MAJOR']}:{told['MINOR']}"
    names = (told.get("DM_NAME", ""), told.get("DM_UUID", ""), "")
    disk = (block.name, number, str(block.size), block.state, block.transport, "", block.wwid, "")
    return "|".join((*disk, *names, " ".join(block.slaves), " ".join(block.holders), str(block.sector)))


def legs(san: San, node: Node) -> tuple[str, bool]:
    """Write what the kernel tells of the legs that are active on a node, which it copies on; True where it did."""
    lines, copied = [], False
    for lv in san.lvs.values():
        if lv.leg and lv.uuid in node.active:
            leg, extents = lv.leg, lv.size // EXTENT
            action = "recover" if 0 < leg.synced < 100 else "idle"
            name = f"{san.vg}-{lv.name.replace('-', '--')}"
            # All seems to be there before the copy begins.
            done = extents * (100 if leg.stuck else leg.synced or 100) // 100
            action = "idle" if leg.stuck else action
            lines.append(f"{name}: 0 {lv.size // 512} raid raid1 2 {leg.health} {done}/{extents} {action} 0 0 -\n")
            if leg.synced < 100 and not (leg.dead or leg.stuck):
                leg.synced, copied = min(100, leg.synced + 40), True
    return "".join(lines) or "No devices found\n", copied
