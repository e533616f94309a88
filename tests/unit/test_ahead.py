"""LVM is asked ahead for what only lists, and only where the command will ask the same."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.scripted import ScriptedRunner, expect
from vmstore import __main__ as start
from vmstore import ahead, cli
from vmstore.run import Result
from vmstore.tools import lvm_report
from vmstore.tools.nodes import Unreachable, shown

REPORT = shown(lvm_report.argv("vmstore"))


@pytest.fixture(autouse=True)
def nothing_begun() -> Iterator[None]:
    """Leave nothing to the next test."""
    yield
    ahead.take("", "")


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Write a configuration with two nodes."""
    file = tmp_path / "vmstore.toml"
    file.write_text('nodes = ["n1", "n2"]\n')
    return str(file)


@pytest.mark.parametrize("words", [["list"], ["show", "web01"], ["pv", "list", "-o", "json"]])
def test_what_only_lists_is_begun_on_the_node_that_will_be_asked(words: list[str], config: str) -> None:
    runner = ScriptedRunner([expect("n1", REPORT, out="told")])
    ahead.begin([*words, f"--config={config}"], runner)
    wait = ahead.take("n1", "vmstore")
    assert wait is not None
    answer = wait()
    assert isinstance(answer, Result)
    assert answer.out == "told"
    assert ahead.take("n1", "vmstore") is None


@pytest.mark.parametrize(
    "words", [["list", "--help"], ["list", "-h"], ["list", "--offline=n1"], ["list", "--offline", "n1"]]
)
def test_nothing_is_begun_where_it_would_be_for_nothing(words: list[str], config: str) -> None:
    ahead.begin([*words, "--config", config], ScriptedRunner())
    assert ahead.take("n1", "vmstore") is None


def test_an_answer_about_something_else_is_not_taken(config: str) -> None:
    ahead.begin(["list", "--config", config], ScriptedRunner([expect("n1", REPORT)]))
    assert ahead.take("n2", "vmstore") is None


@pytest.mark.parametrize("words", [["--config", "/no/such/file"], ["--config"]])
def test_what_is_wrong_is_left_to_the_command_to_say(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("vg = 1\n")
    monkeypatch.setenv("VMSTORE_CONFIG", str(bad))
    ahead.begin(["list", *words], ScriptedRunner())
    assert ahead.take("n1", "vmstore") is None


def test_a_node_that_does_not_answer_is_told_as_such(config: str) -> None:
    runner = ScriptedRunner([expect("n1", REPORT, rc=255, err="no route to host\n")])
    ahead.begin(["list", "--config", config], runner)
    wait = ahead.take("n1", "vmstore")
    assert wait is not None
    assert isinstance(wait(), Unreachable)


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        (["list"], True),
        (["show", "web01"], True),
        (["pv", "list"], True),
        (["pv", "add", "list"], False),
        (["create", "list", "1G"], False),
        (["--help"], False),
        ([], False),
    ],
)
def test_only_what_lists_begins_before_the_rest_is_loaded(
    words: list[str], begins: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(sys, "argv", ["vmstore", *words])
    monkeypatch.setattr(ahead, "begin", lambda given: order.append(f"begin {given}"))

    def go() -> NoReturn:
        order.append("go")
        raise SystemExit

    monkeypatch.setattr(cli, "main", go)
    with pytest.raises(SystemExit):
        start.main()
    assert order == ([f"begin {words}"] if begins else []) + ["go"]
