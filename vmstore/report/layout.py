"""Say where volumes lie: each PV as the row of pieces on it, in the order of its extents. Pure."""

import msgspec

from vmstore.model import Inventory, LogicalVolume


class Piece(msgspec.Struct, frozen=True):
    """A run of extents of a volume on a PV, in bytes; ``start`` counts from the first extent."""

    volume: str
    start: int
    size: int


def pieces(world: Inventory) -> dict[str, tuple[Piece, ...]]:
    """List the pieces on every PV, by its UUID; runs of one volume that touch are one piece."""
    extent = world.vg.extent
    found: dict[str, list[Piece]] = {pv.uuid: [] for pv in world.pvs}
    # A volume with legs has their extents, too; a leg that is listed by itself must not lie there once more.
    runs = {(run.pv, run.start): (run.count, lv.name) for lv in sorted(world.lvs, key=_hidden) for run in lv.extents}
    for (pv, start), (count, name) in sorted(runs.items()):
        row = found.setdefault(pv, [])
        if row and row[-1].volume == name and row[-1].start + row[-1].size == start * extent:
            row[-1] = Piece(name, row[-1].start, row[-1].size + count * extent)
        else:
            row.append(Piece(name, start * extent, count * extent))
    return {uuid: tuple(row) for uuid, row in found.items()}


def _hidden(lv: LogicalVolume) -> int:
    return 0 if lv.private else 1
