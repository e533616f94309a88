"""Have one node tell what a configuration can be made from, and read it (see survey.sh)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from vmstore.errors import ClusterUnusable, ToolFailed
from vmstore.survey import Group, Survey
from vmstore.tools import cluster, lvm_fields, managers
from vmstore.tools.cluster_conf import CONF
from vmstore.tools.nodes import Nodes
from vmstore.tools.sections import split

COROSYNC = "/etc/corosync/corosync.conf"
# As a shell says that there is no such program, which a workstation need not have.
_NO_LVM = 127


def script() -> str:
    """Write the script that the node runs."""
    text = Path(__file__).with_name("survey.sh").read_text(encoding="utf-8")
    # The manager is told by the rule by which "auto" finds it.
    return f"{text}want=auto\n{cluster.FIND}echo '@manager'\necho \"$want\"\necho '@end 0'\necho '@@over'\n"


def ask(nodes: Nodes, node: str) -> Survey:
    """Ask a node. Raises Unreachable, ClusterUnusable for an answer that is cut off, ToolFailed as ``parse`` does."""
    answer = nodes.run(node, ["sh", "-s"], stdin=script(), timeout=nodes.ssh.answer_timeout)
    return parse(node, answer.out)


def parse(node: str, text: str) -> Survey:
    """Read what the script printed. Raises ClusterUnusable where it is cut off, ToolFailed where LVM does not tell."""
    sections, torn = split(text)
    if torn or not text.rstrip().endswith("@@over"):
        raise ClusterUnusable(
            f"{node} gave no whole answer", why="it ends in the middle", hint=f"try `ssh {node} vgs`, then again"
        )
    parts = {name: section.lines for name, section in sections.items()}
    if sections["vgs"].rc not in (0, _NO_LVM) and not parts["vgs"]:
        raise ToolFailed(
            f"LVM on {node} does not tell which VGs there are",
            why=f"`vgs` ended with exit code {sections['vgs'].rc}, or was ended (124) after 10 s",
            hint=f"run `vgs` on {node} to see all it says",
        )
    # device-mapper doubles the hyphens of a name and puts one between VG and LV.
    own = {re.split(r"(?<!-)-(?!-)", name)[0].replace("--", "-") for name in parts["own"]}
    members, source = _corosync(parts["corosync"]), COROSYNC
    if not members:
        members, source = _cluster_conf("\n".join(parts["cluster.conf"])), CONF
    return Survey(
        host=parts["host"][0].split(".")[0] if parts["host"] else node,
        groups=tuple(_groups(dict.fromkeys(parts["vgs"]), own)),
        members=members,
        source=source if members else "",
        manager="".join(parts["manager"]),
        programs=frozenset(parts["programs"]),
    )


def _groups(lines: Iterable[str], own: set[str]) -> Iterator[Group]:
    for line in lines:
        name, pvs, lvs, size, attributes, *locks = (part.strip() for part in line.split("|"))
        lock_type = lvm_fields.lock_type(attributes) or "".join(locks).removeprefix("none")
        yield Group(name, lock_type, int(pvs), int(lvs), int(size), name in own)


def _corosync(lines: Sequence[str]) -> tuple[str, ...]:
    """Read the names of a nodelist, or the addresses where there are no names (corosync.conf(5))."""
    found: list[Mapping[str, str]] = []
    node: dict[str, str] | None = None
    for line in lines:
        words = line.split("#")[0].split(":", 1)
        if re.fullmatch(r"\s*node\s*\{\s*", line):
            node = {}
        elif node is not None and line.strip() == "}":
            found.append(node)
            node = None
        elif node is not None and len(words) > 1:
            node[words[0].strip()] = words[1].strip()
    names = (each.get("name") or each.get("ring0_addr", "") for each in found)
    return tuple(name for name in names if name)


def _cluster_conf(text: str) -> tuple[str, ...]:
    top = managers.document(text)
    return tuple(
        node.get("name", "") for node in (top.iter("clusternode") if top is not None else ()) if node.get("name")
    )
