"""Describe which agent the nodes have."""

from collections.abc import Sequence
from typing import Any

from vmstore.jobs.agent_deploy import Agent, PutAgent
from vmstore.tools import agent


def row(found: Agent) -> dict[str, Any]:
    """Describe the agent of a node; ``scripts`` are those of VMs that lead to it, as rgmanager runs them."""
    installed = found.installed
    return {
        "node": found.node,
        "state": str(found.state),
        "version": installed.version if installed else "",
        "sha256": installed.sum if installed else "",
        "scripts": installed.scripts if installed else None,
        "path": agent.AGENT,
        "why": found.error.why if found.error else "",
    }


def brought(text: str) -> dict[str, str]:
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
