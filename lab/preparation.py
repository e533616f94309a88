"""Lay out the files and ports of a lab before its first machine starts."""

import os
import shutil
import socket
from pathlib import Path

from lab import guestconfig, process, ssh
from lab.errors import LabError
from lab.record import Record
from lab.topology import Topology


def prepare(topology: Topology, image: Path, accelerator: str) -> Record:
    """Make the state folder of a new lab: LUNs, root disks, ssh and vmstore configuration; record it."""
    record = Record(topology, image, accelerator, _free_ports(topology))
    _make_folders(record)
    record.save()
    for machine in topology.machines:
        make_root_disk(record, machine)
    for lun in topology.luns:
        _make_lun(record.state / "luns" / f"{lun.name}.raw", lun.size)
    ssh.write_config(record)
    record.vmstore_toml.write_text(guestconfig.vmstore_toml(topology, str(record.ssh_config)))
    record.vmstore_toml.chmod(0o644)
    return record


def _make_folders(record: Record) -> None:
    for name in ("disks", "luns", "config", "logs"):
        shutil.rmtree(record.state / name, ignore_errors=True)
        (record.state / name).mkdir(mode=0o700)
    shutil.rmtree(record.sockets, ignore_errors=True)
    try:
        record.sockets.mkdir(mode=0o700)
    except FileExistsError as error:
        raise LabError(
            "the folder of the sockets belongs to somebody else",
            why=f"{record.sockets} is there and cannot be removed",
            hint="set VMSTORE_LAB_STATE to a folder with a short path",
        ) from error


def make_root_disk(record: Record, machine: str) -> None:
    """Make the root disk of a machine: its own changes over the image."""
    disk = record.state / "disks" / f"{machine}.qcow2"
    process.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(record.image / "root.img"), str(disk)],
        what=f"the root disk of {machine} could not be made",
        hint=f"see that there is room in {os.fspath(record.state)}",
    )


def _make_lun(file: Path, size: int) -> None:
    """Make the sparse file behind a LUN."""
    try:
        with file.open("wb") as stream:
            stream.truncate(size)
    except OSError as error:
        raise LabError(
            "a LUN could not be made",
            why=f"{file} of {size} bytes: {error.strerror}",
            hint="ext4 has files of 16 TiB at most: a twin can be smaller (--shrink N); or VMSTORE_LAB_STATE on XFS",
        ) from error


def _free_ports(topology: Topology) -> dict[str, int]:
    """Find a free loopback port per machine; all are held while the next is asked for, so that they differ."""
    held = [socket.socket() for _ in topology.machines]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return {machine: one.getsockname()[1] for machine, one in zip(topology.machines, held, strict=True)}
    finally:
        for one in held:
            one.close()
