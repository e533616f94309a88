"""Stand for clusvcadm; rgmanager/src/utils/clusvcadm.c, and the recorded run for what goes where.

It prints on stdout, errors included, and it has no time limit: while a node is being fenced it waits after the first
half of its line. What it asked for is done even if it is killed.
"""

import getopt
import io
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

from lab.standins.rgmanager import client, conf, settings, texts
from lab.standins.rgmanager.settings import Settings
from lab.standins.rgmanager.tree import BadXml

_ACTIONS = "edrMRsZUc"
_LOCKS = {"-l": "Lock", "-u": "Unlock", "-S": "Query"}


def _distance(one: str, other: str) -> int:
    """Count the characters to change, add or take away."""
    row = list(range(len(other) + 1))
    for place, mine in enumerate(one, 1):
        last, row[0] = row[0], place
        for column, theirs in enumerate(other, 1):
            last, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, last + (mine != theirs))
    return row[-1]


def _member(name: str, names: Sequence[str]) -> str:
    """Return the member that is meant, if need be the one nearest; none where several are as near."""
    if name in names:
        return name
    print(f"'{name}' not in membership list")
    distances = {each: _distance(name, each) for each in names}
    near = [each for each in names if distances[each] == min(distances.values())]
    if len(near) == 1:
        print(f"Closest match: '{near[0]}'")
        return near[0]
    print(f"More than one possible match for '{name}' found")
    return ""


def _lock(own: Settings, option: str) -> int:
    try:
        locked = client.local(own, "lock", action=option[1:])
    except client.NoDaemon:
        print(f"{texts.NO_RGMANAGER}\n{_LOCKS[option]} operation failed")
        return 1
    print(f"Resource groups {'locked' if locked else 'unlocked'}")
    return 0


def _operate(own: Settings, action: str, name: str, target: str, by_domain: bool) -> int:
    service = name if ":" in name else f"service:{name}"
    verb = texts.VERBS[action]
    if action in "rM":
        print(f"Trying to {verb} {service}{f' to {target}' if target else ''}...", end="", flush=True)
    else:
        who = f"Member {target}" if target else "Local machine"
        print(f"{who} {verb} {service}...", end="", flush=True)
    try:
        code, owner = client.local(
            own, "operate", action=action, asker=own.node, service=service, target=target, by_domain=by_domain
        )
    except client.NoDaemon:
        print(texts.NO_RGMANAGER)
        return 1
    print(texts.ERRORS[code])
    if code == texts.SUCCESS and action in "er":
        warning = "Warning: " if target and owner != target else ""
        print(f"{warning}{service} is now running on {owner}")
    return 0 if code == texts.RUNNING else code & 0xFF


def _work(own: Settings, options: list[tuple[str, str]]) -> int:
    action = name = target = ""
    by_domain = False
    for option, value in options:
        if option in _LOCKS:
            return _lock(own, option)
        if option in {"-m", "-n"}:
            names = list(conf.load(own.running_conf if own.running_conf.exists() else own.conf).nodes)
            target = _member(value, names)
            if not target:
                return 1
        elif option == "-F":
            by_domain = True
        elif option[1:] in _ACTIONS:
            action, name = option[1:], value
    if by_domain and target:
        print("Cannot use '-F' with '-n' or '-m'", file=sys.stderr)
        return 1
    if not action:
        print(texts.CLUSVCADM_USAGE, end="")
        return 1
    if action == "M" and not target:
        print("Migration requires a target cluster member")
        return 1
    return _operate(own, action, name, target, by_domain)


def main(arguments: Sequence[str]) -> int:
    """Run one command line."""
    try:
        options, rest = getopt.getopt(list(arguments), "lSue:M:d:r:n:c:m:FvR:s:Z:U:qh?")
    except getopt.GetoptError:
        options, rest = [], []
    names = [option for option, _ in options]
    if "-v" in names:
        print(texts.VERSION)
        return 0
    if not options or rest or "-h" in names or "-?" in names:
        sys.stdout.write(texts.CLUSVCADM_USAGE)
        return 1
    try:
        with redirect_stdout(io.StringIO() if "-q" in names else sys.stdout):
            return _work(settings.read(), options)
    except (OSError, ValueError, BadXml) as error:
        print(f"clusvcadm (stand-in): {error}", file=sys.stderr)
        return texts.BROKEN
