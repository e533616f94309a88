"""Say what an evacuation was asked for, what each volume has on the PV, and how volumes are let go of. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vmstore.config import Move
from vmstore.jobs import lease, where
from vmstore.jobs.activation_steps import LeaveInactive
from vmstore.jobs.freeze_steps import Note
from vmstore.jobs.step import Step
from vmstore.jobs.suspend_steps import Suspended
from vmstore.model import Inventory, LogicalVolume, PhysicalVolume
from vmstore.policies.engines import Choice, Engine
from vmstore.policies.placement import Rules


@dataclass(frozen=True, slots=True)
class Evacuate:
    """What was asked for: the source's UUID, the targets' UUIDs (none: the source's class), and what comes after.

    ``exclude`` are VMs whose volumes stay, ``engine`` is the admin's choice, if any. ``filled`` are the bytes that the
    file systems of volumes use of which that is known and that can be copied by it. ``rate`` is in bytes
    a second; ``stands_back``: limits of load are set. ``suspend`` are the seconds for which a VM
    may be down, ``speed`` is what the PV reads in a second, ``patience`` the manager's, in seconds.

    ``moves``, where it is given, says which volumes leave, each to which PV, by UUID: the PV is relieved of them and
    not emptied, and takes new extents again afterwards if ``lease`` says so.
    """

    source: str
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    remove: bool
    lease: str
    move: Move
    rules: Rules = field(default_factory=Rules)
    exclude: tuple[str, ...] = ()
    engine: Engine | None = None
    filled: Mapping[str, int] = field(default_factory=dict)
    rate: int = 0
    knows_autoactivation: bool = False
    stands_back: bool = False
    suspend: int = 0
    speed: int = 0
    patience: int = 300
    moves: Mapping[str, str] | None = None

    def stays(self, vm: str) -> bool:
        """Tell whether a volume is left where it is."""
        return vm in self.exclude or (self.moves is not None and vm not in self.moves)

    def suspended(self, vm: str, node: str) -> Suspended:
        """Say by which lock a VM that runs on a node is suspended meanwhile."""
        return Suspended(vm, node, lease.node_of(self.lease), lease.evacuation(self.source))

    def lock(self, vm: str) -> Note:
        """Say by which lock a VM's service is frozen meanwhile."""
        return Note(vm, lease.node_of(self.lease), lease.evacuation(self.source))


@dataclass(frozen=True, slots=True)
class Part:
    """What a volume has on the source, in bytes; ``begun`` is what LVM moves off it already."""

    lv: LogicalVolume
    size: int
    place: where.Place
    choice: Choice
    begun: int = 0

    @property
    def adds_leg(self) -> bool:
        """Tell whether it gets a leg more, which wants room for its metadata on both sides."""
        return self.choice.engine is Engine.RAID1 and not self.begun


@dataclass(frozen=True, slots=True)
class Ground:
    """What the plans of all engines need: the world, the wish, the PV, and the bytes each volume has on each target."""

    world: Inventory
    wish: Evacuate
    source: PhysicalVolume
    room: Mapping[str, Mapping[str, int]]


def let_go(world: Inventory, parts: Sequence[Part]) -> list[Step]:
    """Plan leaving inactive what was only moved: one LVM command for several small volumes."""
    nodes = dict.fromkeys(part.place.node for part in parts)
    return [
        LeaveInactive(node, world.vg.name, tuple(part.lv.name for part in parts if part.place.node == node))
        for node in nodes
    ]
