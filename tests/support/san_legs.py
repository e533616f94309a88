"""LVM's lvconvert on the simulated SAN, as far as it adds and drops legs: what it refuses is of lvm2's raid_manip.c."""

from collections.abc import Sequence

from tests.support.san import EXTENT, Lv
from tests.support.san_lvm import Lvm, Refusal
from tests.support.san_options import UnknownCommand, options_of
from tests.support.san_parts import Leg, Run


def lvconvert(lvm: Lvm, argv: Sequence[str]) -> str:
    """Add a leg to a volume, or drop one of two."""
    options, (name, *devices) = options_of(argv, flags=("--yes",), valued=("--type", "--mirrors"))
    assert "--yes" in options, "it would ask"
    lv = lvm.lv(name)
    lvm.lock(lv)
    if lv.uuid not in lvm.node.active:
        raise Refusal(f"{name} must be active to perform this operation.")
    if lv.move:
        raise Refusal(f"Unable to convert locked LV {name}.")
    match options.get("--type"), options["--mirrors"]:
        case "raid1", "1":
            _add(lvm, lv, name, devices)
        case None, "0":
            _drop(lvm, lv, name, devices)
        case other:
            raise UnknownCommand(f"lvconvert {other}")
    return f"  Logical volume {name} successfully converted.\n"


def _add(lvm: Lvm, lv: Lv, name: str, devices: Sequence[str]) -> None:
    if lv.leg:
        return
    if lv.layout != "linear":
        raise Refusal(f"Unable to add RAID images to {name} of segment type {lv.layout}.")
    own = {run.pv for run in lv.runs}
    beside = [pv for pv in (lvm.pv_of(lun) for lun in lvm.san.pvs()) if pv.uuid in own and pv.allocatable]
    first = lvm.san.take(1, [pv.uuid for pv in beside])
    if first is None:
        raise Refusal("Insufficient suitable allocatable extents for logical volume : 1 more required")
    runs = lvm.room(lv.size // EXTENT + 1, [pv for pv in lvm.open_to_new(devices) if pv not in own])
    meta = Run(runs[0].pv, runs[0].start, 1)
    runs[0].start, runs[0].count = runs[0].start + 1, runs[0].count - 1
    lvm.commit()
    lv.leg = Leg([run for run in runs if run.count], [*first, meta])
    lv.layout = "raid,raid1"


def _drop(lvm: Lvm, lv: Lv, name: str, devices: Sequence[str]) -> None:
    if lv.leg is None:
        raise Refusal(f"Logical volume {name} is already of type linear.")
    there = {lvm.pv(device).uuid for device in devices}
    if there & {run.pv for run in lv.runs}:
        if lv.leg.synced < 100 or 1 in lv.leg.dead:
            raise UnknownCommand(f"the only whole leg of {name} was to be dropped")
        lv.runs = lv.leg.new
    elif not there & {run.pv for run in lv.leg.new}:
        raise Refusal("Unable to extract enough images to satisfy request.")
    elif 0 in lv.leg.dead:
        raise UnknownCommand(f"the only living leg of {name} was to be dropped")
    lvm.commit()
    lv.leg, lv.layout = None, "linear"
