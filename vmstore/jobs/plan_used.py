"""Plan moving volumes that nobody uses by copying what their file systems use, and finishing such a move. Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from vmstore.errors import Refused
from vmstore.jobs import freezing, suspending, where
from vmstore.jobs.activation_steps import Deactivate
from vmstore.jobs.half_moved import Half, halves
from vmstore.jobs.parts import Ground, Part
from vmstore.jobs.step import Step
from vmstore.jobs.used_steps import CopyUsed, MakeCopy, TakeName
from vmstore.jobs.volume_steps import RemoveVolume, Rename
from vmstore.model import Inventory, LogicalVolume
from vmstore.policies import engines


def moves(ground: Ground, parts: Sequence[Part]) -> list[Step]:
    """Plan moving volumes, one after the other; each service stays frozen, or suspended, until that is done."""
    steps: list[Step] = []
    for part in parts:
        world, wish, lv, node = ground.world, ground.wish, part.lv, part.place.node
        where.locks(world, node)
        if part.place.idle:
            before, after = freezing.pair(world, lv, wish.lock(lv.name), ground.source.uuid)
        else:
            note = wish.suspended(lv.name, node)
            before, after = suspending.pair(world, note, ground.source.uuid, wish.patience)
        at = (node, world.vg.name, lv.name)
        make = MakeCopy(
            *at,
            extents=lv.size // world.vg.extent,
            extent=world.vg.extent,
            targets=tuple(where.device(world, node, pv) for pv in ground.room[lv.name]),
            shared=world.vg.shared,
            knows_autoactivation=wish.knows_autoactivation,
            tags=lv.tags,
            why=str(part.choice),
            onto=where.called(world, node, ground.room[lv.name]),
        )
        limit = 0 if part.place.idle else max(1, wish.suspend - engines.SWAP)
        copy = CopyUsed(*at, lv.size, wish.filled[lv.name], limit)
        steps += [*before, make, copy, TakeName(*at), *after]
    return steps


def mend(world: Inventory, pv: str) -> tuple[list[Step], Inventory]:
    """Plan finishing or throwing away what such moves off a PV, by UUID, left; give the world as it will be then.

    A copy without its name may be half of one and is thrown away. One whose name the old volume has given up is whole,
    and gets it. Raises Refused where somebody uses what shall be removed.
    """
    steps: list[Step] = []
    for half in halves(world):
        if not half.leaves(pv):
            continue
        if half.lv is None:
            taken = half.old if half.void or not half.copy else half.copy
            assert taken is not None
            node = _free(world, half.vm, taken)
            steps.append(Rename(node, world.vg.name, taken.name, half.vm))
        else:
            taken = half.lv
        others = [each for each in half.parts if each is not taken]
        for gone in others:
            node = _free(world, half.vm, gone)
            awake = [Deactivate(node, world.vg.name, gone.name)] if world.activations(gone) else []
            steps += [*awake, RemoveVolume(node, world.vg.name, gone.name)]
        world = _mended(world, half, taken, others)
    return steps, world


def _free(world: Inventory, vm: str, lv: LogicalVolume) -> str:
    """Give the node to work on what is left of a move. Raises Refused where somebody has it open."""
    place = where.place(world, lv)
    if place.active and place.active.opens:
        raise Refused(
            f"{lv.name} is in use",
            why=f"it is open on {place.node}; it is left of moving {vm}, and the program that copies may still end",
            hint=f"try again in a minute; on {place.node}: lsblk, mount",
        )
    where.locks(world, place.node)
    return place.node


def _mended(world: Inventory, half: Half, taken: LogicalVolume, gone: Sequence[LogicalVolume]) -> Inventory:
    others = tuple(lv for lv in world.lvs if lv not in half.parts)
    freed = {pv.uuid: sum(lv.on(pv.uuid) for lv in gone) * world.vg.extent for pv in world.pvs}
    pvs = tuple(replace(pv, free=pv.free + freed[pv.uuid]) for pv in world.pvs)
    return replace(world, lvs=(*others, replace(taken, name=half.vm)), pvs=pvs)
