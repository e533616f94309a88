"""--dry-run shows the commands that are then run, in their order and with their place, and changes nothing."""

import shlex
from pathlib import Path

import pytest

from tests.cli.scenarios import FROM, IDS, Scenario
from tests.support import san
from tests.support.bench import Bench
from tests.support.ssh import AND
from vmstore.errors import ExitCode

each = pytest.mark.parametrize(("scenario", "host"), FROM, ids=IDS)


@pytest.fixture
def bench(scenario: Scenario, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Give the situation of the scenario, vmstore on its host."""
    return Bench(scenario.san(), tmp_path, monkeypatch, host)


def parts(node: str, argv: list[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Take a chain of commands apart."""
    found: list[list[str]] = [[]]
    for word in argv:
        if word == AND:
            found.append([])
        else:
            found[-1].append(word)
    return [(node, tuple(part)) for part in found]


@each
def test_what_is_shown_is_what_is_then_run(bench: Bench, scenario: Scenario, host: str) -> None:
    words = scenario.line(bench.san)
    before = bench.san.copy()
    shown = bench.vmstore(*words, "--dry-run", "--output", "json")
    assert shown.code == ExitCode.DONE, shown.err
    assert bench.san == before
    assert bench.changes() == []
    plan = [
        part
        for step in shown.json["steps"]
        for command in step["commands"]
        for part in parts(command["node"], command["argv"])
    ]
    done = bench.vmstore(*words)
    assert done.code == ExitCode.DONE, done.err
    # To look how far legs are changes nothing.
    assert bench.changes() == [part for part in plan if part[1][0] != "dmsetup"]


@each
def test_plain_lines_hold_node_and_command_for_the_shell(bench: Bench, scenario: Scenario, host: str) -> None:
    words = [*scenario.line(bench.san), "--dry-run"]
    shown = bench.vmstore(*words, "--output", "plain").out.splitlines()
    plan = bench.vmstore(*words, "--output", "json").json
    commands = [command for step in plan["steps"] for command in step["commands"]]
    assert len(shown) == len(commands) > 0
    for line, command in zip(shown, commands, strict=True):
        node, _, text = line.partition(": ")
        assert (node, shlex.split(text)) == (command["node"], command["argv"])


@each
def test_the_table_has_each_step_with_its_commands_below(bench: Bench, scenario: Scenario, host: str) -> None:
    words = [*scenario.line(bench.san), "--dry-run"]
    plan = bench.vmstore(*words, "--output", "json").json["steps"]
    # Rebalance shows before and after above it.
    lines = bench.vmstore(*words).out.rpartition("\n\n")[2].splitlines()
    titles = [line for line in lines if not line.startswith("     ")]
    assert titles == [f"{number}. {step['title']}" for number, step in enumerate(plan, 1)]
    told = [line for line in lines if line.startswith("     | ")]
    assert told == [f"     | {line}" for step in plan for line in step["detail"].splitlines()]
    assert len(lines) - len(titles) - len(told) == sum(len(step["commands"]) for step in plan)


def test_a_finished_request_shows_that_nothing_is_left_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(san.cluster(), tmp_path, monkeypatch)
    bench.vmstore("create", "web01", "8G")
    assert bench.vmstore("create", "web01", "8G", "--dry-run").out == "nothing to do\n"
    assert bench.vmstore("create", "web01", "8G", "--dry-run", "-o", "plain").out == ""
    shown = bench.vmstore("create", "web01", "8G", "--dry-run", "-o", "json")
    assert shown.json == {"schema": 1, "kind": "plan", "steps": []}
