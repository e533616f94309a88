"""Decide whether a VM's volume is grown by itself, and by how much. Pure, but for loading the shipped rules.

A volume grows by a step while its file system is over a limit: at most so much in a day and up to a largest size, and
never so far that its class is over its ``block`` or below a reserve.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from vmstore import config, sizes
from vmstore.errors import ConfigError, UsageError
from vmstore.policies.thresholds import NONE, Amount

SHIPPED = "shipped"
KEYS = ("grow", "over", "free", "step", "daily", "most")
_SHARE, _SIZE = "a share such as 80%", "a size such as 10G"
# What the value of a key may be.
_FORMS: Mapping[str, tuple[str, ...]] = {
    "over": (_SHARE, NONE),
    "free": (_SIZE, NONE),
    "step": (_SHARE, _SIZE),
    "daily": (_SHARE, _SIZE, NONE),
    "most": (_SIZE, NONE),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """How one volume grows; None for no limit.

    It is grown when so much of its file system is used as ``over`` says, or less than ``free`` is left: by ``step``, a
    share of its size or bytes, by ``daily`` in 24 hours at most, and up to ``most`` bytes.
    """

    grow: bool
    over: Amount | None
    free: Amount | None
    step: Amount
    daily: Amount | None
    most: Amount | None


@dataclass(frozen=True, slots=True)
class Setting:
    """The value of a key, as it was written, and where: ``shipped``, or the table's name."""

    key: str
    value: str | bool
    source: str


_Table = Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is set for all, for classes and for VMs, each over the one before."""

    everywhere: _Table
    classes: Mapping[str, _Table]
    vms: Mapping[str, _Table]

    @classmethod
    def of(cls, settings: config.Growth) -> "Rules":
        """Read the settings over the shipped ones. Raises ConfigError, with the key, for what makes no sense."""
        everywhere = {**_shipped(), **_table("growth", settings)}
        classes = {name: _table(f"growth.classes.{name}", each) for name, each in settings.classes.items()}
        vms = {name: _table(f"growth.vms.{name}", each) for name, each in settings.vms.items()}
        rules = cls(everywhere, classes, vms)
        for name in ("", *classes):
            _rule(rules.settings("", name))
            for vm in vms:
                _rule(rules.settings(vm, name))
        return rules

    @property
    def any(self) -> bool:
        """Tell whether anything at all may be grown."""
        tables = (self.everywhere, *self.classes.values(), *self.vms.values())
        return any(table["grow"].value for table in tables if "grow" in table)

    def settings(self, vm: str, storage_class: str) -> _Table:
        """Give what is in force for a VM whose volume lies on one class; "" for none of its own."""
        return {**self.everywhere, **self.classes.get(storage_class, {}), **self.vms.get(vm, {})}

    def rule(self, vm: str, classes: Iterable[str]) -> Rule | None:
        """Give the rule of a VM; None where its volume lies on several classes whose rules differ."""
        found = {_rule(self.settings(vm, name)) for name in classes} or {_rule(self.settings(vm, ""))}
        return found.pop() if len(found) == 1 else None


@cache
def _shipped() -> _Table:
    text = Path(__file__).with_name("growth.toml").read_text(encoding="utf-8")
    return {key: Setting(key, value, SHIPPED) for key, value in tomllib.loads(text).items()}


def _table(name: str, settings: config.GrowthRule) -> _Table:
    given: dict[str, Any] = {key: getattr(settings, key) for key in KEYS}
    return {key: Setting(key, value, name) for key, value in given.items() if value is not None}


def _rule(table: _Table) -> Rule:
    """Read one table. Raises ConfigError."""
    read = {key: _amount(table[key]) for key in _FORMS}
    step, grow = read["step"], table["grow"]
    assert step is not None
    rule = Rule(bool(grow.value), read["over"], read["free"], step, read["daily"], read["most"])
    if rule.grow and not (rule.over or rule.free):
        raise ConfigError(
            f"{grow.source}.grow: nothing says when",
            why="over and free are both none, so nothing would ever be grown",
            hint='set over = "80%", or free = "10G"',
        )
    return rule


@cache
def _amount(setting: Setting) -> Amount | None:
    """Read a value. Raises ConfigError."""
    where, text, forms = f"{setting.source}.{setting.key}", str(setting.value), _FORMS[setting.key]
    hint = f"write {', or '.join(forms)}"
    try:
        amount = Amount.parse(text)
    except UsageError as error:
        raise ConfigError(f"{where}: {error.what}", why=error.why, hint=hint) from None
    form = NONE if amount is None else _SHARE if amount.share else _SIZE
    if form not in forms:
        raise ConfigError(f"{where}: {text!r} makes no sense there", why=f"it is {form}", hint=hint)
    if setting.key == "over" and amount and amount.share == 1:
        raise ConfigError(f"{where}: {text!r} is too late", why="the file system is full by then", hint="write 80%")
    return amount


def over(rule: Rule, filesystem: int, used: int) -> str:
    """Say which limit a file system of so many bytes is over, or ""."""
    if rule.over and used >= rule.over.part(filesystem):
        return (
            f"{sizes.percent(used, filesystem)} % of its file system is used (over {float(100 * rule.over.share):g} %)"
        )
    if rule.free and filesystem - used < rule.free.size:
        return (
            f"{sizes.show(max(0, filesystem - used))} of its file system are free (under {sizes.show(rule.free.size)})"
        )
    return ""


@dataclass(frozen=True, slots=True)
class Bound:
    """By how many bytes a volume may grow at most, and what forbids more; "" where that is the step itself."""

    size: int
    why: str = ""


def step(rule: Rule, size: int, extent: int, grown: int | None, room: Bound) -> Bound:
    """Decide by how much a volume of ``size`` bytes may grow now, in whole extents.

    ``grown`` is by how much it grew in the last 24 hours, None where nobody knows; ``room`` what its class may give.
    """
    limits = [Bound(sizes.round_up(rule.step.part(size), extent)), room]
    if rule.most:
        limits.append(Bound(rule.most.size - size, f"{sizes.show(rule.most.size)} is its largest size (most)"))
    if rule.daily and grown is None:
        limits.append(Bound(0, "by how much it grew in the last 24 hours is not known (daily)"))
    elif rule.daily:
        limits.append(_today(rule.daily, size, grown or 0))
    least = min(limits, key=lambda each: each.size)
    return Bound(max(0, least.size) // extent * extent, least.why)


def _today(daily: Amount, size: int, grown: int) -> Bound:
    most = daily.part(size - grown)
    return Bound(most - grown, f"it grew by {sizes.show(grown)} in 24 hours, of {sizes.show(most)} (daily)")
