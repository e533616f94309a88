"""Plan, show and carry out what brings PVs and classes within policy, PV by PV, each as a job of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from vmstore import session, sizes, ui
from vmstore.commands import evacuation
from vmstore.commands.evacuation import Moving
from vmstore.errors import NoRoom, StoppedHalfway
from vmstore.jobs import evacuate as job
from vmstore.jobs import plan_evacuate, relief
from vmstore.jobs.engine import AGAIN
from vmstore.jobs.parts import Evacuate
from vmstore.jobs.relief import Turn
from vmstore.jobs.step import Step
from vmstore.model import Inventory
from vmstore.output import Output
from vmstore.policies import rebalance
from vmstore.policies.burden import Policy
from vmstore.policies.placement import Rules
from vmstore.policies.rebalance import Plan
from vmstore.policies.thresholds import Kind
from vmstore.report import balance as report
from vmstore.report import plans
from vmstore.session import Session

_COLUMNS = (
    ui.Column("CLASS", "class"),
    ui.Column("PV", "pv"),
    ui.size_column("SIZE", "size"),
    ui.size_column("MOST", "most"),
    ui.size_column("BEFORE", "before"),
    ui.size_column("AFTER", "after"),
    ui.note_column("note"),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: the ``share`` that may be in use of a PV, and ``how`` volumes are moved; ``exclude`` stay."""

    run: Session
    share: Fraction | None
    how: Moving
    exclude: tuple[str, ...]

    def plan(self, world: Inventory) -> "Balance":
        """Plan it, beginning with what a run before was cut off from. Raises Locked while one is at work."""
        cut_off = relief.cut_off(self.run.nodes, world)
        before = relief.settled(world)
        policy = self._policy(before)
        plan = rebalance.plan(before, policy, relief.begun(before, cut_off))
        return Balance(self, world, before, policy, plan, relief.turns(world, plan.turns()))

    def _policy(self, world: Inventory) -> Policy:
        placement, limits = self.run.config.placement, session.rules(self.run.config)
        share = 1 if self.share is None else self.share
        pvs = {pv.uuid: min(int(pv.size * share), limits.levels(Kind.PV, pv.name).room(pv.size, 0)) for pv in world.pvs}
        classes = {pv.storage_class: limits.levels(Kind.CLASS, pv.storage_class) for pv in world.pvs}
        return Policy(Rules.of(placement), pvs, classes, placement.classes, relief.fixed(world, self.exclude))

    def of(self, world: Inventory, turn: Turn) -> Evacuate:
        """Say what is wanted of one PV."""
        wish = evacuation.wanted(self.run, world, turn.source, self.how)
        return replace(
            wish,
            targets=tuple(dict.fromkeys(move.target for move in turn.moves)),
            moves={move.vm: move.target for move in turn.moves},
            exclude=self.exclude,
            # The reserve was kept when the moves were chosen. Within a class it does not change, though the room on a
            # PV that gives does not count while it takes nothing new.
            rules=replace(wish.rules, reserve={}),
        )


