"""Choose volumes to move so that every PV and class is within policy again, with the least bytes. Pure.

A need is met as a whole or left alone and told of: bytes that bring nothing within policy are not moved. Moves never
put anything else out of policy, so each need that is met makes fewer of them, and it ends. A volume leaves its class
only where the class itself has too much. None is moved only to make room for another.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from msgspec.structs import replace

from vmstore import sizes
from vmstore.model import Allocation, Inventory
from vmstore.policies.burden import Burden, Limit, Move, Need, Policy

# The sums that are looked at for the least one that also finds room, and the bits that finding them may take.
_SUMS, _BITS = 64, 4 * 10**8


@dataclass(frozen=True, slots=True)
class Unmet:
    """What cannot be brought within policy, and why."""

    need: Need
    excess: int
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Moves in the order in which they can be made, those off one PV together, and what they leave out of policy."""

    moves: tuple[Move, ...]
    unmet: tuple[Unmet, ...]

    @property
    def size(self) -> int:
        """Give the bytes that are moved."""
        return sum(move.size for move in self.moves)

    def turns(self) -> list[list[Move]]:
        """Give the moves off one PV, PV by PV."""
        return [list(moves) for _, moves in groupby(self.moves, key=lambda move: move.source)]


def plan(world: Inventory, policy: Policy, begun: Sequence[Move] = ()) -> Plan:
    """Plan bringing all within policy. ``begun`` are moves of a run before, which are kept as far as they still fit."""
    kept: list[Move] = []
    burden = Burden(world, policy)
    for move in begun:
        if move.vm in burden.movable and burden.fits(move):
            burden.shift(move)
            kept.append(move)
    moves: list[Move] = []
    left = len(burden.needs())
    before = left + 1
    while left < before:
        before = left
        moves = _needed(world, policy, kept, [*moves, *_met(burden)])
        burden = _after(world, policy, [*kept, *moves])
        left = len(burden.needs())
    found = tuple(_in_turn(world, policy, [*kept, *moves], bool(kept)))
    return Plan(found, tuple(Unmet(need, burden.excess(need), _why(burden, need)) for need in burden.needs()))


def holds(world: Inventory, policy: Policy, moves: Iterable[Move]) -> Move | None:
    """Give the first of several moves that no longer fits, as things are now, or None."""
    burden = Burden(world, policy)
    for move in moves:
        if not burden.fits(move):
            return move
        burden.shift(move)
    return None


def moved(world: Inventory, moves: Iterable[Move]) -> Inventory:
    """Give the world as it is when volumes were moved; where on a PV they lie then is not known."""
    lvs = {lv.name: lv for lv in world.lvs}
    free = {pv.uuid: pv.free for pv in world.pvs}
    for move in moves:
        lv = lvs[move.vm]
        runs = tuple(Allocation(move.target, 0, r.count, r.lv) if r.pv == move.source else r for r in lv.extents)
        lvs[move.vm] = replace(lv, extents=runs)
        free[move.source] += move.size
        free[move.target] -= move.size
    pvs = tuple(replace(pv, free=free[pv.uuid]) for pv in world.pvs)
    return replace(world, lvs=tuple(lvs.values()), pvs=pvs)


def _after(world: Inventory, policy: Policy, moves: Iterable[Move]) -> Burden:
    burden = Burden(world, policy)
    for move in moves:
        burden.shift(move)
    return burden


def _met(burden: Burden) -> list[Move]:
    """Meet what can be met, one after the other, and once more what became possible by that; ``burden`` is changed."""
    found: list[Move] = []
    left = burden.needs()
    before = len(left) + 1
    while len(left) < before:
        before = len(left)
        for need in left:
            # What was moved for another may have met it.
            if need not in burden.needs():
                continue
            moves = _apart(burden, need) if need.kind is Limit.APART else _shed(burden, need)
            for move in moves or ():
                burden.shift(move)
            found += moves or ()
        left = burden.needs()
    return found


def _apart(burden: Burden, need: Need) -> list[Move] | None:
    """Move all but one of a group off a PV: the one that stays is the largest one that lets the others go."""
    there = burden.together(need.name, need.group)
    parts = {vm: burden.on[vm][need.name] for vm in there}
    for keeper in sorted(there, key=lambda vm: (vm in burden.movable, -parts[vm], vm)):
        others = [vm for vm in there if vm != keeper]
        if not burden.movable.issuperset(others):
            continue
        moves = _placed(burden, [(vm, need.name, parts[vm]) for vm in others], need)
        if moves:
            return moves
    return None


