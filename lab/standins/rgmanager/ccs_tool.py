"""Stand for ccs_tool: help, query and lsnode of cluster 3, and update of generation 2 (RHEL 5).

The texts of update are those of ccs/ccs_tool/update.c; they are not recorded.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.standins.rgmanager import client, conf, settings, texts
from lab.standins.rgmanager.settings import Settings
from lab.standins.rgmanager.tree import BadXml, Element, parse

_STEP = re.compile(r"([\w.-]+|\*)(?:\[@([\w.-]+)=[\"']([^\"']*)[\"']\])?$")
_FAILED = "Failed to update config file."


def _query(root: Element, path: str) -> list[str]:
    """Return the values of a path of names, each with one condition at most, that ends in an attribute."""
    *steps, last = path.strip("/").split("/")
    found = [Element("", {}, 0)]
    found[0].children = [root]
    for step in steps:
        match = _STEP.match(step)
        if not match:
            return []
        tag, key, value = match.groups()
        below = [child for each in found for child in each.children if tag in {"*", child.tag}]
        found = [each for each in below if not key or each.get(key) == value]
    return [each.attributes[last[1:]] for each in found if last.startswith("@") and last[1:] in each.attributes]


def _list_nodes(root: Element) -> None:
    print(f"\nCluster name: {root.get('name')}, config_version: {root.get('config_version')}\n")
    print("Nodename                        Votes Nodeid Fencetype")
    section = root.find("clusternodes")
    for node in section.all("clusternode") if section else []:
        fence = node.find("fence")
        methods = fence.all("method") if fence else []
        devices = " ".join(device.get("name") for method in methods for device in method.all("device"))
        print(
            f"{node.get('name'):<32.32} {int(node.get('votes', '1')):3d}{int(node.get('nodeid', '0')):5d}    {devices}"
        )


def _update(own: Settings, file: str) -> int:
    """Distribute a file to all nodes."""
    current = conf.version_of(own.conf)
    try:
        text = Path(file).read_text(encoding="utf-8")
        proposed = int(parse(text).get("config_version", "0"))
    except (OSError, BadXml, ValueError):
        print(f"Unable to parse {file}\n{_FAILED}", file=sys.stderr)
        return 1
    # The file may have been edited in place, so that what runs counts, too.
    current = max(current if Path(file).resolve() != own.conf.resolve() else 0, conf.version_of(own.running_conf))
    if proposed <= current:
        print("Proposed updated config file does not have greater version number.", file=sys.stderr)
        print(f"  Current config_version :: {current}\n  Proposed config_version:: {proposed}", file=sys.stderr)
        print(_FAILED, file=sys.stderr)
        return 1
    try:
        client.cluster(own, "distribute", text=text)
        if own.notifies:
            client.cluster(own, "activate", version=proposed)
    except client.NoDaemon:
        print(f"Unable to connect to the CCS daemon: Connection refused\n{_FAILED}", file=sys.stderr)
        return 1
    print(f"Config file updated from version {current} to {proposed}\n\nUpdate complete.")
    return 0


def _unknown(command: str) -> int:
    print(f"Unknown command, {command}.\nTry 'ccs_tool help' for help.", file=sys.stderr)
    return 1


def main(arguments: Sequence[str]) -> int:
    """Run one command line."""
    try:
        own = settings.read()
        match list(arguments):
            case ["-h" | "help", *_]:
                sys.stdout.write(texts.CCS_TOOL_USAGE)
            case ["update", file] if own.generation < 3:
                return _update(own, file)
            case ["query", path]:
                print("\n".join(_query(_running(own), path)))
            case ["lsnode"]:
                _list_nodes(_running(own))
            case [command, *_]:
                return _unknown(command)
            case _:
                sys.stdout.write(texts.CCS_TOOL_USAGE)
                return 1
    except (OSError, ValueError, BadXml) as error:
        print(f"ccs_tool (stand-in): {error}", file=sys.stderr)
        return texts.BROKEN
    return 0


def _running(own: Settings) -> Element:
    path = own.running_conf if own.running_conf.exists() else own.conf
    return parse(path.read_text(encoding="utf-8"))
