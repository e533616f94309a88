"""Words for the admin: data on stdout, all else on stderr, and questions only where somebody can answer."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import Terminal
from vmstore import ui
from vmstore.errors import ExitCode, Refused, ToolFailed, UsageError
from vmstore.jobs.activation_steps import Deactivate
from vmstore.jobs.volume_steps import RemoveVolume
from vmstore.output import Output

COLUMNS = (ui.Column("NAME", "name"), ui.size_column("SIZE", "size"), ui.Column("ON", "on", ",".join))
ROWS: tuple[dict[str, Any], ...] = (
    {"name": "web01", "size": 2**30, "on": ["a", "b"], "up": True},
    {"name": None, "size": None, "on": [], "up": False},
)


def read(capsys: pytest.CaptureFixture[str]) -> str:
    """Give what is on stdout; nothing may be on stderr."""
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_a_table_is_aligned_with_numbers_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    ui.items(Output.table, "things", COLUMNS, ROWS)
    assert read(capsys).splitlines() == ["NAME    SIZE  ON", "web01  1 GiB  a,b", "-          -"]


def test_json_keeps_every_key_and_its_type(capsys: pytest.CaptureFixture[str]) -> None:
    ui.items(Output.json, "things", COLUMNS, ROWS)
    assert json.loads(read(capsys)) == {"schema": 1, "kind": "things", "items": [dict(row) for row in ROWS]}


def test_plain_has_tabs_and_bare_values(capsys: pytest.CaptureFixture[str]) -> None:
    ui.items(Output.plain, "things", (*COLUMNS, ui.Column("UP", "up")), ROWS)
    assert read(capsys) == "web01\t1073741824\ta,b\tyes\n\t\t\tno\n"


def test_facts_of_one_thing_in_each_way(capsys: pytest.CaptureFixture[str]) -> None:
    content = {"name": "web01", "size": 5, "on": ["a"], "held": None}
    shown = [("VM", "web01"), ("held by", "nobody")]
    ui.facts(Output.table, "thing", content, shown)
    assert read(capsys) == "VM       web01\nheld by  nobody\n"
    ui.facts(Output.plain, "thing", content, shown)
    assert read(capsys) == "name\tweb01\nsize\t5\non\ta\nheld\t\n"
    ui.facts(Output.json, "thing", content, shown)
    assert json.loads(read(capsys)) == {"schema": 1, "kind": "thing", **content}


def test_a_result_is_a_sentence_on_stderr_or_a_document_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    for output in (Output.table, Output.plain):
        ui.result(output, "x", {"a": 1}, "it is so")
        assert capsys.readouterr() == ("", "it is so\n")
    ui.result(Output.json, "x", {"a": 1}, "it is so")
    assert json.loads(read(capsys)) == {"schema": 1, "kind": "x", "a": 1}


STEPS = (Deactivate("n1", "vg", "a"), RemoveVolume("n2", "vg", "a"))


def test_a_plan_shows_steps_commands_and_nodes(capsys: pytest.CaptureFixture[str]) -> None:
    ui.plan(Output.table, STEPS)
    assert read(capsys).splitlines() == [
        "1. leave a inactive",
        "     n1: lvchange --activate n vg/a && rm -f /run/vmstore/idle/a",
        "2. remove a",
        "     n2: lvremove --yes vg/a",
    ]
    ui.plan(Output.plain, STEPS)
    assert read(capsys).splitlines()[1] == "n2: lvremove --yes vg/a"
    ui.plan(Output.json, STEPS)
    step = json.loads(read(capsys))["steps"][1]
    assert step == {
        "title": "remove a",
        "bytes": 0,
        "detail": "",
        "commands": [{"node": "n2", "argv": ["lvremove", "--yes", "vg/a"]}],
    }


def test_an_outline_is_told_before_a_question(capsys: pytest.CaptureFixture[str]) -> None:
    ui.outline(STEPS)
    assert capsys.readouterr() == ("", "1. leave a inactive\n2. remove a\n")


def test_each_line_of_an_error_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    ui.error(ToolFailed("it\nfailed", why="  n1:\n  no  room\t", hint="look\n"))
    assert capsys.readouterr() == ("", "vmstore: it failed\n  why: n1: no room\n  try: look\n")


def terminal(monkeypatch: pytest.MonkeyPatch, typed: str | None) -> None:
    """Have somebody at the terminal type, or nobody there."""
    monkeypatch.setattr(sys, "stdin", Terminal(typed or "", terminal=typed is not None))


@pytest.mark.parametrize("typed", ["y\n", "Y\n", "yes\n", " yes \n"])
def test_yes_goes_on(typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    terminal(monkeypatch, typed)
    ui.confirm("sure?", yes=False)
    assert capsys.readouterr() == ("", "sure? [y/N] ")


@pytest.mark.parametrize("typed", ["", "\n", "n\n", "no\n", "yess\n", "j\n"])
def test_anything_else_is_no(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal(monkeypatch, typed)
    with pytest.raises(Refused, match="nothing was done"):
        ui.confirm("sure?", yes=False)


def test_nobody_is_asked_with_yes_and_nobody_can_answer_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal(monkeypatch, None)
    ui.confirm("sure?", yes=True)
    with pytest.raises(UsageError) as caught:
        ui.confirm("sure?", yes=False)
    assert "--yes" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        ui.confirm_name("web01", None)
    assert caught.value.hint == "add --confirm web01"


def test_a_name_is_confirmed_by_option_or_by_typing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal(monkeypatch, "web01\n")
    ui.confirm_name("web01", "web01")
    ui.confirm_name("web01", None)
    assert sys.stdin.read() == ""
    for given in ("web02", ""):
        with pytest.raises(Refused, match="nothing was done"):
            ui.confirm_name("web01", given)


def test_whether_a_stream_is_a_terminal_is_asked_of_it() -> None:
    assert ui.is_terminal(Terminal(terminal=True))
    assert not ui.is_terminal(io.StringIO())


def test_what_the_locale_has_no_characters_for_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", errors="strict"))
    ui.write("n1 sagt: geht nicht für alle\n")
    assert raw.getvalue() == b"n1 sagt: geht nicht f?r alle\n"


@pytest.mark.spawns(Path(sys.executable).name)
def test_a_full_disk_behind_stdout_is_an_error_of_three_lines() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "vmstore", "explain"],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent.parent, check=False,
        )  # fmt: skip
    assert done.returncode == ExitCode.TOOL
    assert done.stderr.splitlines() == [
        "vmstore: cannot write to stdout",
        "  why: No space left on device",
        "  try: is the disk that it goes to full?",
    ]
