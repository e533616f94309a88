"""The commands that check and activate a new cluster.conf (cluster 3, RHEL 6), and what they answer. Pure.

``cman_tool version -r -S`` activates a file that was copied to every node; without -S it has ricci copy it. ``ccs_tool
update``, the way of RHEL 4 and 5, is gone in cluster 3 (cman_tool(8), ccs_tool(8)).
"""

import re

from vmstore.run import Result


def validate(file: str) -> list[str]:
    """Check a file against the schema, on one node, before it is in place (ccs_config_validate(8))."""
    return ["ccs_config_validate", "-f", file]


def activate() -> list[str]:
    """Have all nodes read the file that each of them has by now."""
    return ["cman_tool", "version", "-r", "-S"]


def ask_version() -> list[str]:
    """Ask a node which configuration it runs."""
    return ["cman_tool", "version"]


def version(answer: Result) -> int:
    """Read the version that a node runs from "6.2.0 config 14"; 0 where it does not say."""
    match = re.search(r"config (\d+)", answer.out)
    return int(match[1]) if answer.ok and match else 0
