"""Keep a crashed node's FC port alive in the eyes of the array, by its beacon alone.

A port whose beacon is not heard for 20 s is logged off, and the kernel's FC target then waits for ever for commands
that nobody ends (target_wait_for_cmds in ft_prlo, tcm_fc of Linux 6.1): that node could never log in again. On a real
fabric the array's firmware sees to that. So a process on the host sends the beacon that the array last heard from the
node, over the node's link, until the node starts again and logs in anew. It answers nothing.
"""

import socket
import sys
import time
from pathlib import Path

from lab import process, ssh, wiring
from lab.places import REPOSITORY
from lab.record import Record
from lab.topology import SAN

EVERY = 8.0


def beacon_of(lab: Record, node: str) -> str:
    """Ask the array for the beacon of a node's port, in hexadecimal; "" where it has heard none yet."""
    port = f"fc{wiring.number_of(lab.topology, node)}"
    return ssh.check(lab, SAN, f"od -An -v -tx1 /run/fc-beacon/{port} 2>/dev/null | tr -d ' \\n' || true")


def appear(lab: Record, node: str, beacon: str) -> None:
    """Start sending; nothing without a beacon."""
    if not beacon:
        return
    link = lab.sockets / f"fc-{node}"
    argv = ["env", f"PYTHONPATH={REPOSITORY}", sys.executable, "-m", "lab.ghost", str(link), beacon]
    lab.processes[_name(node)] = process.spawn(argv, lab.state / "logs" / f"{node}.ghost")
    lab.save()


def vanish(lab: Record, node: str) -> None:
    """Stop sending, so that the node can plug in."""
    if identity := lab.processes.pop(_name(node), None):
        process.kill(identity)
        lab.save()


def _name(node: str) -> str:
    return f"ghost of {node}"


def haunt(link: Path, beacon: bytes) -> None:
    """Send a beacon every 8 s over a link of QEMU's stream netdev, which puts its length before each frame."""
    with socket.socket(socket.AF_UNIX) as plug:
        plug.connect(str(link))
        plug.setblocking(False)
        while True:
            plug.send(len(beacon).to_bytes(4, "big") + beacon)
            again = time.monotonic() + EVERY
            while time.monotonic() < again:
                time.sleep(0.2)
                try:
                    if not plug.recv(65536):
                        return
                except BlockingIOError:
                    pass


if __name__ == "__main__":
    haunt(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]))
