"""Ask how much file systems are filled, without activating a volume, and how fast a PV is read."""

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
        # Of what is not known, volumes go by mirror; a node that does not answer is told of elsewhere.
        return {}
    found = dict(zip((lv.name for lv in lvs), map(used_blocks.used, answer.out.splitlines()), strict=False))
    return {name: used for name, used in found.items() if used is not None}


def filled_mounted(world: Inventory, pv: str) -> dict[str, int]:
    """Give the bytes in use of each mounted volume on a PV: all that its file system does not call free."""
    found = {}
    for lv in world.lvs:
        mounts = [mount for active in world.activations(lv) for mount in active.mounts]
        if not lv.on(pv) or len(mounts) != 1 or mounts[0].fstype not in ("ext3", "ext4"):
            continue
        size, used = mounts[0].size, mounts[0].used
        if size is not None and used is not None:
            found[lv.name] = lv.size - (size - used)
    return found


def speed(nodes: Nodes, world: Inventory, pv: str) -> int:
    """Read a sample of a volume on a PV where it is active; give bytes a second, 0 where there is none or it fails."""
    for lv in world.lvs:
        active = world.activations(lv)
        if active and lv.extents and lv.extents[0].pv == pv and not lv.private:
            answer = nodes.run(active[0].node, used_blocks.sample(f"/dev/{world.vg.name}/{lv.name}"))
            return used_blocks.speed(answer)
    return 0


def _idle(world: Inventory, lv: LogicalVolume) -> bool:
    return not where.plain(lv, ("linear",)) and not lv.moving_in and not world.activations(lv) and not world.unsure()
