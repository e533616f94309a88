"""Describe what the policy of growth makes of each volume, and what it did. Pure."""

from collections.abc import Iterable
from typing import TypedDict

from vmstore.jobs.growing import Outcome
from vmstore.jobs.growth_judge import State, Verdict
from vmstore.report.json_types import Size


class VerdictRow(TypedDict):
    """What growth makes of a volume; ``target`` is null where it is not to be grown, ``over`` tells of its limit."""

    vm: str
    size: Size
    filesystem_size: Size | None
    filesystem_used: Size | None
    used_percent: int | None
    state: State
    target: Size | None
    over: str
    why: str


class GrownRow(VerdictRow):
    """A volume that was grown from ``before`` to ``size``; the rest is as it was found."""

    before: Size


class Applied(TypedDict):
    """What policies did, what failed, and what was left over its limit."""

    changed: bool
    grown: list[GrownRow]
    failed: list[VerdictRow]
    left: list[VerdictRow]


def rows(verdicts: Iterable[Verdict]) -> list[VerdictRow]:
    """Describe what is made of each volume that may grow, by name."""
    shown = [verdict for verdict in verdicts if verdict.state is not State.OFF]
    return [row(verdict) for verdict in sorted(shown, key=lambda each: each.vm)]


def row(verdict: Verdict) -> VerdictRow:
    """Describe what is made of one."""
    mount = verdict.mount
    return {
        "vm": verdict.vm,
        "size": verdict.size,
        "filesystem_size": mount.size if mount else None,
        "filesystem_used": mount.used if mount else None,
        "used_percent": mount.used_percent if mount else None,
        "state": verdict.state,
        "target": verdict.target if verdict.state is State.GROW else None,
        "over": verdict.over,
        "why": verdict.why,
    }


def outcomes(found: Iterable[Outcome]) -> Applied:
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
