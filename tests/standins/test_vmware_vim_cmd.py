"""Check what vmware-vim-cmd of Server 2 says and refuses, as heartbeat/vmware reads it."""

import re
import subprocess
from pathlib import Path

import pytest

from lab.standins.vmware.vmx import Vmx
from tests.standins.conftest import PYTHON, WRAPPERS, VmwareHost

pytestmark = pytest.mark.spawns(PYTHON, "vmware-vim-cmd")


def test_a_life(host: VmwareHost, vmx: Path) -> None:
    assert host.vim("solo/registervm", f'"{vmx}"').out == "16\n"
    head, row = host.vim("vmsvc/getallvms").out.splitlines()
    assert head.split("   ")[0] == "Vmid"
    assert re.match(rf"16 +vm01 +\[\] {vmx} +otherlinux +vmx-07", row)
    state = ("vmsvc/power.getstate", 16)
    assert host.vim(*state).out == "Retrieved runtime info\nPowered off\n"
    assert host.vim("vmsvc/power.on", 16).code == 0
    assert host.vim(*state).out == "Retrieved runtime info\nPowered on\n"
    assert host.vim("vmsvc/power.suspend", 16).code == 0
    assert host.vim(*state).out == "Retrieved runtime info\nSuspended\n"
    assert host.vim("vmsvc/power.on", 16).code == 0
    assert host.vim("vmsvc/power.off", 16).code == 0
    assert host.vim(*state).out == "Retrieved runtime info\nPowered off\n"
    assert host.vim("vmsvc/unregister", 16).code == 0
    assert len(host.vim("vmsvc/getallvms").out.splitlines()) == 1
    assert host.vim("solo/registervm", vmx).out == "17\n"


def test_paths_of_a_datastore(host: VmwareHost, vmx: Path) -> None:
    host.configure(datastore=f"standard={vmx.parent.parent}")
    assert host.vim("solo/registervm", "[standard] vm01/vm01.vmx").code == 0
    assert "[standard] vm01/vm01.vmx" in host.vim("vmsvc/getallvms").out
    assert host.cmd("-l").out == f"{vmx}\n"


def test_a_stale_entry_is_skipped_and_can_be_unregistered(host: VmwareHost, vmx: Path) -> None:
    host.vim("solo/registervm", vmx)
    vmx.rename(vmx.with_suffix(".away"))
    listed = host.vim("vmsvc/getallvms")
    assert (listed.code, listed.err) == (0, "Skipping invalid VM '16'\n")
    assert "vm01" not in listed.out
    assert host.vim("vmsvc/power.on", 16).code == 1
    assert host.vim("vmsvc/unregister", 16).code == 0
    assert host.vim("vmsvc/getallvms").err == ""


def test_the_question(hosts: tuple[VmwareHost, VmwareHost], vmx: Path) -> None:
    first, second = hosts
    first.vim("solo/registervm", vmx)
    first.vim("vmsvc/power.on", 16)
    assert first.vim("vmsvc/message", 16).out == "No message.\n"
    first.vim("vmsvc/power.off", 16)
    identity = Vmx(vmx).get("uuid.bios")
    second.vim("solo/registervm", vmx)
    assert second.vim("vmsvc/power.on", 16).code == 0
    shown = second.vim("vmsvc/message", 16).out.splitlines()
    asked = re.fullmatch(r"Virtual machine message (\d+):", shown[0])
    assert asked
    assert shown[1] == "msg.uuid.altered:This virtual machine may have been moved or copied."
    assert shown[-3:] == [
        "   0. Cancel (Cancel)",
        "   1. I _moved it (I _moved it)",
        "   2. I _copied it (I _copied it) [default]",
    ]
    assert second.vim("vmsvc/power.getstate", 16).out.endswith("\nPowered on\n")
    second.configure(stuck_shows="off")
    assert second.vim("vmsvc/power.getstate", 16).out.endswith("\nPowered off\n")
    assert second.vim("vmsvc/message", 16, int(asked[1]) + 1, 1).code == 1
    assert second.vim("vmsvc/message", 16, asked[1], 9).code == 1
    assert second.cmd(vmx, "getstate").out == "getstate() = stuck\n"
    assert second.vim("vmsvc/message", 16, asked[1], 1).code == 0
    assert second.vim("vmsvc/power.getstate", 16).out.endswith("\nPowered on\n")
    assert Vmx(vmx).get("uuid.bios") == identity


def test_what_is_refused(host: VmwareHost, vmx: Path) -> None:
    missing = host.vim("vmsvc/power.getstate", 3)
    assert missing.code == 1
    assert 'Unable to find a VM corresponding to "3"' in missing.out
    assert host.vim("solo/registervm", vmx.parent / "none.vmx").code == 1
    host.vim("solo/registervm", vmx)
    assert "vim.fault.AlreadyExists" in host.vim("solo/registervm", vmx).out
    off = host.vim("vmsvc/power.off", 16)
    assert (off.code, "(vim.fault.InvalidPowerState)" in off.out) == (1, True)
    assert "(Powered off)" in off.out
    host.vim("vmsvc/power.on", 16)
    again = host.vim("vmsvc/power.on", 16)
    assert (again.code, again.out.splitlines()[-1]) == (1, "Power on failed")
    assert "vim.fault.ToolsUnavailable" in host.vim("vmsvc/power.shutdown", 16).out
    assert host.vim("vmsvc/unregister", 16).code == 1
    host.configure(suspend_fails=1, tools="yes")
    assert "vim.fault.NoDiskSpace" in host.vim("vmsvc/power.suspend", 16).out
    assert host.vim("vmsvc/power.shutdown", 16).code == 0


@pytest.mark.parametrize("words", [[], ["vmsvc/getallvm"], ["vmsvc/power.fly", "16"], ["vmsvc/unregister"]])
def test_wrong_usage(host: VmwareHost, vmx: Path, words: list[str]) -> None:
    host.vim("solo/registervm", vmx)
    answer = host.vim(*words)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("Invalid command '")


def test_failures_one_can_ask_for(host: VmwareHost, vmx: Path) -> None:
    host.configure(unregister_fails=2)
    host.vim("solo/registervm", vmx)
    assert [host.vim("vmsvc/unregister", 16).code for _ in range(3)] == [1, 1, 0]
    host.configure(authd="down")
    assert host.vim("vmsvc/getallvms").code == 1


def test_the_executable_runs(host: VmwareHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMWARE_STANDIN_STATE", str(host.folder))
    command = [str(WRAPPERS / "vmware-vim-cmd"), "vmsvc/getallvms"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Vmid   Name   File")
