"""Start the emulator of one machine."""

import shlex
import time
from pathlib import Path

from lab import accelerator, guestconfig, process, wiring
from lab.errors import LabError
from lab.interrupts import held_back
from lab.places import REPOSITORY
from lab.record import Record
from lab.topology import SAN

ROOT_DISK_OPTIONS = "if=none,id=root,cache=unsafe,format=qcow2"
KERNEL_COMMAND_LINE = "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off nokaslr net.ifnames=0 cryptomgr.notests"


def netdev(machine: str, link: wiring.Link, node: str) -> str:
    """Name one end of a link as QMP knows it."""
    return f"{link}-{node}" if machine == SAN else str(link)


def _quoted(path: Path) -> str:
    """Write a path as the value of an emulator's option, where a comma would begin the next option."""
    return str(path).replace(",", ",,")


def _link_arguments(record: Record, machine: str) -> list[str]:
    """Plug in the links: the array listens on one socket per node and link, each node connects to its own."""
    nodes = record.topology.nodes if machine == SAN else (machine,)
    listens = machine == SAN
    arguments = []
    for node in nodes:
        for link in wiring.LINKS:
            name = netdev(machine, link, node)
            path = record.sockets / f"{link}-{node}"
            mac = wiring.mac(link, wiring.number_of(record.topology, node), at_san=listens)
            server = "on" if listens else "off"
            arguments += [
                "-netdev", f"stream,id={name},server={server},addr.type=unix,addr.path={_quoted(path)}",
                "-device", f"virtio-net-pci,netdev={name},mac={mac},romfile=",
            ]  # fmt: skip
    return arguments


def _lun_arguments(record: Record) -> list[str]:
    arguments = []
    for lun in record.topology.luns:
        file = _quoted(record.state / "luns" / f"{lun.name}.raw")
        arguments += [
            "-drive", f"if=none,id={lun.name},file={file},format=raw,cache=unsafe,discard=unmap,detect-zeroes=unmap",
            "-device", f"virtio-blk-pci,drive={lun.name},serial={lun.name}",
        ]  # fmt: skip
    return arguments


def _watchdog_arguments(record: Record, machine: str) -> list[str]:
    """Plug in a watchdog where sbd fences; with -no-reboot a machine that it resets is off."""
    if machine == SAN or record.topology.manager == "none":
        return []
    return ["-device", "i6300esb", "-watchdog-action", "reset"]


def _kernel_command_line(record: Record, machine: str) -> str:
    """Have a node that nobody furnishes booted by systemd (image/lab-init)."""
    if machine == SAN or record.topology.furnished:
        return KERNEL_COMMAND_LINE
    return f"{KERNEL_COMMAND_LINE} lab.systemd systemd.show_status=false systemd.getty_auto=no"


def argv(record: Record, machine: str) -> list[str]:
    """Write the command line of a machine's emulator."""
    topology = record.topology
    memory = topology.san_memory if machine == SAN else topology.node_memory
    mac = wiring.host_mac(wiring.number_of(topology, machine))
    return [
        accelerator.EMULATOR, "-name", f"vmstore-lab-{machine}", *accelerator.arguments(record.accelerator),
        "-smp", "1", "-m", str(memory), "-nodefaults", "-no-reboot", "-display", "none",
        "-kernel", str(record.image / "kernel"), "-initrd", str(record.image / "initrd"),
        "-append", _kernel_command_line(record, machine),
        "-chardev", f"file,id=console,path={_quoted(record.console(machine))},append=on", "-serial", "chardev:console",
        "-qmp", f"unix:{_quoted(record.qmp(machine))},server=on,wait=off",
        "-drive", f"file={_quoted(record.state / 'disks' / f'{machine}.qcow2')},{ROOT_DISK_OPTIONS}",
        # A device of its own, ahead of the LUNs, so that it is /dev/vda: if=virtio would be added after them.
        "-device", "virtio-blk-pci,drive=root,serial=root",
        "-virtfs", f"local,path={_quoted(REPOSITORY)},mount_tag=source,security_model=none,readonly=on,multidevs=remap",
        "-fw_cfg", f"name=opt/vmstore-lab/config,file={_quoted(record.state / 'config' / machine)}",
        # restrict=on: the machine reaches nothing outside; the forwarded port still leads to its sshd.
        "-netdev", f"user,id=host,restrict=on,hostfwd=tcp:127.0.0.1:{record.ports[machine]}-10.0.2.15:22",
        "-device", f"virtio-net-pci,netdev=host,mac={mac},romfile=",
        *_watchdog_arguments(record, machine),
        *_link_arguments(record, machine), *(_lun_arguments(record) if machine == SAN else []),
    ]  # fmt: skip


def start(record: Record, machine: str) -> None:
    """Start the emulator of a machine and record it, as one act; its root disk and configuration must be there."""
    config = record.state / "config" / machine
    config.write_text(guestconfig.render(record.topology, machine))
    with held_back():
        record.processes[machine] = process.spawn(argv(record, machine), record.state / "logs" / f"{machine}.emulator")
        record.cut.pop(machine, None)
        record.save()


def wait_for_sockets(record: Record, seconds: float = 20) -> None:
    """Wait until the array listens on all its links: an emulator that finds no listener gives up at once."""
    wanted = [record.sockets / f"{link}-{node}" for node in record.topology.nodes for link in wiring.LINKS]
    deadline = time.monotonic() + seconds
    while not all(path.exists() for path in wanted):
        log = record.state / "logs" / f"{SAN}.emulator"
        if time.monotonic() > deadline or not process.is_running(record.processes[SAN]):
            raise LabError(
                "the array did not start",
                why=log.read_text(errors="replace").strip() or "its emulator said nothing",
                hint=f"run it by hand: {shlex.join(argv(record, SAN))}",
            )
        time.sleep(0.05)
