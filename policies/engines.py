"""Choose by which engine a volume is moved, and say why. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from vmstore import sizes

# Bytes. What LVM keeps of a leg beside it: a superblock of 4 KiB and a bit for each region, of which there are 2^21 at
# most (lvm2 lib/metadata/raid_manip.c: raid_rmeta_extents, raid_ensure_min_region_size).
META = 512 * 2**10


class Engine(StrEnum):
    """A way to move a volume off a PV."""

    MIRROR = "mirror"
    RAID1 = "raid1"
    USED = "used"


# Copying by what is used reads those blocks, writes them and reads both copies again; so it has to spare this much.
SPARES = 2.5
# So many times what is used is read or written for it, and so many seconds a suspend, a resume and the names take.
PASSES = 4
SWAP = 30


@dataclass(frozen=True, slots=True)
class Facts:
    """What the choice goes by.

    ``idle``: nobody uses the volume. ``begun`` is the engine that a run before has begun to move it with. ``size`` is
    the volume's, ``used`` what its file system uses of it, both in bytes; None where that is not known, or where it
    cannot be copied by that. ``stands_back``: limits of load are set. ``linear``: that is its layout. ``wholly``: it
    lies on the source only. ``room``: the source has room for what LVM keeps of a leg, ``beyond``: so have the targets.
    ``targets`` are the PVs that it goes to. ``serviced``: what uses it is a service that can be suspended, for at most
    ``allowed`` seconds; ``speed`` is what the PV reads in a second, and ``rate`` what is allowed, 0 for all, in bytes.
    """

    idle: bool
    begun: Engine | None = None
    size: int = 0
    used: int | None = None
    stands_back: bool = False
    targets: int = 1
    serviced: bool = False
    allowed: int = 0
    speed: int = 0
    rate: int = 0
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
    """Choose; ``wanted`` is the admin's own choice, if any, which gives way where it is not possible."""
    if facts.begun:
        return Choice(facts.begun, "it was begun so")
    against = _against(wanted or Engine.USED, facts)
    if against:
        return Choice(Engine.MIRROR, f"{wanted} was asked for, but {against}" if wanted else against)
    if wanted:
        return Choice(wanted, "as asked for")
    used = facts.used or 0
    full = f"{sizes.percent(used, facts.size)} % of it is used"
    if used * SPARES > facts.size:
        return Choice(Engine.MIRROR, f"{full}, too much to gain from copying that alone")
    who = "nobody uses it" if facts.idle else f"its VM is down for about {down(facts)} s meanwhile"
    return Choice(Engine.USED, f"{who}, and {full}")


def down(facts: Facts) -> int:
    """Estimate the seconds for which a VM is down while its volume is copied by what is used."""
    used = facts.used or 0
    return SWAP + max(PASSES * used // facts.speed, 2 * used // facts.rate if facts.rate else 0)


def metas(extent: int) -> int:
    """Count the extents that LVM keeps of a leg beside it."""
    return -(-META // extent)


def _against(engine: Engine, facts: Facts) -> str:
    if engine is Engine.MIRROR:
        return ""
    return _against_legs(facts) if engine is Engine.RAID1 else _against_used(facts)


def _against_used(facts: Facts) -> str:
    if not facts.idle and not (facts.allowed and facts.serviced):
        return "it is in use" + (", and not by a service that can be suspended" if facts.allowed else "")
    if facts.stands_back:
        return "that does not stand back for others ([load])"
    if not facts.wholly:
        return "a part of it lies on other PVs"
    if not facts.linear:
        return "it is not linear"
    if facts.used is None:
        return "what is used of it is not known"
    if facts.targets > 1:
        return f"it goes to {facts.targets} PVs"
    if not facts.idle and not facts.speed:
        return "how fast the PV is read is not known, and so how long its VM would be down"
    if not facts.idle and down(facts) > facts.allowed:
        return f"its VM would be down for about {down(facts)} s, and {facts.allowed} s are allowed"
    return ""


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
