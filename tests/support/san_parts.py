"""What a volume on the simulated SAN is made of, and what is under way with it."""

from dataclasses import dataclass, field


@dataclass
class Run:
    """Extents of a volume on a PV."""

    pv: str
    start: int
    count: int


@dataclass
class FileSystem:
    """An ext file system; ``checked`` since it was last mounted. ``used`` are bytes, None where nobody can tell."""

    kind: str
    size: int
    label: str = ""
    clean: bool = True
    checked: bool = False
    broken: bool = False
    used: int | None = None


@dataclass
class Move:
    """A pvmove under way: the runs that leave ``source`` and the room they go to."""

    source: str
    old: list[Run]
    new: list[Run]


@dataclass
class Leg:
    """A second leg: where it lies, what LVM keeps of both (the first leg's first), and how far the kernel is.

    ``synced`` in per cent, ``rate`` as lvchange was told, ``dead`` are the legs that the kernel gave up; ``stuck``: it
    has given up copying.
    """

    new: list[Run]
    meta: list[Run]
    synced: int = 0
    rate: str = ""
    dead: set[int] = field(default_factory=set)
    stuck: bool = False

    @property
    def health(self) -> str:
        """Give the kernel's letters."""
        alive = "AA" if self.synced == 100 else "Aa"
        return "".join("D" if number in self.dead else letter for number, letter in enumerate(alive))
