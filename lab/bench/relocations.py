"""Measure how long a guest stands still when its VM is relocated, against the same steps done by hand.

The guest counts on its serial line, which lies on its volume, about once a second. What is missing in the count between
a look before the relocation and one after it is the time that it stood still.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean

from lab.driver import HOST, Cluster

VM = "bench01"
# To and fro: the clocks of the two nodes may differ by a second, which a pair of rounds evens out.
ROUNDS = 4
CALIBRATED = 6
HAND = "by hand: virsh save, umount, lvchange; lvchange, mount, virsh restore"
_LOG = f"/vm/{VM}/serial.log"
# The domain is transient: it is gone once it is saved, so that nothing has to be undefined.
_LEAVE = f"virsh -q save {VM} /vm/{VM}/{VM}.state; umount /vm/{VM}; lvchange -an vmstore/{VM}"
_TAKE = (
    f"lvchange -aey vmstore/{VM}; mount /dev/vmstore/{VM} /vm/{VM}; virsh -q restore /vm/{VM}/{VM}.state; "
    f"rm /vm/{VM}/{VM}.state"
)
_LOOK = (
    f'seen=; until lines=$(grep -c . {_LOG}) && [ "$lines" = "$seen" ]; do seen=$lines; '
    f"time=$(stat -c %.Y {_LOG}); done; echo $lines $time"
)


@dataclass(frozen=True, slots=True)
class Stood:
    """How long the guest stood still, in seconds, in each round of one way of relocating."""

    manager: str
    way: str
    rounds: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """Give the mean."""
        return mean(self.rounds)


def measure(cluster: Cluster, manager: str) -> list[Stood]:
    """Relocate by hand, by vmstore, and under Pacemaker by vmstore with the stock agents, too."""
    found = [_by_hand(cluster, manager), _by_vmstore(cluster, manager, "vmstore relocate")]
    if manager == "pacemaker":
        found.append(_by_vmstore(cluster, manager, "vmstore relocate, --agents stock", "--agents", "stock"))
    return found


def table(found: Sequence[Stood]) -> list[str]:
    """Write the table; by hand is what each manager's other ways are held against."""
    lines = ["| manager | way | seconds, mean | each round | ratio to by hand |", "|---|---|---|---|---|"]
    hand = {each.manager: each.seconds for each in found if each.way == HAND}
    for each in found:
        rounds = ", ".join(f"{seconds:.1f}" for seconds in each.rounds)
        ratio = each.seconds / hand[each.manager]
        lines.append(f"| {each.manager} | {each.way} | {each.seconds:.1f} | {rounds} | {ratio:.2f} |")
    return lines


def _by_hand(cluster: Cluster, manager: str) -> Stood:
    _make(cluster, "--no-service")
    cluster.mount("n1", VM)
    cluster.sh("n1", f"virsh -q create /vm/{VM}/{VM}.xml")
    cluster.sh("n2", f"mkdir -p /vm/{VM}; virsh -q version >/dev/null")

    def relocate(source: str, target: str) -> None:
        cluster.sh(source, _LEAVE)
        cluster.sh(target, _TAKE)

    found = Stood(manager, HAND, _rounds(cluster, relocate))
    cluster.sh("n1", f"virsh -q destroy {VM}")
    cluster.unmount("n1", VM)
    cluster.vmstore(HOST, "remove", VM, "--confirm", VM)
    return found


def _by_vmstore(cluster: Cluster, manager: str, way: str, *words: str) -> Stood:
    _make(cluster, *words)
    cluster.vmstore(HOST, "start", VM, "n1")

    def relocate(source: str, target: str) -> None:
        del source
        cluster.vmstore(HOST, "relocate", VM, target)

    found = Stood(manager, way, _rounds(cluster, relocate))
    cluster.vmstore(HOST, "stop", VM)
    cluster.vmstore(HOST, "remove", VM, "--confirm", VM)
    return found


def _make(cluster: Cluster, *words: str) -> None:
    cluster.vmstore(HOST, "create", VM, "48M", "--class", "iscsi", *words)
    cluster.mount("n1", VM)
    cluster.make_guest("n1", VM)
    cluster.unmount("n1", VM)


def _rounds(cluster: Cluster, relocate: Callable[[str, str], None]) -> tuple[float, ...]:
    found = []
    source, target = "n1", "n2"
    for _ in range(ROUNDS):
        begun = _counted(cluster, source, 1)
        last = _counted(cluster, source, begun[0] + CALIBRATED)
        each = (last[1] - begun[1]) / (last[0] - begun[0])
        relocate(source, target)
        back = _counted(cluster, target, last[0] + 3)
        found.append(back[1] - last[1] - (back[0] - last[0]) * each)
        source, target = target, source
    return tuple(found)


def _counted(cluster: Cluster, node: str, wanted: float) -> tuple[float, float]:
    """Look how far the guest has counted, and when it wrote that; wait until it is as far as wanted."""
    seen = (0.0, 0.0)

    def far_enough() -> bool:
        nonlocal seen
        lines, time = (float(word) for word in cluster.sh(node, _LOOK).out.split())
        seen = lines, time
        return lines >= wanted

    cluster.wait(far_enough, 120, "the guest to count")
    return seen
