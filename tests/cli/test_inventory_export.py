"""inventory export: the layout on stdout or in a file that nobody else may read, without a change or a lock."""

import stat
from pathlib import Path

import pytest

from lab import layout_reading
from tests.support import san_manager
from tests.support.bench import Bench
from tests.support.san import EXTENT, G
from tests.support.san_parts import Move
from vmstore.errors import ExitCode


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Put a mounted, a held and an idle volume into the cluster."""
    bench.san.volume("db-01.prod", 4 * G, ("iscsi1", "fc2"), active="n2", mounted=True)
    bench.san.volume("raw", 2 * G, "fc2", active="n3", fs="")
    bench.san.volume("idle", 1 * G, "iscsi2")
    bench.san.label("fc1").allocatable = False
    return bench


@pytest.mark.parametrize("host", ["", "n1"])
def test_the_layout_goes_to_stdout_and_nothing_changes(filled: Bench, host: str) -> None:
    before = filled.san.summary()
    outcome = filled.vmstore("inventory", "export", host=host)
    assert (outcome.code, outcome.err) == (ExitCode.DONE, "")
    told = outcome.json
    assert (told["schema"], told["kind"], told["manager"]) == (1, "inventory", "none")
    assert told["vg"] == {"name": "vmstore", "extent": EXTENT, "lock_type": "dlm", "metadata_size": 8910592}
    luns = filled.san.luns
    assert [(pv["wwid"], pv["transport"], pv["paths"], pv["cordoned"]) for pv in told["pvs"]] == [
        (luns["fc1"].wwid, "fc", 1, True),
        (luns["fc2"].wwid, "fc", 1, False),
        (luns["iscsi1"].wwid, "iscsi", 1, False),
        (luns["iscsi2"].wwid, "iscsi", 2, False),
    ]
    volumes = {volume["name"]: volume for volume in told["volumes"]}
    assert [run for part in volumes["db-01.prod"]["segments"] for run in part["runs"]] == [
        {"pv": luns["iscsi1"].wwid, "start": 0, "count": 512},
        {"pv": luns["fc2"].wwid, "start": 0, "count": 512},
    ]
    assert volumes["db-01.prod"]["mount"]["directory"] == "/vm/db-01.prod"
    assert (volumes["raw"]["held_by"], volumes["raw"]["mount"]) == (["n3"], None)
    assert (volumes["idle"]["held_by"], volumes["idle"]["mount"]) == ([], None)
    assert filled.changes() == []
    assert filled.san.summary() == before


def test_the_services_of_the_manager_are_in_it(bench: Bench) -> None:
    bench.san.guest("web01", "n1")
    bench.san.serve("web01", "n1")
    told = bench.vmstore("inventory", "export").json
    assert told["manager"] == "rgmanager"
    assert told["services"] == [{"vm": "web01", "state": "started", "node": "n1"}]


def test_that_services_are_not_known_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.san.serve("web01", "n1")
    hung = "Timed out waiting for a response from Resource Group Manager\n"
    monkeypatch.setattr(san_manager, "_clustat", lambda san, node: hung)
    outcome = bench.vmstore("inventory", "export")
    assert (outcome.code, outcome.json["services"]) == (ExitCode.DONE, [])
    assert outcome.err.startswith("vmstore: the services are not in it: ")


def test_a_dash_is_stdout(filled: Bench) -> None:
    assert filled.vmstore("inventory", "export", "-").json["kind"] == "inventory"


def test_nobody_else_may_read_the_file_and_the_lab_can(filled: Bench, tmp_path: Path) -> None:
    file = tmp_path / "layout.json"
    # Also where it was open to all before.
    file.write_text("old", encoding="utf-8")
    file.chmod(0o644)
    outcome = filled.vmstore("inventory", "export", str(file))
    assert (outcome.code, outcome.out, outcome.err) == (ExitCode.DONE, "", "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []
    assert [volume.name for volume in layout_reading.read(file).volumes] == ["db-01.prod", "idle", "raw"]


def test_a_file_that_cannot_be_written_is_said_in_three_lines(filled: Bench, tmp_path: Path) -> None:
    outcome = filled.vmstore("inventory", "export", str(tmp_path / "nowhere" / "layout.json"))
    assert outcome.code == ExitCode.TOOL
    assert [line.split(":")[0] for line in outcome.err.splitlines()] == ["vmstore", "  why", "  try"]


def test_a_node_that_does_not_answer_is_named(filled: Bench) -> None:
    filled.san.nodes["n3"].up = False
    outcome = filled.vmstore("inventory", "export")
    assert outcome.code == ExitCode.DONE
    assert [node for node in outcome.json["nodes"] if not node["answered"]] == [{"name": "n3", "answered": False}]
    assert "n3 does not answer" in outcome.err


def test_a_layout_that_is_about_to_be_another_is_refused(filled: Bench, tmp_path: Path) -> None:
    san = filled.san
    lv = san.lvs["idle"]
    new = san.take(lv.runs[0].count, [san.label("fc2").uuid])
    assert new
    lv.move = Move(lv.runs[0].pv, list(lv.runs), new)
    outcome = filled.vmstore("inventory", "export", str(tmp_path / "layout.json"))
    assert outcome.code == ExitCode.REFUSED
    assert "idle" in outcome.err
    assert not (tmp_path / "layout.json").exists()
