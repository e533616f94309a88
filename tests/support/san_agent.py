"""The VM agent on the simulated SAN, run without a manager: see vmstore/agent for what it stands for."""

import hashlib
from collections.abc import Sequence

from tests.support.san import Lv, Node, San
from tests.support.san_lvm import Answer, Lvm, Refusal
from tests.support.san_options import UnknownCommand
from vmstore import agent

AGENT = "/usr/lib/ocf/resource.d/vmstore/vm"


class AgentFailed(Exception):
    """The agent gives up and says why."""


def told(san: San, node: Node) -> str:
    """Write what the question to the agent prints on a node; storage=no, so what is merely mounted does not run."""
    lines = [] if not node.agent else [_monitor(node, target) for target in node.mounts.values()]
    installed = "installed\n" if node.agent else ""
    return f"@agent\n{installed}@end 0\n@vms\n{''.join(lines)}@end 0\n"


def look(san: San, node: Node, argv: Sequence[str]) -> Answer:
    """Tell which agent a node has, and how many scripts of VMs lead to it."""
    assert argv == [AGENT, "/etc/vmstore/vm.d"]
    if not node.agent:
        return 0, "", ""
    text = node.files.get(AGENT, agent.text())
    version = "".join(f"version {line[14:]}\n" for line in text.splitlines() if line.startswith("agent_version="))
    scripts = "script\n" * sum(name == node.name for name, _ in san.scripts)
    return 0, f"sum {hashlib.sha256(text.encode()).hexdigest()}\n{version}executable\n{scripts}", ""


def file(node: Node, argv: Sequence[str], stdin: str) -> Answer | None:
    """Work on the agent's own files on a node; None for anything else."""
    folder = AGENT.rpartition("/")[0]
    if not argv[-1].startswith(folder):
        return None
    match list(argv):
        case ["sh", "-c", _, "agent-write", path]:
            node.files[path] = stdin[: node.cuts] if node.cuts else stdin
        case ["sh", "-c", _, "agent-compare", wanted, path]:
            if hashlib.sha256(node.files[path].encode()).hexdigest() != wanted:
                return 1, "", "sha256sum: WARNING: 1 computed checksum did NOT match\n"
        case ["cp", "-p", source, target]:
            node.files[target] = node.files.get(source, agent.text())
        case ["mv", source, target]:
            node.files[target] = node.files.pop(source)
            node.agent = node.agent or target == AGENT
        case ["sync", path]:
            assert path == folder or path in node.files
        case _:
            raise UnknownCommand(str(argv))
    return 0, "", ""


def _monitor(node: Node, target: str) -> str:
    vm = target.removeprefix("/vm/")
    if vm == target or "/" in vm:
        return ""
    if vm in node.paused:
        return f"{vm} 1 vmstore-vm: monitor {vm}: it is paused\n"
    return f"{vm} {0 if vm in node.running else 7} \n"


def run(san: San, node: Node, argv: Sequence[str]) -> Answer:
    """Run the agent as it is called by env(1)."""
    *settings, program, action = argv[1:]
    words = dict(word.removeprefix("OCF_RESKEY_").split("=", 1) for word in settings)
    vm = words["vm"]
    if program != AGENT or words["vg"] != san.vg or words["directory"] != f"/vm/{vm}":
        raise UnknownCommand(str(argv))
    if not node.agent:
        return 127, "", f"env: '{program}': No such file or directory\n"
    try:
        {"start": _start, "stop": _stop, "warm": _warm}[action](san, node, vm, words)
    except (AgentFailed, Refusal) as why:
        return 1, "", f"vmstore-vm: {action} {vm}: {why}\n"
    return 0, "", ""


def _lv(san: San, vm: str) -> Lv:
    if vm not in san.lvs:
        raise AgentFailed(f"LVM does not see {san.vg}/{vm}")
    return san.lvs[vm]


def _warm(san: San, node: Node, vm: str, words: dict[str, str]) -> None:
    _lv(san, vm)


def _start(san: San, node: Node, vm: str, words: dict[str, str]) -> None:
    lv = _lv(san, vm)
    if node.mounts.get(lv.uuid) != words["directory"]:
        lvm = Lvm(san, node)
        try:
            lvm.lock_vg()
            lvm.lock(lv)
        except Refusal as refusal:
            raise AgentFailed(f"the volume cannot be activated here: {refusal}") from None
        node.active.add(lv.uuid)
        if lv.fs is None or lv.fs.kind != words["fstype"]:
            raise AgentFailed("mount: wrong fs type, bad option, bad superblock")
        node.mounts[lv.uuid] = words["directory"]
    if vm in node.running:
        return
    if vm not in san.defined:
        raise AgentFailed(f"there is no {words['directory']}/{vm}.xml to start it from")
    node.paused.discard(vm)
    node.running.add(vm)
    san.suspended.discard(vm)


def _stop(san: San, node: Node, vm: str, words: dict[str, str]) -> None:
    lv = _lv(san, vm)
    if vm in node.running | node.paused:
        node.running.discard(vm)
        node.paused.discard(vm)
        san.suspended.add(vm)
    if node.mounts.get(lv.uuid) == words["directory"]:
        if lv.uuid in node.opened:
            raise AgentFailed("umount: target is busy (used by processes: 4711)")
        del node.mounts[lv.uuid]
    if lv.uuid in node.active:
        Lvm(san, node).closed(lv)
        node.active.discard(lv.uuid)
