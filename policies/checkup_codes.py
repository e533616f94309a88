"""Keep the codes of what `vmstore doctor` finds: what each breaks, and the commands that mend it. Pure.

D1x are about LVM on a node, D2x about LUNs, D3x about volumes, D4x about cluster and services, D5x about nodes. As for
alerts (see codes.py), a code never changes its meaning.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """A kind of finding; what ``help`` has in capitals is the admin's to fill in."""

    code: str
    title: str
    meaning: str
    help: tuple[str, ...]


_RESCAN = ("iscsiadm -m session --rescan", "echo '- - -' >/sys/class/scsi_host/HOST/scan")


def _code(code: str, title: str, meaning: str, *commands: str) -> Trouble:
    return Trouble(f"VMS-{code}", title, meaning, commands)


_TABLE = (
    _code(
        "D10",
        "lvmlockd off",
        "LVM on that node cannot lock the shared VG, so no volume is activated, changed or moved there and no VM "
        "starts.",
        "systemctl start lvmlockd",
        "lvmconfig --type full global/use_lvmlockd",
        "vgchange --lockstart VG",
    ),
    _code(
        "D11",
        "lock space not started",
        "Until that node joins the lock space, LVM there only reads the VG; vmstore and its agent join by "
        "themselves, and other agents and commands typed by hand fail.",
        "vgchange --lockstart VG",
        "lvmlockctl --info",
    ),
    _code(
        "D12",
        "lvmpolld off",
        "In a shared VG LVM moves nothing without it, so emptying a LUN fails for every volume that the node holds.",
        "systemctl start lvm2-lvmpolld.socket",
        "lvmconfig --type full global/use_lvmpolld",
    ),
    _code(
        "D13",
        "LVM takes its devices by other rules",
        "With another filter than the other nodes have, LVM may miss a PV there or take a path for one, and VMs "
        "that move there may not start.",
        "lvmconfig devices/filter devices/global_filter devices/use_devicesfile",
        "scp NODE:/etc/lvm/lvm.conf /etc/lvm/lvm.conf",
    ),
    _code(
        "D14",
        "PV not in the devices file",
        "LVM on that node does not look at a LUN that its devices file lacks, so volumes on it cannot be "
        "activated there.",
        "lvm lvmdevices",
        "lvm lvmdevices --addpvid PVID",
    ),
    _code(
        "D15",
        "auto-activation on",
        "A node that boots may activate a volume that is another's: under cluster locks its VM then starts "
        "nowhere else, and without them it may be mounted twice.",
        "lvchange --setautoactivation n VG/VM",
        "vgchange --setautoactivation n VG",
    ),
    _code(
        "D16",
        "VG cannot be read",
        "Commands of vmstore that ask that node for the VG fail, and no VM starts there, as long as LVM there cannot "
        "read the VG.",
        "vgs VG",
        "pvs -a",
        "lvmconfig --type full devices/filter devices/global_filter devices/use_devicesfile",
    ),
    _code(
        "D20",
        "LUN not seen",
        "A node that does not see a PV can neither run the VMs that lie on it nor change the VG.",
        "vmstore pv list",
        *_RESCAN,
        "multipath -ll",
    ),
    _code(
        "D21",
        "LUN with another WWID",
        "Nodes have the same PV on different LUNs, such as a copy made by the array, so what one writes another "
        "does not read and data are lost.",
        "lsblk -o NAME,WWN,SIZE,VENDOR,TRAN",
        "vmstore pv list",
    ),
    _code(
        "D22",
        "LUN with another size",
        "A node that has the old size of a LUN fails to activate what lies beyond its end there.",
        "echo 1 >/sys/block/DISK/device/rescan",
        "multipathd resize map NAME",
    ),
    _code(
        "D23",
        "one path left, or none",
        "The next failure on the way to the LUN stops every VM on it on that node.",
        "multipath -ll",
        *_RESCAN,
    ),
    _code(
        "D24",
        "path down",
        "Some ways to the LUN are gone, and others still work.",
        "multipath -ll",
        *_RESCAN,
    ),
    _code(
        "D25",
        "duplicate PV",
        "LVM sees the same PV on two devices, changes nothing of the VG then, and may use the wrong one: a path "
        "beside its multipath device, or a copy of the LUN.",
        "pvs -a -o pv_name,pv_uuid,pv_duplicate",
        "multipath -ll",
    ),
    _code(
        "D30",
        "device suspended",
        "Whatever reads or writes it waits, LVM and the VM included, most likely since an LVM command was cut off.",
        "dmsetup info DEVICE",
        "dmsetup resume DEVICE",
    ),
    _code(
        "D31",
        "move half done",
        "Nobody goes on with a move that was begun: volumes may lie on two PVs at once, where they are neither "
        "grown nor removed, and the PV stays as it is, often cordoned.",
        "vmstore job list",
        "vmstore job resume JOB",
        "vmstore evacuate PV",
    ),
    _code(
        "D32",
        "active on several nodes",
        "Each of these nodes may mount the volume, and a file system that is mounted twice is destroyed.",
        "vmstore status VM",
        "lvchange -an VG/VM",
    ),
    _code(
        "D33",
        "mount not exclusive",
        "Nothing keeps a second node from mounting the volume beside this one, which destroys its file system.",
        "vmstore stop VM",
        "vmstore start VM NODE",
        "lvmlockctl --info",
    ),
    _code(
        "D34",
        "no room to suspend",
        "The image of the VM's memory does not fit on its volume, so stopping and relocating it fail.",
        "vmstore grow VM +SIZE",
    ),
    _code(
        "D40",
        "fencing off",
        "Nobody can switch off a node that is lost: its services stay down, or run twice while it still writes.",
        "crm_attribute -t crm_config -n stonith-enabled -v true",
        "stonith_admin --list-registered",
        "fence_tool ls",
        "dlm_tool dump_config",
    ),
    _code(
        "D41",
        "manager cannot act",
        "While the cluster has no quorum, waits for a fencing or is locked, no VM is started, stopped, relocated "
        "or failed over.",
        "vmstore status",
        "crm_mon -1",
        "clustat",
        "clusvcadm -u",
    ),
    _code(
        "D42",
        "service failed",
        "The manager has given the VM up, and parts of it may still be in use, so it is neither started nor moved.",
        "vmstore status VM",
        "vmstore stop VM",
        "vmstore start VM",
    ),
    _code(
        "D43",
        "service frozen",
        "The manager neither checks nor fails over a frozen VM: when its node dies it stays down.",
        "vmstore status VM",
        "vmstore thaw VM",
    ),
    _code(
        "D44",
        "who holds a volume is disputed",
        "The manager says otherwise than the nodes who uses a volume, so commands on it are turned down, and a "
        "failover may mount it twice.",
        "vmstore status VM",
        "lsblk /dev/VG/VM",
    ),
    _code(
        "D45",
        "VM agent differs",
        "The VM agent of a node is missing or another one, so VMs do not start there, or are started and stopped "
        "otherwise.",
        "vmstore agent check",
        "vmstore agent deploy",
    ),
    _code(
        "D46",
        "node takes no services",
        "Fewer nodes than there are can take over VMs when another one dies.",
        "vmstore status",
        "crm_standby --delete --node NODE",
        "crm_attribute --node NODE --name maintenance --delete",
        "service rgmanager start",
    ),
    _code(
        "D47",
        "shutdown out of order",
        "A node that shuts down stops libvirt, its guests or the locks while Pacemaker still suspends VMs, so they are "
        "shut down instead, or the node is fenced.",
        "systemctl show --property=After pacemaker.service resource-agents-deps.target",
        "systemctl daemon-reload",
    ),
    _code(
        "D50",
        "clocks apart",
        "Windows, histories and logs go by the time of the node, so work begins at the wrong hour and logs cannot "
        "be put side by side.",
        "date",
        "chronyc makestep",
    ),
)
CODES = {code.code: code for code in _TABLE}
