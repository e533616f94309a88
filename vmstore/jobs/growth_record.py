"""Keep between two runs what growth must not forget: the sizes that were found, and what was begun."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from vmstore import names, sizes
from vmstore.errors import Refused
from vmstore.history import acted
from vmstore.history.acted import Act
from vmstore.history.store import History
from vmstore.model import Inventory, LogicalVolume
from vmstore.policies.grown import DAY, Grown

KEY = "growth"
_TOLD = "growth-told"


def volumes(world: Inventory) -> list[LogicalVolume]:
    """List the volumes of VMs: not LVM's own, nor what is in the making, half moved or being removed."""
    return [lv for lv in world.lvs if not lv.private and names.of_vm(lv.name)]


class NotKept(Refused):
    """What was grown could not be written down, so nothing more is grown."""


class Record:
    """What the history of this host keeps of growth; ``history`` is None where there is none yet.

    ``trouble`` says why nothing can be kept, ``fresh`` that nothing was kept so far: then nobody knows by how much
    volumes grew in the last 24 hours, unless an admin says with ``begin`` that none did by itself.
    """

    def __init__(self, history: History | None, clock: Callable[[], float], *, begin: bool = False) -> None:
        self._history = history
        self._clock = clock
        kept = history.state(KEY) if history else None
        acts = history.state(acted.KEY) if history else None
        # What cannot be read is not lost, so nothing is begun over it.
        self.trouble = "; ".join(note.what for note in history.notes) if history else ""
        grown = Grown.read(kept)
        self.fresh = grown is None and not self.trouble
        self.grown = grown or Grown(self.now)
        if begin:
            self.grown = replace(self.grown, since=min(self.grown.since, self.now - DAY))
        self.acts = acted.read(acts)

    @property
    def now(self) -> int:
        """Give the time in whole seconds."""
        return int(self._clock())

    @property
    def known_from(self) -> int:
        """Give the time from which on it is known how much grew in a day."""
        return self.grown.since + DAY

    def of(self, vm: str) -> int | None:
        """Give the bytes by which a volume grew in the last 24 hours; None where that is not known."""
        return self.grown.of(vm, self.now)

    def look(self, world: Inventory) -> None:
        """Take note of all sizes, and of what became of acts that were cut off."""
        found = {lv.name: lv.size for lv in volumes(world)}
        self.grown = self.grown.seen(found, self.now)
        self.acts = [self._settled(act, found.get(act.vm)) for act in self.acts]

    def save(self) -> None:
        """Have it outlive this run. Raises NotKept, for what grows without that could grow again and again."""
        why = self.trouble or self._write(KEY, self.grown.keep())
        why = why or self._write(acted.KEY, acted.keep(self.acts, self.now))
        if why:
            raise NotKept(
                "nothing more is grown by itself",
                why=f"by how much volumes grew cannot be kept: {why}",
                hint="mend that; `vmstore grow VM +SIZE` grows a volume by hand meanwhile",
            )

    def begin(self, act: Act) -> None:
        """Write down what is about to be done. Raises NotKept."""
        self.acts.append(act)
        self.save()

    def end(self, outcome: str) -> Act:
        """Take note of how the last act ended; one that failed just as the one before it takes its place."""
        act = replace(self.acts.pop(), time=self.now, outcome=outcome)
        self.acts = [other for other in self.acts if not act.again(other)]
        self.acts.append(act)
        return act

    def news(self, told: Sequence[str], *, more: bool = False) -> list[str]:
        """Give what the run before did not tell, and keep all of it for the next one; ``more`` adds to what is kept."""
        kept = self._history.state(_TOLD) if self._history else None
        known = [str(each) for each in kept] if isinstance(kept, list) else []
        now = [*known, *(each for each in told if each not in known)] if more else list(told)
        if self._history and now != known:
            self._history.remember(_TOLD, now)
        return [each for each in told if each not in known]

    def _write(self, key: str, value: Any) -> str:
        assert self._history is not None
        return "; ".join(note.what for note in self._history.remember(key, value))

    def _settled(self, act: Act, size: int | None) -> Act:
        if act.outcome != acted.BEGUN:
            return act
        left = "is gone" if size is None else f"has {sizes.show(size)}"
        grew = size is not None and act.before < act.target <= size
        outcome = f"{acted.DONE}, though its run was cut off" if grew else f"cut off, and its volume {left}"
        return replace(act, time=self.now, outcome=outcome)
