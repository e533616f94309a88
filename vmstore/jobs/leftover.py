"""Finish what an earlier run left of taking a PV out: the VG no longer has it, but its label is still there."""

from vmstore.errors import NotFound
from vmstore.jobs import plan_pv
from vmstore.jobs.pv_steps import WipeLabel
from vmstore.jobs.step import Step
from vmstore.model import Inventory
from vmstore.tools import fs, lvm
from vmstore.tools.nodes import Nodes


def plan(nodes: Nodes, world: Inventory, text: str, not_found: NotFound) -> list[Step]:
    """Plan the rest for a disk that is in no VG: nothing where it carries nothing.

    Raises ``not_found`` where the disk carries or does anything else, NotFound where there is no such disk.
    """
    disk = plan_pv.find_device(world, text)
    node = world.reporter
    signatures = fs.listed(disk.name, nodes.run(node, fs.signatures(disk.name)))
    if disk.uses or signatures not in ([], ["LVM2_member"]):
        raise not_found
    if not signatures:
        return []
    vg = nodes.run(node, lvm.vg_of(disk.name))
    if not vg.ok or vg.out.strip():
        raise not_found
    return [WipeLabel(node, world.vg.name, disk.name)]
