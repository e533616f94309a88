"""Read back what vmstore.tools.nodes wraps for ssh, so that tests speak of nodes and argument lists."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

AND = "&&"


@dataclass(frozen=True)
class Call:
    """One process start: on which node ("" is this host), and the argument lists that && joins."""

    node: str
    parts: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        return f"{self.node or 'here'}: {' && '.join(shlex.join(part) for part in self.parts)}"


def decode(argv: Sequence[str]) -> Call:
    """Tell what an argument list does, looking through ssh."""
    if argv[0] != "ssh":
        return Call("", (tuple(argv),))
    end = argv.index("--")
    setting, _, command = argv[end + 1].partition("; ")
    assert setting.startswith("export LC_ALL=C PATH="), argv
    assert len(argv) == end + 2, f"ssh joins further words without quoting them: {argv}"
    return Call(argv[end - 1], _parts(command))


@cache
def _parts(command: str) -> tuple[tuple[str, ...], ...]:
    parts: list[tuple[str, ...]] = [()]
    for word in shlex.split(command):
        if word == AND:
            parts.append(())
        else:
            parts[-1] = (*parts[-1], word)
    return tuple(parts)
