"""A newcomer on machines as Debian leaves them: the how-to for Pacemaker, typed word by word, and what it promises.

The tests go on where the one before ended; the cluster that they make goes with the lab.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.driver import HOST, Cluster
from tests.lab.services import Vm
from tests.support import howtos
from vmstore.tools.agent import AGENT

TOPOLOGY = "empty"
pytestmark = pytest.mark.long

ORDER = "/usr/lib/systemd/system/resource-agents-deps.target.d/vmstore.conf"
HOWTO = howtos.FOLDER / "first-cluster-on-pacemaker.md"
# The files of a VM, where the how-to supposes that they are.
FILES = """
mount -m -t tmpfs tmpfs /vm/web01
/opt/vmstore-src/lab/guest/make-vm web01
cp -a /vm/web01 /srv
umount /vm/web01
"""


def _typed(lab: Cluster, everywhere: bool, text: str) -> str:
    nodes = lab.nodes if everywhere else lab.nodes[:1]
    with ThreadPoolExecutor(len(nodes)) as pool:
        done = list(pool.map(lambda node: lab.sh(node, text), nodes))
    return "".join(each.out + each.err for each in done)


def _runs_on_one_of(vm: Vm, nodes: list[str]) -> None:
    """Wait until it runs there; the others may not answer."""
    vm.cluster.wait(lambda: vm.runs_on(nodes) != "", 240, f"{vm.name} to run on one of {nodes}")
    vm.node = vm.runs_on(nodes)


def _is_on(lab: Cluster, node: str) -> bool:
    # With a node off it tells so by its exit code, too.
    told = lab.lab("status", "--json", check=False).json
    return any(machine["running"] for machine in told["machines"] if machine["name"] == node)


@pytest.fixture(scope="module")
def said(lab: Cluster, deb: Path) -> Iterator[list[str]]:
    """Type all that the how-to says, each block once the one before has ended; give what each said."""
    for node in lab.nodes:
        lab.copy(deb, node, f"/root/{deb.name}")
    lab.sh(lab.nodes[0], FILES)
    yield [_typed(lab, everywhere, text) for everywhere, text in howtos.steps(HOWTO)]


@pytest.fixture(scope="module")
def web01(lab: Cluster, said: list[str]) -> Vm:
    """Give the VM that the how-to has made."""
    assert said
    return Vm(lab, "web01")


def test_the_first_lun_is_emptied_under_the_first_vm(lab: Cluster, said: list[str], web01: Vm) -> None:
    told = "".join(said)
    assert "nothing found: " in told
    assert "web01 runs on n" in told
    assert "resumed after" in told
    assert "web01 is now 96 MiB (32 MiB more), and so is its file system" in told
    assert "is empty; it stays cordoned" in told
    assert lab.volume("web01")["classes"] == ["fc"]
    assert web01.status()["state"] == "started"
    assert web01.diagnosis() == {}
    # It was booted once, suspended, resumed and moved since.
    web01.look()
    web01.counts_on()
    assert web01.seen[0] == 1


def test_a_new_agent_comes_while_pacemaker_watches(lab: Cluster, web01: Vm) -> None:
    web01.look()
    node = web01.node
    process = web01.process(node)
    lab.sh(node, f"echo '# older' >>{AGENT}")
    assert f"{node} has the agent" in lab.vmstore(HOST, "agent", "deploy").err
    asked = "journalctl -b -t pacemaker-execd -t pacemaker-controld -o cat -g web01 | wc -l"
    before = int(lab.sh(node, asked).out)
    # Pacemaker asks the agent every 30 s, and logs only what has changed.
    lab.sh(node, "sleep 65")
    failed = lab.sh(node, "crm_mon -1 --show-failcounts=true 2>/dev/null | grep -i fail-count || true").out
    assert failed == ""
    assert int(lab.sh(node, asked).out) == before
    assert web01.process(node) == process
    web01.counts_on()


def test_the_timer_of_the_package_reports_under_systemd(lab: Cluster) -> None:
    node = lab.nodes[0]
    lab.sh(node, "systemctl enable --now vmstore-report.timer; systemctl start vmstore-report.service")
    assert "vmstore-report.timer" in lab.sh(node, "systemctl list-timers --no-legend vmstore-report.timer").out
    assert lab.sh(node, "systemctl show -P Result vmstore-report.service").out == "success\n"
    assert lab.sh(node, "vmstore report -o json | head -c 1").out == "{"
    assert lab.sh(node, "stat -c %s /var/lib/vmstore/history.db").out != "0\n"


def test_doctor_finds_a_node_that_would_not_wait_for_pacemaker(lab: Cluster, web01: Vm) -> None:
    node = lab.nodes[-1]
    lab.sh(node, f"mv {ORDER} /root/order; systemctl daemon-reload")
    (found,) = lab.vmstore(HOST, "doctor", "-o", "json", check=False).json["findings"]
    assert (found["code"], found["name"]) == ("VMS-D47", node)
    assert "libvirt-guests.service" in found["what"]
    for mend in found["mend"]:
        lab.sh(mend["node"], mend["command"])
    assert web01.diagnosis() == {}
    lab.sh(node, f"rm -r /etc/systemd/system/pacemaker.service.d; mv /root/order {ORDER}; systemctl daemon-reload")


def test_a_node_that_restarts_has_its_vm_suspended_first_and_comes_back_by_itself(lab: Cluster, web01: Vm) -> None:
    web01.look()
    node = web01.node
    lab.sh(node, "systemctl reboot", check=False)
    others = [other for other in lab.nodes if other != node]
    _runs_on_one_of(web01, others)
    web01.counts_on()
    # An emulated node that resets is off.
    lab.wait(lambda: not _is_on(lab, node), 120, f"{node} to have ended")
    lab.lab("start", node)
    went = lab.sh(node, "journalctl -b -1 -o cat -t libvirt-guests.sh").out
    assert "no running guests" in went
    assert "lvm_vmstore" in lab.sh(node, "lvmlockctl -i").out
    lab.wait(lambda: node in lab.sh(others[0], "crm_mon -1 | grep Online").out.split(), 180, f"{node} to be online")
    assert lab.sh(node, "systemctl --failed --no-legend").out == ""


def test_a_node_that_loses_its_power_is_fenced_and_its_vm_boots_elsewhere(lab: Cluster, web01: Vm) -> None:
    web01.look()
    node, boots = web01.node, web01.seen[0]
    lab.lab("crash", node)
    others = [other for other in lab.nodes if other != node]
    _runs_on_one_of(web01, others)
    lab.wait(lambda: web01.look()[0] == boots + 1, 60, "web01 to have booted")
    assert f"OFFLINE: [ {node} ]" in lab.sh(others[0], "crm_mon -1").out
