"""Check when the product asks, in which words and numbers, and what each answer does."""

import subprocess
import time
from pathlib import Path

import pytest

from lab.standins.vmware.vmx import Vmx
from tests.standins.conftest import PYTHON, WRAPPERS, VmwareHost

pytestmark = pytest.mark.spawns(PYTHON, "vmware-cmd")
LONG = ["Create a new identifier", "Keep the old identifier", "Always create a new identifier"]
LONG = ["Cancel", *LONG, "Always keep the old identifier"]
SHORT = ["Cancel", "Create", "Keep", "Always Create", "Always Keep"]
ALTERED = ["Cancel", "I _moved it", "I _copied it"]
CHOICES = {
    "server1-gsx": (dict(enumerate(LONG)), 1),
    "esx3": (dict(enumerate(SHORT)), 1),
    "esx3-from-zero": (dict(enumerate(SHORT[1:])), 0),
    "server2-altered": (dict(enumerate(ALTERED)), 2),
    "moved-4choices": ({0: "Cancel", 2: "I _copied it", 4: "I _moved it"}, 2),
    "keep-first": ({0: LONG[2], 1: LONG[3], 2: LONG[4], 3: LONG[1]}, 3),
    "always-first": ({0: LONG[4], 1: LONG[3], 2: LONG[2], 3: LONG[1]}, 3),
}
TEXT = {
    "msg.uuid.moved": "The location of this virtual machine's configuration file has changed since it was last powered",
    "msg.uuid.altered": "This virtual machine may have been moved or copied.",
}


@pytest.fixture
def moved(hosts: tuple[VmwareHost, VmwareHost], vmx: Path) -> VmwareHost:
    """Return the second host, with a VM registered that was on before on the first."""
    first, second = hosts
    first.cmd("-s", "register", vmx)
    first.cmd(vmx, "start")
    first.cmd(vmx, "stop", "hard")
    first.cmd("-s", "unregister", vmx)
    second.configure(pending_start="return")
    second.cmd("-s", "register", vmx)
    return second


def identity(vmx: Path) -> tuple[str, str, str]:
    """Return what a new identifier changes, and what it leaves."""
    read = Vmx(vmx)
    return read.get("uuid.bios"), read.get("ethernet0.generatedAddress"), read.get("ethernet1.address")


@pytest.mark.parametrize("name", CHOICES)
def test_each_wording(moved: VmwareHost, vmx: Path, name: str) -> None:
    moved.configure(pending_start="return", question=name)
    choices, default = CHOICES[name]
    message = "msg.uuid.altered" if "I _moved it" in choices.values() else "msg.uuid.moved"
    assert moved.cmd(vmx, "start").code == 0
    assert moved.cmd(vmx, "getstate").out == "getstate() = stuck\n"
    keep = next(number for number, label in choices.items() if label.startswith("Keep") or "moved" in label)
    before = identity(vmx)
    answer = moved.cmd(vmx, "answer", stdin=f"{keep}\n")
    assert answer.out.startswith(f"\nQuestion (id = {message}) :{TEXT[message]}")
    listed = "".join(f"\t{number}) {label}\n" for number, label in choices.items())
    end = f"{listed}Select choice. Press enter for default <{default}> : selected {keep} : {choices[keep]}\n"
    assert answer.out.endswith(f"\n{end}")
    assert moved.cmd(vmx, "getstate").out == "getstate() = on\n"
    assert identity(vmx) == before


@pytest.mark.parametrize(
    ("number", "same", "action", "state"),
    [
        ("0", True, "", "off"),
        ("1", False, "", "on"),
        ("2", True, "", "on"),
        ("3", False, "create", "on"),
        ("4", True, "keep", "on"),
        ("", False, "", "on"),
    ],
)
def test_what_an_answer_does(moved: VmwareHost, vmx: Path, number: str, same: bool, action: str, state: str) -> None:
    before, place = identity(vmx), Vmx(vmx).get("uuid.location")
    moved.cmd(vmx, "start")
    assert moved.cmd(vmx, "answer", stdin=f"{number}\n").code == 0
    assert moved.cmd(vmx, "getstate").out == f"getstate() = {state}\n"
    after = identity(vmx)
    assert (after == before) is same
    assert after[2] == "00:50:56:00:00:01"
    assert Vmx(vmx).get("uuid.action") == action
    assert (Vmx(vmx).get("uuid.location") == place) is (state == "off")
    if state == "on":
        moved.cmd(vmx, "stop", "hard")
        moved.cmd(vmx, "start")
        assert moved.cmd(vmx, "getstate").out == "getstate() = on\n", "asked again on the same host"


def test_an_answer_that_is_no_choice_leaves_the_question_open(moved: VmwareHost, vmx: Path) -> None:
    moved.cmd(vmx, "start")
    assert [moved.cmd(vmx, "answer", stdin=f"{text}\n").code for text in ("7", "keep")] == [231, 231]
    assert moved.cmd(vmx, "getstate").out == "getstate() = stuck\n"


