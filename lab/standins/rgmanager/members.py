"""Ask the node's real cluster stack who is a member and whether a fence is pending.

On the lab this is corosync with votequorum, and dlm_controld; in tests it is three files in the run folder: ``members``
(one name a line), ``fencing`` and ``inquorate`` (there or not).
"""

import re
import subprocess
from typing import NamedTuple

from lab.standins.rgmanager.settings import Settings

_ROW = re.compile(r"^\s*(\d+)\s+\d+\s+(?:\S+\s+)?\S+(?: \(local\))?\s*$")


class Membership(NamedTuple):
    """Hold what this node sees."""

    members: list[str]
    fencing: bool
    quorate: bool


def look(settings: Settings, nodes: dict[str, int]) -> Membership:
    """Return what this node sees; ``nodes`` are those of cluster.conf, by whose ids corosync's are told apart."""
    told = settings.run / "members"
    if told.exists():
        names = told.read_text(encoding="utf-8").split()
        return Membership(sorted(names), (settings.run / "fencing").exists(), not (settings.run / "inquorate").exists())
    text = _ask("corosync-quorumtool", "-s")
    _, _, table = text.partition("Membership information")
    ids = {int(match[1]) for match in map(_ROW.match, table.splitlines()) if match}
    names = sorted(name for name, number in nodes.items() if number in ids)
    quorate = re.search(r"^Quorate:\s+Yes", text, re.MULTILINE) is not None
    # dlm has something to wait for only where somebody is missing.
    fencing = len(names) < len(nodes) and _waits_for_fencing(_ask("dlm_tool", "ls"))
    return Membership(names, fencing, quorate)


def _waits_for_fencing(text: str) -> bool:
    return re.search(r"^new status\s.*\bfencing\b", text, re.MULTILINE) is not None


def _ask(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
