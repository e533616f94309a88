"""Check the suspended state, lock files, crashes, and the failures one can ask for."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from lab.standins.vmware import host as host_module
from tests.standins.conftest import PYTHON, WRAPPERS, VmwareHost

pytestmark = pytest.mark.spawns(PYTHON, "vmware-cmd")


def numbers(vmx: Path) -> list[int]:
    """Return what the guest has counted: nothing before it has begun."""
    if not (vmx.parent / "serial.log").exists():
        return []
    return [int(line) for line in (vmx.parent / "serial.log").read_text(encoding="utf-8").split()]


def counted(vmx: Path, least: int) -> list[int]:
    """Wait until the log has ``least`` numbers and return them."""
    until = time.monotonic() + 30
    while len(numbers(vmx)) < least:
        assert time.monotonic() < until, "the guest does not count"
        time.sleep(0.01)
    return numbers(vmx)


def names(vmx: Path) -> set[str]:
    """Return the names in the VM's folder."""
    return {path.name for path in vmx.parent.iterdir()}


def test_a_resumed_guest_goes_on_on_another_host_and_a_booted_one_begins_at_0(
    hosts: tuple[VmwareHost, VmwareHost], vmx: Path
) -> None:
    first, second = hosts
    first.cmd("-s", "register", vmx)
    first.cmd(vmx, "start")
    counted(vmx, 3)
    first.cmd(vmx, "suspend")
    before = numbers(vmx)
    assert json.loads((vmx.parent / "vm01.vmss").read_text(encoding="utf-8")) == {"counter": before[-1]}
    assert 'checkpoint.vmState = "vm01.vmss"' in vmx.read_text(encoding="utf-8")
    first.cmd("-s", "unregister", vmx)
    second.cmd("-s", "register", vmx)
    assert second.cmd(vmx, "getstate").out == "getstate() = suspended\n"
    assert second.cmd(vmx, "start").out == "start() = 1\n"
    assert not (vmx.parent / "vm01.vmss").exists()
    assert 'checkpoint.vmState = ""' in vmx.read_text(encoding="utf-8")
    after = counted(vmx, len(before) + 2)
    assert after == list(range(len(after)))
    second.cmd(vmx, "reset", "hard")
    assert 0 in counted(vmx, len(after) + 3)[len(after) :]


@pytest.mark.parametrize(
    ("edition", "made"),
    [("cmd", {"vm01.vmx.WRITELOCK", "vm01.vmdk.WRITELOCK"}), ("vim", {"vm01.vmx.lck", "vm01.vmdk.lck"})],
)
def test_locks_lie_there_while_it_runs_and_after_a_crash(
    hosts: tuple[VmwareHost, VmwareHost], vmx: Path, edition: str, made: set[str]
) -> None:
    first, second = hosts
    first.cmd("-s", "register", vmx)
    before = names(vmx)
    first.cmd(vmx, "start") if edition == "cmd" else first.vim("vmsvc/power.on", 16)
    counted(vmx, 1)
    assert names(vmx) - before == made | {"serial.log"}
    first.crash()
    assert first.cmd(vmx, "getstate").out == "getstate() = off\n"
    second.cmd("-s", "register", vmx)
    refused = second.cmd(vmx, "start", "hard")
    assert refused.code == 231
    assert refused.err.startswith("VMControl error -999: ") and "Failed to lock the file." in refused.err
    assert "vim.fault.FileLocked" in second.vim("vmsvc/power.on", 16).out
    for name in made:
        (vmx.parent / name).unlink()
    second.configure(question="keep-first", pending_start="return")
    assert second.cmd(vmx, "start").code == 0


def test_locks_go_with_a_stop_and_with_a_suspend(host: VmwareHost, vmx: Path) -> None:
    host.cmd("-s", "register", vmx)
    host.cmd(vmx, "start")
    host.cmd(vmx, "suspend")
    assert names(vmx) == {"vm01.vmx", "vm01.vmss", "serial.log"}
    host.cmd(vmx, "start")
    host.cmd(vmx, "stop", "hard")
    assert names(vmx) == {"vm01.vmx", "serial.log"}


def test_unregister_fails_as_often_as_asked_for(host: VmwareHost, vmx: Path) -> None:
    host.configure(unregister_fails=2)
    host.cmd("-s", "register", vmx)
    assert [host.cmd("-s", "unregister", vmx).code for _ in range(3)] == [231, 231, 0]
    host.cmd("-s", "register", vmx)
    assert host.cmd("-s", "unregister", vmx).code == 0


def test_a_full_file_system_leaves_the_vm_running(host: VmwareHost, vmx: Path) -> None:
    host.configure(suspend_fails=1)
    host.cmd("-s", "register", vmx)
    host.cmd(vmx, "start")
    refused = host.cmd(vmx, "suspend")
    assert (refused.code, "No space left on device" in refused.err) == (231, True)
    assert host.cmd(vmx, "getstate").out == "getstate() = on\n"
    assert "vm01.vmss" not in names(vmx)
    assert host.cmd(vmx, "suspend").code == 0


def test_a_state_file_that_cannot_be_written_leaves_the_guest_counting(host: VmwareHost, vmx: Path) -> None:
    host.cmd("-s", "register", vmx)
    host.cmd(vmx, "start")
    (vmx.parent / "vm01.vmss").symlink_to("/dev/full")
    assert host.cmd(vmx, "suspend").code == 231
    assert host.cmd(vmx, "getstate").out == "getstate() = on\n"
    assert 'checkpoint.vmState = ""' in vmx.read_text(encoding="utf-8")
    seen = counted(vmx, len(numbers(vmx)) + 2)
    assert seen == list(range(len(seen)))


def test_start_fails_once(host: VmwareHost, vmx: Path) -> None:
    host.configure(start_fails=1)
    host.cmd("-s", "register", vmx)
    assert [host.cmd(vmx, "start").code for _ in range(2)] == [231, 0]


def test_what_ran_before_the_machine_was_started_anew_is_off(
    host: VmwareHost, vmx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.cmd("-s", "register", vmx)
    host.cmd(vmx, "start")
    other = tmp_path / "boot_id"
    other.write_text("another boot\n", encoding="utf-8")
    with monkeypatch.context() as changed:
        changed.setattr(host_module, "_BOOT_ID", other)
        assert host.cmd(vmx, "getstate").out == "getstate() = off\n"
        assert host.cmd("-l").out == f"{vmx}\n"
    assert host.cmd(vmx, "getstate").out == "getstate() = on\n"


def test_the_product_hangs(host: VmwareHost, vmx: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMWARE_STANDIN_STATE", str(host.folder))
    host.cmd("-s", "register", vmx)
    host.configure(hang="forever", hang_on="suspend, stop")
    assert host.cmd(vmx, "getstate").code == 0
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([WRAPPERS / "vmware-cmd", vmx, "suspend"], capture_output=True, timeout=0.4, check=False)
    host.configure(hang="0.2")
    begin = time.monotonic()
    assert host.cmd(vmx, "getstate").code == 0
    assert time.monotonic() - begin >= 0.2
