"""Tell what the lvm2 of a node knows."""

import re

from vmstore.tools.nodes import Nodes

# lvm2 WHATS_NEW: "Version 2.03.12 … Add lvm.conf … --setautoactivation".
_AUTOACTIVATION = (2, 3, 12)


def knows_autoactivation(nodes: Nodes, node: str) -> bool:
    """Tell whether ``lvcreate --setautoactivation`` exists there."""
    return lvm_version(nodes.run(node, ["lvm", "version"]).out) >= _AUTOACTIVATION


def lvm_version(text: str) -> tuple[int, ...]:
    """Read ``lvm version``; () where it tells none, which counts as older than anything."""
    match = re.search(r"LVM version:\s*(\d+)\.(\d+)\.(\d+)", text)
    return tuple(int(part) for part in match.groups()) if match else ()
