"""Have nodes try whether they reach each other over ssh, as vmstore on them would."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from vmstore.tools.nodes import Nodes, Unreachable

# Arguments: the ssh user, seconds to connect, then the other nodes. It says each name, a tab, and what ssh complained
# of. A node that hangs after it took the call must not make the one that asks look silent.
_TRY = """#!/bin/bash
user=$1 limit=$2
shift 2
for node in "$@"; do
    (
        told=$(timeout $((2 * limit)) ssh -n -o BatchMode=yes -o ConnectTimeout="$limit" -l "$user" -- "$node" \\
            true 2>&1)
        code=$?
        told=$(printf '%s' "$told" | tail -n 1)
        case $code in
        0) told= ;;
        124) told="it gave no answer within $((2 * limit)) s" ;;
        *) told=${told:-ssh ended with exit code $code and no message} ;;
        esac
        printf '%s\\t%s\\n' "$node" "$told"
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
