"""Describe which agent the nodes have."""

from collections.abc import Sequence
from typing import TypedDict

from vmstore.jobs.agent_deploy import Agent, PutAgent, State
from vmstore.report.json_types import Count
from vmstore.tools import agent


class AgentRow(TypedDict):
    """The agent of a node; ``scripts`` are those of VMs that lead to it, as rgmanager runs them."""

    node: str
    state: State
    version: str | None
    sha256: str | None
    scripts: Count | None
    path: str
    why: str


class Brought(TypedDict):
    """The agent that this vmstore brings."""

    version: str
    sha256: str


class Agents(TypedDict):
    """The agents of the nodes, compared with that of this vmstore."""

    brought: Brought
    items: list[AgentRow]


class Deployed(TypedDict):
    """On which nodes an agent was put now; ``kept`` is where the old one of a node is."""

    brought: Brought
    put_on: list[str]
    kept: dict[str, str]
    changed: bool


def row(found: Agent) -> AgentRow:
    """Describe the agent of a node."""
    installed = found.installed
    return {
        "node": found.node,
        "state": found.state,
        "version": installed.version if installed else None,
        "sha256": installed.sum if installed else None,
        "scripts": installed.scripts if installed else None,
        "path": agent.AGENT,
        "why": found.error.why if found.error else "",
    }


def brought(text: str) -> Brought:
    """Describe the agent that this vmstore brings."""
    return {"version": agent.version(text), "sha256": agent.checksum(text)}


def told(text: str) -> str:
    """Name it for eyes."""
    return f"this vmstore brings the agent {agent.version(text)} ({agent.checksum(text)[:12]})"


def put(text: str, had: Sequence[Agent], steps: Sequence[PutAgent]) -> list[str]:
    """Say what was done, a line each, and how to go back."""
    lines = []
    if steps:
        nodes = ", ".join(step.node for step in steps)
        lines.append(f"{nodes} {'has' if len(steps) == 1 else 'have'} the agent {agent.version(text)} now")
    if had:
        nodes = ", ".join(each.node for each in had)
        already = " already" if steps else " already; nothing was changed"
        lines.append(f"{nodes} {'has' if len(had) == 1 else 'have'} it{already}")
    back = [step.back for step in steps if step.back]
    if back:
        lines += ["the old one was kept; to go back:", *(f"  {command}" for command in back)]
    return lines or ["it was put on no node"]
