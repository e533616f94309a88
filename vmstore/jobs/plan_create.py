"""Plan a VM's new volume. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from vmstore import names, sizes
from vmstore.errors import Refused, UsageError
from vmstore.jobs import half_moved, lock_steps, where
from vmstore.jobs.activation_steps import Deactivate
from vmstore.jobs.step import Step
from vmstore.jobs.volume_steps import MakeFileSystem, MakeVolume, RemoveVolume, Rename
from vmstore.model import Inventory, PhysicalVolume
from vmstore.policies import placement
from vmstore.policies.placement import Rules


@dataclass(frozen=True, slots=True)
class Create:
    """What was asked for; ``pvs`` are UUIDs, and ``storage_class`` is "" where the preference decides."""

    vm: str
    size: int
    fstype: str
    reserved_percent: int
    storage_class: str
    pvs: tuple[str, ...]
    activate: bool
    preference: tuple[str, ...]
    rules: Rules
    knows_autoactivation: bool


def create(world: Inventory, wish: Create) -> list[Step]:
    """Plan making the volume; nothing to do where it is there in that size.

    It is made under the VM's name with ``+new`` behind it and gets its name last, so one that bears the name
    is whole whenever the work was cut off. Raises Refused, NoRoom, UsageError, ClusterUnusable.
    """
    size = sizes.round_up(wish.size, world.vg.extent)
    there = where.volume(world, wish.vm) if half_moved.why(world, wish.vm) else world.lv(wish.vm)
    if there is not None:
        if there.size != size:
            raise Refused(
                f"{wish.vm} has a volume already",
                why=f"it is {sizes.show(there.size)}, not {sizes.show(size)}",
                hint=f"`vmstore grow {wish.vm} {sizes.typed(size)}` makes it larger"
                if there.size < size
                else f"`vmstore show {wish.vm}` shows it; volumes never shrink",
            )
        return []
    where.usable(world)
    half = world.lv(wish.vm + names.MAKING)
    steps: list[Step] = []
    node = world.reporter
    if half is not None:
        node = where.place(world, half).node
        # An unfinished volume has never held anything.
        if world.activations(half):
            steps.append(Deactivate(node, world.vg.name, half.name))
        steps.append(RemoveVolume(node, world.vg.name, half.name))
    where.locks(world, node)
    if half is not None:
        freed = half
        given_back = tuple(replace(pv, free=pv.free + freed.on(pv.uuid) * world.vg.extent) for pv in world.pvs)
        world = replace(world, pvs=given_back)
    chosen = placement.choose(world, wish.vm, size, _candidates(world, wish), wish.rules)
    making = wish.vm + names.MAKING
    steps += [
        MakeVolume(
            node,
            world.vg.name,
            making,
            extents=size // world.vg.extent,
            extent=world.vg.extent,
            pvs=tuple(where.device(world, node, pv) for pv in chosen),
            shared=world.vg.shared,
            knows_autoactivation=wish.knows_autoactivation,
        ),
        MakeFileSystem(node, world.vg.name, making, wish.fstype, wish.vm, wish.reserved_percent),
        *([] if wish.activate else [Deactivate(node, world.vg.name, making)]),
        Rename(node, world.vg.name, making, wish.vm),
    ]
    return lock_steps.first(world, steps)


def _candidates(world: Inventory, wish: Create) -> list[Sequence[PhysicalVolume]]:
    if wish.pvs:
        return [[_open(world, uuid, wish.storage_class) for uuid in wish.pvs]]
    if wish.storage_class:
        return [placement.by_class(world, wish.storage_class)]
    return [placement.by_class(world, name) for name in placement.preferred(world, wish.preference)]


def _open(world: Inventory, uuid: str, storage_class: str) -> PhysicalVolume:
    pv = next(pv for pv in world.pvs if pv.uuid == uuid)
    if storage_class and pv.storage_class != storage_class:
        raise UsageError(
            f"{pv.name} is not of class {storage_class}",
            why=f"its class is {pv.storage_class}",
            hint="give --class or --pv, not both",
        )
    if pv not in placement.open_to_new(world):
        raise Refused(
            f"{pv.name} takes no new volumes",
            why="it is cordoned, being emptied or missing",
            hint=f"`vmstore pv uncordon {pv.anywhere}` opens it again",
        )
    return pv
