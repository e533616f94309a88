"""Keep what policies did by themselves, so that reports tell of it.

The state ``acted`` of the history is a list, oldest first, of objects of the fields of ``Act``. An act is written down
before it is begun and once more when it is over, so that one which was cut off is told of, too.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from vmstore import moments, sizes

KEY = "acted"
# The newest are kept, and those for so many seconds.
MOST, LONGEST = 200, 35 * 24 * 3600
BEGUN, DONE, FAILED = "begun", "done", "failed: "


class Act(msgspec.Struct, frozen=True):
    """What was done, last at ``time``: a VM's volume of ``before`` bytes was to have ``target``, and ``why``.

    ``outcome`` is "begun", "done", "failed: " with the reason, or what was found of one that was cut off.
    """

    time: int
    vm: str
    before: int
    target: int
    why: str
    outcome: str = BEGUN

    @property
    def failed(self) -> bool:
        """Tell whether it failed."""
        return self.outcome.startswith(FAILED)

    def again(self, other: "Act") -> bool:
        """Tell whether it failed just as another did."""
        told = (self.vm, self.before, self.target, self.outcome)
        return self.failed and told == (other.vm, other.before, other.target, other.outcome)

    def __str__(self) -> str:
        what = f"grow {self.vm} from {sizes.show(self.before)} to {sizes.show(self.target)}"
        if self.before == self.target:
            what = f"grow the file system of {self.vm} to its volume's {sizes.show(self.target)}"
        return f"{moments.show(self.time)} {what}, since {self.why}: {self.outcome}"


def read(kept: Any) -> list[Act]:
    """Read what was kept; what is no such thing counts as nothing."""
    try:
        return msgspec.convert(kept, list[Act])
    except msgspec.ValidationError:
        return []


def keep(acts: Iterable[Act], now: int) -> Any:
    """Give what JSON can hold, without what nobody reads any more."""
    recent = [act for act in acts if now - act.time < LONGEST]
    return msgspec.to_builtins(recent[-MOST:])


def since(kept: Any, time: float) -> tuple[Act, ...]:
    """Give what was done since then: what a report takes from the history."""
    return tuple(act for act in read(kept) if act.time >= int(time))
