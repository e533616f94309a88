"""Hold the thresholds that an admin may set, and those that are shipped. Pure.

``warn`` and ``block`` are a share that may be used (``"80%"``) or a size that must be left (``"100G"``), ``reserve`` is
always what must be left. From ``warn`` on one is told, from ``block`` on once more. What is asked for by hand is
refused for ``[placement] reserve`` and for none of these; ``policy apply`` and ``rebalance`` stop at ``block`` and
``reserve``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

import msgspec

from vmstore import sizes
from vmstore.config import Thresholds
from vmstore.errors import ConfigError, UsageError

NONE = "none"
_AMOUNTS = ("warn", "block", "reserve", "jump")
_DAYS = ("warn_days", "crit_days", "cordon_days")
# An alert is over when the use is back by so much of the whole, or what is left by so much over what must be.
BACK_SHARE, BACK_SIZE = Fraction(2, 100), Fraction(1, 10)

Settings = Mapping[str, str | int]


class Kind(StrEnum):
    """What fills up: of a VM the file system, of the VG its metadata and its LV for locks, too."""

    CLASS = "class"
    PV = "pv"
    VM = "vm"
    VG = "vg"
    METADATA = "metadata"
    LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Amount:
    """A share of the whole, or bytes."""

    share: Fraction = Fraction(0)
    size: int = 0

    @classmethod
    def parse(cls, text: str) -> "Amount | None":
        """Read "80%", "100G" or "none". Raises UsageError."""
        if text == NONE:
            return None
        return cls(sizes.share(text)) if text.endswith("%") else cls(size=sizes.parse(text))

    def part(self, whole: int) -> int:
        """Give it in bytes."""
        return _part(self.share, whole) if self.share else self.size

    def full(self, whole: int) -> int:
        """Give the bytes in use from which on it is crossed; a size is what must be left."""
        return self.part(whole) if self.share else max(0, whole - self.size)

    def back(self, whole: int) -> int:
        """Give the bytes by which it must be undershot before it is over."""
        return _part(BACK_SHARE, whole) if self.share else _part(BACK_SIZE, self.size)


def _part(share: Fraction, whole: int) -> int:
    """Round up; by hand, since Fraction does it ten times slower, and 5,000 VMs have four limits each."""
    return -(-share.numerator * whole // share.denominator)


@dataclass(frozen=True, slots=True)
class Levels:
    """The limits of one thing; None and 0 for none.

    ``jump`` is how much at once is told of; the days are until it is full, or since it was cordoned.
    """

    warn: Amount | None = None
    block: Amount | None = None
    reserve: Amount | None = None
    jump: Amount | None = None
    warn_days: int = 0
    crit_days: int = 0
    cordon_days: int = 0

    def room(self, whole: int, used: int) -> int:
        """Give the bytes that may be given out before ``block`` or ``reserve`` is reached."""
        most = min(whole, self.block.full(whole) if self.block else whole)
        return max(0, min(most, whole - (self.reserve.part(whole) if self.reserve else 0)) - used)


_SHIPPED: Mapping[str, Settings] = msgspec.to_builtins(Thresholds())
DEFAULTS: Mapping[Kind, Settings] = {kind: _SHIPPED[kind] for kind in Kind}
KEYS: Mapping[Kind, frozenset[str]] = {kind: frozenset(settings) for kind, settings in DEFAULTS.items()}


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of each kind, and of the classes and VMs that have their own."""

    kinds: Mapping[Kind, Levels]
    own: Mapping[tuple[Kind, str], Levels] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        kinds: Mapping[str, Settings] | None = None,
        classes: Mapping[str, Settings] | None = None,
        vms: Mapping[str, Settings] | None = None,
    ) -> "Rules":
        """Read settings over the shipped ones; what a class or VM does not set is as of its kind. Raises UsageError."""
        given = kinds or {}
        for name in given:
            if name not in list(Kind):
                raise UsageError(f"{name!r} has no thresholds", why="nothing is called so", hint=", ".join(Kind))
        merged = {kind: {**DEFAULTS[kind], **given.get(kind, {})} for kind in Kind}
        named = [(Kind.CLASS, name, each) for name, each in (classes or {}).items()]
        named += [(Kind.VM, name, each) for name, each in (vms or {}).items()]
        return cls(
            {kind: _levels(kind, kind, settings) for kind, settings in merged.items()},
            {(kind, name): _levels(f"{kind} {name}", kind, {**merged[kind], **each}) for kind, name, each in named},
        )

    @classmethod
    def read(cls, settings: Thresholds, reserve: Mapping[str, str] | None = None) -> "Rules":
        """Read the configuration; ``reserve`` is what placement keeps free of classes. Raises ConfigError."""
        told = msgspec.to_builtins(settings)
        kinds = {kind.value: told[kind] for kind in Kind}
        kept = {name: {"reserve": size} for name, size in (reserve or {}).items()}
        classes = {name: {**kept.get(name, {}), **told["classes"].get(name, {})} for name in {*kept, *told["classes"]}}
        try:
            return cls.of(kinds, classes, told["vms"])
        except UsageError as error:
            raise ConfigError(f"thresholds, {error.what}", why=error.why, hint=error.hint) from None

    def levels(self, kind: Kind, name: str) -> Levels:
        """Give the limits of one thing."""
        return self.own.get((kind, name), self.kinds[kind])


def _levels(where: str, kind: Kind, settings: Settings) -> Levels:
    """Check and read one table of settings."""
    for key, value in settings.items():
        if key not in KEYS[kind]:
            raise UsageError(f"{where}: no threshold {key}", why="it has none", hint=", ".join(sorted(KEYS[kind])))
        if key in _DAYS and (not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 3650):
            raise UsageError(f"{where}: {value!r} for {key}", why="it is no number of days", hint="0 for none")
        if key in _AMOUNTS and not isinstance(value, str):
            raise UsageError(f"{where}: {value!r} for {key}", why="it has no unit", hint='write "80%" or "100G"')
    warn, block, reserve, jump = (_amount(f"{where}: {key}", str(settings.get(key, NONE))) for key in _AMOUNTS)
    warn_days, crit_days, cordon_days = (int(settings.get(key, 0)) for key in _DAYS)
    # Of a share and a size, which comes first depends on what they are of.
    if warn and block and bool(warn.share) == bool(block.share) and (warn.share, block.size) > (block.share, warn.size):
        raise UsageError(f"{where}: warn comes after block", why="nobody would be warned", hint="set both")
    if crit_days > warn_days > 0:
        raise UsageError(f"{where}: crit_days is over warn_days", why="nobody would be warned", hint="set both")
    return Levels(warn, block, reserve, jump, warn_days, crit_days, cordon_days)


def _amount(where: str, text: str) -> Amount | None:
    try:
        return Amount.parse(text)
    except UsageError as error:
        raise UsageError(f"{where}: {error.what}", why=error.why, hint=error.hint) from None
