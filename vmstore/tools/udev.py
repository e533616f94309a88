"""Ask udev on this host about block devices, through pyudev."""

from pathlib import Path

import pyudev

from vmstore.tools.blocks import RawBlock


def blocks() -> tuple[RawBlock, ...]:
    """Read every block device from udev's database and sysfs."""
    devices = pyudev.Context().list_devices(subsystem="block")
    return tuple(_raw(device) for device in devices)


def _raw(device: pyudev.Device) -> RawBlock:
    attributes = device.attributes
    return RawBlock(
        name=device.sys_name,
        devpath=device.device_path,
        properties=dict(device.properties.items()),
        size=int(_text(attributes, "size") or 0),
        state=_text(attributes, "device/state"),
        transport=_text(attributes, "device/transport"),
        wwid=_text(attributes, "wwid") or _text(attributes, "device/wwid"),
        slaves=_names(device, "slaves"),
        holders=_names(device, "holders"),
        sector=int(_text(attributes, "queue/logical_block_size") or 0),
    )


def _text(attributes: pyudev.Attributes, name: str) -> str:
    value = attributes.get(name)
    return value.decode(errors="replace").strip() if value is not None else ""


def _names(device: pyudev.Device, link: str) -> tuple[str, ...]:
    folder = Path(device.sys_path) / link
    return tuple(sorted(entry.name for entry in folder.iterdir())) if folder.is_dir() else ()
