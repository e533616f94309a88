"""Lay out clustat's tables, 80 columns wide as where its output is no terminal."""

import time
from collections.abc import Iterable
from typing import Any

from lab.standins.rgmanager import texts
from lab.standins.rgmanager.view import View

_MEMBERS = " Member Name                             ID   Status\n ------ ----                             ---- ------"
_SERVICES = (
    " Service Name                   Owner (Last)                   State         \n"
    " ------- ----                   ----- ------                   -----         "
)


def cluster_id(name: str) -> int:
    """Return cman's number of a cluster's name (cman/daemon/cman-preconfig.c)."""
    value = 0
    for character in name.encode():
        value = (value << 1) + character
    return value & 0xFFFF


def member_table(view: View, names: Iterable[str], flags: bool = True) -> str:
    """Return the table of members; asked for one alone, clustat does not look where rgmanager runs."""
    rows = [_MEMBERS]
    for name in names:
        words = ["Online" if name in view.members else "Offline"]
        if name == view.local:
            words.append("Local")
        if flags and name in view.up and name in view.members:
            words.append("rgmanager")
        rows.append(f" {name:<40.40} {view.conf.nodes[name]:4d} {', '.join(words)}")
    return "\n".join(rows)


def service_table(records: Iterable[dict[str, Any]], rows: bool = True) -> str:
    """Return the table of services, or its head alone."""
    lines = [_SERVICES]
    for record in records if rows else ():
        state = texts.STATES[record["state"]]
        shown = f"{state:<11.11}[Z]" if record["frozen"] else f"{state:<14.14}"
        if record["state"] in texts.SHOWS_LAST_OWNER:
            owner = f"({record['last_owner'] or 'none'})"
        else:
            owner = record["owner"] or "none"
        lines.append(f" {record['name']:<30.30} {owner:<30.30} {shown}")
    return "\n".join(lines)


def long_text(record: dict[str, Any]) -> str:
    """Return all of one service."""
    flags = "frozen (1)" if record["frozen"] else "none (0)"
    return f"""Service Name      : {record["name"]}
  Current State   : {texts.STATES[record["state"]]} ({record["state"]})
  Flags           : {flags}
  Owner           : {record["owner"] or "none"}
  Last Owner      : {record["last_owner"] or "none"}
  Last Transition : {time.ctime(record["transition"])}
"""
