"""Check that all nodes see the same LUNs, each once and over more than one path. Pure."""

from collections.abc import Iterator, Mapping

from vmstore import sizes
from vmstore.model import BlockDevice, PhysicalVolume
from vmstore.policies.findings import Finding, Level, Mend, Seen, called, listed

_MAPPER = "/dev/mapper/"
_FC_SCAN = "for host in /sys/class/fc_host/*; do echo '- - -' >/sys/class/scsi_host/${host##*/}/scan; done"
# How a node looks for LUNs that it does not see.
_SCANS = {"iscsi": "iscsiadm -m session --rescan", "fc": _FC_SCAN}


def unseen(seen: Seen) -> Iterator[Finding]:
    """Find PVs that LVM on a node does not see, VMS-D20."""
    told = seen.told("pvs")
    for pv in seen.world.pvs:
        blind = [node for node, checkup in told.items() if pv.uuid not in checkup.devices]
        if blind:
            what = f"{', '.join(blind)} {'does' if len(blind) == 1 else 'do'} not see it"
            mend = tuple(mend for node in blind for mend in _scan(pv, node))
            yield Finding("VMS-D20", Level.ERROR, "PV", called(pv), f"{what}{_known(seen, pv)}", mend)


def identities(seen: Seen) -> Iterator[Finding]:
    """Find PVs that nodes see on LUNs of another WWID, VMS-D21: a copy of the LUN, or the wrong one."""
    for pv in seen.world.pvs:
        disks = {node: disk for node, disk in _disks(seen, pv).items() if disk.wwid}
        if len({disk.wwid for disk in disks.values()}) > 1:
            what = "; ".join(f"{disk.wwid} ({disk.name}) on {node}" for node, disk in disks.items())
            mend = tuple(Mend(node, f"lsblk -o NAME,WWN,SIZE,VENDOR,TRAN {disk.name}") for node, disk in disks.items())
            yield Finding("VMS-D21", Level.ERROR, "PV", pv.uuid, what, mend)


def sizes_of_luns(seen: Seen) -> Iterator[Finding]:
    """Find PVs whose LUN has another size on some node, VMS-D22: grown or shrunk, and not looked at anew there."""
    for pv in seen.world.pvs:
        disks = _disks(seen, pv)
        if len({disk.size for disk in disks.values()}) > 1:
            what = "; ".join(f"{sizes.show(disk.size)} ({disk.size} bytes) on {node}" for node, disk in disks.items())
            largest = max(disk.size for disk in disks.values())
            mend = tuple(
                mend for node, disk in disks.items() if disk.size < largest for mend in _read_size(node, disk.name)
            )
            yield Finding("VMS-D22", Level.ERROR, "PV", called(pv), what, mend)


def paths(seen: Seen) -> Iterator[Finding]:
    """Find PVs on a multipath device with one path left or none, VMS-D23, and with some that fail, VMS-D24."""
    told = seen.told("paths")
    for pv in seen.world.pvs:
        names = {node: checkup.devices.get(pv.uuid, "") for node, checkup in told.items()}
        ways = {node: told[node].paths.get(name.removeprefix(_MAPPER)) for node, name in names.items() if name}
        if all(letters is None for letters in ways.values()):
            continue
        for node, letters in ways.items():
            name = names[node]
            left = letters.count("A") if letters else 0
            mend = (Mend(node, f"multipath -ll {name.removeprefix(_MAPPER)}"), *_scan(pv, node))
            what = f"{name} on {node} has {left} of {len(letters or '')} paths"
            if letters is None:
                what = f"{name} on {node} is one path, and no multipath device as elsewhere"
                mend = (Mend(node, "systemctl start multipathd"), Mend(node, "multipath -v3 -d"))
                yield Finding("VMS-D23", Level.ERROR, "PV", called(pv), what, mend)
            elif left == len(letters) == 1:
                what = f"{name} on {node} has one path and no other"
                yield Finding("VMS-D23", Level.WARNING, "PV", called(pv), what, mend)
            elif left <= 1:
                yield Finding("VMS-D23", Level.ERROR, "PV", called(pv), f"{what} left", mend)
            elif left < len(letters):
                yield Finding("VMS-D24", Level.WARNING, "PV", called(pv), what, mend)


def duplicates(seen: Seen) -> Iterator[Finding]:
    """Find PVs of which LVM on a node sees more than one copy, VMS-D25."""
    for node, checkup in seen.nodes.items():
        for pv in seen.world.pvs:
            if copies := checkup.duplicates.get(pv.uuid):
                used = [checkup.devices[pv.uuid]] if pv.uuid in checkup.devices else []
                what = f"{node} sees it on {listed(copies)}, too, and uses {listed(used) or 'none of its devices'}"
                mend = (
                    Mend(node, f"lsblk -o NAME,WWN,SIZE,TYPE,TRAN {' '.join((*used, *copies))}"),
                    Mend(node, "multipath -ll"),
                    Mend(node, f"pvs -a -o pv_name,pv_uuid,pv_duplicate --select pv_uuid={pv.uuid}"),
                )
                yield Finding("VMS-D25", Level.ERROR, "PV", called(pv), what, mend)


def _disks(seen: Seen, pv: PhysicalVolume) -> Mapping[str, BlockDevice]:
    """Give the disk of a PV as each node sees it."""
    found = {}
    for node, checkup in seen.told("pvs").items():
        facts, name = seen.world.nodes.get(node), checkup.devices.get(pv.uuid)
        disk = next((block for block in facts.blocks if block.is_called(name)), None) if facts and name else None
        if disk:
            found[node] = disk
    return found


def _known(seen: Seen, pv: PhysicalVolume) -> str:
    """Say where it is seen."""
    places = [
        f"{checkup.devices[pv.uuid]} on {node}"
        for node, checkup in seen.told("pvs").items()
        if pv.uuid in checkup.devices
    ]
    return f"; it is {listed(places)}" if places else "; no node does"


def _scan(pv: PhysicalVolume, node: str) -> tuple[Mend, ...]:
    kinds = pv.transport.split("+") if pv.device else list(_SCANS)
    return tuple(Mend(node, _SCANS[kind]) for kind in kinds if kind in _SCANS)


def _read_size(node: str, device: str) -> tuple[Mend, ...]:
    if device.startswith(_MAPPER):
        name = device.removeprefix(_MAPPER)
        paths = f"for path in /sys/block/$(basename $(readlink -f {device}))/slaves/*; do"
        return (
            Mend(node, f"{paths} echo 1 >$path/device/rescan; done"),
            Mend(node, f"multipathd resize map {name}"),
        )
    return (Mend(node, f"echo 1 >/sys/block/{device.removeprefix('/dev/')}/device/rescan"),)
