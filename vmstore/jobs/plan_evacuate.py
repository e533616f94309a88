"""Plan emptying a PV: which volume moves where, on which node, and why it cannot be done. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vmstore import sizes
from vmstore.config import Move
from vmstore.errors import ClusterUnusable, NoRoom, Refused, UsageError
from vmstore.jobs import freezing, lease, lock_steps, marks, pieces, plan_pv, where
from vmstore.jobs.activation_steps import LeaveInactive
from vmstore.jobs.freeze_steps import Note
from vmstore.jobs.mirror import MoveVolume
from vmstore.jobs.pv_steps import BeginEvacuation, EndEvacuation, SetAllocatable
from vmstore.jobs.step import Step
from vmstore.model import Inventory, LogicalVolume, PhysicalVolume
from vmstore.policies import placement, safety
from vmstore.policies.placement import Rules

# Bytes. So much of volumes that nobody uses is moved before they are let go of, so that a volume is kept from its VM
# no longer than a large one takes, and small ones do not each cost an LVM command more.
AWAKE = 256 * sizes.UNITS["M"]


@dataclass(frozen=True, slots=True)
class Evacuate:
    """What was asked for: the source's UUID, the targets' UUIDs (none: the source's class), and what comes after.

    ``exclude`` are VMs whose volumes stay.
    """

    source: str
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    remove: bool
    lease: str
    move: Move
    rules: Rules = field(default_factory=Rules)
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """What a volume has on the source, in bytes; ``begun`` is what LVM moves off it already."""

    lv: LogicalVolume
    size: int
    place: where.Place
    begun: int = 0


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
    staying = tuple(sorted(lv.name for lv in world.lvs if lv.name in wish.exclude and lv.on(source.uuid)))
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
    parts = _parts(world, source, wish)
    left = left_awake(world, source, {part.lv.name for part in parts})
    if not parts:
        cordon = SetAllocatable(*here, source.uuid, allocatable=False, drop=source.leases)
        return lock_steps.first(world, [*left, *([] if cordon.done(world) else [cordon]), *drop])
    safety.services(world.cluster, [part.lv.name for part in parts])
    moves = _moves(world, wish, source, parts)
    stale = tuple(tag for tag in source.leases if tag != wish.lease)
    begin = BeginEvacuation(*here, source.uuid, wish.lease, stale)
    steps = [
        *([] if begin.done(world) else [begin]),
        *moves,
        *left,
        EndEvacuation(*here, source.uuid, (wish.lease,), staying),
        *drop,
    ]
    return lock_steps.first(world, steps)


def left_awake(world: Inventory, source: PhysicalVolume, moving: Collection[str]) -> list[Step]:
    """Plan deactivating what a run of this evacuation that was cut off had moved but not yet let go of."""
    if not source.leases:
        return []
    # What another job moves off another PV is that job's to let go of.
    mine = {lv.name for lv in world.lvs if lv.private and lv.on(source.uuid)}
    moving = {*moving, *(lv.name for lv in world.lvs if set(lv.moving_in) - mine)}
    left = {
        node: [lv.name for lv in world.lvs if lv.name in awake and where.place(world, lv).idle]
        for node in world.nodes
        if (awake := marks.awake(world, node) - set(moving))
    }
    return [LeaveInactive(node, world.vg.name, tuple(names)) for node, names in left.items() if names]


def _parts(world: Inventory, source: PhysicalVolume, wish: Evacuate) -> list[_Part]:
    movers = {lv.name: lv for lv in world.lvs if lv.private and "pvmove" in lv.role and lv.on(source.uuid)}
    own = [
        lv for lv in world.lvs if lv.name not in movers and (lv.on(source.uuid) or movers.keys() & set(lv.moving_in))
    ]
    # What LVM moves already, it moves to the end, and no more of what shall stay.
    own = [lv for lv in own if lv.name not in wish.exclude or movers.keys() & set(lv.moving_in)]
    _refuse_kinds(world, source, own, movers)
    where.known(world, [lv.name for lv in own if not world.activations(lv)])
    extent = world.vg.extent
    parts = []
    for lv in own:
        begun = extent * sum(movers[name].on(source.uuid) for name in lv.moving_in if name in movers)
        more = 0 if lv.name in wish.exclude else lv.on(source.uuid) * extent
        parts.append(_Part(lv, more + begun, where.place(world, lv), begun))
    rank = {vm: number for number, vm in enumerate(wish.move.last, 1)}
    # What was begun is finished first: LVM allows one move off a PV at a time. Then small ones, so that much is
    # done early, and the most important ones when all others went well.
    return sorted(parts, key=lambda part: (not part.lv.moving_in, rank.get(part.lv.name, 0), part.size, part.lv.name))


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
    elsewhere = [lv.name for lv in lvs if set(lv.moving_in) - movers.keys()]
    if elsewhere:
        raise Refused(
            f"{', '.join(elsewhere)} is being moved off another PV",
            why="LVM moves a volume off one PV at a time",
            hint="wait for that evacuation, or run it again if it was cut off; see `vmstore pv list`",
        )


def _moves(world: Inventory, wish: Evacuate, source: PhysicalVolume, parts: Sequence[_Part]) -> list[Step]:
    for node in sorted({part.place.node for part in parts}):
        where.locks(world, node)
        if world.vg.shared and "lvmpolld" not in world.nodes[node].daemons:
            raise ClusterUnusable(
                f"lvmpolld does not run on {node}",
                why="pvmove in a shared VG wants it (lvm2 tools/pvmove.c)",
                hint=f"on {node}: systemctl start lvm2-lvmpolld.socket",
            )
    chosen = _assign(world, wish, source, parts)
    steps: list[Step] = []
    awake: list[_Part] = []
    frozen: list[Step] = []
    for part in parts:
        moves = _pieces(world, wish, source, part, chosen[part.lv.name])
        freeze, thaw = freezing.pair(world, part.lv, lock(wish.lease, part.lv.name, source.uuid), source.uuid)
        if not part.place.idle:
            steps += [*freeze, *moves, *thaw]
            continue
        # A service that is stopped stays frozen until its volume is let go of: started before, it would fail.
        steps += [*freeze, *moves]
        frozen += thaw
        awake.append(part)
        if sum(each.size for each in awake) >= AWAKE:
            steps += [*_let_go(world, awake), *frozen]
            awake, frozen = [], []
    return [*steps, *_let_go(world, awake), *frozen]


def _pieces(
    world: Inventory, wish: Evacuate, source: PhysicalVolume, part: _Part, room: Mapping[str, int]
) -> list[MoveVolume]:
    """Plan moving what a volume has on the source, in pieces; ``room`` are the bytes that each target takes."""
    node, lv, extent = part.place.node, part.lv, world.vg.extent
    shares = {pv: share // extent for pv, share in room.items()}
    most = max(1, wish.move.piece_mib * sizes.UNITS["M"] // extent) if wish.move.piece_mib else 0
    cut = [*_begun(world, source, lv), *pieces.cut(_ranges(lv, source), shares, most)]
    return [
        MoveVolume(
            node=node,
            vg=world.vg.name,
            lv=lv.name,
            uuid=source.uuid,
            source=where.device(world, node, source.uuid),
            targets=tuple(where.device(world, node, pv) for pv in piece.targets),
            size=piece.count * extent,
            idle=part.place.idle,
            region_mib=wish.move.region_mib,
            poll_seconds=wish.move.poll_seconds,
            ranges=piece.ranges if len(cut) > 1 else (),
            piece=(number, len(cut)),
        )
        for number, piece in enumerate(cut, 1)
    ]


def _begun(world: Inventory, source: PhysicalVolume, lv: LogicalVolume) -> list[pieces.Piece]:
    """Give what LVM moves already: it finishes that first, whatever it is told to move."""
    movers = [mover for mover in world.lvs if mover.name in lv.moving_in]
    there = {run.pv for mover in movers for run in mover.extents} - {source.uuid}
    ranges = tuple(each for mover in movers for each in _ranges(mover, source))
    return [pieces.Piece(tuple(sorted(there)), ranges)] if movers else []


def _ranges(lv: LogicalVolume, source: PhysicalVolume) -> list[pieces.Range]:
    return [pieces.Range(run.start, run.count) for run in lv.extents if run.pv == source.uuid]


def lock(tag: str, vm: str, uuid: str) -> Note:
    """Say by which lock a service is frozen during the evacuation that a tag stands for."""
    return Note(vm, lease.node_of(tag), lease.evacuation(uuid))


def _let_go(world: Inventory, parts: Sequence[_Part]) -> list[Step]:
    """Plan leaving inactive what was only moved: one LVM command for several small volumes."""
    nodes = dict.fromkeys(part.place.node for part in parts)
    return [
        LeaveInactive(node, world.vg.name, tuple(part.lv.name for part in parts if part.place.node == node))
        for node in nodes
    ]


def _assign(
    world: Inventory, wish: Evacuate, source: PhysicalVolume, parts: Sequence[_Part]
) -> dict[str, dict[str, int]]:
    """Give each volume bytes on its targets so that all fit together, the largest ones choosing first."""
    targets = _targets(world, wish, source)
    room = wish.rules.room(world, targets, leaving=source.uuid)
    chosen: dict[str, dict[str, int]] = {}
    apart = {part.lv.name: wish.rules.neighbours(part.lv.name) for part in parts}
    barred = {part.lv.name: wish.rules.barred(world, part.lv.name) & room.free.keys() for part in parts}
    # Those that lie apart from others have the smallest choice.
    for part in sorted(parts, key=lambda part: (not apart[part.lv.name], -len(barred[part.lv.name]), -part.size)):
        # To what is being moved LVM gave its room when that began.
        own = {run.pv for lv in world.lvs if lv is part.lv or lv.name in part.lv.moving_in for run in lv.extents}
        closed = barred[part.lv.name] | {pv for vm in apart[part.lv.name] for pv in chosen.get(vm, ())}
        taken = placement.fill(room.without(closed), part.size - part.begun, own)
        if taken is None:
            raise _no_room(world, wish, source, targets, parts)
        room = room.less(taken)
        chosen[part.lv.name] = taken
    return chosen


def _targets(world: Inventory, wish: Evacuate, source: PhysicalVolume) -> list[PhysicalVolume]:
    named = [pv for pv in world.pvs if pv.uuid in wish.targets]
    for pv in named:
        if pv not in placement.open_to_new(world):
            raise Refused(
                f"{pv.name} takes nothing new",
                why="it is cordoned, being emptied or missing",
                hint=f"`vmstore pv uncordon {pv.name}` opens it again",
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
    parts: Sequence[_Part],
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
