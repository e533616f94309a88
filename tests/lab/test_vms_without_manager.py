"""VMs on nodes that share storage and have no cluster manager: vmstore runs the agent on them itself."""

from collections.abc import Iterator

import pytest

from lab.driver import HOST, Cluster
from tests.lab.services import Vm

TOPOLOGY = "default"


@pytest.fixture
def vm(cluster: Cluster) -> Iterator[Vm]:
    """Give a VM on a volume, not started, and two nodes with a hypervisor."""
    for node in ("n1", "n2"):
        cluster.sh(node, "virsh -q version >/dev/null 2>&1 || { libvirtd -d; sleep 2; virsh -q version >/dev/null; }")
    cluster.create("web01", "48M")
    cluster.mount("n1", "web01")
    cluster.make_guest("n1", "web01")
    cluster.unmount("n1", "web01")
    yield Vm(cluster, "web01", stopped="stopped")
    cluster.vmstore(HOST, "stop", "web01", check=False)


def test_started_relocated_grown_and_stopped(cluster: Cluster, vm: Vm) -> None:
    cluster.vmstore("n3", "start", "web01", "n1")
    assert vm.status() == {"state": "started", "node": "n1", "held_by": "n1"}
    vm.wait_for(3)
    refused = cluster.vmstore(HOST, "start", "web01", "n2", check=False)
    assert (refused.rc, vm.mounts()) == (4, ["n1"])
    done = cluster.vmstore(HOST, "relocate", "web01", "n2", "-o", "json")
    assert (done.json["node"], done.json["state"]) == ("n2", "started")
    assert done.json["away_seconds"] > 0
    vm.counts_on()
    assert vm.mounts() == ["n2"]
    process = vm.process("n2")
    cluster.vmstore("n1", "grow", "web01", "+16M")
    assert process
    assert vm.process("n2") == process
    assert cluster.vmstore(HOST, "freeze", "web01", check=False).rc == 4
    assert cluster.vmstore(HOST, "remove", "web01", "--confirm", "web01", check=False).rc == 4
    cluster.vmstore("n1", "stop", "web01")
    assert vm.status() == {"state": "stopped", "node": None, "held_by": None}
    assert vm.mounts() == []
    cluster.vmstore("n1", "start", "web01")
    vm.counts_on()


def test_a_start_that_fails_elsewhere_brings_it_back(cluster: Cluster, vm: Vm) -> None:
    cluster.vmstore(HOST, "start", "web01", "n1")
    vm.wait_for(2)
    # It can be prepared there, but nothing can be mounted at the place.
    cluster.sh("n2", "mkdir -p /vm; rm -rf /vm/web01; touch /vm/web01")
    try:
        failed = cluster.vmstore("n3", "relocate", "web01", "n2", check=False)
        assert failed.rc == 8
        assert "n1" in failed.err
    finally:
        cluster.sh("n2", "rm -f /vm/web01")
    assert vm.status() == {"state": "started", "node": "n1", "held_by": "n1"}
    vm.counts_on()
