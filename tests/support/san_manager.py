"""rgmanager on the simulated SAN, as far as vmstore speaks with it: clustat, clusvcadm, cman_tool.

It stands for rgmanager 3.1.8; texts and exit codes are those of a real run of it. Which commands really behave so is
proven against the stand-ins of the lab, which replay that run.
"""

import re
from collections.abc import Sequence

from tests.support import san_agent
from tests.support.san import Node, San, SanService
from tests.support.san_lvm import Answer

_NUMBERS = {"stopped": 110, "starting": 111, "started": 112, "failed": 114, "recoverable": 117, "disabled": 119}


def answer(san: San, node: Node, parts: Sequence[str]) -> str:
    """Write what the manager's question prints on a node that was asked it."""
    asked = {part.partition(":")[0]: part.partition(":")[2] for part in parts if ":" in part}
    if not asked:
        return ""
    if not san.manager or not node.configured or asked.get("agent") == "none":
        return f"@@manager none\n{san_agent.told(san, node) if 'agent' in asked else ''}@@over\n"
    if "manager" not in asked:
        return f"@@manager {san.manager}\n@@over\n"
    sections = {"clustat": _clustat(san, node), "lock": f"Resource groups {'' if san.groups_locked else 'un'}locked\n"}
    told = "".join(f"@{name}\n{text}@end 0\n" for name, text in sections.items())
    return f"@@manager rgmanager\n{told}@@over\n"


def _clustat(san: San, node: Node) -> str:
    lines = ['<?xml version="1.0"?>', '<clustat version="4.1.1">', '  <cluster name="vmclu" id="3489" generation="8"/>']
    lines += [f'  <quorum quorate="{int(san.quorate)}" groupmember="1"/>', "  <nodes>"]
    for number, other in enumerate(san.nodes.values(), 1):
        online = int(other.up and other.member)
        lines.append(
            f'    <node name="{other.name}" state="{online}" local="{int(other is node)}" estranged="0" '
            f'rgmanager="{online}" rgmanager_master="0" qdisk="0" nodeid="0x0000000{number}"/>'
        )
    lines += ["  </nodes>", "  <groups>"]
    for vm, service in san.services.items():
        lines.append(
            f'    <group name="service:{vm}" state="{_NUMBERS[service.state]}" state_str="{service.state}" '
            f'flags="{int(service.frozen)}" flags_str="{"frozen" if service.frozen else ""}" owner="{service.owner}" '
            f'last_owner="{service.last_owner}" restarts="0" last_transition="1795468779" '
            'last_transition_str="Mon Nov 23 21:19:39 2026"/>'
        )
    return "\n".join([*lines, "  </groups>", "</clustat>"]) + "\n"


CONF = "/etc/cluster/cluster.conf"
SCRIPTS = "/etc/vmstore/vm.d/"


def configure(san: San) -> None:
    """Give every node a cluster.conf without services."""
    san.manager = "rgmanager"
    text = '<cluster name="vmclu" config_version="3">\n  <rm>\n  </rm>\n</cluster>\n'
    san.loaded = text
    for node in san.nodes:
        san.conf[f"{node}:{CONF}"] = text
        san.versions[node] = 3


def generation2(san: San) -> None:
    """Make it RHEL 5: ccsd distributes, nothing knows a schema."""
    san.programs = {"ccs_tool", "xmllint"}


def _ccs_update(san: San, text: str) -> Answer:
    if "ccs_config_validate" in san.programs:
        return 1, "", "Unknown command, update.\nTry 'ccs_tool help' for help.\n"
    current = max(_version(san.conf[f"{node}:{CONF}"]) for node in san.nodes)
    if _version(text) <= current:
        return (
            1,
            "",
            "Proposed updated config file does not have greater version number.\n"
            f"  Current config_version :: {current}\n  Proposed config_version:: {_version(text)}\n"
            "Failed to update config file.\n",
        )
    # libxml2 writes it anew (ccs/ccs_tool/update.c: xmlDocDumpFormatMemory), here with other bytes in any case.
    written = '<?xml version="1.0"?>\n' + re.sub(r"\s*/>", " />", text.removeprefix('<?xml version="1.0"?>\n'))
    for node in san.nodes:
        san.conf[f"{node}:{CONF}"] = written
    return 0, f"Config file updated from version {current} to {_version(text)}\n\nUpdate complete.\n", ""


def _activate(san: San, node: Node, options: Sequence[str]) -> Answer:
    """Activate what the nodes have by now; without -S cluster 3 has ricci copy this node's file first."""
    text = san.conf[f"{node.name}:{CONF}"]
    if "ccs_config_validate" not in san.programs:
        if list(options) != [str(_version(text))]:
            return 1, "", f"cman_tool: invalid version {options}\n"
    elif _version(text) <= _version(san.loaded):
        return 1, "", "cman_tool: Not reloading, config version older or equal the running config\n"
    elif list(options) == []:
        if "ccs_sync" not in san.programs:
            return 1, "", "sh: 1: /usr/bin/ccs_sync: not found\ncman_tool: ccs_sync failed.\n"
        for other in san.nodes:
            san.conf[f"{other}:{CONF}"] = text
    elif list(options) != ["-S"]:
        return 1, "", "Warning: specifying a version for the -r flag is deprecated and no longer used\n"
    _load(san, text)
    return 0, "", ""


