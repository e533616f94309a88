"""Have nodes try whether they reach each other over ssh, as vmstore on them would."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from vmstore.tools.nodes import Nodes, Unreachable

# Arguments: the ssh user, seconds to connect, then the other nodes. It says each name, a tab, and what ssh complained
# of.
_TRY = """#!/bin/bash
user=$1 limit=$2
shift 2
for node in "$@"; do
    (
        if told=$(ssh -n -o BatchMode=yes -o ConnectTimeout="$limit" -l "$user" -- "$node" true 2>&1); then told=; fi
        printf '%s\\t%s\\n' "$node" "$(printf '%s' "$told" | tail -n 1)"
    ) &
done
wait
lvm version 2>/dev/null | sed -n 's/^ *LVM version: *\\([^ (]*\\).*/@lvm\\t\\1/p'
echo @over
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """What a node said: why it does not reach others, by their names, and its version of LVM, "" where it has none."""

    fails: Mapping[str, str]
    lvm: str


def ask(nodes: Nodes, whom: Collection[str]) -> tuple[dict[str, Reached], dict[str, str]]:
    """Have each node try the others; give what each said, and why those that said nothing did not."""
    ssh = nodes.ssh
    questions = {
        node: ["bash", "-s", ssh.user, str(ssh.connect_timeout), *(other for other in whom if other != node)]
        for node in whom
    }
    said: dict[str, Reached] = {}
    silent: dict[str, str] = {}
    for node, answer in nodes.ask(questions, _TRY).items():
        if isinstance(answer, Unreachable):
            silent[node] = answer.why
        elif not answer.out.rstrip().endswith("@over"):
            silent[node] = answer.reason()
        else:
            said[node] = _read(answer.out)
    return said, silent


def _read(text: str) -> Reached:
    lines = [line.split("\t", 1) for line in text.splitlines() if "\t" in line]
    lvm = next((rest for name, rest in lines if name == "@lvm"), "")
    return Reached({name: why for name, why in lines if name != "@lvm" and why}, lvm)
