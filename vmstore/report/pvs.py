"""Say of each PV what an admin asks: how it is reached, its class, its room, and whether it takes more. Pure."""

from typing import TypedDict

from vmstore.jobs import lease
from vmstore.model import Inventory, PhysicalVolume
from vmstore.report.json_types import Count, Size

_Class = TypedDict("_Class", {"class": str})


class PvRow(_Class):
    """A PV, by the name that the reporting node has for it; ``wwid`` and ``uuid`` are the same everywhere."""

    name: str
    transport: str
    wwid: str | None
    uuid: str
    paths: Count
    paths_up: Count
    size: Size
    free: Size
    cordoned: bool
    state: str


def rows(world: Inventory) -> list[PvRow]:
    """Describe every PV, by class and name."""
    return [_row(pv) for pv in sorted(world.pvs, key=lambda pv: (pv.storage_class, pv.name))]


def _row(pv: PhysicalVolume) -> PvRow:
    device = pv.device
    return {
        "name": pv.name,
        "transport": pv.transport,
        "class": pv.storage_class,
        "wwid": (device.wwid if device else "") or None,
        "uuid": pv.uuid,
        "paths": device.paths if device else 0,
        "paths_up": device.paths_up if device else 0,
        "size": pv.size,
        "free": pv.free,
        "cordoned": pv.cordoned,
        "state": state(pv) or "ok",
    }


def state(pv: PhysicalVolume) -> str:
    """Say in words what is not as usual; "" for nothing."""
    states = []
    if pv.missing:
        states.append("missing")
    if pv.cordoned:
        states.append("cordoned")
    if pv.leases:
        what = "being relieved of volumes" if pv.relieved else "being emptied"
        states.append(f"{what} (lock on {', '.join(lease.node_of(tag) for tag in pv.leases)})")
    if pv.device and pv.device.paths_up < pv.device.paths:
        states.append(f"{pv.device.paths - pv.device.paths_up} of {pv.device.paths} paths down")
    return ", ".join(states)