def _file(san: San, node: Node, argv: Sequence[str], stdin: str) -> Answer | None:
    """Work on cluster.conf and on the scripts of VMs; None for anything else."""

    def at(path: str) -> str:
        return f"{node.name}:{path}"

    match list(argv):
        case ["cat", path]:
            text = san.conf.get(at(path))
            return (0, text, "") if text is not None else (1, "", f"cat: {path}: No such file or directory\n")
        case ["sh", "-c", script] if script.startswith("umask 027; cat >"):
            san.conf[at(script.split(">")[1].split()[0])] = stdin
        case ["cp", "-p", source, target]:
            san.conf[at(target)] = san.conf[at(source)]
        case ["mv", source, target]:
            san.conf[at(target)] = san.conf.pop(at(source))
        case ["sync", path, folder] if path.startswith(folder) and at(path) in san.conf:
            pass
        case ["ccs_config_validate" | "ccs_tool" | "xmllint" | "ccs_sync" as name, *_] if name not in san.programs:
            return 127, "", f"bash: {name}: command not found\n"
        case ["ccs_config_validate", "-f", path]:
            return (0, "Configuration validates\n", "") if at(path) in san.conf else (255, "", "no such file\n")
        case ["xmllint", "--noout", path]:
            return (0, "", "") if at(path) in san.conf else (1, "", f'warning: failed to load "{path}"\n')
        case ["ccs_tool", "update", path]:
            return _ccs_update(san, san.conf[at(path)])
        case ["cman_tool", "version", "-r", *options]:
            return _activate(san, node, options)
        case ["cman_tool", "version"]:
            return 0, f"6.2.0 config {san.versions.get(node.name, 0)}\n", ""
        case ["test", "-x", path]:
            known = (node.name, path) in san.scripts or path.startswith("/usr/lib/ocf/")
            return int(not known), "", ""
        case ["mkdir", "-p", path] if SCRIPTS.startswith(path):
            return 0, "", ""
        case ["ln", "-sfn", _, path]:
            san.scripts.add((node.name, path))
        case ["rm", "-f", path] if path.startswith(CONF):
            san.conf.pop(at(path), None)
        case ["rm", "-f", path] if path.startswith(SCRIPTS):
            san.scripts.discard((node.name, path))
        case _:
            return None
    return 0, "", ""


def _version(text: str) -> int:
    match = re.search(r'config_version="(\d+)"', text)
    assert match
    return int(match[1])


def _load(san: San, text: str) -> None:
    san.loaded = text
    # A node that lacks the file stays with the one it has.
    san.versions |= {node: _version(text) for node in san.nodes if san.conf[f"{node}:{CONF}"] == text}
    named = dict(re.findall(r'<service name="([^"]+)" autostart="([01])"', text))
    san.services = {vm: service for vm, service in san.services.items() if vm in named}
    for vm in named.keys() - san.services.keys():
        # rgmanager starts it at once, and there are no files of a VM on it yet.
        san.services[vm] = SanService("disabled" if named[vm] == "0" else "failed")


def run(san: San, node: Node, argv: Sequence[str], stdin: str) -> Answer | None:
    """Run clusvcadm, cman_tool or what touches their files; None for another program."""
    if argv[0] != "clusvcadm":
        return _file(san, node, argv, stdin)
    option, vm, *more = argv[1:]
    service = san.services.get(vm)
    if service is None:
        return 252, "Service does not exist\n", ""
    if option in ("-Z", "-U"):
        if service.state not in ("stopped", "started", "disabled"):
            return 250, "Temporary failure; try again\n", ""
        service.frozen = option == "-Z"
        return 0, "Success\n", ""
    if service.frozen:
        return 245, "Failure: Service is frozen\n", ""
    return _change(san, node, option, vm, service, more[1] if more else node.name)


def _change(san: San, node: Node, option: str, vm: str, service: SanService, target: str) -> Answer:
    if option == "-d":
        # Without an owner it is the node that is asked which runs the stop scripts.
        if service.owner == "none":
            service.owner = node.name
        _let_go(san, vm, service)
        service.state, service.owner = "disabled", "none"
        return 0, "Success\n", ""
    if service.state == "failed":
        return 254, "Aborted; service failed\n", ""
    if option == "-e" and service.state == "started":
        return 0, "Service is already running\n", ""
    if san.groups_locked:
        return 250, "Temporary failure; try again\n", ""
    if option == "-r":
        _let_go(san, vm, service)
    taker = target if san.nodes[target].up else service.last_owner
    if taker not in san.nodes or not san.nodes[taker].up:
        return 244, "Target node dead / nonexistent\n", ""
    lv = san.lvs[vm]
    san.nodes[taker].active.add(lv.uuid)
    san.nodes[taker].mounts[lv.uuid] = f"/vm/{vm}"
    service.state, service.owner, service.last_owner = "started", taker, service.owner
    if taker != target:
        return 239, "Failed; service running on original owner\n", ""
    return 0, f"Success\nservice:{vm} is now running on {taker}\n", ""


def _let_go(san: San, vm: str, service: SanService) -> None:
    if service.owner in san.nodes and vm in san.lvs:
        lv = san.lvs[vm]
        san.nodes[service.owner].mounts.pop(lv.uuid, None)
        san.nodes[service.owner].active.discard(lv.uuid)
    service.last_owner = service.owner