_Part = tuple[str, str, int]


def _shed(burden: Burden, need: Need) -> list[Move] | None:
    """Move so many bytes off a PV, or out of a class, that it is within its limit: the least that finds room."""
    parts = [part for part in _parts(burden, need) if _placed(burden, [part], need)]
    least = burden.excess(need)
    while sum(size for _, _, size in parts) >= least:
        moves = _least(burden, parts, least, need)
        if moves is None:
            return None
        more = _over(burden, moves, need)
        if more <= 0:
            return moves
        # The limit of a class sinks where what leaves it lay on a PV that takes nothing new.
        least = sum(move.size for move in moves) + more
    return None


def _least(burden: Burden, parts: Sequence[_Part], least: int, need: Need) -> list[Move] | None:
    """Move at least so many bytes."""
    for chosen in _covers(parts, least):
        moves = _placed(burden, chosen, need)
        if moves:
            return moves
    tried = [_grabbed(burden, order, least, need) for order in (parts, parts[::-1])]
    return min((moves for moves in tried if moves), key=lambda moves: sum(m.size for m in moves), default=None)


def _over(burden: Burden, moves: Sequence[Move], need: Need) -> int:
    """Give the bytes by which something is still beyond its limit with these moves."""
    for move in moves:
        burden.shift(move)
    more = burden.excess(need)
    for move in reversed(moves):
        burden.back(move)
    return more


def _parts(burden: Burden, need: Need) -> list[_Part]:
    """List what may go, the largest first."""
    if need.kind is Limit.PV:
        pvs = [need.name]
    else:
        pvs = [pv for pv, name in burden.of.items() if name == need.name and burden.gives(pv)]
        # What is free on a PV that takes nothing new is no reserve.
        pvs = [pv for pv in pvs if need.kind is Limit.CLASS or pv in burden.open]
    found = [(vm, pv, burden.on[vm][pv]) for pv in pvs for vm in burden.here[pv] & burden.movable]
    return sorted(found, key=lambda part: (-part[2], part[0], part[1]))


