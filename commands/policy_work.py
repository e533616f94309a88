"""Carry out what policies do by themselves, and say what came of it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from vmstore import session, sizes, ui, ui_progress
from vmstore.commands.work import swept, tidied
from vmstore.config import Config
from vmstore.history.store import History
from vmstore.jobs import growing, lease
from vmstore.jobs.growing import Outcome
from vmstore.jobs.growth_judge import Judge, Policies, State, Verdict
from vmstore.jobs.growth_record import Record
from vmstore.jobs.step import Read, Reporter
from vmstore.model import Inventory
from vmstore.output import Output
from vmstore.policies import growth, placement
from vmstore.report import policy as report
from vmstore.report import wording
from vmstore.session import Session, Silent

HOW = "set grow = true in [growth], [growth.classes.NAME] or [growth.vms.NAME] of the configuration"
clock = time.time
# The run before may take so many seconds before cron is told that it is still at work.
LONG = 30 * 60


class Quiet(Silent):
    """Report only what an admin should know."""

    def note(self, text: str) -> None:
        """Something the admin should know."""
        ui.say(text)


class Heard(Silent):
    """Keep what is reported, to tell of it later."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Something the admin should know."""
        self.notes.append(text)


def policies(settings: Config) -> Policies:
    """Read the rules from the settings."""
    return Policies(growth.Rules.of(settings.growth), session.rules(settings), placement.Rules.of(settings.placement))


@contextmanager
def record(settings: Config, *, keep: bool, begin: bool = False) -> Iterator[Record]:
    """Open what is kept between runs; what does not ``keep`` anything does not make a file either."""
    path = Path(settings.report.history)
    if not keep and not path.exists():
        yield Record(None, clock, begin=begin)
        return
    with History.open(path, clock=clock) as history:
        yield Record(history, clock, begin=begin)


def judged(run: Session, world: Inventory, *, begin: bool = False) -> list[Verdict]:
    """Say what would be done with each volume, and beside that what an admin should know; change nothing."""
    rules = policies(run.config)
    with record(run.config, keep=False, begin=begin) as kept:
        kept.look(world)
        _notes(rules, world, kept)
        return Judge(run.silent_work(), rules, kept).all(world)


def carry_out(
    run: Session, world: Inventory, read: Read, guard: Callable[[], None], *, begin: bool, cron: bool
) -> list[Outcome]:
    """Grow what is over its limit, and tell of each volume when it is done; ``cron`` hears of what was done alone."""
    rules = policies(run.config)
    reporting = nullcontext[Reporter](Quiet()) if cron else ui_progress.reporter([])
    found = []
    with record(run.config, keep=True, begin=begin) as kept, reporting as reporter:
        world = _swept_for_cron(run, world, read, kept) if cron else swept(run, world, read, to=reporter)
        work = run.work(reporter)
        if not cron:
            _notes(rules, world, kept)
        elif kept.fresh:
            ui.say(_unknown(kept))
        for outcome in growing.apply(Judge(work, rules, kept), world, read, guard):
            found.append(outcome)
            _tell(outcome, cron=cron)
        unknown = sum(outcome.verdict.state is State.UNKNOWN for outcome in found)
        if unknown and not cron:
            ui.say(f"{sizes.volumes(unknown)}: not known how full; `vmstore policy check` says why")
        if any(outcome.act for outcome in found):
            tidied(work, read())
    return found


def hangs(settings: Config, taken: lease.Taken) -> bool:
    """Tell whether cron is to be told of a run before that is still at work: once, when it has taken too long."""
    if taken.since is not None and clock() - taken.since < LONG:
        return False
    with record(settings, keep=True) as kept:
        return kept.news([taken.why], more=True) != []


def told(output: Output, outcomes: Sequence[Outcome], nothing: str) -> None:
    """Say what was done: a document for programs; to eyes each was told already, so only that ``nothing`` was."""
    if output is Output.json:
        ui.document("policy-apply", report.outcomes(outcomes))
    elif nothing and not any(outcome.verdict.over for outcome in outcomes):
        ui.say(nothing)


def _swept_for_cron(run: Session, world: Inventory, read: Read, kept: Record) -> Inventory:
    """Sweep as any command does, but tell only of what the run before did not: it is at it every few minutes."""
    heard = Heard()
    try:
        return swept(run, world, read, to=heard)
    finally:
        for text in kept.news(heard.notes):
            ui.say(text)


def _notes(rules: Policies, world: Inventory, kept: Record) -> None:
    if not rules.growth.any:
        ui.say(f"nothing grows by itself: {HOW}")
    for name in sorted(rules.growth.classes.keys() - {pv.storage_class for pv in world.pvs}):
        ui.say(f"vmstore: [growth.classes.{name}] is for a class that no PV of {world.vg.name} has")
    for vm in sorted(name for name in rules.growth.vms if world.lv(name) is None):
        ui.say(f"vmstore: [growth.vms.{vm}] is for a VM that has no volume in {world.vg.name}")
    for line in world.unheard():
        ui.say(f"vmstore: {line}")
    if kept.trouble:
        ui.say(f"vmstore: {kept.trouble}: `policy apply` grows nothing")
    elif rules.growth.any and kept.now < kept.known_from:
        ui.say(_unknown(kept))


def _tell(outcome: Outcome, *, cron: bool) -> None:
    verdict = outcome.verdict
    if outcome.error:
        if not (cron and outcome.repeated):
            ui.error(outcome.error)
    elif outcome.act:
        more = verdict.target - verdict.size
        grew = f"grew by {sizes.show(more)} to {sizes.show(verdict.target)}, and so did its file system"
        ui.say(f"{verdict.vm} {grew if more else 'has a file system as large as its volume again'}: {verdict.over}")
    elif not cron and verdict.state is State.STUCK:
        ui.say(f"{verdict.vm} is left as it is: {verdict.over}; {verdict.why}")


def _unknown(kept: Record) -> str:
    return (
        "vmstore: by how much volumes grew in the last 24 hours is not known, so none that has a limit a day grows"
        f" before {wording.moment(kept.known_from)}; if none grew by itself: vmstore policy apply --begin"
    )
