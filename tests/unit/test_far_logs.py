"""What is run on other nodes to read their logs, by the real find(1) and zcat(1)."""

import gzip
from pathlib import Path

import pytest

from vmstore.run import LocalRunner
from vmstore.tools import far_logs

pytestmark = pytest.mark.spawns("find")


@pytest.mark.parametrize("there", [True, False])
def test_the_log_and_those_that_it_was_rotated_to_are_read(tmp_path: Path, there: bool) -> None:
    names = {"vmstore.log": "now", "vmstore.log.1": "before", "vmstore.log-20270101": "dated"} if there else {}
    for name, text in names.items():
        (tmp_path / name).write_text(f"{text}\n", encoding="utf-8")
    if there:
        (tmp_path / "vmstore.log.2.gz").write_bytes(gzip.compress(b"long ago\n"))
    (tmp_path / "vmstore.log.saved").write_text("another's\n", encoding="utf-8")
    (tmp_path / "vmstore.log.d").mkdir()
    done = LocalRunner().run(far_logs.command(tmp_path / "vmstore.log"))
    assert (done.rc, done.err) == (0, "")
    assert sorted(done.out.splitlines()) == (["before", "dated", "long ago", "now"] if there else [])


def test_what_cannot_be_read_is_complained_of_and_the_rest_is_there(tmp_path: Path) -> None:
    (tmp_path / "vmstore.log").write_text("now\n", encoding="utf-8")
    (tmp_path / "vmstore.log.1.gz").write_bytes(gzip.compress(b"before\n" * 9)[:12])
    done = LocalRunner().run(far_logs.command(tmp_path / "vmstore.log"))
    assert "now" in done.out
    assert not done.ok
    assert "vmstore.log.1.gz" in done.reason()
