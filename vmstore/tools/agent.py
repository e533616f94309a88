"""Write the command lines of the bundled agent, as an OCF agent (vmstore/agent); the manager runs the same program."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from vmstore.run import Result

AGENT = "/usr/lib/ocf/resource.d/vmstore/vm"
# Arguments: the agent, and the folder of the VMs' scripts, which are links to it. Nothing of what is there is run.
_LOOK = """
[ -e "$1" ] || exit 0
sum=$(sha256sum <"$1") && echo "sum ${sum%% *}" && sed -n 's/^agent_version=/version /p' "$1" || exit 1
[ -x "$1" ] && echo executable
for script in "$2"/*; do [ "$script" -ef "$1" ] && echo script; done
true
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """The agent as a node has it: its version, "" where it tells none, and SHA-256, and how many scripts lead to it."""

    version: str
    sum: str
    executable: bool
    scripts: int


def argv(action: str, vm: str, vg: str, directory: str, **parameters: str) -> list[str]:
    """Have the agent do an action on a VM whose volume is, or shall be, mounted at ``directory``."""
    told = {"vm": vm, "vg": vg, "directory": directory, **parameters}
    return ["env", *(f"OCF_RESKEY_{name}={value}" for name, value in told.items() if value), AGENT, action]


def look(path: str, scripts: str) -> list[str]:
    """Look at the agent on a node, without running it."""
    return ["sh", "-c", _LOOK, "agent-look", path, scripts]


def parse(answer: Result) -> Installed | None:
    """Read what the look said; None where there is no agent."""
    told = [line.split(" ", 1) for line in answer.out.splitlines()]
    words = {key: value for key, *rest in told for value in rest}
    if "sum" not in words:
        return None
    names = [key for key, *_ in told]
    return Installed(words.get("version", ""), words["sum"], "executable" in names, names.count("script"))


def checksum(text: str) -> str:
    """Give the SHA-256 of an agent's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def version(text: str) -> str:
    """Give the version that an agent's text tells."""
    found = re.search(r"^agent_version=(.+)$", text, re.MULTILINE)
    return found[1] if found else ""


def write(path: str) -> list[str]:
    """Write what is on the standard input into a new program."""
    script = 'mkdir -p "${1%/*}" && umask 022 && cat >"$1" && chmod 0755 "$1"'
    return ["sh", "-c", script, "agent-write", path]


def compare(path: str, wanted: str) -> Sequence[str]:
    """Fail unless a file has this SHA-256: where the line was cut, what came looks like the end."""
    return ["sh", "-c", 'echo "$1  $2" | sha256sum -c - >/dev/null', "agent-compare", wanted, path]
