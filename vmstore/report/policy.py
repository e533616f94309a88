"""Describe what the policy of growth makes of each volume, and what it did. Pure."""

from collections.abc import Iterable
from typing import Any

from vmstore.jobs.growing import Outcome
from vmstore.jobs.growth_judge import State, Verdict


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
