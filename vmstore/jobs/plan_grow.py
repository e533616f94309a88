"""Plan the growth of a VM's volume. Pure."""

from vmstore import sizes
from vmstore.errors import Refused
from vmstore.jobs import half_moved, where
from vmstore.jobs.activation_steps import Activate, Deactivate
from vmstore.jobs.step import Step
from vmstore.jobs.volume_steps import CheckFileSystem, ExtendVolume, ResizeFileSystem
from vmstore.model import Inventory, LogicalVolume, PhysicalVolume
from vmstore.policies import placement
from vmstore.policies.placement import Rules
from vmstore.sizes import Growth
from vmstore.tools.fs import Superblock


def target(world: Inventory, lv: LogicalVolume, growth: Growth, filesystem: int | None) -> int:
    """Turn the wish into the size that the volume shall have, in bytes and whole extents.

    ``+10G`` counts from the size of the file system, where that is known: after a growth that was cut off
    between volume and file system, the same command then ends at the same size. Raises Refused for less than
    there is.
    """
    size = sizes.round_up(growth.size, world.vg.extent)
    if growth.relative:
        base = lv.size if filesystem is None or lv.size - filesystem < size else filesystem
        return sizes.round_up(base + size, world.vg.extent)
    if size < lv.size:
        raise Refused(
            f"{lv.name} would shrink from {sizes.show(lv.size)} to {sizes.show(size)}",
            why="shrinking can cut off data, so vmstore never does it",
            hint="create a smaller volume and copy the VM's files over",
        )
    return size


def wake(world: Inventory, lv: LogicalVolume) -> list[Step]:
    """Plan what makes the file system readable: nothing for an active volume."""
    place = _place(world, lv)
    return [Activate(place.node, world.vg.name, lv.name, world.vg.shared)] if place.active is None else []


def grow(world: Inventory, lv: LogicalVolume, size: int, block: Superblock | None, rules: Rules) -> list[Step]:
    """Plan growing to ``size`` bytes: online where it is mounted, else checked first and left inactive if it was.

    ``block`` is the file system's superblock, None where it cannot be read yet. The file system may fall short
    of its device by less than a block group, since mke2fs drops a tiny last one. Raises Refused, NoRoom,
    ClusterUnusable.
    """
    place = _place(world, lv)
    if lv.size >= size and block is not None and block.size > lv.size - block.group:
        return [Deactivate(place.node, world.vg.name, lv.name)] if place.active and place.idle else []
    mounted = place.mount is not None
    name = (place.node, world.vg.name, lv.name)
    steps: list[Step] = [*wake(world, lv)]
    if not mounted:
        steps.append(CheckFileSystem(*name))
    if lv.size < size:
        chosen = placement.choose(world, lv.name, size - lv.size, _candidates(world, lv, rules), rules)
        devices = tuple(where.device(world, place.node, pv) for pv in chosen)
        steps.append(ExtendVolume(*name, size // world.vg.extent, world.vg.extent, devices))
    steps.append(ResizeFileSystem(*name, max(size, lv.size), mounted))
    if place.idle:
        steps.append(Deactivate(*name))
    return steps


def _place(world: Inventory, lv: LogicalVolume) -> where.Place:
    why = where.plain(lv, ("linear",))
    if why:
        raise Refused(
            f"{lv.name} is of a kind that vmstore does not grow",
            why=why,
            hint=f"grow it with LVM's own tools: lvextend {world.vg.name}/{lv.name}",
        )
    left = half_moved.why(world, lv.name)
    if lv.moving or left:
        copies = "pvmove copies it" if lv.moving_in else "a leg of it comes in"
        raise Refused(
            f"{lv.name} is being moved",
            why=left or f"LVM does not extend a volume while {copies}",
            hint="wait for the evacuation, or run it again if it was cut off",
        )
    where.usable(world)
    place = where.place(world, lv)
    where.locks(world, place.node)
    if place.active and place.active.opens and not place.mount:
        raise Refused(
            f"{lv.name} is open on {place.node} but not mounted",
            why="something else than a mount uses the device, so its file system cannot be checked or grown",
            hint=f"see what it is: on {place.node}, lsblk /dev/{world.vg.name}/{lv.name}",
        )
    return place


def _candidates(world: Inventory, lv: LogicalVolume, rules: Rules) -> list[list[PhysicalVolume]]:
    open_pvs = placement.open_to_new(world)
    own = {run.pv for run in lv.extents}
    classes = {pv.storage_class for pv in world.pvs if pv.uuid in own}
    # Beside its own extents first, then on others of its class; never on another class unasked.
    found = [
        [pv for pv in open_pvs if pv.uuid in own],
        [pv for pv in open_pvs if pv.storage_class in classes],
    ]
    # How much of it goes to which of several PVs is up to LVM, so to keep to limits of PVs it goes to one.
    return [[pv] for pvs in found for pv in pvs] if rules.most else found
