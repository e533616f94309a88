"""Describe a plan, for programs. Pure."""

from collections.abc import Sequence
from typing import TypedDict

from vmstore.jobs.step import Step
from vmstore.report.json_types import Size


class CommandRow(TypedDict):
    """A command, word by word, and the node on which it runs."""

    node: str
    argv: list[str]


class StepRow(TypedDict):
    """A step; ``bytes`` is what it copies, ``detail`` why it goes that way, or what it writes into a file."""

    title: str
    bytes: Size
    detail: str
    commands: list[CommandRow]


class Plan(TypedDict):
    """What would be done, step by step; no steps where nothing is to be done."""

    steps: list[StepRow]


def plan(steps: Sequence[Step]) -> Plan:
    """Describe a plan."""
    return {
        "steps": [
            {
                "title": step.title,
                "bytes": step.bytes,
                "detail": step.detail,
                "commands": [{"node": c.node, "argv": list(c.argv)} for c in step.commands()],
            }
            for step in steps
        ]
    }
