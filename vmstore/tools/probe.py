"""Read what a node says of itself: the output of probe.sh, as facts. Pure but for loading the script."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from vmstore.model import Activation, Mount, NodeFacts
from vmstore.tools import blocks
from vmstore.tools.blocks import RawBlock
from vmstore.tools.sections import Unreadable, split

Sections = Mapping[str, Sequence[str]]


def script() -> str:
    """Load the script that nodes run."""
    return Path(__file__).with_name("probe.sh").read_text(encoding="utf-8")


def parse(node: str, text: str, own_blocks: Callable[[], Iterable[RawBlock]] | None = None) -> NodeFacts:
    """Turn the script's output into facts; ``own_blocks`` gives this host's disks in place of the script's.

    Raises Unreadable for an answer that is cut off, or a node whose device-mapper could not be asked: taking
    that for "nothing is active" would be a guess.
    """
    sections = _sections(node, text)
    numbers = {f"{major}:{minor}": uuid for uuid, major, minor, _, _ in _dm(sections)}
    mounts = dict(_mounts(sections))
    raw = list(own_blocks()) if own_blocks else list(_raw_blocks(sections))
    swaps = [line.split()[0] for line in sections.get("swaps", [])[1:] if line]
    return NodeFacts(
        name=node,
        active={
            uuid: Activation(node, int(opens), "s" in attr, _mounts_of(uuid, numbers, mounts))
            for uuid, _, _, opens, attr in _dm(sections)
            if uuid.startswith("LVM-")
        },
        blocks=blocks.disks(raw, {number: m[0].target for number, m in mounts.items()}, swaps),
        devices=dict(_devices(sections)),
        marks=frozenset(sections["marks"]),
        daemons=frozenset(line.strip() for line in sections["daemons"]),
        lockspaces=frozenset(sections["lockspaces"]),
    )


def _sections(node: str, text: str) -> Sections:
    found, torn = split(text)
    for name, section in found.items():
        if section.rc:
            raise Unreadable(node, f"reading {name} failed with exit code {section.rc}")
    missing = {"dm", "mounts", "space", "marks", "daemons", "lockspaces"} - found.keys()
    if missing or torn:
        raise Unreadable(node, f"the answer ends before {torn or sorted(missing)[0]}")
    return {name: section.lines for name, section in found.items()}


def _dm(sections: Sections) -> Iterator[list[str]]:
    # With no device at all dmsetup says "No devices found".
    return (fields for line in sections["dm"] if len(fields := line.split("|")) == 5)


def _mounts(sections: Sections) -> Iterator[tuple[str, tuple[Mount, ...]]]:
    space = {}
    for line in sections["space"]:
        unit, total, free, target = line.split("|", 3)
        space[target] = (int(unit) * int(total), int(unit) * (int(total) - int(free)))
    found: dict[str, tuple[Mount, ...]] = {}
    for line in sections["mounts"]:
        # proc(5), mountinfo: optional fields end at a lone hyphen; blanks in paths are octal.
        own, _, rest = line.partition(" - ")
        _, _, number, _, target = own.split()[:5]
        target = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), target)
        size, used = space.get(target, (None, None))
        found[number] = (*found.get(number, ()), Mount(target, rest.split()[0], size, used))
    return iter(found.items())


def _mounts_of(uuid: str, numbers: Mapping[str, str], mounts: Mapping[str, tuple[Mount, ...]]) -> tuple[Mount, ...]:
    return next((mounts[number] for number, owner in numbers.items() if owner == uuid and number in mounts), ())


def _devices(sections: Sections) -> Iterator[tuple[str, str]]:
    for line in sections.get("devices", []):
        uuid, name, _ = line.strip().split("|")
        # LVM lists a PV that it misses as [unknown].
        if name.startswith("/"):
            yield uuid, name


def _raw_blocks(sections: Sections) -> Iterator[RawBlock]:
    paths, links = _links(sections)
    for line in sections.get("sysfs", []):
        name, number, size, state, transport, wwid, disk_wwid, serial, dm, uuid, part, *rest = line.split("|")
        slaves, holders, sector = [*rest, ""][:3]
        major, _, minor = number.partition(":")
        told = {
            "MAJOR": major,
            "MINOR": minor,
            "DEVLINKS": " ".join(links.get(name, [])),
            "ID_SERIAL": serial.strip(),
            "DM_NAME": dm,
            "DM_UUID": uuid,
            "PARTN": part,
        }
        yield RawBlock(
            name=name,
            devpath=paths.get(name, ""),
            properties={key: value for key, value in told.items() if value},
            size=int(size),
            state=state,
            transport=transport,
            wwid=wwid or disk_wwid,
            slaves=tuple(slaves.split()),
            holders=tuple(holders.split()),
            sector=int(sector or 0),
        )


def _links(sections: Sections) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Sort symlinks into the place of each disk below /sys/devices, and the names that udev gives each in /dev."""
    paths: dict[str, str] = {}
    links: dict[str, list[str]] = {}
    for line in sections.get("links", []):
        link, _, target = line.partition(" ")
        name = target.rpartition("/")[2]
        if link.startswith("/sys/class/block/"):
            paths[name] = target[target.find("/devices/") :]
        else:
            links.setdefault(name, []).append(link)
    return paths, links
