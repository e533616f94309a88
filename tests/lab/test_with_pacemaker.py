"""VMs as services of a real Pacemaker, with real fencing, on the lab."""

from collections.abc import Iterator

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
    def test_a_manager_that_is_stopped_in_the_middle_of_an_evacuation_takes_no_vm_with_it(
        self, cluster: Cluster, vm: Vm
    ) -> None:
        vm.runs_on_node("n1")
        vm.wait_for(3)
        process, source, target = vm.process("n1"), vm.pv(), vm.other_class()
        words = ("evacuate", source, "--to", target, "--engine", "mirror", "--yes")
        run = cluster.vmstore_start(HOST, *words, "--rate", "4M")
        cluster.wait(lambda: cluster.moves("n1"), 150, "the move to begin", run)
        cluster.sh(
            "n1", "pkill -TERM -x pacemakerd; while pgrep -x pacemakerd >/dev/null; do sleep 1; done", timeout=180
        )
        _, told = run.communicate(timeout=300)
        # The manager of another node knows nothing of the mount any more, so nobody may hand it the VM.
        assert run.returncode in (7, 9), told
        assert vm.process("n1") == process
        assert vm.mounts() == ["n1"]
        cluster.sh("n1", "set -a; . /etc/default/sbd; setsid pacemakerd >/dev/null 2>&1 </dev/null &")
        cluster.wait(lambda: vm.row()["node"] == "n1", 120, "the manager to find the VM again")
        cluster.vmstore(cluster.nodes[-1], *words)
        assert cluster.pv(source)["free"] == cluster.pv(source)["size"]
        assert vm.process("n1") == process
        assert vm.frozen() is None
        vm.counts_on()

    @pytest.fixture
    def stock(self, cluster: Cluster, vm: Vm) -> Iterator[Vm]:
        """Have the VM's volume and mount be resources of the stock agents."""
        self._exchange(cluster, vm, "stock")
        yield vm
        self._exchange(cluster, vm, "bundled")
        for node in cluster.nodes:
            cluster.sh(node, "vgchange -q --lockstart vmstore")

    @staticmethod
    def _exchange(cluster: Cluster, vm: Vm, agents: str) -> None:
        vm.stops()
        drop = "crm_resource --resource web01 --clear; cibadmin --delete --force --xpath \"//*[@id='web01']\""
        cluster.sh("n1", drop)
        size = cluster.volume("web01")["size"] >> 20
        cluster.vmstore(HOST, "create", "web01", f"{size}M", "--agents", agents)

    @pytest.mark.long
    def test_a_service_of_the_stock_agents_is_relocated_grown_and_frozen_as_well(
        self, cluster: Cluster, stock: Vm
    ) -> None:
        assert "LVM-activate" in cluster.sh("n1", "cibadmin -Q --xpath \"//group[@id='web01']\"").out
        cluster.vmstore(HOST, "start", "web01", "n1")
        stock.wait_for(2)
        cluster.vmstore("n3", "relocate", "web01", "n2")
        stock.counts_on()
        assert stock.mounts() == ["n2"]
        # The stock agent ended the lock space with the last volume of the node; vmstore works on the other one.
        assert "lvm_vmstore" not in cluster.sh("n1", "dlm_tool ls").out
        process = stock.process("n2")
        assert process
        cluster.vmstore("n1", "grow", "web01", "+8M")
        assert stock.process("n2") == process
        assert stock.frozen() is None
        # A new volume is made on the first node that answers, and wants the locks there.
        cluster.create("new01", "16M", "--no-service")
        assert "lvm_vmstore" in cluster.sh("n1", "dlm_tool ls").out

    def test_doctor_finds_what_is_wrong_with_the_cluster_and_is_silent_when_it_is_mended(
        self, cluster: Cluster, vm: Vm
    ) -> None:
        vm.runs_on_node("n1")
        vm.wait_for(1)
        assert vm.diagnosis() == {}
        fencing = "crm_attribute -q -t crm_config -n stonith-enabled -v"
        cluster.sh("n1", f"{fencing} false; crm_standby -N n3 -v on")
        cluster.vmstore(HOST, "freeze", "web01")
        try:
            found = vm.diagnosis()
            assert (found["VMS-D40"], found["VMS-D43"], found["VMS-D46"]) == ("pacemaker", "web01", "n3")
            assert len(found) == 3
        finally:
            cluster.vmstore(HOST, "thaw", "web01")
            cluster.sh("n1", f"{fencing} true; crm_standby -N n3 -D")
        cluster.wait(lambda: vm.diagnosis() == {}, 90, "doctor to find nothing")

    @pytest.mark.long
    def test_where_the_admin_has_banned_it_from_it_stays_banned(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n1")
        cluster.sh("n1", "crm_resource --resource web01 --ban --node n3")
        try:
            cluster.vmstore(HOST, "relocate", "web01", "n2")
            left = cluster.sh("n1", "cibadmin --query --scope constraints").out
            assert "cli-ban-web01-on-n3" in left
            assert "cli-prefer-web01" not in left
        finally:
            cluster.sh("n1", "crm_resource --resource web01 --clear")

    @pytest.mark.long
    def test_doctor_finds_a_volume_in_use_that_the_manager_does_not_know_of(self, cluster: Cluster, vm: Vm) -> None:
        vm.stops()
        cluster.mount("n2", "web01")
        try:
            assert vm.diagnosis() == {"VMS-D44": "web01"}
        finally:
            cluster.unmount("n2", "web01")
        assert vm.diagnosis() == {}


class TestPacemaker(Managed, OfPacemakerAlone):
    """Pacemaker; what it does alone is tried first, since the last of the others removes the VM."""
