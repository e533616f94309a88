"""Plan the removal of a VM's volume. Pure."""

from vmstore import names
from vmstore.errors import Refused
from vmstore.jobs import half_moved, lock_steps, where
from vmstore.jobs.activation_steps import Activate, Deactivate
from vmstore.jobs.step import Step
from vmstore.jobs.volume_steps import RemoveVolume, Rename, ZeroVolume
from vmstore.model import Inventory, LogicalVolume


def remove(world: Inventory, vm: str, *, wipe: bool) -> list[Step]:
    """Plan removing the volume, and what an earlier wipe that was cut off left of it; nothing if it is gone.

    A volume to be wiped first loses its name (it gets ``+gone`` behind it), so that nobody starts its VM on
    half of a disk. Raises Refused while it is active or mounted anywhere, ClusterUnusable where that is unknown.
    """
    steps: list[Step] = []
    going = world.lv(vm + names.GOING)
    if going is not None:
        steps += _wipe_and_remove(world, going, going.name, wipe=wipe)
    lv = world.lv(vm)
    if lv is not None or half_moved.why(world, vm):
        lv = where.volume(world, vm)
        _refuse_use(world, lv)
        node = where.place(world, lv).node
        if wipe:
            steps.append(Rename(node, world.vg.name, lv.name, vm + names.GOING))
        steps += _wipe_and_remove(world, lv, vm + names.GOING if wipe else vm, wipe=wipe)
    if steps:
        where.usable(world)
    return lock_steps.first(world, steps)


def _wipe_and_remove(world: Inventory, lv: LogicalVolume, name: str, *, wipe: bool) -> list[Step]:
    node = where.place(world, lv).node
    where.locks(world, node)
    at = (node, world.vg.name, name)
    if wipe:
        return [Activate(*at, world.vg.shared), ZeroVolume(*at, lv.size), Deactivate(*at), RemoveVolume(*at)]
    awake: list[Step] = [Deactivate(*at)] if world.activations(lv) else []
    return [*awake, RemoveVolume(*at)]


def _refuse_use(world: Inventory, lv: LogicalVolume) -> None:
    why = where.plain(lv)
    if why:
        raise Refused(
            f"{lv.name} is of a kind that vmstore does not remove",
            why=why,
            hint=f"look at `lvs -a {world.vg.name}` and remove it with LVM's own tools",
        )
    place = where.place(world, lv)
    if place.mount:
        raise Refused(
            f"{lv.name} is in use",
            why=f"it is mounted on {place.node} at {place.mount.target}",
            hint=f"`vmstore stop {lv.name}`; if no VM has it mounted, on {place.node}: "
            f"umount {place.mount.target} && lvchange -an {world.vg.name}/{lv.name}",
        )
    if not place.idle:
        raise Refused(
            f"{lv.name} is in use",
            why=f"it is active on {place.node}",
            hint=f"`vmstore stop {lv.name}`; if no VM has it, on {place.node}: lvchange -an {world.vg.name}/{lv.name}",
        )
    left = half_moved.why(world, lv.name)
    if lv.moving or left:
        copies = "pvmove copies it" if lv.moving_in else "it has a second leg on the PV that it goes to"
        raise Refused(
            f"{lv.name} is being moved",
            why=left or copies,
            hint="wait for the evacuation, or run it again if it was cut off",
        )
