"""List the rules of all policies, each with its value and where that is set. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import msgspec

from vmstore.config import Config
from vmstore.policies import growth
from vmstore.policies.growth import KEYS, SHIPPED
from vmstore.policies.thresholds import Kind

_ALL = "all"
_KINDS: Mapping[Kind, str] = {
    Kind.CLASS: "all classes",
    Kind.PV: "all PVs",
    Kind.VM: "all VMs",
    Kind.VG: "VG",
    Kind.METADATA: "metadata",
    Kind.LOCK: "lock LV",
}
# What an admin decides of evacuations; the other keys of [move] are about technique.
_MOVE = ("last", "exclude", "window", "engine", "together", "rate")

_For = TypedDict("_For", {"for": str, "from": str})


class Row(_For):
    """A rule of a policy, as its value is written for eyes; ``from`` says where it is set."""

    policy: str
    rule: str
    value: str


_Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings in force, and what of them is ``given`` by the file and thus not as it is shipped."""

    settings: Config
    growth: growth.Rules
    given: _Table

    def all(self) -> list[Row]:
        """List the rules for everything, then what classes and VMs have of their own, policy by policy."""
        return [*self._thresholds(), *self._placement(), *self._growth(), *self._evacuation()]

    def of(self, vm: str, classes: Iterable[str]) -> list[Row]:
        """List what is in force for one VM whose volume lies on these classes."""
        whom, on = f"VM {vm}", sorted(classes)
        return [
            *self._limits(Kind.VM, vm),
            *(row for name in on for row in self._limits(Kind.CLASS, name)),
            *self._placement(vm, on),
            *self._growth_of(whom, vm, on),
            *self._evacuation(vm),
        ]

    def _thresholds(self) -> Iterator[Row]:
        told = msgspec.to_builtins(self.settings.thresholds)
        for kind, whom in _KINDS.items():
            yield from self._table("thresholds", whom, ("thresholds", kind), told[kind])
        for table, word in (("classes", "class"), ("vms", "VM")):
            for name, own in sorted(told[table].items()):
                yield from self._table("thresholds", f"{word} {name}", ("thresholds", table, name), own)

    def _limits(self, kind: Kind, name: str) -> Iterator[Row]:
        """List the thresholds of one class or VM: its own ones, and for the rest those of its kind."""
        table, word = ("classes", "class") if kind is Kind.CLASS else ("vms", "VM")
        told = msgspec.to_builtins(self.settings.thresholds)
        own = told[table].get(name, {})
        kept = self.settings.placement.reserve.get(name) if kind is Kind.CLASS else None
        for key, value in told[kind].items():
            if key in own:
                yield _row("thresholds", f"{word} {name}", key, own[key], f"thresholds.{table}.{name}")
            elif key == "reserve" and kept:
                yield _row("thresholds", f"{word} {name}", key, kept, "placement")
            else:
                source = self._source(("thresholds", kind), key)
                yield _row("thresholds", f"{word} {name}", key, value, source)

    def _placement(self, vm: str = "", classes: Sequence[str] | None = None) -> Iterator[Row]:
        settings, whom = self.settings.placement, f"VM {vm}" if vm else _ALL
        keys = {"classes": settings.classes, "first": settings.first, "spread": settings.spread}
        yield from self._table("placement", whom, ("placement",), keys)
        reserve = {name: size for name, size in settings.reserve.items() if classes is None or name in classes}
        for name, size in sorted(reserve.items()):
            yield _row("placement", f"class {name}", "reserve", size, "placement")
        apart = [group for group in settings.apart if not vm or vm in group]
        for key, values in (("reserve", () if reserve else ("",)), ("apart", apart or ("",))):
            for value in values:
                yield _row("placement", whom, key, value, self._source(("placement",), key))

    def _growth(self) -> Iterator[Row]:
        tables = [(_ALL, self.growth.everywhere)]
        tables += [(f"class {name}", table) for name, table in sorted(self.growth.classes.items())]
        tables += [(f"VM {name}", table) for name, table in sorted(self.growth.vms.items())]
        for whom, table in tables:
            yield from (_growth(whom, table[key]) for key in KEYS if key in table)

    def _growth_of(self, whom: str, vm: str, classes: Sequence[str]) -> list[Row]:
        tables = [self.growth.settings(vm, name) for name in classes or [""]]
        # On several classes a rule is told of once, unless they differ in it.
        return list({str(row): row for table in tables for key in KEYS for row in [_growth(whom, table[key])]}.values())

    def _evacuation(self, vm: str = "") -> Iterator[Row]:
        move, whom = self.settings.move, f"VM {vm}" if vm else _ALL
        keys: dict[str, Any] = {key: getattr(move, key) for key in _MOVE}
        if vm:
            keys["last"] = f"{move.last.index(vm) + 1} of {len(move.last)}" if vm in move.last else False
            keys["exclude"] = vm in move.exclude
        # No key changes it.
        yield _row("evacuation", whom, "order", "smallest first", SHIPPED)
        yield from self._table("evacuation", whom, ("move",), keys)
        yield from self._table("evacuation", whom, ("load",), msgspec.to_builtins(self.settings.load))

    def _table(self, policy: str, whom: str, path: Sequence[str], values: _Table) -> Iterator[Row]:
        return (_row(policy, whom, key, value, self._source(path, key)) for key, value in values.items())

    def _source(self, path: Sequence[str], key: str) -> str:
        at: Any = self.given
        for name in (*path, key):
            at = at.get(name) if isinstance(at, dict) else None
        return SHIPPED if at is None else ".".join(path)


def _growth(whom: str, setting: growth.Setting) -> Row:
    return _row("growth", whom, setting.key, setting.value, setting.source)


def _row(policy: str, whom: str, key: str, value: object, source: str) -> Row:
    where = source if source == SHIPPED else f"[{source}]"
    return {"policy": policy, "for": whom, "rule": key, "value": _text(value), "from": where}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value) or "none"
