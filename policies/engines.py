"""Choose by which engine a volume is moved, and say why. Pure."""

from dataclasses import dataclass
from enum import StrEnum

# Bytes. What LVM keeps of a leg beside it: a superblock of 4 KiB and a bit for each region, of which there are 2^21 at
# most (lvm2 lib/metadata/raid_manip.c: raid_rmeta_extents, raid_ensure_min_region_size).
META = 512 * 2**10


class Engine(StrEnum):
    """A way to move a volume off a PV."""

    MIRROR = "mirror"
    RAID1 = "raid1"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the choice goes by.

    ``idle``: nobody uses the volume. ``begun`` is the engine that a run before has begun to move it with. ``linear``:
    that is its layout. ``wholly``: it lies on the source only. ``room``: the source has room for what LVM keeps of a
    leg, ``beyond``: so have the targets.
    """

    idle: bool
    begun: Engine | None = None
    linear: bool = True
    wholly: bool = True
    room: bool = True
    beyond: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine, and why it is that one."""

    engine: Engine
    why: str

    def __str__(self) -> str:
        return f"by {self.engine}: {self.why}"


def choose(wanted: Engine | None, facts: Facts) -> Choice:
    """Choose; ``wanted`` is the admin's own choice, if any."""
    if facts.begun:
        return Choice(facts.begun, "it was begun so")
    against = _against_legs(facts) if wanted is Engine.RAID1 else ""
    if against:
        return Choice(Engine.MIRROR, f"raid1 was asked for, but {against}")
    if wanted:
        return Choice(wanted, "as asked for")
    return Choice(Engine.MIRROR, "it moves any volume, in use or not")


def metas(extent: int) -> int:
    """Count the extents that LVM keeps of a leg beside it."""
    return -(-META // extent)


def _against_legs(facts: Facts) -> str:
    if not facts.linear:
        return "LVM adds a leg to linear volumes only"
    if not facts.wholly:
        return "a part of it lies on another PV, and LVM drops legs as a whole"
    if not facts.room:
        return "the PV has too few extents free for the metadata of legs"
    if not facts.beyond:
        return "no target that would take it has an extent more free for the metadata of its leg"
    return ""
