"""VMs as services of a real Pacemaker, with real fencing, on the lab."""

import pytest

from lab.driver import HOST, Cluster
from tests.lab.managed import Managed
from tests.lab.services import Vm

TOPOLOGY = "pacemaker"


class OfPacemakerAlone:
    """What only Pacemaker has."""

    def test_the_agent_passes_ocf_tester(self, cluster: Cluster, vm: Vm) -> None:
        vm.stops()
        agent = "/usr/lib/ocf/resource.d/vmstore/vm"
        tester = f"ocf-tester -n web01 -o vm=web01 -o vg=vmstore -o directory=/vm/web01 {agent}"
        done = cluster.sh("n1", f"export OCF_ROOT=/usr/lib/ocf; {tester} 2>&1", check=False)
        assert (done.rc, done.out.splitlines()[-1]) == (0, f"{agent} passed all tests"), done.out
        assert vm.mounts() == []

    @pytest.mark.long
    def test_a_service_of_the_stock_agents_is_relocated_and_frozen_as_well(self, cluster: Cluster, vm: Vm) -> None:
        vm.stops()
        cluster.sh(
            "n1", "crm_resource --resource web01 --clear; cibadmin --delete --force --xpath \"//*[@id='web01']\""
        )
        cluster.vmstore(HOST, "create", "web01", "48M", "--agents", "stock")
        assert "LVM-activate" in cluster.sh("n1", "cibadmin -Q --xpath \"//group[@id='web01']\"").out
        cluster.vmstore(HOST, "start", "web01", "n1")
        vm.wait_for(2)
        cluster.vmstore("n3", "relocate", "web01", "n2")
        vm.counts_on()
        assert vm.mounts() == ["n2"]
        process = vm.process("n2")
        cluster.vmstore("n1", "grow", "web01", "+8M")
        assert process
        assert vm.process("n2") == process
        assert vm.frozen() is None
        vm.stops()
        cluster.sh(
            "n1", "crm_resource --resource web01 --clear; cibadmin --delete --force --xpath \"//*[@id='web01']\""
        )
        # The stock agent ends the lock space with the last volume of a node.
        for node in cluster.nodes:
            cluster.sh(node, "vgchange -q --lockstart vmstore")
        cluster.vmstore(HOST, "create", "web01", f"{cluster.volume('web01')['size'] >> 20}M", "--agents", "bundled")


class TestPacemaker(Managed, OfPacemakerAlone):
    """Pacemaker; what it does alone is tried first, since the last of the others removes the VM."""