@dataclass(frozen=True, slots=True)
class Balance:
    """A plan, the ``world`` in which it was made, and how that is ``before``: without what is under way there."""

    wish: Wish
    world: Inventory
    before: Inventory
    policy: Policy
    plan: Plan
    turns: Sequence[Turn]

    @property
    def after(self) -> Inventory:
        """Give the world as it will be."""
        return rebalance.moved(self.before, self.plan.moves)

    def steps(self) -> list[Step]:
        """Plan all steps, each PV as things are when its turn comes. Raises what an evacuation is refused for."""
        found: list[Step] = []
        at = self.before
        for turn in self.turns:
            seen = self.world if relief.marked(self.world, turn.source) else at
            wish = self.wish.of(self.world, turn)
            todo = plan_evacuate.evacuate(seen, replace(wish, lease=job.own_tag(seen, turn.source, relieves=True)))
            evacuation.refuse_unable(self.wish.run, wish.rate, todo, window=self.wish.how.window is not None)
            found += todo
            at = rebalance.moved(at, turn.moves)
        return found

    def carry_out(self) -> None:
        """Relieve PV by PV. Raises StoppedHalfway where a move no longer fits, Locked where another run has begun."""
        run = self.wish.run
        read = run.reader(blocks=True, devices=True)
        left = [turn.source for turn in self.turns if relief.marked(self.world, turn.source)]
        asked = {"most": f"{float(self.wish.share * 100):g}%" if self.wish.share else ""}
        for turn in self.turns:
            world = read()
            relief.alone(world, {turn.source, *left})
            unfit = rebalance.holds(relief.settled(world), self.policy, turn.moves)
            if unfit is not None:
                raise StoppedHalfway(
                    f"{unfit.vm} is not moved as it was planned",
                    why="what lies where has changed since, and the move would not keep to the limits",
                    hint=AGAIN,
                )
            wish = self.wish.of(world, turn)
            tag = job.own_tag(world, turn.source, relieves=True)
            todo = plan_evacuate.evacuate(world, replace(wish, lease=tag))
            if todo:
                evacuation.carry_out(run, world, wish, self.wish.how.window, todo, asked)


def tell(balance: Balance) -> None:
    """Show before and after on stderr, and what cannot be brought within policy."""
    ui.tell_items(_COLUMNS, _rows(balance, balance.after))
    for each in _unmet(balance):
        ui.say(f"{each['name']} stays out of policy: {each['what']}; {each['why']}")


def show(output: Output, balance: Balance, steps: Sequence[Step]) -> None:
    """Show what would be done: before and after, and the steps. Raises NoRoom where something stays out of policy."""
    if output is Output.json:
        ui.document("rebalance-plan", report.RebalancePlan(**_told(balance, balance.after), **plans.plan(steps)))
    else:
        if output is Output.table:
            ui.items(output, "", _COLUMNS, _rows(balance, balance.after))
            ui.write("\n")
        ui.plan(output, steps)
    _refuse_unmet(balance)


def end(output: Output, balance: Balance, world: Inventory, *, changed: bool) -> None:
    """Say what is true now. Raises NoRoom where something stays out of policy."""
    plan = balance.plan
    done = f"{sizes.show(plan.size)} in {sizes.volumes(len(plan.moves))} moved"
    held = "every PV and class is within policy" if not plan.unmet else "what can be brought within policy is so"
    told = _told(balance, relief.settled(world))
    content = report.Rebalance(**told, changed=changed, moved_bytes=plan.size, moved_volumes=len(plan.moves))
    said = f"{held} ({done})" if changed else f"{held} already; nothing was changed"
    ui.result(output, "rebalance", content, said)
    _refuse_unmet(balance)


def _refuse_unmet(balance: Balance) -> None:
    unmet = _unmet(balance)
    if unmet:
        raise NoRoom(
            f"{len(unmet)} {'thing stays' if len(unmet) == 1 else 'things stay'} out of policy",
            why="; ".join(f"{each['name']}: {each['what']}; {each['why']}" for each in unmet),
            hint="add a PV or uncordon one, or set other limits; see `vmstore pv list`",
        )


def _told(balance: Balance, after: Inventory) -> report.Told:
    return {
        "moves": report.moves(balance.before, balance.plan),
        "levels": report.rows(balance.before, after, balance.policy),
        "unmet": _unmet(balance),
    }


def _unmet(balance: Balance) -> list[report.UnmetRow]:
    return report.unmet(balance.plan, balance.after, balance.policy)


def _rows(balance: Balance, after: Inventory) -> list[dict[str, Any]]:
    return [
        {**row, "pv": row["name"] if row["kind"] == "pv" else "all"}
        for row in report.rows(balance.before, after, balance.policy)
    ]
