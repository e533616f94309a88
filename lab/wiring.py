"""Give every machine, link and LUN its number: addresses, MACs, WWNs. The same on every run."""

import hashlib
from string import ascii_lowercase
from typing import Literal, get_args

from lab.topology import SAN, Lun, Topology

Link = Literal["san", "fc", "ip"]
LINKS: tuple[Link, ...] = get_args(Link)

SAN_NUMBER = 100
# lab/guest/network.sh tells the links apart by this byte of the MAC.
_KINDS: dict[Link, str] = {"ip": "0a", "san": "0b", "fc": "fc"}


def number_of(topology: Topology, machine: str) -> int:
    """Number a machine: the last byte of its addresses, and the node id of corosync."""
    return SAN_NUMBER if machine == SAN else topology.nodes.index(machine) + 1


def mac(link: Link, node_number: int, *, at_san: bool) -> str:
    """Write the MAC of one end of a node's link; of an FC link, 20:00: before it is the WWPN."""
    return f"52:54:00:{_KINDS[link]}:{int(at_san):02x}:{node_number:02x}"


def host_mac(machine_number: int) -> str:
    """Write the MAC of the link on which the host reaches sshd."""
    return f"52:54:00:ff:00:{machine_number:02x}"


def address(topology: Topology, machine: str) -> str:
    """Write the address of a machine on the link ip."""
    return f"10.9.0.{number_of(topology, machine)}"


def serial(lun: Lun) -> str:
    """Derive the unit serial number of a LUN from its name: 32 hexadecimal digits."""
    return hashlib.sha256(f"vmstore-lab {lun.name}".encode()).hexdigest()[:32]


def wwid(lun: Lun) -> str:
    """Write the WWID as udev and multipath do.

    LIO makes the NAA name from its own prefix 6001405 and the first 25 digits of the serial (the kernel's
    spc_parse_naa_6h_vendor_specific); the 3 before it says that it is an NAA name.
    """
    return "36001405" + serial(lun)[:25]


def device(topology: Topology, lun: Lun) -> str:
    """Name the device that a LUN is on every node; lab/guest/disks.sh numbers the multipath ones alike."""
    if lun.paths == 1:
        return f"/dev/disk/by-id/wwn-0x{wwid(lun)[1:]}"
    letter = [each.name for each in topology.luns if each.paths > 1].index(lun.name)
    return f"/dev/mapper/mpath{ascii_lowercase[letter]}"
