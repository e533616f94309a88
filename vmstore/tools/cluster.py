"""Find out which cluster manager there is and ask it; the managers themselves are modules of their own.

Where there is none, every node is asked for its own VMs, and only by the verbs that are about running VMs: listing must
not cost a run of the agent for each.
"""

from collections.abc import Mapping

from vmstore.errors import ClusterUnusable
from vmstore.services import NONE, Cluster
from vmstore.tools.managers import Manager
from vmstore.tools.nodes import Nodes
from vmstore.tools.pacemaker import Pacemaker
from vmstore.tools.rgmanager import Rgmanager
from vmstore.tools.sections import split
from vmstore.tools.unmanaged import Unmanaged

MANAGERS: Mapping[str, Manager] = {"rgmanager": Rgmanager(), "pacemaker": Pacemaker()}
# What begins the manager's answer in the output of a node's probe.
MARK = "@@manager "
# Turns "auto" in $want into what the node has configured. A cluster that is configured counts, running or not: that it
# does not run must be said and not be taken for "none".
FIND = """
if [ "$want" = auto ]; then
    want=none
    if [ -e /etc/cluster/cluster.conf ] && command -v clustat >/dev/null; then
        want=rgmanager
    elif [ -e /var/lib/pacemaker/cib/cib.xml ] && command -v crm_mon >/dev/null; then
        want=pacemaker
    fi
fi
"""
_DETECT = f"""
want=none whom=''
for part in "$@"; do
    case $part in
    manager:* | agent:*) want=${{part#*:}} whom=$whom,${{part%:*}} ;;
    esac
done
{FIND}"""


def part(configured: str) -> list[str]:
    """Give the argument of the probe that has it ask the manager, too; nothing where there is to be none."""
    return [] if configured == NONE else [f"manager:{configured}"]


def agent_part(configured: str) -> list[str]:
    """Give the argument of the probe that has it ask the agent where there is no manager."""
    return [f"agent:{configured}"] if configured in ("auto", NONE) else []


def script(alone: Unmanaged | None = None) -> str:
    """Write the shell text that asks the manager, or ``alone``; it stands behind the probe's own."""
    cases = "".join(f"{name},*,manager*)\n{manager.question};;\n" for name, manager in MANAGERS.items())
    cases += f"{NONE},*,agent*)\n{alone.question};;\n" if alone else ""
    return f'{_DETECT}echo "{MARK}$want"\ncase $want,$whom in\n{cases}esac\necho "@@over"\n'


def kind(text: str) -> str:
    """Tell from an answer which manager the node has; "" where it was not asked."""
    return text.partition("\n")[0]


def of(name: str, alone: Unmanaged) -> Manager:
    """Give the manager of a name."""
    return MANAGERS.get(name, alone)


def parse(node: str, text: str, alone: Unmanaged | None = None) -> Cluster | None:
    """Read the manager's answer, from behind the mark on; None where there is none, or it was not asked.

    Raises ClusterUnusable for an answer that is cut off.
    """
    name, _, answer = text.partition("\n")
    found, torn = split(answer)
    if torn or not answer.rstrip().endswith("@@over"):
        raise ClusterUnusable(
            f"{name or 'the cluster manager'} gave no whole answer on {node}",
            why=f"it ends within {torn or 'the first command'}",
            hint=f"try clustat or crm_mon -1 on {node}",
        )
    manager = alone if name == NONE else MANAGERS.get(name)
    return manager.parse(node, found) if manager and found else None


def ask(nodes: Nodes, node: str, configured: str, alone: Unmanaged | None = None) -> Cluster | None:
    """Ask for a manager alone, through a node, or a node for its own VMs; None where there is none.

    Raises ClusterUnusable where no whole answer comes.
    """
    parts = agent_part(configured) if alone else part(configured)
    script_text = f"#!/bin/sh\n{script(alone)}"
    result = nodes.run(node, ["sh", "-s", *parts], stdin=script_text, timeout=nodes.ssh.answer_timeout)
    return parse(node, result.out.partition(MARK)[2], alone)
