"""What nodes of the simulated SAN tell when they are looked at for trouble: the text of checkup.sh.

A node tells of itself what San and Node have; what a test wants otherwise stands in ``Node.told``, by part: the lines
of its answer, or None for no answer in time.
"""

import time
from collections.abc import Callable, Sequence

from tests.support.san import Node, San
from vmstore.tools.agent import AGENT

# What lvmconfig --type full prints on Debian 12 (lvm2 2.03.16), as far as the script passes it on.
SETTINGS = [
    "\tuse_devicesfile=0",
    '\tfilter=["a|.*|"]',
    '\tdevicesfile="system.devices"',
    '\tglobal_filter=["a|.*|"]',
    "\tuse_lvmpolld=1",
    "\tuse_lvmlockd=1",
]


def answer(san: San, node: Node, arguments: Sequence[str]) -> str:
    """Write what the script prints, given its arguments."""
    _, vg, directory, agent, *more = arguments
    assert (vg, agent) == (san.vg, AGENT)
    parts: dict[str, Callable[[], list[str]]] = {
        "suspended": lambda: [f"{san.vg}-{lv.name}" for lv in san.lvs.values() if lv.uuid in node.suspended],
        "paths": lambda: _paths(san, node),
        "pvs": lambda: [f"  {lun.pv.uuid}|{lun.device(node.name)}|{lun.pv.vg}" for lun in san.pvs()
                        if lun.pv and lun.device(node.name)],
        "settings": lambda: SETTINGS,
        "locks": lambda: [f"VG {san.vg} lock_type=dlm x", f"LS dlm lvm_{san.vg}", "LK VG un ver 12",
                          *(f"LK LV ex {uuid}" for uuid in sorted(node.active))],
        "guests": lambda: [f"{target}/{target.rpartition('/')[2]}.xml:<memory unit='KiB'>65536<"
                           for target in node.mounts.values() if target.startswith(f"{directory}/")],
        "agent": lambda: [f"{'ab' * 32}  {AGENT}"] if node.agent else [],
        "dlm": lambda: ["enable_fencing=1"],
    }  # fmt: skip
    if "volumes" in more:
        parts["volumes"] = lambda: [f"  {lv.name}||enabled" for lv in san.lvs.values()]
    if f"fencing:{san.manager}" in more:
        parts["fencing"] = lambda: _cluster_conf(san)
    text = f"@begin {time.time() + node.ahead} 0\n"
    for part, tell in parts.items():
        lines = node.told.get(part, [])
        if part not in node.told:
            lines = tell()
        ends = 124 if lines is None else 0
        text += f"@{part}\n" + "".join(f"{line}\n" for line in lines or []) + f"@end {ends}\n"
    return f"{text}@over {time.time() + node.ahead}\n"


def _paths(san: San, node: Node) -> list[str]:
    found = []
    for lun in san.luns.values():
        if lun.mapper and lun.paths.get(node.name):
            names = lun.paths[node.name]
            states = (f"8:{16 * number} {'F' if (node.name, path) in lun.down else 'A'} 0"
                      for number, path in enumerate(names))  # fmt: skip
            groups = " ".join(f"A 0 1 2 {state} 0 1" for state in states)
            found.append(f"{lun.mapper}: 0 {lun.size // 512} multipath 2 0 0 0 {len(names)} 1 {groups}")
    return found


def _cluster_conf(san: San) -> list[str]:
    nodes = (f'<clusternode name="{name}"><fence><method name="1"><device name="apc"/></method></fence></clusternode>'
             for name in san.nodes)  # fmt: skip
    devices = '<fencedevices><fencedevice name="apc" agent="fence_apc"/></fencedevices>'
    return ['<?xml version="1.0"?>', '<cluster name="vmclu">', "<clusternodes>", *nodes, "</clusternodes>", devices,
            "</cluster>"]  # fmt: skip
