"""Have every node tell what could make a later command fail there, all at once, and read it (see checkup.sh)."""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from vmstore.checkup import Guest, NodeCheckup
from vmstore.model import Inventory
from vmstore.services import NONE
from vmstore.tools import managers
from vmstore.tools.agent import AGENT
from vmstore.tools.nodes import Nodes, Unreachable
from vmstore.tools.sections import Section, Unreadable, split

# Seconds after which parts are left behind, beyond those for which the script lets each run.
_COLLECTING = 2
_UNITS = {"b": 1, "bytes": 1, "kb": 1000, "k": 2**10, "kib": 2**10, "mb": 10**6, "m": 2**20, "mib": 2**20,
          "gb": 10**9, "g": 2**30, "gib": 2**30, "tb": 10**12, "t": 2**40, "tib": 2**40}  # fmt: skip
_NO_PROGRAM = 127
# What every node is asked for.
_ALL = frozenset({"suspended", "paths", "pvs", "settings", "locks", "guests", "agent", "dlm"})
_DUPLICATE = re.compile(r"Not using (?:duplicate )?device (\S+) for PV (\S+?)\.?$")


def script() -> str:
    """Load the script that nodes run."""
    return Path(__file__).with_name("checkup.sh").read_text(encoding="utf-8")


def look(
    nodes: Nodes, world: Inventory, directory: str, clock: Callable[[], float] = time.time
) -> tuple[dict[str, NodeCheckup], dict[str, str]]:
    """Ask every node that is not called off; give what they told, and of those that told nothing why.

    ``directory`` is where the volumes of VMs are mounted.
    """
    limit = max(1, nodes.ssh.answer_timeout // 2 - _COLLECTING)
    questions = {
        node: ["bash", "-s", str(limit), world.vg.name, directory, AGENT, *_more(world, node)]
        for node in nodes.names
        if node not in world.absent
    }
    began = clock()
    told: dict[str, NodeCheckup] = {}
    silent: dict[str, str] = {}
    for node, answer in nodes.ask(questions, script()).items():
        if isinstance(answer, Unreachable):
            silent[node] = f"does not answer ({answer.why})"
            continue
        try:
            told[node] = parse(node, answer.out, (began, began + answer.seconds), limit)
        except Unreadable as error:
            silent[node] = f"gave no whole answer ({error.why if answer.out else answer.reason()})"
    return told, silent


def _more(world: Inventory, node: str) -> list[str]:
    """Say what not every node of every cluster is asked: what the metadata tells, and what the manager does."""
    volumes = ["volumes"] if node == world.reporter and not world.unread else []
    cluster = world.cluster
    managed = cluster is not None and cluster.manager != NONE and cluster.reporter == node
    order = ["order"] if cluster is not None and cluster.manager == "pacemaker" else []
    return [*volumes, *order, *([f"fencing:{cluster.manager}"] if cluster and managed else [])]


def parse(node: str, text: str, asked: tuple[float, float], limit: int) -> NodeCheckup:
    """Turn the script's output into facts; ``asked`` is between which moments of this host's clock it ran.

    Raises Unreadable for an answer that is cut off, or that does not come from root.
    """
    begin = re.search(r"^@begin ([0-9.]+) ([0-9]+)$", text, re.MULTILINE)
    over = re.search(r"^@over ([0-9.]+)$", text, re.MULTILINE)
    sections, torn = split(text)
    if begin and begin[2] != "0":
        raise Unreadable(node, f"it was asked as user {begin[2]}, and only root may look at LVM and the cluster")
    if begin is None or over is None or torn or _ALL - sections.keys():
        raise Unreadable(node, "the answer is cut off")
    untold = {part: why for part, section in sections.items() if (why := _why(section, limit))}

    def lines(part: str) -> Sequence[str]:
        return sections[part].lines if part in sections and part not in untold else ()

    settings, listed = _settings(lines("settings"))
    guests, suspends = _guests(lines("guests"))
    return NodeCheckup(
        name=node,
        untold=untold,
        # It began after it was asked and ended before the answer was there, whatever the network took.
        ahead=(float(over[1]) - asked[1], float(begin[1]) - asked[0]),
        suspended=tuple(lines("suspended")),
        paths=_paths(lines("paths")),
        devices=_devices(lines("pvs")),
        duplicates=_duplicates(lines("pvs")),
        settings=settings,
        listed=listed,
        locks=dict(_locks(lines("locks"))),
        guests=guests,
        suspends=suspends,
        agent="".join(line.split()[0] for line in lines("agent")[:1]),
        dlm_fences=_dlm(lines("dlm")),
        autoactivated=_autoactivated(lines("volumes")) if "volumes" in sections and "volumes" not in untold else None,
        unfenced=_unfenced(lines("fencing")),
        unordered=_unordered(lines("order")),
    )


def _why(section: Section, limit: int) -> str:
    """Say why a part counts as untold, "" where it does not."""
    if not section.rc:
        return ""
    # They are timeout(1)'s: it was ended, or killed.
    if section.rc in (124, 137):
        return f"no answer within {limit} s"
    said = [line.strip() for line in section.lines if line.strip()]
    telling = next((line for line in reversed(said) if not line.startswith("WARNING:")), f"exit code {section.rc}")
    return f"there is no such program ({telling})" if section.rc == _NO_PROGRAM else telling


def _paths(lines: Sequence[str]) -> dict[str, str]:
    # "NAME: START LENGTH multipath …", then for each path its device, its state and counters (Linux dm-mpath.c).
    found = {}
    for line in lines:
        name, _, rest = line.partition(": ")
        if " multipath " in f" {rest} ":
            found[name] = "".join(re.findall(r" \d+:\d+ ([AF])\b", rest))
    return found


def _devices(lines: Sequence[str]) -> dict[str, str]:
    # A PV that LVM misses is listed too, as [unknown] or "unknown device".
    fields = (line.strip().split("|") for line in lines)
    return {each[0]: each[1] for each in fields if len(each) == 3 and each[1].startswith("/")}


def _duplicates(lines: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        if match := _DUPLICATE.search(line.strip()):
            found[match[2]] = (*found.get(match[2], ()), match[1])
    return found


def _settings(lines: Sequence[str]) -> tuple[dict[str, str], frozenset[str] | None]:
    mark = lines.index("devices-file") if "devices-file" in lines else len(lines)
    settings = dict(line.strip().split("=", 1) for line in lines[:mark] if "=" in line)
    if mark == len(lines) or settings.get("use_devicesfile") != "1":
        return settings, None
    return settings, frozenset(re.findall(r"\bPVID=(\w+)", "\n".join(lines[mark:])))


def _locks(lines: Sequence[str]) -> list[tuple[str, str]]:
    words = (line.split() for line in lines)
    return [(each[3], each[2]) for each in words if each[:2] == ["LK", "LV"] and len(each) >= 4]


def _guests(lines: Sequence[str]) -> tuple[dict[str, Guest], bool]:
    found: dict[str, Guest] = {}
    suspends = True
    for line in lines:
        if line.startswith("stop_mode="):
            suspends = line != "stop_mode=shutdown"
            continue
        file, _, told = line.partition(":")
        vm = Path(file).parent.name
        known = found.get(vm, Guest())
        if told.startswith("kept "):
            found[vm] = Guest(known.memory, known.kept + int(told.removeprefix("kept ")))
        elif size := _memory(told):
            found[vm] = Guest(max(known.memory, size), known.kept)
    return found, suspends


def _memory(told: str) -> int:
    """Read the memory of a definition; KiB is libvirt's default (formatdomain), and MiB what VMware counts in."""
    if match := re.search(r'memsize *= *"?(\d+)', told, re.IGNORECASE):
        return int(match[1]) * 2**20
    match = re.search(r"<memory([^>]*)>(\d+)<", told)
    if match is None:
        return 0
    unit = re.search(r"unit=['\"](\w+)['\"]", match[1])
    return int(match[2]) * _UNITS.get((unit[1] if unit else "KiB").lower(), 0)


def _dlm(lines: Sequence[str]) -> bool | None:
    told = (re.match(r"enable_fencing=(\d)", line) for line in lines)
    return next((match[1] == "1" for match in told if match), None)


def _autoactivated(lines: Sequence[str]) -> tuple[str, ...]:
    fields = (line.strip().split("|") for line in lines)
    return tuple(each[0] for each in fields if len(each) == 3 and each[1:] == ["enabled", "enabled"])


def _unfenced(lines: Sequence[str]) -> tuple[str, ...]:
    """Say what the manager could not switch off, from Pacemaker's configuration or from cluster.conf."""
    text = "\n".join(lines)
    root = managers.document(text)
    if root is None:
        return ("its configuration cannot be read",) if text else ()
    if root.tag == "cluster":
        devices = {each.get("name") for each in root.iterfind("fencedevices/fencedevice")}
        nodes = root.findall("clusternodes/clusternode")
        return tuple(
            f"{node.get('name')} has no fence device"
            for node in nodes
            if not devices & {each.get("name") for each in node.iterfind("fence/method/device")}
        )
    options = {each.get("name"): each.get("value", "") for each in root.iter("nvpair")}
    if options.get("stonith-enabled", "true").lower() in ("false", "off", "no", "n", "0"):
        return ("stonith-enabled is false",)
    # Alone with a watchdog, a node that is cut off resets itself, and no device is configured.
    alone = options.get("stonith-watchdog-timeout", "0") not in ("", "0", "0s")
    kinds = (*root.iter("primitive"), *root.iter("template"))
    devices = {each.get("id") for each in kinds if each.get("class") == "stonith"}
    return () if devices or alone else ("no fence device is configured",)


def _unordered(lines: Sequence[str]) -> tuple[str, ...]:
    """Name the units that run and that Pacemaker is not started after, itself or by the target that is for it."""
    units = {}
    for block in "\n".join(lines).split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        units[unit.get("Id", "")] = unit
    running = {name: unit["After"].split() for name, unit in units.items() if unit.get("ActiveState") == "active"}
    first = running.pop("pacemaker.service", None)
    # A target that is not up orders nothing.
    through = running.pop("resource-agents-deps.target", [])
    return () if first is None else tuple(name for name in running if name not in {*first, *through})
