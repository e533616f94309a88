"""Say what a checkup finds, and what it is made from. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from vmstore.checkup import NodeCheckup
from vmstore.model import Inventory, PhysicalVolume


class Level(IntEnum):
    """How bad it is: an error breaks a command or a service as things are, a warning when something else goes wrong."""

    WARNING = 1
    ERROR = 2


class Mend(NamedTuple):
    """A command that mends it; ``node`` is "" for one of vmstore's own, which runs anywhere."""

    node: str
    command: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be; ``kind`` is node, PV, VM, VG or cluster, and ``name`` which of them."""

    code: str
    level: Level
    kind: str
    name: str
    what: str
    mend: tuple[Mend, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not be checked, why, and the codes that it is about; no codes stand for all."""

    name: str
    why: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was seen: the inventory, and what each node told beyond it.

    ``silent`` says of each node that told nothing beyond it why. ``working`` are the PVs, by UUID, off which a job
    moves volumes now.
    """

    world: Inventory
    nodes: Mapping[str, NodeCheckup]
    silent: Mapping[str, str] = field(default_factory=dict)
    working: frozenset[str] = field(default=frozenset())

    @property
    def vg(self) -> str:
        """Name the VG."""
        return self.world.vg.name

    def told(self, part: str) -> dict[str, NodeCheckup]:
        """Give the nodes that answered a part."""
        return {name: node for name, node in self.nodes.items() if part not in node.untold}


def most(values: Mapping[str, str]) -> tuple[str, str]:
    """Give what most nodes have, and the first node that has it."""
    (value, _), *_ = Counter(values.values()).most_common(1)
    return value, next(node for node, own in values.items() if own == value)


def called(pv: PhysicalVolume) -> str:
    """Name a PV so that every node and every command of vmstore knows it."""
    return (pv.device.wwid if pv.device else "") or pv.uuid


def listed(names: Iterable[str], most: int = 5) -> str:
    """Join names for a sentence; of many only the first."""
    every = list(names)
    more = len(every) - most
    return ", ".join(every[:most]) + (f" and {more} more" if more > 0 else "")
