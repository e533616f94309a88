"""Say what goes into the history, what comes out of it, and what kept it from either. All sizes are bytes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

Kind = Literal["vg", "class", "pv", "vm"]


class Sample(msgspec.Struct, frozen=True):
    """How full one subject is now; ``used`` is None where no file system could be asked."""

    kind: Kind
    name: str
    size: int
    allocated: int
    used: int | None = None


class Point(msgspec.Struct, frozen=True, gc=False):
    """How full a subject was at ``time`` (seconds since 1970, UTC), and the extremes of the time that it stands for.

    That is a day where the history is compacted, else one moment, whose extremes are the values themselves. What
    ``used`` says is the last that was known in that time. A struct, because a report reads hundreds of thousands.
    """

    time: int
    size: int
    allocated: int
    used: int | None
    allocated_min: int
    allocated_max: int
    used_min: int | None
    used_max: int | None


class Fit(msgspec.Struct, frozen=True, gc=False):
    """What was made of a subject's history at ``time``, when it was at ``value``; ``fit`` is the caller's own JSON."""

    time: int
    value: int
    fit: str


class Fault(StrEnum):
    """Name what can be wrong with the history; alerts refer to these words."""

    LOCKED = "locked"
    DAMAGED = "damaged"
    READ_ONLY = "read-only"
    FULL = "full"
    NEWER = "newer"
    FOREIGN = "foreign"
    ABSENT = "absent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Note:
    """Tell what was wrong with the history and what that means for the report."""

    fault: Fault
    what: str
    means: str

    def __str__(self) -> str:
        return f"{self.what}; {self.means}"


@dataclass(frozen=True, slots=True)
class Keeping:
    """How many days every sample is kept, and how many days one row a day."""

    hourly_days: int = 14
    daily_days: int = 400
