"""Say which PVs cannot take a part of a volume, whatever the rules of placement are."""

from collections.abc import Iterable

from vmstore.model import Inventory, LogicalVolume


def unfit(world: Inventory, lv: LogicalVolume) -> set[str]:
    """List those PVs, by UUID."""
    return stripes(lv) | coarser(world, lv)


def stripes(lv: LogicalVolume) -> set[str]:
    """List the PVs, by UUID, that bear stripes of a volume.

    LVM moves none to another one's PV (lvm2 lib/metadata/lv_manip.c, build_parallel_areas_from_lv).
    """
    return {run.pv for run in lv.extents} if "striped" in lv.layout else set()


def coarser(world: Inventory, lv: LogicalVolume) -> set[str]:
    """List the PVs, by UUID, whose sectors are larger than those that a volume lies on.

    LVM would move it there. A file system of smaller blocks is not mounted any more then, and a guest that reads and
    writes by the old sectors, past the page cache, gets errors.
    """
    own = {run.pv for run in lv.extents}
    most = max((pv.sector for pv in world.pvs if pv.uuid in own), default=0)
    return {pv.uuid for pv in world.pvs if 0 < most < pv.sector}


def why(world: Inventory, vms: Iterable[str]) -> list[str]:
    """Say of VMs' volumes what keeps them off PVs."""
    lvs = [lv for vm in sorted(vms) if (lv := world.lv(vm))]
    striped = ", ".join(lv.name for lv in lvs if stripes(lv))
    finer = ", ".join(lv.name for lv in lvs if coarser(world, lv))
    return [
        *([f"LVM keeps the stripes of {striped} on different PVs"] if striped else []),
        *([f"{finer} cannot go to LUNs with larger sectors"] if finer else []),
    ]
