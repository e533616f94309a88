"""This host's disks through pyudev, from devices that a test makes."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from vmstore.tools import udev
from vmstore.tools.blocks import RawBlock


def test_a_device_is_read_with_properties_attributes_and_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("slaves/sde", "slaves/sdd", "holders/dm-3"):
        (tmp_path / name).mkdir(parents=True)
    device = SimpleNamespace(
        sys_name="dm-0",
        sys_path=str(tmp_path),
        device_path="/devices/virtual/block/dm-0",
        properties={"DM_NAME": "mpatha"},
        attributes={"size": b"2048\n", "device/state": b"running\n", "wwid": b"naa.6001\n"},
    )
    bare = SimpleNamespace(
        sys_name="sr0", sys_path="/nowhere", device_path="/x", properties={}, attributes={"device/wwid": b"t10.x"}
    )

    class Context:
        """Lists the test's devices."""

        def list_devices(self, subsystem: str) -> Iterator[object]:
            """Ask for block devices only."""
            assert subsystem == "block"
            yield from (device, bare)

    monkeypatch.setattr("pyudev.Context", Context)
    assert udev.blocks() == (
        RawBlock(
            "dm-0",
            "/devices/virtual/block/dm-0",
            {"DM_NAME": "mpatha"},
            2048,
            "running",
            "",
            "naa.6001",
            ("sdd", "sde"),
            ("dm-3",),
        ),
        RawBlock("sr0", "/x", {}, 0, "", "", "t10.x"),
    )
