"""A VM on the lab as a service: made, watched and taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.driver import HOST, Cluster


@dataclass
class Vm:
    """A VM of the lab; its guest counts on its serial line. ``seen``: how often it had booted, and its last number."""

    cluster: Cluster
    name: str
    seen: tuple[int, int] = (0, 0)
    node: str = "n1"
    stopped: str = "disabled"

    @property
    def script(self) -> str:
        """Give the agent's command line on a node."""
        return f"env OCF_RESKEY_vm={self.name} /usr/lib/ocf/resource.d/vmstore/vm"

    def row(self) -> dict[str, Any]:
        """Give its line of `vmstore status`."""
        return dict(self.cluster.vmstore(HOST, "status", self.name, "-o", "json").json["items"][0])

    def status(self) -> dict[str, Any]:
        """Give what manager and nodes say."""
        row = self.row()
        return {key: row[key] for key in ("state", "node", "held_by")}

    def diagnosis(self) -> dict[str, str]:
        """Give what doctor finds: codes, and what each is about."""
        told = self.cluster.vmstore(HOST, "doctor", "-o", "json", check=False).json
        return {each["code"]: each["name"] for each in told["findings"]}

    def frozen(self) -> str | None:
        """Tell by whom its service is frozen."""
        by = self.row()["frozen"]
        return None if by is None else str(by)

    def runs_on_node(self, node: str) -> None:
        """Have it run on a node, from whatever state the test before left it in."""
        row = self.row()
        if row["frozen"]:
            self.cluster.vmstore(HOST, "thaw", self.name)
        if row["state"] == "failed":
            self.cluster.vmstore(HOST, "stop", self.name)
        if row["state"] != "started":
            self.cluster.vmstore(HOST, "start", self.name, node)
        elif row["node"] != node:
            self.cluster.vmstore(HOST, "relocate", self.name, node)

    def stops(self) -> None:
        """Have it stopped."""
        self.cluster.vmstore(HOST, "thaw", self.name)
        self.cluster.vmstore(HOST, "stop", self.name)

    def pv(self) -> str:
        """Give the WWID of the PV on which its volume lies."""
        names = self.cluster.volume(self.name)["pvs"]
        return str(next(pv["wwid"] for pv in self.cluster.pvs() if pv["name"] == names[0]))

    def other_class(self) -> str:
        """Name the class of PVs on which its volume does not lie."""
        return "iscsi" if self.cluster.volume(self.name)["classes"] == ["fc"] else "fc"

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
        """Wait until the guest has counted to a number since it booted."""
        self.cluster.wait(lambda: self.look()[1] >= number, 120, f"{self.name} to count to {number}")

    def look(self) -> tuple[int, int]:
        """Read how often the guest has booted and how far it has counted; its serial log lies on the volume."""
        # Where it was last, it most likely is; asking vmstore would take seconds.
        for node in sorted(self.cluster.nodes, key=lambda node: node != self.node):
            if numbers := self.numbers(node):
                self.node, self.seen = node, (numbers.count(1), numbers[-1])
                break
        return self.seen

    def counts_on(self) -> None:
        """Assert that the guest counts on from where it was when it was last looked at, without a boot or a gap."""
        boots, before = self.seen
        self.cluster.wait(lambda: self.look() > (boots, before), 60, f"{self.name} to count beyond {before}")
        assert self.seen[0] == boots, "it was booted in between"
        assert self._since_boot(self.node) == list(range(1, self.seen[1] + 1)), "there is a gap"

    def _since_boot(self, node: str) -> list[int]:
        numbers = self.numbers(node)
        found = numbers[len(numbers) - numbers[::-1].index(1) - 1 :]
        self.seen = (numbers.count(1), numbers[-1])
        return found

    def numbers(self, node: str) -> list[int]:
        """List all that the guest ever wrote; a node that lost power may have left other bytes, and half a line."""
        text = self.cluster.sh(node, f"cat /vm/{self.name}/serial.log 2>/dev/null || true").out
        return [int(line) for line in text.split("\n")[:-1] if line.isdigit()]

    def booted(self, node: str) -> None:
        """Assert that the guest began anew, as it must after a crash."""
        boots, last = self.seen

        def anew() -> bool:
            # What it wrote before may be lost with its node.
            numbers = self.numbers(node)
            return bool(numbers) and numbers[-1] > 1 and (numbers.count(1) > boots or numbers[-1] < last)

        self.cluster.wait(anew, 90, "the guest to count anew")
        began = self._since_boot(node)
        assert began == list(range(1, self.seen[1] + 1))
        stamp = f"cat /vm/{self.name}/.vmstore-back"
        self.cluster.wait(
            lambda: self.cluster.sh(node, stamp, check=False).out.split()[1:3] == [node, "booted"], 60, "the agent"
        )


def make(cluster: Cluster, name: str) -> Vm:
    """Make a VM with its service, on an iSCSI LUN, not started."""
    cluster.vmstore(HOST, "create", name, "48M", "--class", "iscsi")
    cluster.mount("n1", name)
    cluster.make_guest("n1", name)
    cluster.unmount("n1", name)
    return Vm(cluster, name)


def unmake(vm: Vm) -> None:
    """Take a VM away, in whatever state a test left it."""
    run = vm.cluster.vmstore
    run(HOST, "thaw", vm.name, check=False)
    run(HOST, "stop", vm.name, check=False)
    run(HOST, "remove", vm.name, "--confirm", vm.name)
