"""Choose by which engine a volume is moved, and say why. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Engine(StrEnum):
    """A way to move a volume off a PV."""

    MIRROR = "mirror"
    RAID1 = "raid1"
    USED = "used"


# Copying by what is used reads those blocks, writes them and reads both copies again; so it has to spare this much.
SPARES = 2.5


@dataclass(frozen=True, slots=True)
class Facts:
    """What the choice goes by.

    ``idle``: nobody uses the volume. ``begun`` is the engine that a run before has begun to move it with. ``size`` is
    the volume's, ``used`` what its file system uses of it, both in bytes; None where that is not known, or where it
    cannot be copied by that. ``whole``: all of it lies on the PV. ``plain``: it is linear. ``stands_back``: limits of
    load are set.
    """

    idle: bool
    size: int = 0
    used: int | None = None
    whole: bool = True
    plain: bool = True
    stands_back: bool = False
    begun: Engine | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine, and why it is that one."""

    engine: Engine
    why: str


def choose(wanted: Engine | None, facts: Facts) -> Choice:
    """Choose; ``wanted`` is the admin's own choice, if any, which gives way where it is not possible."""
    if facts.begun:
        return Choice(facts.begun, "it was begun so")
    cannot = _why_not_used(facts)
    if wanted is Engine.USED:
        return Choice(Engine.MIRROR, f"{cannot}, so not by what is used") if cannot else Choice(wanted, "as asked for")
    if wanted:
        return Choice(wanted, "as asked for")
    if cannot:
        return Choice(Engine.MIRROR, cannot)
    used = facts.used or 0
    full = f"{used / max(1, facts.size):.0%} of it is used"
    if used * SPARES > facts.size:
        return Choice(Engine.MIRROR, f"{full}, too much to gain from copying that alone")
    if facts.stands_back:
        return Choice(Engine.MIRROR, "it alone stands back for others ([load])")
    return Choice(Engine.USED, f"nobody uses it, and {full}")


def _why_not_used(facts: Facts) -> str:
    if not facts.idle:
        return "it is in use"
    if not facts.whole:
        return "a part of it lies on other PVs"
    if not facts.plain:
        return "it is not linear"
    if facts.used is None:
        return "what is used of it is not known"
    return ""
