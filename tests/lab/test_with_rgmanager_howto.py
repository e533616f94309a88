"""The how-to for Red Hat Cluster Suite, typed into a node; its VM is a guest of libvirt here."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.driver import HOST, Cluster
from tests.lab import services
from tests.lab.services import Vm
from tests.support import howtos
from vmstore.tools.agent import AGENT

TOPOLOGY = "rgmanager"
# What it types is tried by the tests of both managers as well.
pytestmark = pytest.mark.long
NODE, OTHER = "n1", "n2"
OLD = f"{Path(AGENT).parent}/.vm.old"
SIZE = "48M"


@pytest.fixture
def new(cluster: Cluster) -> Iterator[Vm]:
    """Give the VM that the how-to makes, and leave nothing of it, nor of an older agent on one of the nodes."""
    cluster.sh(OTHER, f"cp -p {AGENT} /var/tmp/agent; echo '# older' >>{AGENT}")
    # What is typed into a node tells the driver nothing.
    cluster.cordons = True
    vm = Vm(cluster, "test01")
    yield vm
    cluster.sh(OTHER, f"mv /var/tmp/agent {AGENT}; rm -f {OLD}")
    services.unmake(vm)


def test_a_red_hat_cluster_gets_a_vm_that_moves_and_a_lun_that_is_emptied_under_it(cluster: Cluster, new: Vm) -> None:
    def typed(block: str, **variables: str) -> str:
        done = cluster.sh(NODE, howtos.script(block, **variables))
        return done.out + done.err

    agent, create, start, evacuate = howtos.typed(howtos.FOLDER / "red-hat-cluster-with-vmware-server.md")

    assert f"{OTHER} has the agent" in typed(agent)
    assert cluster.vmstore(HOST, "agent", "check", check=False).rc == 0
    assert "# older" in cluster.sh(OTHER, f"cat {OLD}").out

    assert "cluster.conf" in typed(create, SIZE=SIZE)
    cluster.mount(NODE, "test01")
    cluster.make_guest(NODE, "test01")
    cluster.unmount(NODE, "test01")

    assert re.search(f"test01 runs on {OTHER}, resumed after [0-9.]+ s", typed(start, NODE=NODE, OTHER=OTHER))
    assert new.status() == {"state": "started", "node": OTHER, "held_by": OTHER}
    new.wait_for(1)
    new.counts_on()

    lun, process = new.pv(), new.process(OTHER)
    assert process
    assert "is empty" in typed(evacuate, LUN=lun)
    assert cluster.volume("test01")["classes"] == ["fc"]
    assert cluster.pv(lun)["free"] == cluster.pv(lun)["size"]
    assert new.process(OTHER) == process
    assert new.frozen() is None
    new.counts_on()
