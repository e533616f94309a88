"""Say how full everything is and when it will be full: what every form of a capacity report is made of. Pure."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec

from vmstore.history.acted import Act
from vmstore.policies.alerts import Alert, Changes
from vmstore.policies.forecast import Full, Trend, Unknown
from vmstore.policies.thresholds import Kind


class Subject(msgspec.Struct, frozen=True):
    """How full one thing is; all sizes are bytes, times are epoch seconds.

    ``size``, ``allocated`` and ``free`` are as LVM has them: of a VM, its volume's size twice and 0. ``used`` and
    ``filesystem`` are of a VM's file system, None where no node has it mounted or none could tell. ``largest`` is the
    longest run of free extents. ``classes`` are those of the PVs that a VM lies on, ``pvs`` their names. ``reserve`` is
    what must stay free. ``state`` is "cordoned", "missing", "moving", … as the lists show it, "" for nothing.
    ``closed`` is how much of ``free`` lies on PVs that take nothing new. ``id`` is what the history knows it by, where
    that is not its name: of a PV, which each node calls otherwise, its UUID.
    """

    kind: Kind
    name: str
    size: int
    allocated: int
    free: int
    used: int | None = None
    filesystem: int | None = None
    largest: int = 0
    reserve: int = 0
    classes: tuple[str, ...] = ()
    pvs: tuple[str, ...] = ()
    node: str | None = None
    state: str = ""
    trend: Trend | Unknown | None = None
    full: Full | None = None
    closed: int = 0
    id: str = ""

    @property
    def key(self) -> str:
        """Give what the history knows it by."""
        return self.id or self.name

    @property
    def filled(self) -> tuple[int, int] | None:
        """Give what is used and of how much: what cannot be given out is of no use, and of a VM its file system counts.

        None where nobody knows.
        """
        if self.kind is not Kind.VM:
            return self.allocated, self.size - (0 if self.kind is Kind.PV else self.closed)
        return None if self.used is None or not self.filesystem else (self.used, self.filesystem)


class Fit(msgspec.Struct, frozen=True):
    """How many more VMs of a size the placement rules have room for, in a class or ("") in all."""

    size: int
    storage_class: str
    count: int


class Capacity(msgspec.Struct, frozen=True, dict=True):
    """One report: of the VG at ``time``, the subjects of all kinds, the alerts and how they changed since the last.

    ``silent`` says of each node that gave no answer why, ``notes`` what kept the report from being whole, ``acted``
    what policies did in the 24 hours before.
    """

    vg: str
    time: float
    subjects: tuple[Subject, ...]
    alerts: tuple[Alert, ...] = ()
    changes: Changes | None = None
    fits: tuple[Fit, ...] = ()
    silent: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    acted: tuple[Act, ...] = ()

    def of(self, kind: Kind) -> tuple[Subject, ...]:
        """List the subjects of a kind."""
        return tuple(each for each in self.subjects if each.kind is kind)

    def alerts_of(self, of: Subject) -> Sequence[Alert]:
        """List the alerts of a subject."""
        return self._by_subject.get((of.kind, of.name), ())

    @cached_property
    def _by_subject(self) -> Mapping[tuple[Kind, str], Sequence[Alert]]:
        # Of 5,000 VMs, not all alerts are gone through for each.
        found: dict[tuple[Kind, str], list[Alert]] = {}
        for alert in self.alerts:
            found.setdefault((alert.kind, alert.subject), []).append(alert)
        return found
