"""Ask how much the file systems of volumes that nobody uses are filled, without activating one."""

from vmstore.errors import VmstoreError
from vmstore.jobs import where
from vmstore.model import Inventory, LogicalVolume
from vmstore.tools import used_blocks
from vmstore.tools.nodes import Nodes


def filled(nodes: Nodes, world: Inventory, pv: str) -> dict[str, int]:
    """Give the bytes in use of each idle volume on a PV, by UUID, whose ext file system can tell them.

    Superblocks are read from the PV itself, which is safe where nobody has the volume active, and a guess where a
    volume is just being taken into use; what is copied is decided from the active volume.
    """
    source = world.pv(pv)
    lvs = [lv for lv in world.lvs if lv.extents and lv.extents[0].pv == pv and _idle(world, lv)]
    if source is None or not lvs or not source.start:
        return {}
    device = where.device(world, world.reporter, pv)
    places = [(device, source.start + lv.extents[0].start * world.vg.extent) for lv in lvs]
    try:
        answer = nodes.run(world.reporter, used_blocks.peek(places))
    except VmstoreError:
        return {}
    found = dict(zip((lv.name for lv in lvs), map(used_blocks.used, answer.out.splitlines()), strict=False))
    return {name: used for name, used in found.items() if used is not None}


def _idle(world: Inventory, lv: LogicalVolume) -> bool:
    return not where.plain(lv, ("linear",)) and not lv.moving_in and not world.activations(lv) and not world.unsure()
