"""See through to the legs of volumes that have several, and tell which of them vmstore has added to move one."""

import re
from collections.abc import Iterable, Mapping, Sequence

from vmstore.model import LEG_TAG, Allocation, PhysicalVolume

# lvm2 lib/metadata/raid_manip.c names the two parts of a leg so; the segments of the LV above list the images only.
_IMAGE = re.compile(r"(.+)_rimage_(\d+)\(")

Extents = Mapping[str, tuple[Allocation, ...]]
Legs = Mapping[str, Sequence[tuple[str, str]]]


def of(segments: Iterable[tuple[str, str]]) -> Legs:
    """Name the legs of each LV that has some, image and metadata; ``segments`` are names and devices."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, devices in segments:
        if "_rimage_" in devices:
            images = (_IMAGE.match(device) for device in devices.split(","))
            found[name] = [(f"{at[1]}_rimage_{at[2]}", f"{at[1]}_rmeta_{at[2]}") for at in images if at]
    return found


def joined(extents: Extents, legs: Legs) -> Extents:
    """Give the extents of legs to the LVs above them, so that nothing is counted twice."""
    if not legs:
        return extents
    parts = {part for pairs in legs.values() for pair in pairs for part in pair}
    found = {name: runs for name, runs in extents.items() if name not in parts}
    for name, pairs in legs.items():
        found[name] = tuple(run for pair in pairs for part in pair for run in extents.get(part, ()))
    return found


def leaving(extents: Extents, legs: Legs, pvs: Iterable[PhysicalVolume]) -> dict[str, str]:
    """Name the PV, by UUID, that each volume is being moved off: it bears a note, and the first of two legs.

    Without the note, two legs are what the admin wants, and neither is vmstore's to drop.
    """
    found = {}
    for pv in pvs:
        for name in (tag.removeprefix(LEG_TAG) for tag in pv.legs):
            on = [{run.pv for part in pair for run in extents.get(part, ())} for pair in legs.get(name, ())]
            # LVM puts the leg that was there first, so a leg that somebody adds on this PV is another thing.
            if len(on) == 2 and on[0] == {pv.uuid} and pv.uuid not in on[1]:
                found[name] = pv.uuid
    return found
