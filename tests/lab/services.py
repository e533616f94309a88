"""A VM on the lab as a service: made, watched and taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.driver import HOST, Cluster


@dataclass
class Vm:
    """A VM of the lab; its guest counts on its serial line."""

    cluster: Cluster
    name: str
    last: int = 0
    stopped: str = "disabled"
    script: str = ""

    def row(self) -> dict[str, Any]:
        """Give its line of `vmstore status`."""
        return dict(self.cluster.vmstore(HOST, "status", self.name, "-o", "json").json["items"][0])

    def status(self) -> dict[str, Any]:
        """Give what manager and nodes say."""
        row = self.row()
        return {key: row[key] for key in ("state", "node", "held_by")}

    def frozen(self) -> str | None:
        """Tell by whom its service is frozen."""
        by = self.row()["frozen"]
        return None if by is None else str(by)

    def pv(self) -> str:
        """Give the WWID of the PV on which its volume lies."""
        names = self.cluster.volume(self.name)["pvs"]
        return str(next(pv["wwid"] for pv in self.cluster.pvs() if pv["name"] == names[0]))

    def mounts(self, nodes: Sequence[str] = ()) -> list[str]:
        """Name the nodes that have its volume mounted."""
        test = f"grep -q ' /vm/{self.name} ' /proc/mounts"
        return [node for node in nodes or self.cluster.nodes if self.cluster.sh(node, test, check=False).rc == 0]

    def runs_on(self, nodes: Sequence[str]) -> str:
        """Name the node on which a process of it runs, or ""."""
        return next((node for node in nodes if self.process(node)), "")

    def process(self, node: str) -> str:
        """Give the process that is the guest on a node, or ""."""
        noted = f"/run/libvirt/qemu/{self.name}.pid"
        test = f"pid=$(cat {noted}) && kill -0 $pid && echo $pid || true"
        return self.cluster.sh(node, f"{{ {test}; }} 2>/dev/null").out.strip()

    def actions(self) -> list[str]:
        """List what the agent did on the nodes, but for looking."""
        found = []
        for node in self.cluster.nodes:
            log = self.cluster.sh(node, "grep -a vmstore-vm /var/log/syslog || true").out
            found += [line for line in log.splitlines() if self.name in line and (" start" in line or " stop" in line)]
        return found

    def wait_for(self, number: int) -> None:
        """Wait until the guest has counted to a number."""
        self.cluster.wait(lambda: self.count() >= number, 120, f"{self.name} to count to {number}")

    def count(self) -> int:
        """Read how far the guest has counted; the serial log lies on the volume."""
        node = self.row()["node"]
        self.last = self.cluster.counter(node, self.name) if node else self.last
        return self.last

    def counts_on(self) -> None:
        """Assert that the guest counts on from where it was when it was last looked at."""
        before = self.last
        self.cluster.wait(lambda: self.count() > before, 60, f"{self.name} to count beyond {before}")
        numbers = self.numbers()
        assert numbers == list(range(1, len(numbers) + 1)), "it was booted in between"

    def numbers(self) -> list[int]:
        """List all that the guest ever wrote."""
        node = self.row()["node"]
        text = self.cluster.sh(node, f"cat /vm/{self.name}/serial.log").out
        return [int(word) for word in text.split()[:-1]]

    def booted(self, node: str) -> None:
        """Assert that the guest began anew, as it must after a crash."""
        self.cluster.wait(lambda: self.cluster.counter(node, self.name) > 1, 60, "the guest to count")
        # What it wrote before may be lost with its node; what it writes now begins with 1.
        numbers = self.numbers()
        began = len(numbers) - numbers[::-1].index(1) - 1
        assert numbers[began:] == list(range(1, len(numbers) - began + 1))


def make(cluster: Cluster, name: str) -> Vm:
    """Make a VM with its service, on an iSCSI LUN."""
    cluster.create(name, "48M", "--class", "iscsi")
    cluster.mount("n1", name)
    cluster.make_guest("n1", name)
    cluster.unmount("n1", name)
    return Vm(cluster, name, script=f"env OCF_RESKEY_vm={name} /usr/lib/ocf/resource.d/vmstore/vm")


def unmake(vm: Vm) -> None:
    """Take a VM away, in whatever state a test left it."""
    run = vm.cluster.vmstore
    run(HOST, "thaw", vm.name, check=False)
    run(HOST, "stop", vm.name, check=False)
    run(HOST, "remove", vm.name, "--confirm", vm.name)
