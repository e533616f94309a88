"""Plan emptying a PV: which volume moves where, on which node, and why it cannot be done. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby

from vmstore import names, sizes
from vmstore.errors import ClusterUnusable, NoRoom, Refused, UsageError
from vmstore.jobs import (
    choices,
    freezing,
    lease,
    lock_steps,
    marks,
    plan_mirror,
    plan_pv,
    plan_raid1,
    plan_used,
    suspending,
    where,
)
from vmstore.jobs.activation_steps import LeaveInactive
from vmstore.jobs.half_moved import halves
from vmstore.jobs.parts import Evacuate, Ground, Part
from vmstore.jobs.pv_steps import BeginEvacuation, EndEvacuation, EndRelief, SetAllocatable
from vmstore.jobs.step import Step
from vmstore.model import Inventory, LogicalVolume, PhysicalVolume
from vmstore.policies import engines, placement, safety
from vmstore.policies.engines import Engine

_PLANS: Mapping[Engine, Callable[[Ground, Sequence[Part]], list[Step]]] = {
    Engine.MIRROR: plan_mirror.moves,
    Engine.RAID1: plan_raid1.moves,
    Engine.USED: plan_used.moves,
}


def evacuate(world: Inventory, wish: Evacuate) -> list[Step]:
    """Plan the whole evacuation; nothing where the PV is empty, cordoned and unmarked already.

    Refusals come before anything is changed: Refused for volumes of a kind that cannot move, NoRoom where the
    plan as a whole does not fit, ClusterUnusable where a holder is unknown or a daemon is missing.
    """
    source = world.pv(wish.source)
    if source is None:
        return []
    if source.uuid in wish.targets:
        raise UsageError(
            f"{source.name} cannot be emptied onto itself",
            why="it stands among the targets",
            hint="name another PV or a class with --to",
        )
    node = world.reporter
    staying = tuple(sorted(lv.name for lv in world.lvs if wish.stays(lv.name) and lv.on(source.uuid)))
    if staying and wish.remove:
        raise UsageError(
            f"{source.name} cannot leave {world.vg.name}",
            why=f"{', '.join(staying)} shall stay on it",
            hint="leave out --remove, or --exclude (and `exclude` in the settings)",
        )
    where.usable(world)
    where.locks(world, node)
    here = (node, world.vg.name, where.device(world, node, source.uuid))
    drop = plan_pv.take_out(world, source.uuid) if wish.remove else []
    cut_off = [half.vm for half in halves(world)]
    mended, world = plan_used.mend(world, source.uuid)
    moved = [vm for vm in cut_off if (lv := world.lv(vm)) is not None and not lv.on(source.uuid)]
    lock = lease.evacuation(source.uuid)
    mended += [*freezing.left(world, lock, only=moved), *suspending.left(world, lock, wish.patience)]
    parts = _parts(world, source, wish)
    left = left_awake(world, source, {part.lv.name for part in parts})
    if not parts and wish.moves is not None:
        end = _end(wish, source, here, (), ())
        return lock_steps.first(world, [*mended, *left, *([] if end.done(world) else [end])])
    if not parts:
        cordon = SetAllocatable(*here, source.uuid, allocatable=False, drop=(*source.leases, *source.legs))
        return lock_steps.first(world, [*mended, *left, *([] if cordon.done(world) else [cordon]), *drop])
    safety.services(world.cluster, ())
    for part in parts:
        with _or_left(part.lv.name):
            safety.services(world.cluster, [part.lv.name])
    moves = _moves(world, wish, source, parts)
    notes = plan_raid1.noted(part.lv for part in parts if part.choice.engine is Engine.RAID1)
    tags = tuple(dict.fromkeys((wish.lease, *source.legs, *notes)))
    stale = tuple(tag for tag in source.leases if tag != wish.lease)
    begin = BeginEvacuation(*here, source.uuid, wish.lease, stale)
    steps = [
        *([] if begin.done(world) else [begin]),
        *mended,
        *moves,
        *left,
        _end(wish, source, here, tags, tuple(sorted(part.lv.name for part in parts)), staying),
        *drop,
    ]
    return lock_steps.first(world, steps)


def _end(
    wish: Evacuate,
    source: PhysicalVolume,
    here: tuple[str, str, str],
    tags: tuple[str, ...],
    gone: tuple[str, ...],
    staying: tuple[str, ...] = (),
) -> Step:
    """Plan the end of the job: ``tags`` are the marks that it leaves, ``gone`` what it moved."""
    if wish.moves is None:
        return EndEvacuation(*here, source.uuid, tags, staying)
    marks = tags or (*source.leases, *source.legs)
    return EndRelief(*here, source.uuid, marks, gone, lease.opens(wish.lease))


def left_awake(world: Inventory, source: PhysicalVolume, moving: Collection[str]) -> list[Step]:
    """Plan deactivating what a run of this evacuation that was cut off had moved but not yet let go of."""
    if not source.leases:
        return []
    # What another job moves off another PV, or is about to, is that job's to let go of.
    theirs = {pv.uuid for pv in world.pvs if pv.leases} - {source.uuid}
    mine = {lv.name for lv in world.lvs if lv.private and lv.on(source.uuid)}
    theirs |= {lv.leaving for lv in world.lvs} - {"", source.uuid}
    others = (lv for lv in world.lvs if set(lv.moving_in) - mine or any(lv.on(pv) for pv in theirs))
    moving = {*moving, *(lv.name for lv in others)}
    moving |= {name for half in halves(world) for name in (half.vm, half.vm + names.COPYING)}
    left = {
        node: [lv.name for lv in world.lvs if lv.name in awake and where.place(world, lv).idle]
        for node in world.nodes
        if (awake := marks.awake(world, node) - set(moving))
    }
    return [LeaveInactive(node, world.vg.name, tuple(names)) for node, names in left.items() if names]


def _parts(world: Inventory, source: PhysicalVolume, wish: Evacuate) -> list[Part]:
    movers = world.mirrors(source.uuid)
    own = [
        lv for lv in world.lvs if lv.name not in movers and (lv.on(source.uuid) or movers.keys() & set(lv.moving_in))
    ]
    # What is under way is brought to the end, and no more of what shall stay.
    own = [lv for lv in own if not wish.stays(lv.name) or lv.leaving or movers.keys() & set(lv.moving_in)]
    _refuse_kinds(world, source, own, movers)
    unheld = [lv.name for lv in own if not world.activations(lv)]
    with _or_left(*unheld):
        where.known(world, unheld)
    extent = world.vg.extent
    parts = []
    for lv in own:
        if lv.leaving:
            parts.append(Part(lv, lv.size, where.place(world, lv), choices.begun(Engine.RAID1), lv.size))
            continue
        begun = extent * sum(movers[name].on(source.uuid) for name in lv.moving_in if name in movers)
        more = 0 if wish.stays(lv.name) else lv.on(source.uuid) * extent
        with _or_left(lv.name):
            place = where.place(world, lv)
        choice = choices.begun(Engine.MIRROR) if begun else choices.first(world, wish, lv, place)
        parts.append(Part(lv, more + begun, place, choice, begun))
    rank = {vm: number for number, vm in enumerate(wish.move.last, 1)}

    # What was begun is finished first: LVM allows one move off a PV at a time. Then small ones, so that much is
    # done early, and the most important ones when all others went well. Those that get a leg stand together, since
    # they move together.
    def turn(part: Part) -> tuple[bool, bool, int, bool, int, str]:
        begun = (not part.lv.moving_in, not part.lv.leaving)
        return (*begun, rank.get(part.lv.name, 0), part.adds_leg, part.size, part.lv.name)

    parts.sort(key=turn)
    return choices.with_room(world, wish, source, parts)


@contextmanager
def _or_left(*vms: str) -> Iterator[None]:
    """Name the way around what stands in the way of a few volumes: the others can leave a dying LUN at once."""
    try:
        yield
    except (Refused, ClusterUnusable) as error:
        left = [vm for vm in vms if names.of_vm(vm)]
        if left:
            each = " ".join(f"--exclude {vm}" for vm in left) if len(left) < 5 else "--exclude VM for each of these"
            error.hint += f"; or move the others first: {each}"
        raise


def _refuse_kinds(
    world: Inventory, source: PhysicalVolume, lvs: Iterable[LogicalVolume], movers: Mapping[str, LogicalVolume]
) -> None:
    odd = {lv.name: where.plain(lv) for lv in lvs}
    odd = {name: why for name, why in odd.items() if why}
    if odd:
        raise Refused(
            f"{source.name} holds what cannot be moved",
            why="; ".join(f"{name}: {why}" for name, why in sorted(odd.items())),
            hint=f"move or remove that with LVM's own tools first: lvs -a -o+devices {world.vg.name}",
        )
    copies = [name for lv in lvs if (name := lv.name).endswith(names.HALVES)]
    elsewhere = copies or [
        lv.name for lv in lvs if set(lv.moving_in) - movers.keys() or lv.leaving not in ("", source.uuid)
    ]
    if elsewhere:
        raise Refused(
            f"{', '.join(elsewhere)} is being moved off another PV",
            why="it belongs to that evacuation" if copies else "LVM moves a volume off one PV at a time",
            hint="wait for that evacuation, or run it again if it was cut off; see `vmstore pv list`",
        )


def _moves(world: Inventory, wish: Evacuate, source: PhysicalVolume, parts: Sequence[Part]) -> list[Step]:
    room, parts = _assign(world, wish, source, parts)
    ground = Ground(world, wish, source, room)
    steps: list[Step] = []
    parts = [choices.onto(world, wish, part, len(room[part.lv.name])) for part in parts]
    for engine, alike in groupby(parts, key=lambda part: part.choice.engine):
        steps += _PLANS[engine](ground, list(alike))
    return steps


def _assign(
    world: Inventory, wish: Evacuate, source: PhysicalVolume, parts: Sequence[Part]
) -> tuple[dict[str, dict[str, int]], list[Part]]:
    """Give each volume bytes on its targets so that all fit together, the largest ones choosing first.

    The parts come back with them: where there is no room for a leg's metadata, a volume is moved in another way.
    """
    targets = _targets(world, wish, source)
    room = wish.rules.room(world, targets, leaving=source.uuid)
    chosen: dict[str, dict[str, int]] = {}
    turned: dict[str, Part] = {}
    moving = {lv.name: lv for lv in world.lvs if lv.private}
    apart = {part.lv.name: wish.rules.neighbours(part.lv.name) for part in parts}
    barred = {part.lv.name: wish.rules.barred(world, part.lv.name) & room.free.keys() for part in parts}
    # It comes to lie on one PV more, and on the source no longer.
    more = None if wish.rules.spread else 1
    # Those that lie apart from others have the smallest choice.
    for part in sorted(parts, key=lambda part: (not apart[part.lv.name], -len(barred[part.lv.name]), -part.size)):
        # To what is being moved LVM gave its room when that began.
        own = {run.pv for lv in (part.lv, *(moving[name] for name in part.lv.moving_in)) for run in lv.extents}
        own.discard(source.uuid)
        closed = barred[part.lv.name] | {pv for vm in apart[part.lv.name] for pv in chosen.get(vm, ())}
        closed |= _elsewhere(wish, part, room)
        beside = engines.metas(world.vg.extent) * world.vg.extent if part.adds_leg else 0
        there = partial(placement.fill, room.without(closed), own=own, fullest=wish.rules.fullest, more=more)
        taken = there(part.size - part.begun + beside)
        alone = there(part.size) if beside else None
        if alone and len(alone) < len(taken or alone) + (taken is None):
            # A volume that fits on one PV is not spread over two for the sake of an extent.
            turned[part.lv.name], taken = choices.without_beyond(world, wish, part), alone
        if taken is None:
            raise _no_room(world, wish, source, targets, parts)
        room = room.less(taken)
        chosen[part.lv.name] = taken
    return chosen, [turned.get(part.lv.name, part) for part in parts]


def _elsewhere(wish: Evacuate, part: Part, room: placement.Room) -> set[str]:
    """List the PVs where a volume shall not come, since it was said where it goes."""
    to = (wish.moves or {}).get(part.lv.name)
    return {pv for pv in room.free if pv != to} if to else set()


def _targets(world: Inventory, wish: Evacuate, source: PhysicalVolume) -> list[PhysicalVolume]:
    named = [pv for pv in world.pvs if pv.uuid in wish.targets]
    for pv in named:
        if pv not in placement.open_to_new(world):
            raise Refused(
                f"{pv.name} takes nothing new",
                why="it is cordoned, being emptied or missing",
                hint=f"`vmstore pv uncordon {pv.anywhere}` opens it again",
            )
    classes = wish.classes or (() if named else (source.storage_class,))
    for name in classes:
        of_class = [pv for pv in world.pvs if pv.storage_class == name and pv.uuid != source.uuid]
        if of_class or name != source.storage_class:
            named += [pv for pv in placement.by_class(world, name) if pv.uuid != source.uuid and pv not in named]
    return named


def _no_room(
    world: Inventory,
    wish: Evacuate,
    source: PhysicalVolume,
    targets: Sequence[PhysicalVolume],
    parts: Sequence[Part],
) -> NoRoom:
    need = sum(part.size - part.begun for part in parts)
    free = sum(pv.free for pv in targets)
    classes = ", ".join(sorted({pv.storage_class for pv in targets})) or source.storage_class
    rules = placement.limits(world, wish.rules, [part.lv.name for part in parts], classes.split(", "))
    elsewhere = {
        name: sum(pv.free for pv in placement.open_to_new(world) if pv.storage_class == name)
        for name in placement.preferred(world, ())
        if name not in classes.split(", ")
    }
    other = next((f"--to {name} ({sizes.show(room)} free)" for name, room in elsewhere.items() if room >= need), "")
    return NoRoom(
        f"no room to empty {source.name}",
        why=f"{sizes.show(need)} in {sizes.volumes(len(parts))} must go, and the targets (class {classes}) have "
        f"{sizes.show(free)} free{rules}",
        hint=other or "add a PV or uncordon one; see `vmstore pv list`",
    )
