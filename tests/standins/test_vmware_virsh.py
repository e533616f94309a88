"""Check the guest behind virsh with a virsh that keeps domains as files, says what libvirt 9 says, and can fail."""

from pathlib import Path

import pytest

from tests.standins.conftest import VmwareHost

pytestmark = pytest.mark.spawns("virsh")
VIRSH = """#!/bin/sh
echo "$*" >>"$FAKE/calls"
[ "$1 $2 $3" = "-q -c test:///default" ] || { echo "error: failed to connect to the hypervisor" >&2; exit 1; }
shift 3
[ ! -e "$FAKE/fail-$1" ] || { echo "error: $1 failed" >&2; exit 1; }
missing() { echo "error: failed to get domain '$1'" >&2; exit 1; }
case $1 in
create) name=$(basename "$2" .xml); [ -e "$2" ] && echo running >"$FAKE/dom-$name" ;;
restore) name=$(cat "$2") && echo running >"$FAKE/dom-$name" ;;
save) [ -e "$FAKE/dom-$2" ] || missing "$2"; echo "$2" >"$3"; rm "$FAKE/dom-$2" ;;
destroy) [ -e "$FAKE/dom-$2" ] || missing "$2"; rm "$FAKE/dom-$2" ;;
domstate) cat "$FAKE/dom-$2" 2>/dev/null || missing "$2" ;;
esac
"""


@pytest.fixture
def libvirt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hosts: tuple[VmwareHost, VmwareHost], vmx: Path) -> Path:
    """Put the made-up virsh in front of the PATH and return the folder of its domains."""
    folder = tmp_path / "libvirt"
    folder.mkdir()
    program = folder / "virsh"
    program.write_text(VIRSH, encoding="utf-8")
    program.chmod(0o755)
    vmx.with_suffix(".xml").write_text("<domain/>\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE", str(folder))
    monkeypatch.setenv("VMWARE_STANDIN_GUEST", "virsh")
    monkeypatch.setenv("VMWARE_STANDIN_URI", "test:///default")
    hosts[0].cmd("-s", "register", vmx)
    return folder


def calls(folder: Path) -> list[str]:
    """Return the words of each call behind the connection, without questions for the state."""
    lines = (folder / "calls").read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("-q -c test:///default ") for line in lines if " domstate " not in line]


def test_a_life(host: VmwareHost, vmx: Path, libvirt: Path) -> None:
    assert host.cmd(vmx, "start").code == 0
    assert host.cmd(vmx, "getstate").out == "getstate() = on\n"
    assert host.cmd(vmx, "suspend").code == 0
    assert host.cmd(vmx, "getstate").out == "getstate() = suspended\n"
    assert host.cmd(vmx, "start").code == 0
    assert not vmx.with_suffix(".vmss").exists()
    assert host.cmd(vmx, "stop", "hard").code == 0
    assert host.cmd(vmx, "getstate").out == "getstate() = off\n"
    state = vmx.with_suffix(".vmss")
    assert calls(libvirt) == [
        f"create {vmx.with_suffix('.xml')}",
        f"save vm01 {state}",
        f"restore {state}",
        "destroy vm01",
    ]


def test_a_domain_that_is_gone_is_off(host: VmwareHost, vmx: Path, libvirt: Path) -> None:
    host.cmd(vmx, "start")
    (libvirt / "dom-vm01").unlink()
    assert host.cmd(vmx, "getstate").out == "getstate() = off\n"
    assert (vmx.parent / "vm01.vmx.WRITELOCK").exists()


def test_a_save_that_fails_leaves_it_on(host: VmwareHost, vmx: Path, libvirt: Path) -> None:
    host.cmd(vmx, "start")
    (libvirt / "fail-save").touch()
    assert host.cmd(vmx, "suspend").code == 231
    assert host.cmd(vmx, "getstate").out == "getstate() = on\n"


def test_a_restore_that_fails_leaves_it_suspended(host: VmwareHost, vmx: Path, libvirt: Path) -> None:
    host.cmd(vmx, "start")
    host.cmd(vmx, "suspend")
    (libvirt / "fail-restore").touch()
    broken = host.cmd(vmx, "start")
    assert (broken.code, "error: restore failed" in broken.err) == (70, True)
    assert host.cmd(vmx, "getstate").out == "getstate() = suspended\n"
    (libvirt / "fail-restore").unlink()
    assert host.cmd(vmx, "start").code == 0


def test_the_settings_choose_the_guest_where_the_environment_does_not(
    host: VmwareHost, vmx: Path, libvirt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VMWARE_STANDIN_GUEST")
    monkeypatch.delenv("VMWARE_STANDIN_URI")
    host.configure(guest="virsh", uri="test:///default")
    assert host.cmd(vmx, "start").code == 0
    assert calls(libvirt) == [f"create {vmx.with_suffix('.xml')}"]


def test_no_hypervisor_is_not_off(host: VmwareHost, vmx: Path, libvirt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host.cmd(vmx, "start")
    monkeypatch.setenv("VMWARE_STANDIN_URI", "nothing:///here")
    assert host.cmd(vmx, "getstate").code == 70
    (libvirt / "virsh").unlink()
    monkeypatch.setenv("PATH", str(libvirt))
    assert "virsh is not installed" in host.cmd(vmx, "getstate").err
    monkeypatch.setenv("VMWARE_STANDIN_GUEST", "xen")
    assert "neither file nor virsh" in host.cmd(vmx, "getstate").err
