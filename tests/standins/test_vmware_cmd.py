"""Check what vmware-cmd of Server 1 says and refuses, word for word."""

import subprocess
from pathlib import Path

import pytest

from tests.standins.conftest import PYTHON, WRAPPERS, Answer, VmwareHost

pytestmark = pytest.mark.spawns(PYTHON, "vmware-cmd")
STATE = "VMControl error -8: Invalid operation for virtual machine's current state: "


def conflict(operation: str, state: str) -> Answer:
    """Return the refusal for a state that does not allow the operation."""
    return Answer(
        8,
        "",
        f'{STATE}The requested operation ("{operation}") could not be completed because it conflicted with the state '
        f'of the virtual machine ("{state}") at the time the request was received.  This error often occurs because '
        "the state of the virtual machine changed before it received the request.\n",
    )


def test_a_life(host: VmwareHost, vmx: Path) -> None:
    assert host.cmd("-l") == Answer(0, "", "")
    assert host.cmd("-s", "register", vmx) == Answer(0, f"register({vmx}) = 1\n", "")
    assert host.cmd("-l") == Answer(0, f"{vmx}\n", "")
    assert host.cmd(vmx, "getstate") == Answer(0, "getstate() = off\n", "")
    assert host.cmd(vmx, "start") == Answer(0, "start() = 1\n", "")
    assert host.cmd(vmx, "getstate") == Answer(0, "getstate() = on\n", "")
    assert host.cmd(vmx, "reset", "hard") == Answer(0, "reset() = 1\n", "")
    assert host.cmd(vmx, "suspend") == Answer(0, "suspend() = 1\n", "")
    assert host.cmd(vmx, "getstate") == Answer(0, "getstate() = suspended\n", "")
    assert host.cmd(vmx, "start", "trysoft") == Answer(0, "start() = 1\n", "")
    assert host.cmd(vmx, "stop", "hard") == Answer(0, "stop(hard) = 1\n", "")
    assert host.cmd("-q", vmx, "getstate") == Answer(0, "off\n", "")
    assert host.cmd("-s", "unregister", vmx) == Answer(0, f"unregister({vmx}) = 1\n", "")
    assert host.cmd("-l") == Answer(0, "", "")


def test_modes_are_shown_and_a_blank_line_comes_first_where_asked_for(host: VmwareHost, vmx: Path) -> None:
    host.configure(shows_mode="start", list_blank_line="yes")
    host.cmd("-s", "register", vmx)
    assert host.cmd("-l").out == f"\n{vmx}\n"
    assert host.cmd(vmx, "start", "trysoft").out == "start(trysoft) = 1\n"
    assert host.cmd(vmx, "stop", "hard").out == "stop() = 1\n"


def test_a_soft_stop_needs_tools_and_trysoft_does_not(host: VmwareHost, vmx: Path) -> None:
    host.cmd("-s", "register", vmx)
    host.cmd(vmx, "start")
    refused = Answer(8, "", f"{STATE}Make sure the VMware Server Tools are running\n")
    assert host.cmd(vmx, "stop") == refused
    assert host.cmd(vmx, "reset", "soft") == refused
    assert host.cmd(vmx, "stop", "trysoft").code == 0
    host.configure(tools="yes")
    host.cmd(vmx, "start")
    assert host.cmd(vmx, "stop") == Answer(0, "stop() = 1\n", "")


def test_what_the_state_does_not_allow(host: VmwareHost, vmx: Path) -> None:
    host.cmd("-s", "register", vmx)
    for operation in ("stop", "suspend", "reset"):
        assert host.cmd(vmx, operation, "hard") == conflict(operation, "off")
    host.cmd(vmx, "start")
    assert host.cmd(vmx, "start") == conflict("start", "on")
    assert host.cmd("-s", "unregister", vmx) == conflict("unregister", "on")
    host.cmd(vmx, "suspend")
    assert host.cmd(vmx, "stop", "hard") == conflict("stop", "suspended")
    assert host.cmd(vmx, "suspend") == conflict("suspend", "suspended")
    assert host.cmd("-s", "unregister", vmx).code == 0


