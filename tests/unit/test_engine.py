"""The engine: it believes the world and not the tools, and stops only between steps."""

import signal
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from tests.support.scripted import ScriptedRunner, expect
from tests.support.works import Remembered, work
from tests.support.worlds import World
from vmstore.errors import Locked, Refused, StoppedHalfway, ToolFailed
from vmstore.jobs import engine
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Inventory


@dataclass
class Facts:
    """The world of these tests: which steps are done in it."""

    done: set[str] = field(default_factory=set)
    reads: int = 0
    asked_manager: list[bool] = field(default_factory=list)

    def read(
        self, known: Inventory | None = None, touched: Collection[str] = (), *, services: bool = True
    ) -> Inventory:
        """Read it again."""
        del known, touched
        self.reads += 1
        self.asked_manager.append(services)
        return World().pv("a").inventory()


@dataclass(frozen=True, slots=True)
class Thing(Step):
    """A step that is done once its name is among the facts."""

    name: str
    facts: Facts
    act: Callable[[], None]
    taken_back: bool = False

    @property
    def title(self) -> str:
        """Say its name."""
        return self.name

    def commands(self) -> list[Command]:
        """It has no command of its own."""
        return []

    def done(self, world: Inventory) -> bool:
        """Look among the facts."""
        return self.name in self.facts.done

    def run(self, work: Work) -> None:
        """Act."""
        self.act()

    def undo(self) -> list[Command]:
        """Run a command that says so."""
        return [Command("n1", ("undo", self.name))] if self.taken_back else []


@dataclass(frozen=True, slots=True)
class Ending(Thing):
    """A step that takes back what the step "a" made."""

    def ends(self, step: Step) -> bool:
        """Tell whether it is that."""
        return step.title == "a"


@dataclass(frozen=True, slots=True)
class Twofold(Thing):
    """A step that is taken back by two commands, of which the second is right only after the first."""

    def undo(self) -> list[Command]:
        """Give both."""
        return [Command("n1", ("start", self.name)), Command("n1", ("forget", self.name))]


