"""The file for logrotate, as logrotate itself reads it."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from vmstore.config import LogSettings
from vmstore.log import places, reading
from vmstore.log.writing import Log

CONF = Path(__file__).parents[2] / "contrib" / "logrotate" / "vmstore"
# Debian has it where only root's PATH leads.
LOGROTATE = shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin") or "logrotate"


@pytest.mark.spawns("logrotate")
def test_what_is_written_before_and_after_each_rotation_is_read_in_order(tmp_path: Path) -> None:
    path = places.SYSTEM
    conf = tmp_path / "logrotate.conf"
    # Only root can give a file away.
    conf.write_text(CONF.read_text().replace("/var/log/vmstore.log", str(path)).replace("0640 root adm", "0640"))
    conf.chmod(0o644)
    log = Log(["grow", "web01", "+1G"])
    log.open(LogSettings(file=str(path)))
    for number in range(4):
        log.seen(f"step {number}", "done")
        done = subprocess.run(
            [LOGROTATE, "--force", "--state", str(tmp_path / "state"), str(conf)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout + done.stderr == ""
    log.seen("step 4", "done")
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "vmstore.log", "vmstore.log.1", "vmstore.log.2.gz", "vmstore.log.3.gz", "vmstore.log.4.gz",
    ]  # fmt: skip
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    said: list[str] = []
    steps = [entry["step"] for entry in reading.entries(path, said.append) if entry["event"] == "seen"]
    assert steps == [f"step {number}" for number in range(5)]
    assert said == []


def test_it_is_for_the_file_that_root_writes() -> None:
    assert "\n/var/log/vmstore.log {\n" in CONF.read_text()
