"""What nodes of the simulated SAN tell before there is a configuration: the texts of survey.sh and of reach.py.

What a test wants otherwise stands in ``Node.told``, by part; ``San.closed`` are the ways that ssh does not go.
"""

from collections.abc import Sequence

from tests.support.san import Node, San

NODELIST = "    node {{\n        ring0_addr: 10.0.0.{number}\n        name: {name}\n        nodeid: {number}\n    }}"


def answer(san: San, node: Node) -> str:
    """Write what the survey prints."""
    pvs = list(san.pvs())
    group = f"  {san.vg}|{len(pvs)}|{len(san.lvs)}|{sum(lun.size for lun in pvs)}|wz--ns|dlm"
    nodes = [NODELIST.format(number=number, name=name) for number, name in enumerate(san.nodes, 1)]
    parts = {
        "host": [f"{node.name}.example.org"],
        "vgs": [group],
        "own": [],
        "corosync": ["totem {", "    version: 2", "}", "nodelist {", *nodes, "}"],
        "cluster.conf": [],
        "programs": ["virsh"],
        "manager": ["pacemaker"],
    }
    lines = [line for part, own in parts.items() for line in (f"@{part}", *(node.told.get(part, own) or ()), "@end 0")]
    return "".join(f"{line}\n" for line in (*lines, "@@over"))


def ways(san: San, node: Node, arguments: Sequence[str]) -> str:
    """Write what a node says of its ways to the others."""
    user, _, *others = arguments
    assert user == "root"
    lines = []
    for other in others:
        open_ = san.nodes[other].up and (node.name, other) not in san.closed
        lines.append(f"{other}\t" + ("" if open_ else f"root@{other}: Permission denied (publickey)."))
    lines.append(f"@lvm\t{node.lvm}")
    return "".join(f"{line}\n" for line in (*lines, "@over"))
