"""Disks: their transport by their place in sysfs, their WWID, their paths, and what uses them."""

from typing import Any

import pytest

from tests.support.scripted import captured
from vmstore.model import BlockDevice
from vmstore.tools import blocks
from vmstore.tools.blocks import RawBlock

PCI = "/devices/pci0000:00/0000:00:06.0"
ISCSI = "/devices/platform/host1/session1/target1:0:0/1:0:0:0/block/{0}"
FC = PCI + "/virtio4/net/fc0/ctlr_0/host0/rport-0:0-0/target0:0:0/0:0:0:0/block/{0}"


@pytest.mark.parametrize(
    ("place", "told", "transport"),
    [
        (ISCSI.format("sdc"), "", "iscsi"),
        (PCI + "/0000:03:00.0/host5/session1/target5:0:0/5:0:0:0/block/sda", "", "iscsi"),
        (PCI + "/0000:03:00.0/host0/rport-0:0-0/target0:0:0/0:0:0:1/block/sdb", "", "fc"),
        (FC.format("sda"), "", "fc"),
        (PCI + "/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0/block/sda", "", "sas"),
        (PCI + "/host0/port-0:0/expander-0:0/port-0:0:1/end_device-0:0:1/target0:0:1/0:0:1:0/block/sda", "", "sas"),
        (PCI + "/nvme/nvme0/nvme0n1", "pcie", "nvme"),
        (PCI + "/nvme/nvme0/nvme0n1", "", "nvme"),
        ("/devices/virtual/nvme-fabrics/ctl/nvme1/nvme1n1", "tcp", "nvme-tcp"),
        ("/devices/virtual/nvme-fabrics/ctl/nvme1/nvme1n1", "fc", "nvme-fc"),
        ("/devices/virtual/nvme-fabrics/ctl/nvme1/nvme1n1", "rdma", "nvme-rdma"),
        (PCI + "/virtio2/block/vda", "", "virtio"),
        (PCI + "/virtio2/host0/target0:0:0/0:0:0:0/block/sda", "", "virtio"),
        (PCI + "/usb1/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb", "", "usb"),
        (PCI + "/ata1/host0/target0:0:0/0:0:0:0/block/sda", "", "ata"),
        ("/devices/vbd-51712/block/xvda", "", "xen"),
        ("/devices/LNXSYSTM:00/VMBUS:00/x/host0/target0:0:0/0:0:0:0/block/sda", "", "hyperv"),
        ("/devices/virtual/block/loop0", "", "loop"),
        ("/devices/virtual/block/md127", "", "md"),
        ("/devices/virtual/block/ram0", "", "ram"),
        ("/devices/pseudo_0/adapter0/host2/target2:0:0/2:0:0:0/block/sdz", "", "scsi-debug"),
        ("/devices/virtual/block/zram0", "", "unknown"),
        ("/devices/something/else/block/sdq", "", "unknown"),
    ],
)
def test_the_transport_is_told_by_the_place_in_sysfs(place: str, told: str, transport: str) -> None:
    assert blocks.transport_of(place, told) == transport


def raw(name: str, place: str = ISCSI, **more: Any) -> RawBlock:
    """Make a block device."""
    properties = {"MAJOR": "8", "MINOR": str(16 * (ord(name[-1]) - ord("a")) % 256)} | more.pop("properties", {})
    return RawBlock(name, place.format(name), properties, more.pop("size", 4194304), **more)


def dm(name: str, uuid: str, *slaves: str, **more: Any) -> RawBlock:
    """Make a device-mapper device."""
    properties = {"DM_NAME": name, "DM_UUID": uuid, "MAJOR": "253", "MINOR": "0"} | more.pop("properties", {})
    kernel = more.pop("kernel", "dm-0")
    return RawBlock(kernel, f"/devices/virtual/block/{kernel}", properties, 4194304, slaves=slaves, **more)


def only(*found: RawBlock, mounted: dict[str, str] | None = None, swaps: tuple[str, ...] = ()) -> list[BlockDevice]:
    """Describe disks."""
    return list(blocks.disks(found, mounted or {}, swaps))


def by_name(*found: RawBlock) -> dict[str, BlockDevice]:
    """Describe disks, each by its name."""
    return {disk.name: disk for disk in only(*found)}


@pytest.mark.parametrize(
    ("block", "wwid"),
    [
        (raw("sda", wwid="naa.6001405b8b68b45f"), "36001405b8b68b45f"),
        (raw("sda", wwid="eui.0025385b71b0"), "20025385b71b0"),
        (raw("sda", wwid="t10.LIO-ORG fc1:b8b6  45f "), "1LIO-ORG_fc1:b8b6_45f"),
        (raw("sda", wwid="nvme.1234-abcd"), "nvme.1234-abcd"),
        (raw("sda", properties={"ID_SERIAL": "QEMU_HARDDISK"}), "QEMU_HARDDISK"),
        (raw("vda"), ""),
        (dm("mpatha", "mpath-360014", "sdd"), "360014"),
        (dm("vg-lv", "LVM-abc", "sdd"), ""),
    ],
)
def test_the_wwid_is_as_multipath_writes_it(block: RawBlock, wwid: str) -> None:
    assert blocks.wwid_of(block) == wwid


