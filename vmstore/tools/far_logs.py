"""Fetch the log that vmstore wrote on other nodes."""

from collections.abc import Mapping
from pathlib import Path

from vmstore.run import Result
from vmstore.tools.nodes import Nodes, Unreachable


def fetch(nodes: Nodes, path: Path) -> Mapping[str, Result | Unreachable]:
    """Read a log and those that it was rotated to on every node but this one, in no order of theirs."""
    return nodes.ask({node: command(path) for node in nodes.others}, "")


def command(path: Path) -> list[str]:
    """Give what writes the log to stdout, uncompressed (zcat(1)): nothing where there is none.

    A file that is damaged does not keep it from the others, but its exit code is not 0 then: find(1) hears of what
    fails only where that ends with "+".
    """
    rotated = ("-o", "-name", f"{path.name}[.-][0-9]*")
    return [
        "find", str(path.parent), "-maxdepth", "1", "-type", "f", "(", "-name", path.name, *rotated, ")",
        "(", "-exec", "zcat", "-f", "{}", ";", "-o", "-exec", "false", "{}", "+", ")",
    ]  # fmt: skip
