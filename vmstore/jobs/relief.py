"""Say how a plan that relieves PVs of volumes goes on where a run of it was cut off, PV by PV."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from vmstore import names
from vmstore.errors import Locked, Refused
from vmstore.jobs import joblook, lease, plan_used, where
from vmstore.jobs.joblook import Job
from vmstore.model import Inventory, LogicalVolume
from vmstore.policies.burden import Move
from vmstore.tools.nodes import Nodes


@dataclass(frozen=True, slots=True)
class Turn:
    """One PV, by UUID, and the moves off it."""

    source: str
    moves: tuple[Move, ...]


def cut_off(nodes: Nodes, world: Inventory) -> list[Job]:
    """List the reliefs of PVs that nobody works on any more. Raises Locked while one is at work."""
    found = [joblook.look(nodes, world, pv, tag) for pv in world.pvs if pv.relieved for tag in pv.leases]
    for job in found:
        if job.state not in ("stopped", "unknown"):
            raise Locked(
                "another vmstore is at work on what PVs bear",
                why=f"the job {job.name} is {job.state}, by {job.holder}",
                hint=f"wait until it is done, or `vmstore job abort {job.name}`",
            )
    return found


def settled(world: Inventory) -> Inventory:
    """Give the world as it will be when what reliefs have begun is brought to its end, and PVs are as before."""
    for pv in world.pvs:
        if pv.relieved:
            # A PV may bear the marks of two jobs only while these sort it out.
            world = _landed(plan_used.mend(world, pv.uuid)[1], pv.uuid)
    pvs = tuple(
        replace(pv, allocatable=any(map(lease.opens, pv.leases)), tags=pv.tags - set(pv.leases)) if pv.relieved else pv
        for pv in world.pvs
    )
    return replace(world, pvs=pvs)


def _landed(world: Inventory, source: str) -> Inventory:
    """Give the world when LVM's mirrors and second legs off a PV are at their end."""
    mirrors = world.mirrors(source)
    freed = sum(lv.on(source) for lv in mirrors.values())
    lvs: list[LogicalVolume] = []
    for lv in world.lvs:
        if lv.name in mirrors:
            continue
        if lv.leaving == source:
            kept = tuple(run for run in lv.extents if run.pv != source)
            freed += lv.on(source)
            lvs.append(replace(lv, extents=kept, leaving="", layout=("linear",)))
        elif mirrors.keys() & set(lv.moving_in):
            there = (run for name in lv.moving_in if name in mirrors for run in mirrors[name].extents)
            rest = tuple(name for name in lv.moving_in if name not in mirrors)
            extents = (*lv.extents, *(run for run in there if run.pv != source))
            lvs.append(replace(lv, extents=extents, moving_in=rest))
        else:
            lvs.append(lv)
    free = freed * world.vg.extent
    pvs = tuple(replace(pv, free=pv.free + free) if pv.uuid == source else pv for pv in world.pvs)
    return replace(world, lvs=tuple(lvs), pvs=pvs)


def begun(world: Inventory, jobs: Iterable[Job]) -> list[Move]:
    """Give what is left of what reliefs that were cut off were to move, as far as their records tell it."""
    found = []
    for job in jobs:
        for vm, target in sorted(_moves(job).items()):
            lv = world.lv(vm)
            if lv is not None and lv.on(job.pv.uuid) and world.pv(target) is not None:
                found.append(Move(vm, job.pv.uuid, target, lv.on(job.pv.uuid) * world.vg.extent))
    return found


def _moves(job: Job) -> dict[str, str]:
    moves = job.asked.get("moves")
    return {str(vm): str(target) for vm, target in moves.items()} if isinstance(moves, dict) else {}


def turns(world: Inventory, moves: Sequence[Sequence[Move]]) -> list[Turn]:
    """Say which PVs are worked on one after the other: those first that a run before has marked, moves or not."""
    wanted = [Turn(each[0].source, tuple(each)) for each in moves]
    sources = {turn.source for turn in wanted}
    idle = [Turn(pv.uuid, ()) for pv in world.pvs if pv.relieved and pv.uuid not in sources]
    return [*idle, *sorted(wanted, key=lambda turn: not marked(world, turn.source))]


def marked(world: Inventory, uuid: str) -> bool:
    """Tell whether a PV, by UUID, bears the mark of a relief."""
    pv = world.pv(uuid)
    return pv is not None and pv.relieved


def alone(world: Inventory, mine: Collection[str]) -> None:
    """Raise Locked where another run has begun to relieve other PVs than ``mine``: both would fill the same targets."""
    others = [pv for pv in world.pvs if pv.relieved and pv.uuid not in mine]
    if others:
        raise Locked(
            "another vmstore is at work on what PVs bear",
            why=f"{others[0].name} bears the mark of a job on {lease.node_of(others[0].leases[0])}",
            hint="see `vmstore job list`",
        )


def fixed(world: Inventory, exclude: Iterable[str]) -> dict[str, str]:
    """Say of each volume that cannot or shall not be moved why."""
    found = {}
    stay, sure = set(exclude), not world.unsure()
    for lv in world.lvs:
        if lv.private:
            continue
        why = "it shall stay where it is" if lv.name in stay else where.plain(lv)
        if not why and not names.of_vm(lv.name):
            why = "what makes, moves or removes it is not at its end"
        try:
            if not why and sure:
                where.place(world, lv)
        except Refused as error:
            why = f"{error.what} ({error.why})"
        if why:
            found[lv.name] = why
    return found
