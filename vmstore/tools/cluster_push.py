"""The commands that distribute and activate a new cluster.conf, by generation of Red Hat Cluster Suite. Pure.

- Cluster 3 (RHEL 6): the file is copied to every node, then ``cman_tool version -r -S`` activates it; without -S it
  has ricci copy the file, by ccs_sync (cman_tool(8) of cluster 3.1.8, cman/cman_tool/main.c).
- Cluster 1 and 2 (RHEL 4 and 5): ``ccs_tool update`` hands the file to ccsd on every member, which writes it anew with
  libxml2, so that no node has the same bytes afterwards; ``cman_tool version -r N`` then tells cman of the version,
  which ccs_tool does itself in later releases only (ccs_tool(8), cman_tool(8) of cluster 2, ccs/ccs_tool/update.c).
"""

import re
from collections.abc import Collection
from enum import StrEnum

from vmstore.errors import Refused
from vmstore.run import Result

_PROGRAMS = ("ccs_config_validate", "ccs_tool", "ccs_sync", "xmllint")


class Way(StrEnum):
    """How a file comes to all nodes."""

    COPY = "copy"
    CCS_TOOL = "ccs_tool"
    RICCI = "ricci"


def ask_programs() -> list[str]:
    """Ask a node which programs it has, by which the generations are told apart."""
    return ["sh", "-c", f"for program in {' '.join(_PROGRAMS)}; do command -v $program; done; true"]


def programs(answer: Result) -> frozenset[str]:
    """Name the programs that a node has."""
    return frozenset(line.rpartition("/")[2] for line in answer.out.split())


def choose(wanted: str, node: str, programs: Collection[str]) -> Way:
    """Choose the way for a node that has these programs; ``wanted`` is auto or a way. Raises Refused."""
    third = "ccs_config_validate" in programs
    way = (Way.COPY if third else Way.CCS_TOOL) if wanted == "auto" else Way(wanted)
    if way is Way.RICCI and third and "ccs_sync" not in programs:
        raise _impossible(way, f"{node} has no ccs_sync, which comes with ricci")
    if way is Way.CCS_TOOL and third:
        raise _impossible(way, f"{node} has cluster 3, whose ccs_tool does not update")
    if way is not Way.CCS_TOOL and not third:
        raise _impossible(way, f"{node} has no ccs_config_validate, so it has cluster 1 or 2")
    if way is Way.CCS_TOOL and "ccs_tool" not in programs:
        raise _impossible(way, f"{node} has neither ccs_config_validate nor ccs_tool")
    return way


def validate(file: str) -> list[str]:
    """Check a file against the schema, on one node, before it is in place (ccs_config_validate(8), cluster 3)."""
    return ["ccs_config_validate", "-f", file]


def lint(file: str) -> list[str]:
    """Check that a file is well-formed (xmllint(1)); cluster 1 and 2 have no schema to check against."""
    return ["xmllint", "--noout", file]


def update(file: str) -> list[str]:
    """Have ccsd put a file on all members and read it (ccs_tool(8), cluster 1 and 2)."""
    return ["ccs_tool", "update", file]


def activate(way: Way, version: int) -> list[str]:
    """Have all nodes work by the new file; for ricci also have it distributed (cman_tool(8))."""
    words = {Way.COPY: ["-r", "-S"], Way.CCS_TOOL: ["-r", str(version)], Way.RICCI: ["-r"]}
    return ["cman_tool", "version", *words[way]]


def ask_version() -> list[str]:
    """Ask a node which configuration it runs."""
    return ["cman_tool", "version"]


def version(answer: Result) -> int:
    """Read the version that a node runs from "6.2.0 config 14"; 0 where it does not say."""
    match = re.search(r"config (\d+)", answer.out)
    return int(match[1]) if answer.ok and match else 0


def _impossible(way: Way, why: str) -> Refused:
    return Refused(
        f"cluster.conf cannot be distributed by {way}", why=why, hint="see `push` in the configuration; auto finds out"
    )