def test_a_vm_that_is_not_registered(host: VmwareHost, vmx: Path) -> None:
    text = (
        f"/usr/bin/vmware-cmd: Could not connect to VM {vmx}\n"
        f"  (VMControl error -11: No such virtual machine: The config file {vmx} is not registered.\n"
        f'Please register the config file on the server.  For example:\nvmware-cmd -s register "{vmx}")\n'
    )
    assert host.cmd(vmx, "getstate") == Answer(11, "", text)
    assert host.cmd("-s", "unregister", vmx) == Answer(11, "", "VMControl error -11: No such virtual machine\n")


@pytest.mark.parametrize("mode", [0o644, 0o311, None])
def test_a_vmx_that_cannot_be_registered(host: VmwareHost, vmx: Path, mode: int | None) -> None:
    vmx.unlink() if mode is None else vmx.chmod(mode)
    assert host.cmd("-s", "register", vmx) == Answer(11, "", "VMControl error -11: No such virtual machine\n")
    assert host.cmd("-l").out == ""


@pytest.mark.parametrize(("number", "code"), [(-20, 20), (-999, 231)])
def test_register_twice(host: VmwareHost, vmx: Path, number: int, code: int) -> None:
    host.configure(exists_error=number)
    host.cmd("-s", "register", vmx)
    text = f"VMControl error {number}: Virtual machine already exists\n"
    assert host.cmd("-s", "register", vmx) == Answer(code, "", text)


def test_the_server_does_not_answer(host: VmwareHost, vmx: Path) -> None:
    host.configure(authd="down")
    answer = host.cmd("-l")
    assert answer.code == 14
    assert answer.err == (
        "/usr/bin/vmware-cmd: Could not connect to vmware-authd\n  (VMControl error -14: Unexpected response from "
        "vmware-authd: 511 Error connecting to /usr/sbin/vmware-serverd process.)\n"
    )
    assert host.cmd(vmx, "getstate").code == 14


@pytest.mark.parametrize(
    "words", [[], ["-x"], ["-s", "list"], ["/a.vmx"], ["-H"], ["VMX", "start", "gently"], ["VMX", "dance"]]
)
def test_wrong_usage(host: VmwareHost, vmx: Path, words: list[str]) -> None:
    host.cmd("-s", "register", vmx)
    answer = host.cmd(*(vmx if word == "VMX" else word for word in words))
    assert answer.code == 255
    assert answer.err.startswith("Usage: vmware-cmd -l\n")


def test_settings_of_the_vm(host: VmwareHost, vmx: Path) -> None:
    host.cmd("-s", "register", vmx)
    assert host.cmd(vmx, "getconfig", "ide1:0.deviceType").out == "getconfig(ide1:0.deviceType) = cdrom-raw\n"
    assert host.cmd(vmx, "setconfig", "uuid.action", "keep").code == 0
    assert host.cmd("-H", "h", "-U", "u", vmx, "getconfig", "UUID.ACTION").out == "getconfig(UUID.ACTION) = keep\n"
    assert vmx.stat().st_mode & 0o777 == 0o755
    assert host.cmd(vmx, "getconfigfile").out == f"getconfigfile() = {vmx}\n"
    assert host.cmd(vmx, "getpid").out == "getpid() = 0\n"
    host.cmd(vmx, "start")
    assert host.cmd(vmx, "getpid").out == f"getpid() = {host.pids()[0]}\n"
    assert host.cmd(vmx, "getuptime").out == "getuptime() = 0\n"


def test_the_executable_runs_from_anywhere_through_a_link(
    host: VmwareHost, vmx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "vmware-cmd"
    link.symlink_to(WRAPPERS / "vmware-cmd")
    monkeypatch.setenv("VMWARE_STANDIN_STATE", str(host.folder))
    done = subprocess.run([link, vmx, "getstate"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (11, "")
    assert f"The config file {vmx} is not registered." in done.stderr


def test_an_unknown_setting_is_the_stand_in_s_own_error(host: VmwareHost) -> None:
    host.configure(questoin="esx3")
    answer = host.cmd("-l")
    assert answer.code == 70
    assert "vmware-cmd (stand-in)" in answer.err and "questoin = esx3" in answer.err
