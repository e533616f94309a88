"""The hook by which tests break things at each point."""

from dataclasses import replace

import pytest

from tests.support.scripted import ScriptedRunner, expect
from tests.support.works import work
from vmstore.jobs.hook import ENVIRONMENT, Hook
from vmstore.jobs.step import Command


def test_it_is_off_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert Hook.wanted(ScriptedRunner()) is None
    monkeypatch.setenv(ENVIRONMENT, "/tmp/break")
    hook = Hook.wanted(ScriptedRunner())
    assert hook is not None
    assert hook.program == "/tmp/break"


def test_each_command_has_a_point_before_and_one_after_it() -> None:
    runner = ScriptedRunner([expect("n1", "lvs a"), expect("n1", "lvs b", rc=5, err="no")])
    told: list[tuple[str, str, str]] = []
    at = replace(work(runner)[0], hook=lambda *point: told.append(point))
    at.do(Command("n1", ("lvs", "a")), "a")
    with pytest.raises(Exception, match="b failed"):
        at.do(Command("n1", ("lvs", "b")), "b failed")
    assert [(point, what) for point, _, what in told] == [
        ("before", "n1: lvs a"), ("after", "n1: lvs a"), ("before", "n1: lvs b"), ("after", "n1: lvs b"),
    ]  # fmt: skip
    runner.done()


def test_points_are_counted_for_the_program() -> None:
    runner = ScriptedRunner(
        [expect("", "/tmp/break 1 before n1 'n1: a b'"), expect("", "/tmp/break 2 after n1 'n1: a b'")]
    )
    hook = Hook("/tmp/break", runner)
    hook("before", "n1", "n1: a b")
    hook("after", "n1", "n1: a b")
    runner.done()
