"""Find out which cluster manager there is and ask it; the managers themselves are modules of their own."""

from collections.abc import Mapping

from vmstore.errors import ClusterUnusable
from vmstore.services import Cluster
from vmstore.tools import managers
from vmstore.tools.managers import Manager
from vmstore.tools.nodes import Nodes
from vmstore.tools.pacemaker import Pacemaker
from vmstore.tools.rgmanager import Rgmanager

MANAGERS: Mapping[str, Manager] = {"rgmanager": Rgmanager(), "pacemaker": Pacemaker()}
NONE = "none"
# What begins the manager's answer in the output of a node's probe.
MARK = "@@manager "
# A cluster that is configured counts, running or not: that it does not run must be said and not be taken for "none".
_DETECT = """
want=none
for part in "$@"; do
    case $part in manager:*) want=${part#manager:} ;; esac
done
if [ "$want" = auto ]; then
    want=none
    if [ -e /etc/cluster/cluster.conf ] && command -v clustat >/dev/null; then
        want=rgmanager
    elif [ -e /var/lib/pacemaker/cib/cib.xml ] && command -v crm_mon >/dev/null; then
        want=pacemaker
    fi
fi
"""


def part(configured: str) -> list[str]:
    """Give the argument of the probe that has it ask the manager, too; nothing where there is to be none."""
    return [] if configured == NONE else [f"manager:{configured}"]


def script() -> str:
    """Write the shell text that asks the manager; it stands behind the probe's own."""
    cases = "".join(f"{name})\n{manager.question};;\n" for name, manager in MANAGERS.items())
    return f'{_DETECT}echo "{MARK}$want"\ncase $want in\n{cases}esac\necho "@@over"\n'


def parse(node: str, text: str) -> Cluster | None:
    """Read the manager's answer, from behind the mark on; None where there is no manager.

    Raises ClusterUnusable for an answer that is cut off.
    """
    kind, _, answer = text.partition("\n")
    found, torn = managers.sections(answer)
    if torn or not answer.rstrip().endswith("@@over"):
        raise ClusterUnusable(
            f"{kind or 'the cluster manager'} gave no whole answer on {node}",
            why=f"it ends within {torn or 'the first command'}",
            hint=f"try clustat or crm_mon -1 on {node}",
        )
    return MANAGERS[kind].parse(node, found) if kind in MANAGERS else None


def ask(nodes: Nodes, node: str, kind: str) -> Cluster | None:
    """Ask for a manager alone, through a node; None where there is none.

    Raises ClusterUnusable where no whole answer comes.
    """
    script_text = f"#!/bin/sh\n{script()}"
    result = nodes.run(node, ["sh", "-s", *part(kind)], stdin=script_text, timeout=nodes.ssh.answer_timeout)
    return parse(node, result.out.partition(MARK)[2])
