"""Say of each PV and class what it bears before and after volumes are moved, and what it may bear. Pure."""

from typing import Literal, TypedDict

from vmstore import sizes
from vmstore.model import Inventory
from vmstore.policies.burden import Burden, Limit, Need, Policy
from vmstore.policies.rebalance import Plan, Unmet
from vmstore.report import plans
from vmstore.report.json_types import Size

_Class = TypedDict("_Class", {"class": str})
_Way = TypedDict("_Way", {"from": str, "to": str})


class LevelRow(_Class):
    """What a PV or a class bears before and after; ``most`` is null where there is no limit."""

    kind: Literal["pv", "class"]
    name: str
    size: Size
    most: Size | None
    before: Size
    after: Size
    out_of_policy_before: str
    out_of_policy_after: str
    note: str


class MoveRow(_Way):
    """A volume, or what of it lies on a PV, that goes to another PV."""

    vm: str
    bytes: Size


class UnmetRow(TypedDict):
    """What stays out of policy, and why."""

    kind: Literal["pv", "class"]
    name: str
    what: str
    why: str


class Told(TypedDict):
    """What moves, what that makes of PVs and classes, and what stays out of policy."""

    moves: list[MoveRow]
    levels: list[LevelRow]
    unmet: list[UnmetRow]


class RebalancePlan(Told, plans.Plan):
    """What a rebalance would move, and how."""


class Rebalance(Told):
    """What a rebalance moved."""

    changed: bool
    moved_bytes: Size
    moved_volumes: int


def rows(before: Inventory, after: Inventory, policy: Policy) -> list[LevelRow]:
    """Describe each class, and its PVs by name."""
    was, now = _Side(before, policy), _Side(after, policy)
    pvs = sorted(before.pvs, key=lambda pv: (pv.storage_class, pv.name))
    total: dict[str, int] = {}
    for pv in pvs:
        total[pv.storage_class] = total.get(pv.storage_class, 0) + pv.size
    found = []
    for name, size in total.items():
        found.append(_row(was, now, Limit.CLASS, name, name, name, size))
        of_it = (pv for pv in pvs if pv.storage_class == name)
        found += [_row(was, now, Limit.PV, pv.uuid, pv.name, name, pv.size) for pv in of_it]
    return found


class _Side:
    """What PVs and classes bear before or after, and all that is out of policy then, found once for all rows."""

    def __init__(self, world: Inventory, policy: Policy) -> None:
        self.burden = Burden(world, policy)
        self.needs = self.burden.needs()

    def out(self, kind: Limit, key: str) -> str:
        """Say in which way something is out of policy, or ""."""
        mine = [need for need in self.needs if need.name == key and need.of_class is (kind is Limit.CLASS)]
        return "; ".join(_said(self.burden, need) for need in mine)


def _row(was: _Side, now: _Side, kind: Limit, key: str, name: str, storage_class: str, size: int) -> LevelRow:
    first, last = was.out(kind, key), now.out(kind, key)
    return {
        "kind": "class" if kind is Limit.CLASS else "pv",
        "name": name,
        "class": storage_class,
        "size": size,
        "most": was.burden.most(kind, key),
        "before": was.burden.bears(kind, key),
        "after": now.burden.bears(kind, key),
        "out_of_policy_before": first,
        "out_of_policy_after": last,
        "note": last or (f"was {first}" if first else ""),
    }


def _said(burden: Burden, need: Need) -> str:
    if need.kind is Limit.APART:
        return f"{' and '.join(burden.together(need.name, need.group))} together"
    size = sizes.show(burden.excess(need))
    return f"{size} short of its reserve" if need.kind is Limit.RESERVE else f"{size} too much"


def unmet(plan: Plan, after: Inventory, policy: Policy) -> list[UnmetRow]:
    """Describe what stays out of policy."""
    burden = Burden(after, policy)
    names = {pv.uuid: pv.name for pv in after.pvs}
    return [_unmet(each, burden, names) for each in plan.unmet]


def _unmet(each: Unmet, burden: Burden, names: dict[str, str]) -> UnmetRow:
    return {
        "kind": "class" if each.need.of_class else "pv",
        "name": each.need.name if each.need.of_class else names[each.need.name],
        "what": _said(burden, each.need),
        "why": each.why,
    }


def moves(world: Inventory, plan: Plan) -> list[MoveRow]:
    """Describe the moves."""
    names = {pv.uuid: pv.name for pv in world.pvs}
    return [
        {"vm": move.vm, "from": names[move.source], "to": names[move.target], "bytes": move.size} for move in plan.moves
    ]
