"""Stand for cman_tool: version, status and nodes; cman/cman_tool/main.c.

It works where rgmanager does not run: the node's configuration is a file in the run folder, and the others are told
through rgmanager-state.
"""

import sys
import time
from collections.abc import Sequence

from lab.standins.rgmanager import client, conf, settings, texts
from lab.standins.rgmanager.clustat_text import cluster_id
from lab.standins.rgmanager.settings import Settings
from lab.standins.rgmanager.tree import BadXml, parse
from lab.standins.rgmanager.validation import BAD_SCHEMA, BAD_XML, NOT_NEWER, VALID, check
from lab.standins.rgmanager.view import View

_RELEASE = "6.2.0"
_DEPRECATED = "Warning: specifying a version for the -r flag is deprecated and no longer used"
_NO_CCS_SYNC = """sh: 1: /usr/bin/ccs_sync: not found
cman_tool: ccs_sync failed.
If you have distributed the config file yourself, try re-running with -S
"""


def _running(own: Settings) -> int:
    return conf.version_of(own.running_conf if own.running_conf.exists() else own.conf)


def _complain(text: str) -> int:
    print(f"cman_tool: {text}", file=sys.stderr)
    return 1


def _activate(own: Settings, text: str, version: int) -> int:
    """Run a configuration here, and have the others follow as soon as they have the file."""
    beside = own.running_conf.with_name("cluster.conf.cman_tool")
    beside.write_text(text, encoding="utf-8")
    beside.replace(own.running_conf)
    try:
        client.cluster(own, "activate", version=version)
    except client.NoDaemon:
        return _complain(texts.NO_CMAN)
    return 0


def _reload(own: Settings, words: Sequence[str]) -> int:
    """Do ``version -r`` of cluster 3."""
    if any(word.isdecimal() for word in words):
        print(_DEPRECATED, file=sys.stderr)
    text = own.conf.read_text(encoding="utf-8", errors="replace")
    verdict = check(text, dumped=True, newer_than=_running(own))
    if verdict.code == BAD_XML:
        print(flush=True)
        print(verdict.text.format(file=own.conf) + "Unable to get the configuration", file=sys.stderr)
        _complain("Not reloading, generic error running ccs_config_validate")
        print("Try re-running with -d options", file=sys.stderr)
        return 1
    if verdict.code == NOT_NEWER:
        return _complain("Not reloading, config version older or equal the running config")
    if verdict.code == BAD_SCHEMA:
        print(verdict.text, end="", flush=True)
    if verdict.code != VALID:
        return _complain("Not reloading, configuration is not valid")
    if "-S" not in words:
        print(_NO_CCS_SYNC, file=sys.stderr)
        return 1
    return _activate(own, text, verdict.version)


def _set_version(own: Settings, words: Sequence[str]) -> int:
    """Do ``version -r N`` of generation 2: cman is told the number of the file that ccsd has distributed."""
    numbers = [int(word) for word in words if word.isdecimal()]
    if not numbers:
        return _complain("option requires an argument -- r")
    text = own.conf.read_text(encoding="utf-8", errors="replace")
    if numbers[0] <= _running(own) or numbers[0] != conf.version_of(own.conf):
        return _complain("can't set version: Invalid argument")
    return _activate(own, text, numbers[0])


def _status(own: Settings) -> None:
    view = View(own).ask(services=False)
    root = parse((own.running_conf if own.running_conf.exists() else own.conf).read_text(encoding="utf-8"))
    cman = root.find("cman")
    two = cman is not None and cman.get("two_node") == "1"
    number, identity = view.conf.nodes.get(own.node, 0), cluster_id(view.conf.name)
    expected = int(cman.get("expected_votes", str(len(view.conf.nodes)))) if cman else len(view.conf.nodes)
    votes = len(view.members)
    quorum = 1 if two else expected // 2 + 1
    print(f"Version: {_RELEASE}\nConfig Version: {view.conf.version}\nCluster Name: {view.conf.name}")
    print(f"Cluster Id: {identity}\nCluster Member: Yes\nCluster Generation: {view.generation}")
    print(f"Membership state: Cluster-Member\nNodes: {votes}\nExpected votes: {expected}\nTotal votes: {votes}")
    print(f"Node votes: 1\nQuorum: {quorum}  \nActive subsystems: 6\nFlags: {'2node ' if two else ''}")
    print(f"Ports Bound: 0 177  \nNode name: {own.node}\nNode ID: {number}")
    print(f"Multicast addresses: 239.192.{identity >> 8}.{identity % 0xFF} \nNode addresses: 10.9.0.{number} ")


def _nodes(own: Settings) -> None:
    view = View(own).ask(services=False)
    print("Node  Sts   Inc   Joined               Name")
    for name, number in view.conf.nodes.items():
        generation, when = view.joined.get(name, [0, 0.0])
        there = name in view.members
        joined = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when)) if there else ""
        print(f"{number:4d}   {'M' if there else 'X'}  {int(generation):5d}   {joined:<19}  {name}")


def main(arguments: Sequence[str]) -> int:
    """Run one command line."""
    try:
        own = settings.read()
        match list(arguments):
            case ["version", "-r", *words]:
                return _reload(own, words) if own.generation >= 3 else _set_version(own, words)
            case ["version"]:
                print(f"{_RELEASE} config {_running(own)}")
            case ["status"]:
                _status(own)
            case ["nodes"]:
                _nodes(own)
            case _:
                print("usage: cman_tool version [-r [-S]] | status | nodes", file=sys.stderr)
                return 1
    except (OSError, ValueError, BadXml) as error:
        print(f"cman_tool (stand-in): {error}", file=sys.stderr)
        return texts.BROKEN
    return 0