def test_nothing_to_answer(moved: VmwareHost, vmx: Path) -> None:
    answer = moved.cmd(vmx, "answer", stdin="1\n")
    assert (answer.code, answer.out, answer.err) == (0, "", "No questions pending.\n")


@pytest.mark.parametrize(
    ("line", "same"),
    [('uuid.action = "keep"', True), ('uuid.action = "create"', False), ('msg.autoAnswer = "TRUE"', False)],
)
def test_settings_that_avoid_the_question(moved: VmwareHost, vmx: Path, line: str, same: bool) -> None:
    before = identity(vmx)
    vmx.write_text(vmx.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    assert moved.cmd(vmx, "start").code == 0
    assert moved.cmd(vmx, "getstate").out == "getstate() = on\n"
    assert (identity(vmx) == before) is same


def test_a_resume_does_not_ask_and_the_next_cold_start_does(hosts: tuple[VmwareHost, VmwareHost], vmx: Path) -> None:
    first, second = hosts
    second.configure(pending_start="return")
    first.cmd("-s", "register", vmx)
    first.cmd(vmx, "start")
    first.cmd(vmx, "suspend")
    second.cmd("-s", "register", vmx)
    second.cmd(vmx, "start")
    assert second.cmd(vmx, "getstate").out == "getstate() = on\n"
    second.cmd(vmx, "stop", "hard")
    second.cmd(vmx, "start")
    assert second.cmd(vmx, "getstate").out == "getstate() = stuck\n"


@pytest.mark.parametrize(("number", "resumed"), [("0", False), ("1", True)])
def test_the_question_about_the_state_file(host: VmwareHost, vmx: Path, number: str, resumed: bool) -> None:
    host.configure(resume_question="yes", pending_start="return")
    host.cmd("-s", "register", vmx)
    host.cmd(vmx, "start")
    time.sleep(0.1)
    host.cmd(vmx, "suspend")
    last = int((vmx.parent / "serial.log").read_text(encoding="utf-8").split()[-1])
    host.cmd(vmx, "start")
    assert host.cmd(vmx, "getstate").out == "getstate() = stuck\n"
    asked = host.cmd(vmx, "answer", stdin=f"{number}\n").out
    assert ":A file encapsulating the state of a virtual machine was discovered." in asked
    assert "\t0) Discard\n" in asked
    assert host.cmd(vmx, "getstate").out == "getstate() = on\n"
    assert not (vmx.parent / "vm01.vmss").exists()
    host.cmd(vmx, "suspend")
    seen = [int(line) for line in (vmx.parent / "serial.log").read_text(encoding="utf-8").split()]
    assert seen[last + 1] == (last + 1 if resumed else 0)


def test_discard_on_another_host_leads_to_the_uuid_question(hosts: tuple[VmwareHost, VmwareHost], vmx: Path) -> None:
    first, second = hosts
    second.configure(resume_question="yes", pending_start="return")
    first.cmd("-s", "register", vmx)
    first.cmd(vmx, "start")
    first.cmd(vmx, "suspend")
    second.cmd("-s", "register", vmx)
    second.cmd(vmx, "start")
    second.cmd(vmx, "answer", stdin="0\n")
    assert "msg.uuid.moved" in second.cmd(vmx, "answer", stdin="2\n").out
    assert second.cmd(vmx, "getstate").out == "getstate() = on\n"


def test_a_start_that_fails_while_a_question_is_open(moved: VmwareHost, vmx: Path) -> None:
    moved.configure(pending_start="fail")
    assert [moved.cmd(vmx, "start").code for _ in range(2)] == [8, 8]
    assert moved.cmd(vmx, "stop", "hard").code == 8
    assert moved.cmd("-s", "unregister", vmx).code == 8
    assert moved.cmd(vmx, "getstate").out == "getstate() = stuck\n"


def test_a_start_that_nobody_answers_times_out(moved: VmwareHost, vmx: Path) -> None:
    moved.configure(pending_wait="0.1")
    refused = moved.cmd(vmx, "start")
    assert (refused.code, refused.err) == (7, "VMControl error -7: Timeout\n")
    assert moved.cmd(vmx, "getstate").out == "getstate() = stuck\n"


@pytest.mark.parametrize(("number", "code", "out"), [("2", 0, "start() = 1\n"), ("0", 8, "")])
def test_a_start_that_waits_for_its_answer(
    moved: VmwareHost, vmx: Path, number: str, code: int, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved.configure()
    monkeypatch.setenv("VMWARE_STANDIN_STATE", str(moved.folder))
    with subprocess.Popen(
        [WRAPPERS / "vmware-cmd", vmx, "start"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as p:
        until = time.monotonic() + 5
        while moved.cmd(vmx, "getstate").out != "getstate() = stuck\n":
            assert time.monotonic() < until
            time.sleep(0.02)
        assert p.poll() is None
        moved.cmd(vmx, "answer", stdin=f"{number}\n")
        shown, _ = p.communicate(timeout=5)
    assert (p.returncode, shown.decode()) == (code, out)
