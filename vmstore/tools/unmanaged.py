"""Do without a cluster manager: the bundled agent itself is run on the node that is meant.

There is no view of the whole: each node tells only of the VMs whose volumes are mounted there. A VM runs where its
volume is mounted at its own place and the agent's monitor says so; that it runs nowhere is known once all nodes have
answered.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from vmstore.config import Config
from vmstore.errors import Refused, ToolFailed, VmstoreError
from vmstore.model import Inventory, Mount
from vmstore.run import Result
from vmstore.services import NONE, Cluster, Member, Service, State
from vmstore.tools import agent
from vmstore.tools.agent import AGENT
from vmstore.tools.managers import Order
from vmstore.tools.sections import Section

_RUNNING, _NOT_RUNNING = 0, 7


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """The agent in a manager's place; a volume is mounted below ``directory``, under its VM's name."""

    vg: str
    directory: str
    fstype: str
    hypervisor: str

    @classmethod
    def of(cls, config: Config) -> "Unmanaged":
        """Take what the agent is told from the configuration."""
        told = config.cluster
        return cls(config.vg, told.directory, config.filesystem.type, told.hypervisor)

    @property
    def name(self) -> str:
        """Name it as the configuration does."""
        return NONE

    @property
    def question(self) -> str:
        """Write shell text that asks the agent of every VM whose volume is mounted here, all at once.

        storage=no: a volume that is merely mounted is then "not running" and no failure. Every word but the VM's name
        was checked with the configuration, and a name of other letters is no VM's.
        """
        monitor = " ".join(self._argv("monitor", '"$vm"', storage="no"))
        return f"""echo @agent
[ -x {AGENT} ] && echo installed
echo "@end 0"
echo @vms
[ -x {AGENT} ] && while read -r _ target _; do
    vm=${{target#{self.directory}/}}
    case $vm in
    '' | "$target" | *[!A-Za-z0-9_.+-]*) continue ;;
    esac
    (
        told=$({monitor} 2>&1 </dev/null)
        code=$?
        printf '%s %s %s\\n' "$vm" "$code" "${{told##*
}}"
    ) &
done </proc/mounts
wait
echo "@end 0"
"""

    def parse(self, node: str, sections: Mapping[str, Section]) -> Cluster:
        """Turn what one node said into facts; a volume whose VM does not run is not listed."""
        installed = "installed" in sections["agent"].text
        services = {}
        for line in sections["vms"].text.splitlines():
            vm, code, told = [*line.split(" ", 2), ""][:3]
            detail = told.partition(f"monitor {vm}: ")[2] or told
            if int(code) == _RUNNING:
                services[vm] = Service(vm, State.STARTED, node)
            elif int(code) != _NOT_RUNNING:
                services[vm] = Service(vm, State.FAILED, node, detail=detail)
        return Cluster(NONE, node, quorate=True, members=(Member(node, True, installed),), services=services)

    def freeze(self, vm: str) -> list[list[str]]:
        """Refuse: nothing would restart a VM that stands still, so there is nothing to freeze."""
        raise Refused(
            f"{vm} cannot be frozen or thawed",
            why="there is no cluster manager that would check, restart or move it",
            hint="nothing needs to be frozen; where there is a manager after all, see `manager` in the configuration",
        )

    def thaw(self, vm: str) -> list[list[str]]:
        """Refuse, as freezing."""
        return self.freeze(vm)

    def start(self, vm: str, node: str = "") -> list[Order]:
        """Run the agent, which activates, mounts and starts, on a node; the plan always names one."""
        return [Order(tuple(self._argv("start", vm, fstype=self.fstype)), node)]

    def stop(self, vm: str, node: str) -> list[Order]:
        """Run the agent, which suspends, unmounts and deactivates, on the node where it runs."""
        return [Order(tuple(self._argv("stop", vm, fstype=self.fstype)), node)]

    def relocate(self, vm: str, source: str, node: str) -> list[Order]:
        """Suspend it on the one node and resume it on the other."""
        return [*self.stop(vm, source), *self.start(vm, node)]

    def settle(self, vm: str, node: str) -> list[list[str]]:
        """Take back nothing: nothing is left in a configuration."""
        del vm, node
        return []

    def recover(self, vm: str, source: str, node: str) -> list[Order]:
        """Let go of what a start that failed took, and start it where it ran."""
        return [*self.stop(vm, node), *(self.start(vm, source) if source else [])]

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of an agent that failed; it says why on standard error."""
        missing = result.rc in (126, 127)
        hint = f"install the agent there: {AGENT}" if missing else f"look for vmstore-vm in the log of {node}"
        return ToolFailed(what, why=f"{node}: {result.reason()}", hint=hint)

    def warm(self, vm: str) -> tuple[str, ...]:
        """Give the command by which the agent prepares a node; managers of VMs have it run, too."""
        return tuple(self._argv("warm", vm))

    def with_fstype(self, mount: Mount | None) -> "Unmanaged":
        """Believe a mount on the file system's type rather than the configuration."""
        return replace(self, fstype=mount.fstype) if mount else self

    def _argv(self, action: str, vm: str, **more: str) -> list[str]:
        hypervisor = "" if self.hypervisor == "auto" else self.hypervisor
        return agent.argv(action, vm, self.vg, f"{self.directory}/{vm}", hypervisor=hypervisor, **more)

    def mounted(self, world: Inventory, vm: str) -> tuple[str, ...]:
        """Name the nodes where a VM's volume is mounted at its own place."""
        lv = world.lv(vm)
        there = f"{self.directory}/{vm}"
        active = world.activations(lv) if lv else ()
        return tuple(each.node for each in active if any(mount.target == there for mount in each.mounts))

    def join(self, world: Inventory, nodes: Iterable[str], parts: Mapping[str, Cluster]) -> Cluster:
        """Make one view of what each node said of itself; only the VMs' own volumes count as mounts of theirs."""
        found: dict[str, list[Service]] = {}
        for node, part in parts.items():
            for vm, service in part.services.items():
                if node in self.mounted(world, vm):
                    found.setdefault(vm, []).append(service)
        able = {member.name for part in parts.values() for member in part.members if member.manages}
        members = tuple(Member(node, node in parts, node in able) for node in nodes)
        services = {vm: each[0] if len(each) == 1 else _twice(vm, each) for vm, each in found.items()}
        return Cluster(NONE, world.reporter, quorate=True, members=members, services=services)


def _twice(vm: str, services: Iterable[Service]) -> Service:
    return Service(vm, State.UNKNOWN, detail=f"its volume is mounted on {', '.join(s.owner for s in services)}")