def _covers(parts: Sequence[_Part], least: int) -> Iterator[list[_Part]]:
    """Give sets of parts that are at least so many bytes in all, those of the least sums first."""
    unit = math.gcd(*(size for _, _, size in parts))
    counts = [size // unit for _, _, size in parts]
    wanted = -(-least // unit)
    # A least cover has less than its largest part too much.
    bits = wanted + max(counts)
    if bits * len(parts) > _BITS:
        return
    reach, mask = [1], (1 << bits) - 1
    for count in counts:
        reach.append((reach[-1] | reach[-1] << count) & mask)
    sums = reach[-1] >> wanted
    for _ in range(_SUMS):
        if not sums:
            return
        total = wanted + (sums & -sums).bit_length() - 1
        sums &= sums - 1
        chosen = []
        for number in range(len(parts), 0, -1):
            if not reach[number - 1] >> total & 1:
                chosen.append(parts[number - 1])
                total -= counts[number - 1]
        yield chosen[::-1]


def _grabbed(burden: Burden, parts: Sequence[_Part], least: int, need: Need) -> list[Move] | None:
    """Take part by part what still finds room, and give back what turns out to be too much."""
    taken: list[Move] = []
    for part in parts:
        if sum(move.size for move in taken) >= least:
            break
        for move in _placed(burden, [part], need) or ():
            burden.shift(move)
            taken.append(move)
    for move in reversed(taken):
        burden.back(move)
    for move in sorted(taken, key=lambda move: -move.size):
        if sum(each.size for each in taken) - move.size >= least:
            taken.remove(move)
    return taken if sum(move.size for move in taken) >= least else None


def _placed(burden: Burden, parts: Sequence[_Part], need: Need) -> list[Move] | None:
    """Find a PV for each part, all at the same time; ``burden`` is as before then.

    First each goes where new volumes go: where most room is left, so that PVs fill evenly, or where it fits most
    closely; then the other way.
    """
    fullest = burden.policy.rules.fullest
    for closely in (fullest, not fullest):
        found: list[Move] = []
        for part in sorted(parts, key=lambda part: (-part[2], part[0], part[1])):
            move = _target(burden, part, need, closely=closely)
            if move is None:
                break
            burden.shift(move)
            found.append(move)
        for move in reversed(found):
            burden.back(move)
        if len(found) == len(parts):
            return found
    return None


def _target(burden: Burden, part: _Part, need: Need, *, closely: bool) -> Move | None:
    vm, source, size = part
    name = burden.of[source]
    over = burden.over(name)
    order = list(burden.policy.order)

    def turn(pv: str) -> tuple[bool, int, int, str]:
        left = burden.left(pv)
        rank = order.index(burden.of[pv]) if burden.of[pv] in order else len(order)
        return (burden.of[pv] == name) is over, rank, left if closely else -left, pv

    pvs = [pv for pv in burden.open if (not need.of_class if burden.of[pv] == name else over)]
    moves = (Move(vm, source, pv, size) for pv in sorted(pvs, key=turn))
    return next((move for move in moves if burden.fits(move)), None)


def _needed(world: Inventory, policy: Policy, kept: Sequence[Move], moves: Sequence[Move]) -> list[Move]:
    """Leave out each move without which nothing more is out of policy, the largest ones first.

    Of thousands of moves, nearly all are judged by what they touch in the end; that the others can still be made is
    seen by making them only where one of them may miss what this one gave.
    """
    start, end = _after(world, policy, kept), _after(world, policy, [*kept, *moves])
    wanted = set(end.needs())
    often = Counter(move.vm for move in (*kept, *moves))
    taking = {place for move in moves for place in (move.target, end.of[move.target])}
    found = dict(enumerate(moves))

    def others(number: int) -> list[Move]:
        return [move for at, move in found.items() if at != number]

    for number, move in sorted(found.items(), key=lambda item: (-item[1].size, item[1].vm, item[1].source)):
        if often[move.vm] > 1:
            # What is left of it in the end depends on its other moves.
            if _do(start, others(number), wanted):
                del found[number]
                end = _after(world, policy, [*kept, *found.values()])
            continue
        end.back(move)
        away = end.of[move.source] != end.of[move.target]
        idle = wanted.issuperset(end.needs(move))
        if idle and (move.source in taking or (away and end.of[move.source] in taking)):
            idle = _do(start, others(number), wanted)
        if idle:
            del found[number]
        else:
            end.shift(move)
    left = list(found.values())
    return left if len(left) == len(moves) else _needed(world, policy, kept, left)


def _do(burden: Burden, moves: Sequence[Move], wanted: set[Need]) -> bool:
    """Tell whether moves can be made one after the other and leave no more out of policy than is ``wanted``."""
    done: list[Move] = []
    for move in moves:
        if not burden.fits(move):
            break
        burden.shift(move)
        done.append(move)
    well = len(done) == len(moves) and wanted.issuperset(burden.needs())
    for move in reversed(done):
        burden.back(move)
    return well


def _in_turn(world: Inventory, policy: Policy, moves: Sequence[Move], begun: bool) -> Sequence[Move]:
    """Put the moves off one PV together, the least bytes first, where that can be done; what was begun stays first."""
    first = moves[0].source if begun else ""
    total = {pv: sum(move.size for move in moves if move.source == pv) for pv in {move.source for move in moves}}
    order = sorted(moves, key=lambda m: (m.source != first, total[m.source], m.source, m.size, m.vm))
    return order if holds(world, policy, order) is None else moves


def _why(burden: Burden, need: Need) -> str:
    if need.kind is Limit.APART:
        there = burden.together(need.name, need.group)
        stay = [f"{vm} stays: {burden.policy.fixed[vm]}" for vm in there if vm in burden.policy.fixed]
        return "; ".join(stay) or "no other PV of the class has room for one of them within its limits"
    parts = _parts(burden, need)
    size = sum(size for _, _, size in parts)
    if size < burden.excess(need):
        return f"only {sizes.show(size)} on it may be moved"
    room = [part for part in parts if _placed(burden, [part], need)]
    if not room:
        return "none of its volumes finds room elsewhere within limits and rules"
    return f"{sizes.show(sum(size for _, _, size in room))} of it might go, but not enough at the same time"
