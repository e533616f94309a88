"""Describe the policy of growth: the rules in force, what it makes of each volume, and what it did. Pure."""

from collections.abc import Iterable
from typing import Any

from vmstore.config import Config, Grows, Own
from vmstore.jobs.growing import Outcome
from vmstore.jobs.growth_judge import State, Verdict
from vmstore.policies.growth import KEYS, SHIPPED, Rules
from vmstore.policies.thresholds import NONE


def rows(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Describe what is made of each volume that may grow, by name."""
    shown = [verdict for verdict in verdicts if verdict.state is not State.OFF]
    return [row(verdict) for verdict in sorted(shown, key=lambda each: each.vm)]


def row(verdict: Verdict) -> dict[str, Any]:
    """Describe what is made of one; ``target`` is null where its volume is not to be grown."""
    mount = verdict.mount
    return {
        "vm": verdict.vm,
        "size": verdict.size,
        "filesystem_size": mount.size if mount else None,
        "filesystem_used": mount.used if mount else None,
        "used_percent": 100 * mount.used // mount.size if mount and mount.size and mount.used is not None else None,
        "state": str(verdict.state),
        "target": verdict.target if verdict.state is State.GROW else None,
        "over": verdict.over or None,
        "why": verdict.why or None,
    }


def outcomes(found: Iterable[Outcome]) -> dict[str, Any]:
    """Describe what was done, what failed, and what was left over its limit."""
    known = list(found)
    done = [each for each in known if each.act and not each.error]
    stuck = [each.verdict for each in known if each.verdict.state is State.STUCK]
    return {
        "changed": any(each.act for each in known),
        "grown": [{**row(each.verdict), "size": each.verdict.target, "before": each.verdict.size} for each in done],
        "failed": [{**row(each.verdict), "why": f"{each.error}"} for each in known if each.error],
        "left": rows(stuck),
    }


def rules(growth: Rules, settings: Config) -> list[dict[str, Any]]:
    """List what is set, for whom, and where: all keys for all volumes, then what classes and VMs have of their own."""
    tables = [("all", growth.everywhere)]
    tables += [(f"class {name}", table) for name, table in sorted(growth.classes.items())]
    tables += [(f"VM {name}", table) for name, table in sorted(growth.vms.items())]
    found = [
        _rule(whom, key, table[key].value, table[key].source) for whom, table in tables for key in KEYS if key in table
    ]
    placement = settings.placement
    classes = {*growth.classes, *placement.reserve, *placement.classes, *settings.thresholds.classes}
    return found + [each for name in sorted(classes) for each in _bounds(settings, name)]


def rules_of(growth: Rules, settings: Config, vm: str, classes: Iterable[str]) -> list[dict[str, Any]]:
    """List what is in force for one VM whose volume lies on these classes, and where it is set."""
    found: list[dict[str, Any]] = []
    for name in sorted(classes) or [""]:
        table = growth.settings(vm, name)
        mine = [_rule(f"VM {vm}", key, table[key].value, table[key].source) for key in KEYS]
        found += [each for each in mine if each not in found]
        found += _bounds(settings, name) if name else []
    return found


def _bounds(settings: Config, name: str) -> list[dict[str, Any]]:
    """List what bounds growth in a class."""
    own, every = settings.thresholds.classes.get(name, Own()), settings.thresholds.each
    kept = settings.placement.reserve.get(name)
    found = [("block", own.block, f"thresholds.classes.{name}"), ("reserve", own.reserve, f"thresholds.classes.{name}")]
    found.append(("reserve", kept, "placement"))
    if own.block is None:
        found.append(("block", every.block, SHIPPED if every.block == Grows().block else "thresholds.class"))
    if own.reserve is None and kept is None:
        found.append(("reserve", every.reserve, "thresholds.class"))
    shown = [(key, value, source) for key, value, source in found if value not in (None, NONE)]
    return [_rule(f"class {name}", key, str(value), source) for key, value, source in sorted(shown)]


def _rule(whom: str, key: str, value: str | bool, source: str) -> dict[str, Any]:
    text = value if isinstance(value, str) else "yes" if value else "no"
    return {"for": whom, "rule": key, "value": text, "from": source if source == SHIPPED else f"[{source}]"}