def test_a_multipath_device_has_its_paths_transport_and_count() -> None:
    paths = [raw(name, holders=("dm-0",), state=state) for name, state in (("sdd", "running"), ("sde", "offline"))]
    found = by_name(*paths, dm("mpatha", "mpath-36001", "sdd", "sde"))
    device = found["/dev/mapper/mpatha"]
    assert (device.transport, device.paths, device.paths_up) == ("iscsi", 2, 1)
    for path in ("/dev/sdd", "/dev/sde"):
        assert found[path].uses == ("it is a path of the multipath device /dev/mapper/mpatha",)
    assert device.uses == ()


def test_a_multipath_device_over_two_transports_names_both() -> None:
    found = by_name(raw("sdd"), raw("sda", FC), dm("mpatha", "mpath-36001", "sdd", "sda"))
    assert found["/dev/mapper/mpatha"].transport == "fc+iscsi"


def test_of_all_that_bear_a_wwid_the_multipath_device_comes_first() -> None:
    disks = only(raw("sdd", wwid="naa.6001"), raw("sde", wwid="naa.6001"), dm("mpatha", "mpath-36001", "sdd", "sde"))
    assert next(disk.name for disk in disks if disk.is_called("36001")) == "/dev/mapper/mpatha"
    assert len(disks) == 3


@pytest.mark.parametrize(("state", "up"), [("running", 1), ("live", 1), ("", 1), ("offline", 0), ("blocked", 0)])
def test_a_path_is_up_while_it_runs(state: str, up: int) -> None:
    assert only(raw("sda", state=state))[0].paths_up == up


def test_a_disk_is_called_by_its_name_its_links_and_its_wwid() -> None:
    (disk,) = only(
        raw("sda", wwid="naa.6001", properties={"DEVLINKS": "/dev/disk/by-id/wwn-0x6001 /dev/disk/by-path/x"})
    )
    for text in ("/dev/sda", "sda", "36001", "/dev/disk/by-id/wwn-0x6001", "/dev/disk/by-path/x"):
        assert disk.is_called(text)
    assert not disk.is_called("/dev/sdb")
    assert not disk.is_called("")


def test_a_dm_device_is_named_as_lvm_names_it() -> None:
    (disk,) = only(dm("mpatha", "mpath-36001"))
    assert disk.name == "/dev/mapper/mpatha"
    assert disk.is_called("/dev/dm-0")


def test_sizes_are_bytes() -> None:
    assert only(raw("sda", size=2048))[0].size == 2**20


def test_what_uses_a_disk_is_said() -> None:
    partition = RawBlock("sda1", ISCSI.format("sda") + "/sda1", {"PARTN": "1", "MAJOR": "8", "MINOR": "1"}, 2048)
    whole, part = only(
        raw("sda", holders=("dm-3", "md127")),
        partition,
        mounted={"8:0": "/mnt/a", "8:1": "/boot"},
        swaps=("/dev/sda1",),
    )
    assert whole.uses == (
        "the device dm-3 lies on it",
        "the device md127 lies on it",
        "it has a partition, sda1",
        "it is mounted on /mnt/a",
    )
    assert part.uses == ("it is mounted on /boot", "it is swap space")


def test_an_lv_on_a_disk_is_named_by_its_dm_name() -> None:
    disk, _ = only(raw("sda", holders=("dm-5",)), dm("other-lv", "LVM-x", "sda", kernel="dm-5"))
    assert disk.uses == ("the device other-lv lies on it",)


def test_swap_on_a_dm_device_is_found_by_its_mapper_name() -> None:
    (disk,) = only(dm("swap", "CRYPT-x"), swaps=("/dev/mapper/swap",))
    assert disk.uses == ("it is swap space",)


def test_disks_of_a_real_host_are_told_apart() -> None:
    text = captured("iscsi-fcoe-and-multipath")["udevadm.txt"]
    found = []
    for entry in text.split("\n\n"):
        properties = dict(line[3:].partition("=")[::2] for line in entry.splitlines() if line.startswith("E: "))
        place = properties["DEVPATH"]
        name = place.rpartition("/")[2]
        paths = ("sdd", "sde") if "DM_UUID" in properties else ()
        wwid = properties.get("ID_WWN_WITH_EXTENSION", "").replace("0x", "naa.")
        found.append(RawBlock(name, place, properties, 4194304, wwid=wwid, slaves=paths))
    found += [raw(name, f"/devices/platform/host{host}/session{host}/target{host}:0:0/{host}:0:0:0/block/{{0}}")
              for host, name in ((2, "sdd"), (3, "sde"))]  # fmt: skip
    told = {disk.name: (disk.transport, disk.wwid, disk.paths) for disk in only(*found) if disk.wwid}
    assert told == {
        "/dev/sda": ("fc", "36001405b8b68b45f64a85dab4b7ede15", 1),
        "/dev/sdc": ("iscsi", "360014054a1348a5858e3db1f450cb2c9", 1),
        "/dev/mapper/mpatha": ("iscsi", "360014053a11756c59d0788a81bcd92bb", 2),
    }
    link = "/dev/disk/by-path/pci-0000:00:06.0-fc-0x2000525400fc0101-lun-0"
    assert [disk.name for disk in only(*found) if disk.is_called(link)] == ["/dev/sda"]


def test_a_loop_device_without_a_file_is_no_disk() -> None:
    assert blocks.disks([raw("loop0", "/devices/virtual/block/{0}", size=0)], {}, []) == ()
