"""Read the how-tos: the blocks marked ``sh`` are what is typed and tried, those marked ``text`` are only shown.

What is typed on every node is marked ``sh every``.
"""

import re
import shlex
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "howto"


def typed(howto: Path) -> list[str]:
    """List the blocks that are to be run, in order; LUNs and classes in them are variables, such as ``"$LUN"``."""
    return _blocks(howto, "sh")


def steps(howto: Path) -> list[tuple[bool, str]]:
    """List the blocks that are to be run, in order, and whether on every node."""
    return [(kind == "sh every", text) for kind, text in _marked(howto) if kind.startswith("sh")]


def shown(howto: Path) -> list[str]:
    """List the blocks that are only shown: what a file shall say, or what depends on the admin's own system."""
    return _blocks(howto, "text")


def script(block: str, **variables: str) -> str:
    """Give a block as shell text that begins with its variables and ends with the first command that fails."""
    return "\n".join(["set -eu", *(f"{name}={shlex.quote(value)}" for name, value in variables.items()), block])


def _blocks(howto: Path, kind: str) -> list[str]:
    return [text for marked, text in _marked(howto) if marked == kind]


def _marked(howto: Path) -> list[tuple[str, str]]:
    text = howto.read_text(encoding="utf-8")
    return re.findall(r"^```([a-z ]+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
