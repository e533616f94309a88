"""Take the power from a node, and give it back."""

from lab import ghost, machine, process, record, ssh
from lab.bringup import BOOT_SECONDS, Progress, verify
from lab.console import Boot
from lab.errors import LabError, UsageError
from lab.record import Record
from lab.topology import SAN


def node_of(lab: Record, name: str) -> str:
    """Check that a name is a node of the running lab; raise UsageError for others."""
    if name in lab.topology.nodes:
        return name
    why = f"the nodes are {', '.join(lab.topology.nodes)}"
    if name == SAN:
        why = "the array holds one end of every link, and the nodes' emulators cannot plug in again"
    raise UsageError(f"{name!r} is not a node of this lab", why=why, hint="./lab/lab status")


def crash(name: str) -> None:
    """End the emulator of a node by SIGKILL; done already is a success."""
    with record.exclusive():
        lab = record.existing()
        node = node_of(lab, name)
        beacon = ghost.beacon_of(lab, node)
        process.kill(lab.processes[node])
        ghost.appear(lab, node, beacon)
        ssh.disconnect(lab, node)
        lab.cut.pop(node, None)
        lab.save()


def start(name: str) -> None:
    """Boot a node again from its own root disk and wait until it has rejoined; raise LabError when it does not."""
    with record.exclusive():
        lab = record.existing()
        node = node_of(lab, name)
        if process.is_running(lab.processes[node]):
            raise LabError(
                f"{node} runs already",
                why=f"its emulator is pid {lab.processes[node].pid}",
                hint=f"./lab/lab crash {node}",
            )
        say = Progress()
        ssh.disconnect(lab, node)
        boot = Boot(lab, [node], BOOT_SECONDS)
        ghost.vanish(lab, node)
        machine.start(lab, node)
        say(f"{node} started")
        for milestone in (
            "booted",
            "disks",
            *(("quorate", "locks") if lab.topology.shared and lab.topology.furnished else ()),
            "ready",
        ):
            boot.wait(milestone, [node])
            say(f"{node} {milestone}")
        verify(lab, (node,))
        say(f"{node} answers ssh")
