"""What doctor names as mending, run by a shell: it does that, and spoils nothing that was there."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.test_checkup_policies import findings, managed, world


@pytest.mark.spawns("sh")
def test_what_mends_a_shutdown_keeps_what_mended_an_earlier_one(tmp_path: Path) -> None:
    for units in (("lvmlockd.service",), ("libvirtd.service",)):
        found = findings(managed(world().inventory()), n2={"unordered": units})
        for mend in found[0].mend[:2]:
            command = mend.command.replace("/etc/systemd", str(tmp_path))
            subprocess.run(["sh", "-c", command], check=True, timeout=60)
    (written,) = tmp_path.rglob("vmstore.conf")
    assert written.read_text(encoding="utf-8").split("[Unit]\n")[1:] == [
        "After=lvmlockd.service\n", "After=libvirtd.service\n",
    ]  # fmt: skip


@pytest.mark.spawns("sh")
@pytest.mark.parametrize("before", [None, "", "log_debug=1\nenable_fencing=0\n"])
def test_what_turns_dlms_fencing_on_writes_it_whatever_is_there(tmp_path: Path, before: str | None) -> None:
    folder = tmp_path / "dlm"
    if before is not None:
        folder.mkdir()
        (folder / "dlm.conf").write_text(before, encoding="utf-8")
    found = findings(managed(world().inventory()), n2={"dlm_fences": False})
    assert [each.code for each in found] == ["VMS-D40"]
    assert "restart the nodes" in found[0].what
    subprocess.run(["sh", "-c", found[0].mend[0].command.replace("/etc/dlm", str(folder))], check=True, timeout=60)
    kept = "log_debug=1\n" if before else ""
    assert (folder / "dlm.conf").read_text(encoding="utf-8") == f"{kept}enable_fencing=1\n"
