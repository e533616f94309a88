"""Describe what a node tells when it is looked at for trouble, beyond what every command reads of it.

Sizes are bytes. What a node could not tell stands in ``untold``, so that nothing is taken for fine that nobody saw.
"""

from collections.abc import Mapping

import msgspec


class Guest(msgspec.Struct, frozen=True):
    """A VM by its definition on its volume: its memory, and what of its image has its room there already."""

    memory: int = 0
    kept: int = 0


class NodeCheckup(msgspec.Struct, frozen=True):
    """What one node told.

    ``untold`` says of each part (see checkup.sh) that gave no answer why. ``ahead`` is by how many seconds at least and
    at most its clock is ahead of the asker's. ``suspended`` names dm devices, ``paths`` has a letter for each path of a
    multipath device as the kernel has it, A for one that works. ``devices`` and ``duplicates`` are LVM's device, and
    those it leaves aside, by PV UUID. ``settings`` are those of lvm.conf, ``listed`` the PVIDs in the devices file,
    None where LVM there goes without one. ``locks`` has the mode of the lock of each LV, by UUID. ``suspends``: VMs
    are suspended when they are stopped. ``agent`` is the checksum of the VM agent, "" for none.

    Under Pacemaker, ``unordered`` are the units that systemd stops without waiting until Pacemaker has stopped.
    One node alone is asked for ``autoactivated`` volumes, None where it was another, and one for what is ``unfenced``.
    """

    name: str
    untold: Mapping[str, str] = {}
    ahead: tuple[float, float] = (0.0, 0.0)
    suspended: tuple[str, ...] = ()
    paths: Mapping[str, str] = {}
    devices: Mapping[str, str] = {}
    duplicates: Mapping[str, tuple[str, ...]] = {}
    settings: Mapping[str, str] = {}
    listed: frozenset[str] | None = None
    locks: Mapping[str, str] = {}
    guests: Mapping[str, Guest] = {}
    suspends: bool = True
    agent: str = ""
    dlm_fences: bool | None = None
    autoactivated: tuple[str, ...] | None = None
    unfenced: tuple[str, ...] = ()
    unordered: tuple[str, ...] = ()
