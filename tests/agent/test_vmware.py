"""VMware Server 1.x and 2.x, for which stateful stand-ins answer: questions, failures at random, a stuck product."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests.agent.conftest import VMWARE, Node, make_node, seconds

pytestmark = pytest.mark.spawns("dash", "bash", "busybox", "vmware-cmd", "vmware-vim-cmd")
VMX = 'displayName = "web01"\nuuid.bios = "56 4d aa"\nuuid.location = "56 4d aa"\nmemsize = "16"\n'


class Host:
    """A node with VMware Server on it."""

    def __init__(self, node: Node, product: str, folder: Path) -> None:
        self.node, self.product, self.state = node, product, folder
        folder.mkdir()
        node.env |= {
            "VMWARE_STANDIN_STATE": str(folder),
            "VMWARE_STANDIN_GUEST": "file",
            "VMWARE_STANDIN_TICK": "0.05",
            "PATH": f"{node.env['PATH']}:{Path(sys.executable).parent}",
            "PYTHONPATH": str(VMWARE.parents[2]),
        }
        tool = "vmware-cmd" if product == "vmware1" else "vmware-vim-cmd"
        (Path(node.env["PATH"].split(":")[0]) / tool).symlink_to(VMWARE / tool)
        # The stand-ins are slow to start.
        conf = Path(node.env["VMSTORE_AGENT_CONF"])
        conf.write_text(conf.read_text().replace("limit=2", "limit=4"))
        self.vmx = node.directory / "web01.vmx"
        self.vmx.write_text(VMX)
        self.vmx.chmod(0o755)
        node.mounted()

    def settings(self, **values: str) -> None:
        """Have the product behave."""
        (self.state / "settings").write_text("".join(f"{key} = {value}\n" for key, value in values.items()))

    def run(self, action: str, *, ocf: bool = True) -> "tuple[int, str]":
        """Run an action as Pacemaker does, or as rgmanager does."""
        if not ocf:
            # rgmanager hands no parameters on: a configuration of its own says the same.
            conf = Path(self.node.env["VMSTORE_AGENT_CONF"])
            conf.write_text(conf.read_text().replace("hypervisor=libvirt", f"hypervisor={self.product}"))
        done = self.node.run(action, ocf=ocf, given={"hypervisor": self.product, "storage": "no"} if ocf else {})
        return done.returncode, done.stderr

    def power_on(self) -> "subprocess.Popen[str]":
        """Power it on by the product's own command, and wait until it is on or asks something."""
        done = partial(subprocess.run, env=self.node.env, capture_output=True, text=True, check=True)
        if self.product == "vmware1":
            done(["vmware-cmd", "-s", "register", str(self.vmx)])
            start, ask = ["vmware-cmd", str(self.vmx), "start"], ["vmware-cmd", str(self.vmx), "getstate"]
        else:
            number = str(done(["vmware-vim-cmd", "solo/registervm", str(self.vmx)]).stdout).strip()
            start, ask = (["vmware-vim-cmd", f"vmsvc/{what}", number] for what in ("power.on", "message"))
        started = subprocess.Popen(start, env=self.node.env, stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 10
        while not {"stuck", "message"} & set(re.findall(r"stuck|message(?= \d)", done(ask).stdout)):
            assert time.monotonic() < deadline
        return started

    def count(self) -> int:
        """Read how far the guest has counted."""
        log = self.node.directory / "serial.log"
        words = log.read_text().split() if log.exists() else []
        return int(words[-1]) if words else 0

    def counts_beyond(self, number: int) -> None:
        """Wait until the guest has counted further."""
        deadline = time.monotonic() + 10
        while self.count() <= number:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture(params=["dash", "bash", "busybox"])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Node:
    """Give a node under each kind of shell: here it is the products' commands that take time."""
    return make_node(request.param, tmp_path)


@pytest.fixture(params=["vmware1", "vmware2"])
def host(request: pytest.FixtureRequest, node: Node, tmp_path: Path) -> Iterator[Host]:
    """Give a host with each product, and end the guests it started."""
    made = Host(node, request.param, tmp_path / "state")
    made.settings(datastore=f"standard={tmp_path}/vms", pending_wait="20")
    yield made
    for run in (json.loads(path.read_text()) for path in (tmp_path / "state").glob("vms/*.json")):
        with suppress(ProcessLookupError):
            os.kill(int(run["pid"]), signal.SIGKILL) if "pid" in run else None


def test_boots_suspends_unregisters_and_resumes(host: Host) -> None:
    assert host.run("start") == (0, "")
    host.counts_beyond(2)
    assert host.run("status")[0] == 0
    assert host.run("stop") == (0, "")
    before = host.count()
    assert list(host.node.directory.glob("*.vmss"))
    assert host.run("status")[0] == 7
    assert host.run("start") == (0, "")
    host.counts_beyond(before)
    numbers = [int(word) for word in (host.node.directory / "serial.log").read_text().split()]
    assert numbers == list(range(len(numbers)))
    assert host.run("start") == (0, "")


def test_the_uuid_question_is_prevented(host: Host) -> None:
    assert host.run("start") == (0, "")
    assert 'uuid.action = "keep"' in host.vmx.read_text()
    assert 'uuid.bios = "56 4d aa"' in host.vmx.read_text()


# Each wording under one shell: how a label is found does not differ between them. Server 1 as rgmanager runs it, and
# Server 2 as Pacemaker does.
@pytest.mark.parametrize(
    ("node", "wording"),
    [("dash", "server1-gsx"), ("bash", "server2-altered"), ("busybox", "esx3"), ("dash", "esx3-from-zero"),
     ("bash", "moved-4choices"), ("busybox", "keep-first"), ("dash", "always-first")],
    indirect=["node"],
)  # fmt: skip
def test_the_uuid_question_is_answered_by_its_label(host: Host, wording: str) -> None:
    # As where the .vmx cannot be prepared: the key is there, but not believed.
    host.node.program.write_text(host.node.program.read_text().replace("    prevent_question || return\n", ""))
    host.settings(question=wording, pending_wait="20")
    code, told = host.run("start", ocf=host.product == "vmware2")
    assert (code, told) == (0, "")
    assert 'uuid.bios = "56 4d aa"' in host.vmx.read_text()
    assert "always" not in host.vmx.read_text().lower()


def test_a_question_that_would_discard_the_state_is_not_answered(host: Host) -> None:
    host.run("start")
    host.counts_beyond(1)
    assert host.run("stop")[0] == 0
    host.settings(resume_question="yes", pending_wait="5")
    code, told = host.run("start")
    assert code == 1
    assert "suspended state" in told
    assert list(host.node.directory.glob("*.vmss"))


def test_unregistering_is_tried_again(host: Host) -> None:
    host.run("start")
    host.settings(unregister_fails="1")
    assert host.run("stop") == (0, "")
    assert host.run("status")[0] == 7


def test_a_suspend_that_fails_is_a_failure_and_the_vm_runs_on(host: Host) -> None:
    host.run("start")
    host.settings(suspend_fails="9")
    code, told = host.run("stop")
    assert code == 1
    assert "not suspended" in told
    host.counts_beyond(host.count())


def test_a_stuck_product_is_an_error_and_not_a_stop(host: Host) -> None:
    host.run("start")
    host.settings(hang="forever")
    began = time.monotonic()
    code, told = host.run("status", ocf=host.product == "vmware2")
    assert code == 1
    assert "no answer" in told
    assert seconds(began) < 8


def test_a_product_that_does_not_list_is_not_a_vm_that_is_gone(host: Host) -> None:
    host.run("start")
    host.settings(authd="down")
    code, told = host.run("stop")
    assert code == 1
    assert told
    assert host.run("status")[0] == 1
    host.counts_beyond(host.count())


@pytest.mark.parametrize("node", ["dash"], indirect=True)
def test_a_vm_that_is_powered_on_and_asks_keeps_its_files(host: Host) -> None:
    host.settings(datastore=f"standard={host.node.directory.parent}", question="keep-first", pending_wait="20")
    asking = host.power_on()
    lock = host.node.directory / "web01.vmdk.WRITELOCK"
    lock.touch()
    assert host.run("start") == (0, "")
    assert lock.exists()
    assert "uuid.action" not in host.vmx.read_text()
    asking.communicate()


@pytest.mark.parametrize("line", ['uuid.action="keep"', 'UUID.Action = "keep"', ' uuid.action =  "keep" '])
def test_a_key_is_found_as_others_write_it(host: Host, line: str) -> None:
    host.vmx.write_text(f"{VMX}{line}\n")
    before = host.vmx.stat().st_ino
    assert host.run("start") == (0, "")
    assert host.vmx.read_text().lower().count("uuid.action") == 1
    assert host.vmx.stat().st_ino == before or "keep" in host.vmx.read_text()


def test_locks_of_a_crash_are_removed_where_it_is_mounted(host: Host) -> None:
    (host.node.directory / "web01.vmdk.WRITELOCK").touch()
    (host.node.directory / "web01.vmdk.lck").touch()
    assert host.run("start") == (0, "")
    host.counts_beyond(0)


def test_stop_without_files_is_a_success(host: Host) -> None:
    host.vmx.unlink()
    assert host.run("stop") == (0, "")
