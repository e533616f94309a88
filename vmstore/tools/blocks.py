"""Tell from sysfs and udev facts what a disk is reached by, its WWID, and what already uses it. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vmstore.model import BlockDevice

SECTOR = 512
# Parts of a disk's real path below /sys/devices, in the order of asking: an FC remote port stands above its
# target even for FCoE, and hardware iSCSI has a session as software has (Linux scsi_transport_fc, _iscsi, _sas).
_PATH_SIGNS = (
    ("/rport-", "fc"),
    ("/session", "iscsi"),
    ("/end_device-", "sas"),
    ("/nvme", "nvme"),
    ("/virtio", "virtio"),
    ("/usb", "usb"),
    ("/ata", "ata"),
    ("/vbd-", "xen"),
    ("/VMBUS:", "hyperv"),
    ("/virtual/block/loop", "loop"),
    ("/virtual/block/md", "md"),
    ("/virtual/block/ram", "ram"),
    ("/pseudo_", "scsi-debug"),
)
_MULTIPATH = "mpath-"
# SPC designator types as scsi_id and multipath write them in front of the identifier.
_DESIGNATORS = {"naa.": "3", "eui.": "2", "t10.": "1"}


@dataclass(frozen=True, slots=True)
class RawBlock:
    """A block device in the kernel's and udev's words.

    ``size`` counts 512-byte sectors, whatever its own are: ``sector`` are the bytes of those.
    """

    name: str
    devpath: str
    properties: Mapping[str, str]
    size: int
    state: str = ""
    transport: str = ""
    wwid: str = ""
    slaves: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    sector: int = 0


def transport_of(devpath: str, told: str = "") -> str:
    """Name the transport of a disk by its place in sysfs; ``told`` is NVMe's own ``transport`` attribute."""
    for sign, transport in _PATH_SIGNS:
        if sign in devpath:
            return f"nvme-{told}" if transport == "nvme" and told not in ("", "pcie") else transport
    return "unknown"


def wwid_of(block: RawBlock) -> str:
    """Give the WWID as multipath writes it, or udev's serial, or "" where a disk has neither."""
    dm = block.properties.get("DM_UUID", "")
    if dm.startswith(_MULTIPATH):
        return dm.removeprefix(_MULTIPATH)
    for designator, digit in _DESIGNATORS.items():
        if block.wwid.startswith(designator):
            rest = block.wwid.removeprefix(designator)
            return digit + re.sub(r"\s+", "_", rest.strip())
    return block.wwid or block.properties.get("ID_SERIAL", "")


def disks(raw: Iterable[RawBlock], mounted: Mapping[str, str], swaps: Iterable[str]) -> tuple[BlockDevice, ...]:
    """Describe every block device that has a size.

    ``mounted`` maps "major:minor" to a mount point, ``swaps`` are device paths. A multipath device takes transport
    and path count from its slaves. Its paths, which bear its WWID and some of its names, come last, so that the
    first disk found by such a name is the one to use.
    """
    # A loop device without a file and a drive without a medium are no disks.
    blocks = {block.name: block for block in raw if block.size}
    swapping = set(swaps)
    paths = {name for block in blocks.values() if _is_multipath(block) for name in block.slaves}
    ordered = sorted(blocks.values(), key=lambda block: block.name in paths)
    return tuple(_disk(block, blocks, mounted, swapping) for block in ordered)


def _is_multipath(block: RawBlock) -> bool:
    return block.properties.get("DM_UUID", "").startswith(_MULTIPATH)


def _disk(
    block: RawBlock, blocks: Mapping[str, RawBlock], mounted: Mapping[str, str], swapping: set[str]
) -> BlockDevice:
    paths = [blocks[name] for name in block.slaves if name in blocks] or [block]
    transports = sorted({transport_of(path.devpath, path.transport) for path in paths})
    links = frozenset(block.properties.get("DEVLINKS", "").split())
    return BlockDevice(
        name=_device(block),
        links=links | {f"/dev/{block.name}", block.name},
        transport="+".join(transports),
        wwid=wwid_of(block),
        size=block.size * SECTOR,
        paths=len(paths),
        paths_up=sum(path.state in ("running", "live", "") for path in paths),
        uses=tuple(_uses(block, blocks, mounted, swapping)),
        sector=block.sector,
    )


def _device(block: RawBlock) -> str:
    # LVM and admins know a dm device by its name, never as dm-7.
    dm = block.properties.get("DM_NAME", "")
    return f"/dev/mapper/{dm}" if dm else f"/dev/{block.name}"


def _uses(
    block: RawBlock, blocks: Mapping[str, RawBlock], mounted: Mapping[str, str], swapping: set[str]
) -> Iterable[str]:
    for holder in block.holders:
        other = blocks.get(holder)
        name = other.properties.get("DM_NAME", holder) if other else holder
        if other and _is_multipath(other):
            yield f"it is a path of the multipath device /dev/mapper/{name}"
        else:
            yield f"the device {name} lies on it"
    for other in blocks.values():
        if other.devpath.startswith(block.devpath + "/") and "PARTN" in other.properties:
            yield f"it has a partition, {other.name}"
    number = f"{block.properties.get('MAJOR', '')}:{block.properties.get('MINOR', '')}"
    if number in mounted:
        yield f"it is mounted on {mounted[number]}"
    if swapping & {_device(block), f"/dev/{block.name}"}:
        yield "it is swap space"
