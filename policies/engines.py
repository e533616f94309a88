"""Choose by which engine a volume is moved, and say why. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Engine(StrEnum):
    """A way to move a volume off a PV."""

    MIRROR = "mirror"
    RAID1 = "raid1"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the choice goes by.

    ``idle``: nobody uses the volume. ``begun`` is the engine that a run before has begun to move it with.
    """

    idle: bool
    begun: Engine | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine, and why it is that one."""

    engine: Engine
    why: str


def choose(wanted: Engine | None, facts: Facts) -> Choice:
    """Choose; ``wanted`` is the admin's own choice, if any."""
    if facts.begun:
        return Choice(facts.begun, "it was begun so")
    if wanted:
        return Choice(wanted, "as asked for")
    return Choice(Engine.MIRROR, "it moves any volume, in use or not")
