"""Reading the log: rotated, torn and damaged files, and what of it is about whom."""

import gzip
import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vmstore.errors import UsageError
from vmstore.log import reading

NOW = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)


def entry(event: str, minute: int, **more: Any) -> dict[str, Any]:
    """Make an entry of a run."""
    time = (NOW + timedelta(minutes=minute)).isoformat()
    return {"v": 1, "time": time, "run": "r1", "event": event, "asked": "vmstore grow web01 +1G", **more}


def lines(*entries: dict[str, Any]) -> str:
    """Write entries as they are in a file."""
    return "".join(f"{json.dumps(each)}\n" for each in entries)


def test_rotated_files_are_read_first_the_oldest_first_and_nothing_else_is(tmp_path: Path) -> None:
    names = ("vmstore.log.2.gz", "vmstore.log.1", "vmstore.log")
    for age, name in enumerate(names):
        text = lines(entry("begin", age)).encode()
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    for name in ("vmstore.log.save", "vmstore.log-20270101.xz", "vmstore.logs"):
        (tmp_path / name).write_text(lines(entry("begin", 50)))
    said: list[str] = []
    found = [each["time"] for each in reading.entries(tmp_path / "vmstore.log", said.append)]
    assert found == [entry("begin", minute)["time"] for minute in (0, 1, 2)]
    assert said == []


def test_files_that_are_named_by_date_are_read_too(tmp_path: Path) -> None:
    for age, name in enumerate(("vmstore.log-20270113.gz", "vmstore.log-20270114")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    assert [path.name for path in reading.files(tmp_path / "vmstore.log")] == [
        "vmstore.log-20270113.gz", "vmstore.log-20270114", "vmstore.log",
    ]  # fmt: skip


def test_a_name_that_looks_like_a_pattern_is_none(tmp_path: Path) -> None:
    (tmp_path / "vm[1].log.1").touch()
    (tmp_path / "vm1.log.1").touch()
    assert [path.name for path in reading.files(tmp_path / "vm[1].log")] == ["vm[1].log.1", "vm[1].log"]


def test_what_is_torn_or_strange_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "vmstore.log"
    good = lines(entry("begin", 0)).encode()
    odd = [
        b"\xff\xfe\n",
        b"\n",
        b"[]\n",
        b"null\n",
        b'{"v": 2}\n',
        b'{"v": 1, "time": "soon", "run": "r", "event": "e"}\n',
    ]
    path.write_bytes(good[:40] + b"\n" + b"".join(odd) + good + good[:-20])
    said: list[str] = []
    assert [each["event"] for each in reading.entries(path, said.append)] == ["begin"]
    assert said == []


@pytest.mark.parametrize("cut", [20, 60])
def test_a_damaged_file_is_told_of_and_the_others_are_read(tmp_path: Path, cut: int) -> None:
    whole = gzip.compress(lines(*(entry("begin", minute) for minute in range(50))).encode())
    (tmp_path / "vmstore.log.2.gz").write_bytes(whole[:cut] if cut == 20 else whole[:cut] + b"\0" * 40)
    (tmp_path / "vmstore.log").write_text(lines(entry("end", 9, exit=0)))
    said: list[str] = []
    assert [each["event"] for each in reading.entries(tmp_path / "vmstore.log", said.append)][-1] == "end"
    assert len(said) == 1
    assert "vmstore.log.2.gz cannot be read to its end" in said[0]


def test_nothing_was_changed_yet(tmp_path: Path) -> None:
    assert list(reading.entries(tmp_path / "none" / "vmstore.log", lambda text: None)) == []


def test_beginning_and_end_become_one_row_in_the_order_of_beginnings() -> None:
    rows = reading.rows(
        [
            entry("begin", 0),
            entry("start", 1, n=1, command="lvextend", node="n1"),
            entry("begin", 2, run="r2"),
            entry("ended", 3, n=1, command="lvextend", node="n1", exit=0, seconds=2.0),
            entry("seen", 4, step="extend", result="done"),
            entry("end", 5, exit=0),
        ]
    )
    assert [(row.kind, row.time.minute, row.result) for row in rows] == [
        ("run", 0, "done"), ("command", 1, "done"), ("run", 2, ""), ("seen", 4, "done"),
    ]  # fmt: skip
    assert rows[1].told["seconds"] == 2.0
    assert [row.failed for row in rows] == [False, False, True, False]


def test_an_end_whose_beginning_was_thrown_away_is_a_row_by_itself() -> None:
    (row,) = reading.rows([entry("ended", 3, n=4, command="pvmove", exit=5, why="no")])
    assert (row.kind, row.result, row.time.minute) == ("command", "failed", 3)


def test_a_command_that_got_no_exit_code_failed_if_there_is_a_reason() -> None:
    lost, held = reading.rows([entry("ended", 1, n=1, command="a", why="n1 does not answer"), entry("ended", 1, n=2)])
    assert (lost.result, held.result) == ("failed", "done")


@pytest.mark.parametrize(
    ("name", "command", "found"),
    [
        ("web01", "lvextend --extents 5 vmstore/web01 /dev/sda", True),
        ("web01", "mkfs.ext4 /dev/vmstore/web01+new", True),
        ("web01", "pvchange --addtag vmstore.freeze=web01:n1:volume.x /dev/sda", True),
        ("web01", "env OCF_RESKEY_vm=web01 agent start", True),
        ("web01", "lvextend vmstore/web011", False),
        ("web01", "lvextend vmstore/web01-b", False),
        ("web01", "lvextend vmstore/web01.prod", False),
        ("web01", "lvextend vmstore/my-web01", False),
        ("/dev/sda", "pvmove /dev/sda /dev/sdb", True),
        ("/dev/sda", "pvmove /dev/sdaa /dev/sdb", False),
        ("/dev/sda", "pvmove /dev/sda:0-5 /dev/sdb", True),
    ],
)
def test_names_are_found_whole(name: str, command: str, found: bool) -> None:
    (row,) = reading.rows([entry("ended", 0, n=1, command=command, asked="vmstore evacuate x", exit=0)])
    assert row.about(name) is found


def test_all_that_was_done_for_what_was_asked_of_a_vm_is_about_it_and_of_a_job_what_bears_it() -> None:
    rows = reading.rows(
        [entry("ended", 0, n=1, command="true"), entry("begin", 0, asked="vmstore evacuate x", job="j1")]
    )
    assert [row.about("web01") for row in rows] == [True, False]
    assert [row.about("j1") for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("2027-01-14T08:00:00+00:00", NOW - timedelta(days=1)),
        ("2027-01-14T10:00:00+02:00", NOW - timedelta(days=1)),
        ("2027-01-14", datetime(2027, 1, 14).astimezone()),
        ("2027-01-14 09:30", datetime(2027, 1, 14, 9, 30).astimezone()),
    ],
)
def test_since_when(text: str, meant: datetime) -> None:
    assert reading.since(text, NOW) == meant


@pytest.mark.parametrize("text", ["", "yesterday", "7", "-2h", "0d", "2027-13-01", "99999d"])
def test_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        reading.since(text, NOW)


@pytest.mark.parametrize(("zone", "text"), [("UTC+5", "9999-12-31 23:59"), ("UTC-5", "0001-01-01")])
def test_a_date_that_no_calendar_has_elsewhere_is_no_time(
    monkeypatch: pytest.MonkeyPatch, zone: str, text: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        test_no_time(text)
    finally:
        monkeypatch.undo()
        time.tzset()
