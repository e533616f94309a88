"""Plan moving volumes by LVM's own mirror, in pieces, each service frozen only while its volume moves. Pure."""

from collections.abc import Sequence

from vmstore import sizes
from vmstore.errors import ClusterUnusable
from vmstore.jobs import freezing, pieces, where
from vmstore.jobs.mirror import MoveVolume
from vmstore.jobs.parts import Ground, Part, let_go
from vmstore.jobs.step import Step
from vmstore.model import Inventory, LogicalVolume, PhysicalVolume

# Bytes. So much of volumes that nobody uses is moved before they are let go of, so that a volume is kept from its VM
# no longer than a large one takes, and small ones do not each cost an LVM command more.
AWAKE = 256 * sizes.UNITS["M"]


def moves(ground: Ground, parts: Sequence[Part]) -> list[Step]:
    """Plan moving volumes, one after the other. Raises ClusterUnusable where a node cannot."""
    world, wish, source = ground.world, ground.wish, ground.source
    for node in sorted({part.place.node for part in parts}):
        where.locks(world, node)
        if world.vg.shared and "lvmpolld" not in world.nodes[node].daemons:
            raise ClusterUnusable(
                f"lvmpolld does not run on {node}",
                why="pvmove in a shared VG wants it",
                hint=f"on {node}: systemctl start lvm2-lvmpolld.socket",
            )
    steps: list[Step] = []
    awake: list[Part] = []
    frozen: list[Step] = []
    for part in parts:
        pieces_of_it = _pieces(ground, part)
        freeze, thaw = freezing.pair(world, part.lv, wish.lock(part.lv.name), source.uuid)
        if not part.place.idle:
            steps += [*freeze, *pieces_of_it, *thaw]
            continue
        # A service that is stopped stays frozen until its volume is let go of: started before, it would fail.
        steps += [*freeze, *pieces_of_it]
        frozen += thaw
        awake.append(part)
        if sum(each.size for each in awake) >= AWAKE:
            steps += [*let_go(world, awake), *frozen]
            awake, frozen = [], []
    return [*steps, *let_go(world, awake), *frozen]


def _pieces(ground: Ground, part: Part) -> list[MoveVolume]:
    """Plan moving what a volume has on the source, in pieces."""
    world, wish, source = ground.world, ground.wish, ground.source
    node, lv, extent = part.place.node, part.lv, world.vg.extent
    shares = {pv: share // extent for pv, share in ground.room[lv.name].items()}
    most = max(1, wish.move.piece_mib * sizes.UNITS["M"] // extent) if wish.move.piece_mib else 0
    begun = _begun(world, source, lv)
    cut = [*begun, *pieces.cut(_ranges(lv, source), shares, most)]
    return [
        MoveVolume(
            node=node,
            vg=world.vg.name,
            lv=lv.name,
            uuid=source.uuid,
            source=where.device(world, node, source.uuid),
            targets=tuple(where.device(world, node, pv) for pv in piece.targets),
            onto=where.called(world, node, piece.targets),
            size=piece.count * extent,
            idle=part.place.idle,
            region_mib=wish.move.region_mib,
            poll_seconds=wish.move.poll_seconds,
            ranges=piece.ranges if len(cut) > 1 else (),
            piece=(number, len(cut)),
            why=str(part.choice) if number == 1 else "",
            begun=number <= len(begun),
            resumed=bool(source.leases),
            extents=piece.ranges,
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
