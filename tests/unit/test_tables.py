"""Tables for eyes: none is torn on a terminal of 80 columns, and a pipe gets all of it, line by line."""

import io
from typing import Any

import pytest

from tests.support.bench import Terminal
from vmstore import ui
from vmstore.jobs.activation_steps import Deactivate
from vmstore.output import Output

LONG = "36001405cb107ef919596a96f6ad98019"
COLUMNS = (
    ui.Column("PV", "name"),
    ui.Column("MOUNTED ON", "mounted", spare=True),
    ui.Column("WWID", "wwid", below=True),
    ui.note_column("note"),
)


def drawn(
    monkeypatch: pytest.MonkeyPatch, width: int, *rows: dict[str, Any], terminal: bool = True, output: str = "table"
) -> list[str]:
    """Draw these rows on a terminal of that width; give the lines."""
    screen = Terminal(terminal=terminal)
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("COLUMNS", str(width))
    ui.items(Output(output), "pvs", COLUMNS, rows)
    return screen.getvalue().splitlines()


def row(name: str = "/dev/sda", note: str = "") -> dict[str, Any]:
    """Make a row."""
    return {"name": name, "mounted": "/vm/web01", "wwid": LONG, "note": note}


def test_a_note_column_without_a_note_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, 80, row())[0].split() == ["PV", "MOUNTED", "ON", "WWID"]
    assert drawn(monkeypatch, 80, row(), row(note="moving"))[0].split()[-1] == "NOTE"
    assert drawn(monkeypatch, 80)[0].split()[-1] == "NOTE", "an empty table tells what it would have"
    assert drawn(monkeypatch, 80, row(), output="plain") == [f"/dev/sda\t/vm/web01\t{LONG}\t"]


def test_what_can_be_spared_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = drawn(monkeypatch, 80, row())
    assert "/vm/web01" in wide[1]
    spared = drawn(monkeypatch, len(wide[1]) - 1, row())
    assert spared == ["PV        WWID", f"/dev/sda  {LONG}"]


def test_what_may_stand_below_does_where_that_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    folded = drawn(monkeypatch, 30, row(), row("/dev/sdb", "moving"))
    assert folded == ["PV", "  WWID  NOTE", "/dev/sda", f"  {LONG}", "/dev/sdb", f"  {LONG}  moving"]


def test_a_row_with_nothing_below_it_takes_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    folded = drawn(monkeypatch, 20, row() | {"wwid": ""}, row("/dev/sdb", "a note that is long"))
    assert folded[2:] == ["/dev/sda", "/dev/sdb", f"  {LONG}  a note that is long"]


def test_a_pipe_gets_whole_lines_however_narrow_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(monkeypatch, 20, row(), row("/dev/sdb", "moving"), terminal=False)
    assert [len(line.split("  ")) > 2 for line in lines] == [True, True, True]
    assert "/vm/web01" in lines[1]


def test_a_plan_before_a_question_fits_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    told = io.StringIO()
    monkeypatch.setattr("sys.stderr", told)
    ui.outline([Deactivate("n1", "vg", f"vm{number}") for number in range(1, 101)])
    lines = told.getvalue().splitlines()
    assert len(lines) == ui.SCREEN
    assert (lines[0][:3], lines[-1][:5]) == ("1. ", "100. ")
    assert lines[-3] == "… 83 more steps, which --dry-run shows …"
    assert sum(line[0].isdigit() for line in lines) + 83 == 100
