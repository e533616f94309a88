"""Write clustat -x."""

import time
from collections.abc import Iterable
from typing import Any

from lab.standins.rgmanager import texts
from lab.standins.rgmanager.clustat_text import cluster_id
from lab.standins.rgmanager.view import View

_HEAD = '<?xml version="1.0"?>\n<clustat version="4.1.1">'
_FOOT = "</clustat>"


def services_document(records: Iterable[dict[str, Any]] | None) -> str:
    """Return the document for -s; without rgmanager it has no groups at all."""
    return "\n".join([_HEAD, *(_groups(records) if records is not None else []), _FOOT])


def document(view: View, only: str = "") -> str:
    """Return the whole document, or that of one member."""
    nodes = []
    for name, number in view.conf.nodes.items():
        if only in {"", name}:
            up = int(name in view.up and name in view.members)
            nodes.append(
                f'    <node name="{name}" state="{int(name in view.members)}" local="{int(name == view.local)}" '
                f'estranged="0" rgmanager="{up}" rgmanager_master="0" qdisk="0" nodeid="0x{number:08x}"/>'
            )
    lines = [_HEAD]
    if not only:
        identity = cluster_id(view.conf.name)
        lines.append(f'  <cluster name="{view.conf.name}" id="{identity}" generation="{view.generation}"/>')
        lines.append(f'  <quorum quorate="{int(view.quorate)}" groupmember="{int(view.local in view.up)}"/>')
    lines += ["  <nodes>", *nodes, "  </nodes>"]
    if view.records is not None and not only:
        lines += _groups(view.records)
    return "\n".join([*lines, _FOOT])


def _groups(records: Iterable[dict[str, Any]]) -> list[str]:
    return ["  <groups>", *map(_group, records), "  </groups>"]


def _group(record: dict[str, Any]) -> str:
    flags = int(record["frozen"])
    when = int(record["transition"])
    return (
        f'    <group name="{record["name"]}" state="{record["state"]}" state_str="{texts.STATES[record["state"]]}" '
        f'flags="{flags}" flags_str="{"frozen" if flags else ""}" owner="{record["owner"] or "none"}" '
        f'last_owner="{record["last_owner"] or "none"}" restarts="{record["restarts"]}" '
        f'last_transition="{when}" last_transition_str="{time.ctime(when)}"/>'
    )
