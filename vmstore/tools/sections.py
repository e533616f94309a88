"""Split what a script on a node printed into its sections, each of which stands between "@NAME" and "@end RC"."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vmstore.errors import ClusterUnusable

_BEGIN = re.compile(r"@([a-z_.]+)")
_END = re.compile(r"@end (\d+)")


class Unreadable(ClusterUnusable):
    """A node answered with something that is no whole answer."""

    def __init__(self, node: str, why: str) -> None:
        super().__init__(f"{node} gave no whole answer", why=why, hint=f"try `ssh {node} true`")


@dataclass(frozen=True, slots=True)
class Section:
    """What one command of a script printed, and its exit code; 124 is timeout(1)'s own."""

    rc: int
    text: str

    @property
    def lines(self) -> Sequence[str]:
        """Give what it printed line by line."""
        return self.text.splitlines()


def split(text: str) -> tuple[Mapping[str, Section], str]:
    """Split an answer into its sections; also give the name of a section that was cut off, or ""."""
    found: dict[str, Section] = {}
    name, lines = "", list[str]()
    for line in text.splitlines():
        if name and (end := _END.fullmatch(line)):
            found[name] = Section(int(end[1]), "".join(f"{each}\n" for each in lines))
            name = ""
        elif name:
            lines.append(line)
        elif begin := _BEGIN.fullmatch(line):
            name, lines = begin[1], []
    return found, name