@dataclass
class Clock:
    """Time that passes only when told to."""

    now: float = 1000.0

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the engine that clock."""
    made = Clock()
    monkeypatch.setattr("vmstore.jobs.engine.time.monotonic", lambda: made.now)
    return made


@pytest.fixture
def facts() -> Facts:
    """Start with nothing done."""
    return Facts()


def thing(facts: Facts, name: str, *acts: Callable[[], None], works: bool = True, undo: bool = False) -> Thing:
    """Make a step that does something and then is done, or not."""

    def act() -> None:
        if works:
            facts.done.add(name)
        for each in acts:
            each()

    return Thing(name, facts, act, undo)


def run(
    facts: Facts, *steps: Step, runner: ScriptedRunner | None = None, guard: Callable[[], None] = lambda: None
) -> Remembered:
    """Carry out steps."""
    doing, reporter = work(runner or ScriptedRunner())
    engine.carry_out(steps, doing, facts.read, facts.read(), guard)
    return reporter


def fail(error: Exception) -> Callable[[], None]:
    """Make what raises."""

    def act() -> None:
        raise error

    return act


@dataclass(frozen=True, slots=True)
class ServiceThing(Thing):
    """One that shows in what the manager says."""

    of_service: ClassVar[bool] = True


def test_the_manager_is_asked_only_after_steps_that_show_there(facts: Facts) -> None:
    first, last = thing(facts, "a"), thing(facts, "b")
    run(facts, first, ServiceThing("s", facts, lambda: facts.done.add("s")), last)
    assert facts.asked_manager == [True, False, True, False]


FAILED = ToolFailed("it failed", why="n1: no", hint="look")


def test_steps_run_in_order_and_the_world_is_read_after_each(facts: Facts) -> None:
    reporter = run(facts, thing(facts, "a"), thing(facts, "b"))
    assert reporter.heard == ["began a", "ended a", "began b", "ended b"]
    assert facts.reads == 3


def test_what_is_done_already_is_skipped(facts: Facts) -> None:
    facts.done = {"a"}
    assert run(facts, thing(facts, "a", fail(FAILED)), thing(facts, "b")).heard == ["began b", "ended b"]


def test_a_failure_that_took_effect_is_noted_and_the_work_goes_on(facts: Facts) -> None:
    heard = run(facts, thing(facts, "a", fail(FAILED)), thing(facts, "b")).heard
    assert "note a: the tool reported a failure, but it is done" in heard
    assert heard[-1] == "ended b"


def test_a_failure_ends_the_work_with_the_tools_own_error(facts: Facts) -> None:
    with pytest.raises(ToolFailed, match="it failed"):
        run(facts, thing(facts, "a", fail(FAILED), works=False), thing(facts, "b"))
    assert facts.done == set()


def test_a_success_that_took_no_effect_is_a_failure(facts: Facts) -> None:
    with pytest.raises(ToolFailed, match="a: it did not take effect"):
        run(facts, thing(facts, "a", works=False), thing(facts, "b"))
    assert facts.done == set()


@pytest.mark.parametrize("error", [Locked("x", why="y", hint="z"), Refused("x", why="y", hint="z")])
def test_other_errors_pass_as_they_are(facts: Facts, error: Exception) -> None:
    with pytest.raises(type(error)):
        run(facts, thing(facts, "a", fail(error)))


def test_what_was_made_for_later_steps_is_taken_back_last_first(facts: Facts) -> None:
    runner = ScriptedRunner([expect("n1", "undo b"), expect("n1", "undo a")])
    steps = [thing(facts, name, undo=True) for name in "ab"]
    with pytest.raises(ToolFailed):
        run(facts, *steps, thing(facts, "c", fail(FAILED), works=False, undo=True), runner=runner)
    runner.done()


def test_what_cannot_be_taken_back_is_told_and_the_first_error_counts(facts: Facts) -> None:
    runner = ScriptedRunner([expect("n1", "undo b", rc=5, err="busy\n"), expect("n1", "undo a")])
    steps = [thing(facts, name, undo=True) for name in "ab"]
    doing, reporter = work(runner)
    with pytest.raises(ToolFailed, match="it failed"):
        engine.carry_out([*steps, thing(facts, "c", fail(FAILED), works=False)], doing, facts.read, facts.read())
    assert reporter.heard[-1] == "note taking back: b: n1: busy"
    runner.done()


def test_nothing_is_taken_back_when_the_run_is_killed(facts: Facts) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(facts, thing(facts, "a", undo=True), thing(facts, "b", fail(KeyboardInterrupt())))  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_after_the_step_that_runs(facts: Facts, number: signal.Signals) -> None:
    with pytest.raises(StoppedHalfway, match="stopped before: b"):
        run(facts, thing(facts, "a", lambda: signal.raise_signal(number)), thing(facts, "b"))
    assert facts.done == {"a"}


def test_a_wish_to_stop_before_what_is_taken_back_anyhow_names_what_was_done(facts: Facts) -> None:
    runner = ScriptedRunner([expect("n1", "undo a")])
    steps = thing(facts, "a", undo=True), thing(facts, "b", lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(StoppedHalfway, match="stopped after: b"):
        engine.carry_out([*steps, Ending("end", facts, lambda: None)], work(runner)[0], facts.read, facts.read())
    runner.done()


def test_a_second_signal_does_not_wait(facts: Facts) -> None:
    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(facts, thing(facts, "a", twice))


def test_a_signal_in_the_last_step_leaves_a_finished_work(facts: Facts) -> None:
    run(facts, thing(facts, "a", lambda: signal.raise_signal(signal.SIGINT)))
    assert facts.done == {"a"}


def test_the_guard_is_asked_before_each_step(facts: Facts) -> None:
    asked: list[set[str]] = []
    run(facts, thing(facts, "a"), thing(facts, "b"), guard=lambda: asked.append(set(facts.done)))
    assert asked == [set(), {"a"}]


def test_a_guard_that_raises_lets_nothing_more_begin(facts: Facts) -> None:
    lost = StoppedHalfway("lost the lock", why="gone", hint="again")
    with pytest.raises(StoppedHalfway, match="lost the lock"):
        run(facts, thing(facts, "a"), guard=fail(lost))
    assert facts.done == set()


def test_a_wish_to_stop_lasts_over_the_plans_of_a_job(facts: Facts) -> None:
    doing, _ = work(ScriptedRunner())
    with engine.stoppable(doing) as stop:
        engine.carry_out(
            [thing(facts, "a", lambda: signal.raise_signal(signal.SIGINT))], doing, facts.read, facts.read(), stop=stop
        )
        with pytest.raises(StoppedHalfway):
            engine.carry_out([thing(facts, "b")], doing, facts.read, facts.read(), stop=stop)


@dataclass(frozen=True, slots=True)
class Voucher(Thing):
    """A step that fails unless the one before it took effect."""

    vouches: ClassVar[bool] = True


def voucher(facts: Facts, name: str, *acts: Callable[[], None], works: bool = True) -> Voucher:
    """Make a step that vouches for the one before it."""
    return Voucher(name, facts, thing(facts, name, *acts, works=works).act)


@dataclass(frozen=True, slots=True)
class Doubtful(Thing):
    """A step that is taken back in doubt, too."""

    taken_back_in_doubt: ClassVar[bool] = True


def test_nothing_is_looked_at_before_a_step_that_vouches_for_the_one_before(facts: Facts) -> None:
    reporter = run(facts, thing(facts, "a"), voucher(facts, "b"), voucher(facts, "c"), thing(facts, "d"))
    assert reporter.heard == [
        "began a", "began b", "ended a", "began c", "ended b", "ended c", "began d", "ended d",
    ]  # fmt: skip
    assert facts.reads == 3


def test_a_step_that_vouches_has_its_own_look_where_nothing_ran_before_it(facts: Facts) -> None:
    facts.done = {"a", "b"}
    assert run(facts, thing(facts, "a"), voucher(facts, "b")).heard == []


def test_a_failure_is_looked_at_before_a_step_that_vouches(facts: Facts) -> None:
    with pytest.raises(ToolFailed, match="it failed"):
        run(facts, thing(facts, "a", fail(FAILED), works=False), voucher(facts, "b"))
    assert facts.done == set()


def test_a_step_that_vouches_fails_by_its_own_reason_whatever_it_left_of_the_one_before(facts: Facts) -> None:
    first = thing(facts, "a")
    last = voucher(facts, "b", lambda: facts.done.discard("a"), fail(FAILED), works=False)
    with pytest.raises(ToolFailed, match="it failed"):
        run(facts, first, last)


def test_what_nobody_has_looked_at_is_taken_back_when_the_next_step_fails(facts: Facts) -> None:
    runner = ScriptedRunner([expect("n1", "undo a")])
    made = Doubtful("a", facts, thing(facts, "a").act, True)
    with pytest.raises(Refused):
        run(facts, made, voucher(facts, "b", fail(Refused("x", why="y", hint="z")), works=False), runner=runner)
    runner.done()


def test_nodes_of_steps_that_were_vouched_for_are_looked_at_in_the_end(facts: Facts) -> None:
    run(facts, ServiceThing("s", facts, lambda: facts.done.add("s")), voucher(facts, "b"))
    assert facts.asked_manager == [True, True]


@dataclass(frozen=True, slots=True)
class Copy(Thing):
    """A step that copies."""

    copies: ClassVar[bool] = True


def copy(facts: Facts, name: str, *acts: Callable[[], None], works: bool = True) -> Copy:
    """Make a step that copies and then is done, or not."""
    return Copy(name, facts, thing(facts, name, *acts, works=works).act)


def test_several_small_copies_are_proven_by_one_look(facts: Facts) -> None:
    reporter = run(facts, copy(facts, "a"), copy(facts, "b"), copy(facts, "c"))
    assert reporter.heard == ["began a", "began b", "began c", "ended a", "ended b", "ended c"]
    assert facts.reads == 2


def test_a_copy_that_took_long_is_proven_before_the_next(facts: Facts, clock: Clock) -> None:
    a = copy(facts, "a", lambda: clock.pass_by(engine.PROVE_EVERY))
    assert run(facts, a, copy(facts, "b"), copy(facts, "c")).heard == [
        "began a", "ended a", "began b", "began c", "ended b", "ended c",
    ]  # fmt: skip


def test_what_is_no_copy_waits_for_the_proof_of_those_before_it(facts: Facts) -> None:
    reporter = run(facts, copy(facts, "a"), thing(facts, "b"))
    assert reporter.heard == ["began a", "ended a", "began b", "ended b"]


def test_a_copy_begins_only_when_what_is_no_copy_or_failed_before_it_is_proven(facts: Facts) -> None:
    for first in (thing(facts, "a", fail(FAILED), works=False), copy(facts, "a", fail(FAILED), works=False)):
        with pytest.raises(ToolFailed, match="it failed"):
            run(facts, first, copy(facts, "b"))
    assert facts.done == set()


def test_a_copy_that_did_not_take_effect_ends_the_work_at_the_next_look(facts: Facts, clock: Clock) -> None:
    steps = copy(facts, "a", works=False), copy(facts, "b", lambda: clock.pass_by(60)), copy(facts, "c")
    with pytest.raises(ToolFailed, match="a: it did not take effect"):
        run(facts, *steps)
    assert facts.done == {"b"}


def test_a_wish_to_stop_ends_the_work_before_the_next_copy_with_the_last_one_proven(facts: Facts) -> None:
    doing, reporter = work(ScriptedRunner())
    steps = copy(facts, "a", lambda: signal.raise_signal(signal.SIGINT)), copy(facts, "b")
    with pytest.raises(StoppedHalfway, match="stopped before: b"):
        engine.carry_out(steps, doing, facts.read, facts.read())
    assert "ended a" in reporter.heard
    assert facts.done == {"a"}


def test_a_note_is_not_taken_off_where_what_it_says_could_not_be_undone(facts: Facts) -> None:
    runner = ScriptedRunner([expect("n1", "start b", rc=5, err="busy\n"), expect("n1", "undo a")])
    made = [thing(facts, "a", undo=True), Twofold("b", facts, lambda: facts.done.add("b"))]
    with pytest.raises(ToolFailed):
        run(facts, *made, thing(facts, "c", fail(FAILED), works=False), runner=runner)
    runner.done()
