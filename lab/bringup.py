"""Bring the lab up, or leave nothing behind."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lab import accelerator, hostpackages, image, machine, preparation, process, record, ssh
from lab.console import Boot
from lab.errors import LabError
from lab.interrupts import held_back
from lab.record import Record
from lab.teardown import teardown
from lab.topology import SAN, Topology

Say = Callable[[str], None]
Furnish = Callable[[Record, Say], None]

# A hang is what this is for: on a busy machine with slow cores a boot takes minutes.
BOOT_SECONDS = 480


class Progress:
    """Print a line per milestone, with the seconds since the start, on stderr."""

    def __init__(self) -> None:
        self._begin = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"[{time.monotonic() - self._begin:6.1f} s] {text}", file=sys.stderr, flush=True)


def up(wanted: Topology, furnish: Furnish | None = None) -> Record:
    """Start a lab and return when every node is ready; raise LabError, with nothing left running, when that fails.

    `furnish` puts into it what it shall hold from the beginning.
    """
    hostpackages.check()
    with record.exclusive():
        _refuse_second()
        say = Progress()
        folder = image.ensure(say)
        chosen = accelerator.choose(folder, say)
        lab: Record | None = None
        try:
            with held_back():
                lab = preparation.prepare(wanted, folder, chosen)
            _start(lab, say)
            if furnish:
                furnish(lab, say)
        except BaseException:
            if lab := lab or record.load():
                with held_back():
                    teardown(lab)
            raise
        return lab


def _refuse_second() -> None:
    known = record.load()
    if known is None:
        return
    running = [name for name, identity in known.processes.items() if process.is_running(identity)]
    if running:
        raise LabError(
            "a lab is up already",
            why=f"topology {known.topology.name}; running: {', '.join(running)} (recorded in {known.state})",
            hint="./lab/lab status, or ./lab/lab down first; VMSTORE_LAB_STATE names a place for a second lab",
        )
    teardown(known)


def _start(lab: Record, say: Say) -> None:
    nodes = lab.topology.nodes
    boot = Boot(lab, lab.topology.machines, BOOT_SECONDS)
    machine.start(lab, SAN)
    machine.wait_for_sockets(lab)
    for node in nodes:
        machine.start(lab, node)
    say(f"machines started: {', '.join(lab.topology.machines)} ({lab.accelerator})")
    boot.wait("exporting", [SAN])
    say("array exports its LUNs")
    for milestone, text in _stages(lab.topology):
        boot.wait(milestone, nodes)
        say(text)
    verify(lab, lab.topology.machines)
    lab.complete = True
    lab.save()
    say("ssh answers everywhere: the lab is up")


def _stages(wanted: Topology) -> list[tuple[str, str]]:
    if not wanted.furnished:
        return [("booted", "nodes boot"), ("disks", "FC LUNs seen on all nodes"), ("ready", "nodes have booted")]
    cluster = [("quorate", "nodes quorate"), ("locks", "locks: dlm and lvmlockd run")] if wanted.shared else []
    opened = ("opened", f"volume group {wanted.vg} open on all nodes")
    managed = [("ready", f"{wanted.manager} runs on all nodes")] if wanted.manager != "none" else []
    return [("disks", "LUNs seen on all nodes"), *cluster, opened, *managed]


def verify(lab: Record, machines: tuple[str, ...]) -> None:
    """Open the kept connection to each machine; raise LabError when one does not answer."""
    with ThreadPoolExecutor(len(machines)) as pool:
        list(pool.map(lambda name: ssh.check(lab, name, "true"), machines))
