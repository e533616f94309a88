"""Whatever happens to a run, the same command again ends in the right state. Holds for every verb and every step."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.scenarios import FROM, IDS, SCENARIOS, Scenario
from tests.support.bench import KILLED, Bench, Outcome
from tests.support.san import San, cluster
from vmstore.errors import ExitCode

each = pytest.mark.parametrize(("scenario", "host"), FROM, ids=IDS)
# Spoiling each step of each verb from one place is enough, and from another place for every other verb.
spoil_each = pytest.mark.parametrize(
    ("scenario", "host"), [(s, s.hosts[n % len(s.hosts)]) for n, s in enumerate(SCENARIOS)], ids=map(str, SCENARIOS)
)


@pytest.fixture
def bench(scenario: Scenario, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Give the situation of the scenario, vmstore on its host."""
    return Bench(scenario.san(), tmp_path, monkeypatch, host)


def elsewhere(scenario: Scenario, host: str) -> str:
    """Choose another place to run the same command from."""
    return scenario.hosts[(scenario.hosts.index(host) + 1) % len(scenario.hosts)]


def clean(bench: Bench, scenario: Scenario) -> tuple[dict[str, object], int, int]:
    """Run undisturbed; give the right state, and how many moments and changes there are."""
    outcome = run(bench, scenario)
    assert outcome.code == ExitCode.DONE, outcome.err
    assert bench.runner.changes, "the scenario changes something"
    return bench.san.summary(), bench.runner.moments, len(bench.runner.changes)


def run(bench: Bench, scenario: Scenario, host: str | None = None, **tampering: Any) -> Outcome:
    """Run the scenario's command."""
    return bench.vmstore(*scenario.line(bench.san), host=host, **tampering)


def spoiled(
    bench: Bench, scenario: Scenario, host: str, how: str, count: int, right: dict[str, object]
) -> Iterator[tuple[int, Outcome, San]]:
    """Spoil a run in each place, run it again elsewhere, and check that this puts it right."""
    wrong = []
    for number in range(count):
        bench.san = scenario.san()
        outcome = run(bench, scenario, host, **{how: number})
        at = bench.runner.changes[-1 if how == "cut_at" else number]
        yield number, outcome, bench.san.copy()
        again = run(bench, scenario, elsewhere(scenario, host))
        if again.code != ExitCode.DONE or bench.san.summary() != right:
            wrong.append(
                f"{how} {number}, on {at.node}: {shlex.join(at.argv)}\n"
                f"  exit code {again.code}, {again.err}\n  {bench.san.summary()}"
            )
    assert not wrong, f"{len(wrong)} of {count} wrong; right is {right}\n" + "\n".join(wrong)


@each
def test_a_second_run_succeeds_and_changes_nothing(bench: Bench, scenario: Scenario, host: str) -> None:
    right, _, _ = clean(bench, scenario)
    seqno = bench.san.seqno
    again = run(bench, scenario, elsewhere(scenario, host))
    assert (again.code, bench.san.seqno, bench.san.summary()) == (ExitCode.DONE, seqno, right), again.err
    assert "nothing was changed" in again.err


@spoil_each
def test_cut_off_at_any_moment_and_run_again_elsewhere_it_ends_right(
    bench: Bench, scenario: Scenario, host: str
) -> None:
    right, moments, _ = clean(bench, scenario)
    for number, outcome, _ in spoiled(bench, scenario, host, "cut_at", moments, right):
        assert outcome.code == KILLED, f"moment {number} never came"


@spoil_each
def test_a_command_that_fails_is_told_of_and_a_second_run_ends_right(
    bench: Bench, scenario: Scenario, host: str
) -> None:
    right, _, changes = clean(bench, scenario)
    for number, outcome, left in spoiled(bench, scenario, host, "fail", changes, right):
        assert outcome.code != ExitCode.BUG, f"change {number}: {outcome.err}"
        if outcome.code == ExitCode.DONE:
            assert left.summary() == right, f"change {number} failed and nobody was told"
        else:
            assert re.search(r"^vmstore: .+\n  why: .+\n  try: .+\n\Z", outcome.err, re.MULTILINE), outcome.err


@spoil_each
def test_a_command_that_took_effect_though_it_failed_leaves_nothing_wrong(
    bench: Bench, scenario: Scenario, host: str
) -> None:
    right, _, changes = clean(bench, scenario)
    for number, outcome, _ in spoiled(bench, scenario, host, "fail_done", changes, right):
        assert outcome.code != ExitCode.BUG, f"change {number}: {outcome.err}"


@spoil_each
def test_a_command_that_says_yes_and_did_nothing_is_found_out(bench: Bench, scenario: Scenario, host: str) -> None:
    right, _, changes = clean(bench, scenario)
    for number in range(changes):
        bench.san = scenario.san()
        outcome = run(bench, scenario, lie=number)
        assert outcome.code != ExitCode.BUG, outcome.err
        # What only keeps vmstore's own marks is not the work.
        if bench.runner.changes[number].argv[0] in ("mkdir", "touch", "rm"):
            continue
        if outcome.code == ExitCode.DONE:
            assert bench.san.summary() == right, f"{bench.runner.changes[number]} was believed"


def without(summary: dict[str, dict[str, object]], dead: str) -> dict[str, object]:
    """Leave out of the volumes what a node held that is off now."""
    return {name: {**told, "active": [n for n in _list(told["active"]) if n != dead], "mounted": None}
            for name, told in summary.items()}  # fmt: skip


def _list(value: object) -> list[str]:
    assert isinstance(value, list)
    return value


@pytest.mark.parametrize(
    "scenario", [s for s in SCENARIOS if s.make is cluster and "--activate" not in s.words], ids=str
)
@pytest.mark.parametrize("host", [""])
def test_the_node_at_work_dies_at_any_moment_and_another_carries_on(bench: Bench, scenario: Scenario) -> None:
    _, moments, _ = clean(bench, scenario)
    right = bench.san
    for number in range(moments):
        bench.san = scenario.san()
        run(bench, scenario, cut_at=number)
        last = bench.runner.changes[-1]
        bench.san.crash(last.node)
        again = bench.vmstore(*scenario.line(bench.san), "--offline", last.node)
        at = f"moment {number}, {last}: {again.err}"
        assert again.code == ExitCode.DONE, at
        assert without(bench.san.volumes(), last.node) == without(right.volumes(), last.node), at
        for told in ("luns", "empty", "locks"):
            assert bench.san.summary()[told] == right.summary()[told], at
