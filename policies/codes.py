"""Keep the codes of alerts: what each means, what its number counts, and the commands that help. Pure.

A code never changes its meaning, since scripts and habits hang on it; one that is given up is not used again.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of alert; its numbers are in ``unit``; what ``help`` has in capitals is the admin's to fill in."""

    code: str
    title: str
    meaning: str
    unit: Literal["bytes", "seconds", "bytes a day"]
    help: tuple[str, ...]


_MORE_ROOM = ("vmstore pv list", "vmstore pv add DEVICE --class CLASS", "vmstore remove VM")
_MORE_FOR_VM = ("vmstore show VM", "vmstore grow VM +SIZE", "vmstore policy check")

_TABLE = (
    Code(
        "VMS-C01",
        "class nearly full",
        "So much of the PVs of a class is given to volumes that, once this is critical, `policy apply` and `rebalance` "
        "give out no more of it, and what you make and grow by hand soon finds no room.",
        "bytes",
        (*_MORE_ROOM, "vmstore evacuate PV --to CLASS"),
    ),
    Code(
        "VMS-C02",
        "class full soon",
        "As the volumes of a class grew of late, it will most likely be full within the days that the policy sets.",
        "seconds",
        (*_MORE_ROOM, "vmstore evacuate PV --to CLASS"),
    ),
    Code(
        "VMS-C03",
        "class below its reserve",
        "Less of a class is free than is to be kept for emptying a LUN in an emergency.",
        "bytes",
        (*_MORE_ROOM, "vmstore evacuate PV --to CLASS"),
    ),
    Code(
        "VMS-G01",
        "VG nearly full",
        "So much of the whole VG is given to volumes that new and growing ones will soon find no room, or find none.",
        "bytes",
        _MORE_ROOM,
    ),
    Code(
        "VMS-G02",
        "VG full soon",
        "As all volumes together grew of late, the VG will most likely be full within the days that the policy sets.",
        "seconds",
        _MORE_ROOM,
    ),
    Code(
        "VMS-G03",
        "VG below its reserve",
        "Less of the VG is free than is to be kept for emptying a LUN in an emergency.",
        "bytes",
        _MORE_ROOM,
    ),
    Code(
        "VMS-J01",
        "growth jumped",
        "Far more came within one day than in any other; somebody copied much there, or something writes without end.",
        "bytes",
        ("vmstore list", "vmstore show VM"),
    ),
    Code(
        "VMS-J02",
        "growth got faster",
        "It grew clearly faster in the last two weeks than before, and the day it is full comes the sooner.",
        "bytes a day",
        ("vmstore list", "vmstore show VM"),
    ),
    Code(
        "VMS-L01",
        "lock LV without room",
        "The hidden LV lvmlock has few free leases; under sanlock each new volume needs one of its own.",
        "bytes",
        ("lvs -a -o lv_name,lv_size,devices VG/lvmlock", "lvmconfig --type full global/sanlock_lv_extend"),
    ),
    Code(
        "VMS-M01",
        "VG metadata nearly full",
        "The metadata areas of the VG hold little more, and LVM can then make, grow and move no volume at all.",
        "bytes",
        (
            "pvs -o pv_name,pv_mda_size,pv_mda_free,pv_mda_used_count",
            "vmstore pv add DEVICE --class CLASS",
            "vmstore evacuate PV --remove",
        ),
    ),
    Code(
        "VMS-P01",
        "PV missing",
        "A PV of the VG is on none of the LUNs that the node sees: its volumes fail, and the VG cannot be changed.",
        "bytes",
        ("vmstore pv list", "multipath -ll", "iscsiadm -m session -P 3", "vgextend --restoremissing VG PV"),
    ),
    Code(
        "VMS-P02",
        "PV cordoned for long",
        "New volumes are kept off a PV since more days than the policy sets; perhaps it was forgotten.",
        "seconds",
        ("vmstore job list", "vmstore pv uncordon PV", "vmstore pv remove PV"),
    ),
    Code(
        "VMS-P03",
        "PV nearly full",
        "So much of a PV is given to volumes as the policy sets a limit for; by default there is none.",
        "bytes",
        ("vmstore pv list", "vmstore evacuate PV --to CLASS"),
    ),
    Code(
        "VMS-P04",
        "PV below its reserve",
        "Less of a PV is free than is to be kept there.",
        "bytes",
        ("vmstore pv list", "vmstore evacuate PV --to CLASS"),
    ),
    Code(
        "VMS-V01",
        "VM file system nearly full",
        "The file system of a VM's volume is nearly full; at the end its disks cannot grow and it cannot be suspended.",
        "bytes",
        _MORE_FOR_VM,
    ),
    Code(
        "VMS-V02",
        "VM file system full soon",
        "As it grew of late, the file system of a VM's volume will most likely be full within the days of the policy.",
        "seconds",
        _MORE_FOR_VM,
    ),
    Code(
        "VMS-V03",
        "VM file system below its reserve",
        "Less of a VM's file system is free than is to be kept, such as for its memory when it is suspended.",
        "bytes",
        _MORE_FOR_VM,
    ),
)
CODES = {code.code: code for code in _TABLE}
