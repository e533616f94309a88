"""VMs as services of Red Hat Cluster Suite on the lab.

rgmanager's and VMware Server's commands are stand-ins; corosync, dlm, fencing, LVM, file systems and guests are real.
"""

import shlex
from collections.abc import Iterator

import pytest

from lab.driver import HOST, Cluster
from tests.lab.managed import Managed
from tests.lab.services import Vm

TOPOLOGY = "rgmanager"
# What Pacemaker's tests do as well and takes minutes: left to `./script/test all`.
LONG = {
    "test_grown_and_evacuated_while_it_runs",
    "test_grown_by_policy_while_it_runs",
    "test_killed_while_frozen_and_thawed_by_the_next_command",
    "test_suspended_for_a_stated_time_while_what_is_used_is_copied",
    "test_what_the_admin_froze_stays_frozen",
    "test_a_vm_that_dies_is_restarted",
    "test_its_node_loses_power_and_it_boots_on_another",
    "test_stop_where_there_is_nothing_is_quick",
    "test_remove_wants_it_stopped_and_takes_the_service_out",
    "test_a_stuck_product_fails_the_service_and_nothing_starts_elsewhere",
}


class OfRgmanagerAlone:
    """What only rgmanager does, and VMware Server, with which it was run."""

    def test_no_configuration_is_pushed_while_a_service_is_frozen(self, cluster: Cluster, vm: Vm) -> None:
        cluster.vmstore(HOST, "freeze", "web01")
        before = cluster.sh("n1", "cat /etc/cluster/cluster.conf").out
        refused = cluster.vmstore(HOST, "create", "web02", "32M", check=False)
        assert refused.rc == 4
        assert "frozen: web01" in refused.err
        assert cluster.sh("n1", "cat /etc/cluster/cluster.conf").out == before
        assert cluster.vmstore(HOST, "show", "web02", check=False).rc == 3
        assert vm.frozen() == "admin"

    def test_services_that_are_locked_are_not_stopped_for_nothing(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n1")
        process = vm.process("n1")
        cluster.sh("n2", "clusvcadm -l")
        try:
            refused = cluster.vmstore("n1", "relocate", "web01", "n2", check=False)
            assert refused.rc == 4
            assert "clusvcadm -u" in refused.err
        finally:
            cluster.sh("n2", "clusvcadm -u")
        assert process
        assert vm.process("n1") == process
        assert vm.status()["state"] == "started"

    def test_doctor_finds_a_service_that_failed_and_services_that_are_locked(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n1")
        vm.wait_for(1)
        assert vm.diagnosis() == {}
        cluster.sh("n2", "clusvcadm -l")
        try:
            assert vm.diagnosis() == {"VMS-D41": "rgmanager"}
        finally:
            cluster.sh("n2", "clusvcadm -u")
        # Its volume cannot be unmounted while somebody is in there.
        cluster.sh("n1", "cd /vm/web01; (setsid sleep 300 >/dev/null 2>&1 </dev/null & echo $! >/tmp/busy.pid)")
        try:
            cluster.sh("n1", "clusvcadm -d web01", check=False)
            cluster.wait(lambda: vm.diagnosis() == {"VMS-D42": "web01"}, 120, "doctor to find a failed service")
        finally:
            cluster.sh("n1", "kill $(cat /tmp/busy.pid)")
        cluster.vmstore(HOST, "stop", "web01")
        assert vm.diagnosis() == {}

    def test_a_first_start_makes_it_start_with_the_cluster(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n1")
        for node in cluster.nodes:
            text = cluster.sh(node, "cat /etc/cluster/cluster.conf").out
            assert '<service name="web01" autostart="1"' in text

    def test_nothing_starts_elsewhere_while_it_is_mounted_where_the_manager_went_away(
        self, cluster: Cluster, vm: Vm
    ) -> None:
        vm.runs_on_node("n2")
        cluster.vmstore(HOST, "freeze", "web01")
        # Of a frozen service it lets everything run on, but its table says stopped, of no owner.
        cluster.sh("n2", "rgmanager stop")
        try:
            cluster.sh("n1", "clusvcadm -U web01")
            refused = cluster.vmstore("n1", "start", "web01", "n1", check=False)
            assert (refused.rc, vm.mounts()) == (4, ["n2"])
            assert "disputed" in refused.err
        finally:
            cluster.sh("n2", "rgmanager start")
        # It stops at its start what it finds, and then starts it anew.
        cluster.wait(lambda: vm.row()["note"] == "" and vm.row()["state"] == "started", 180, "it to be settled")
        assert vm.mounts() == [vm.row()["node"]]

    @pytest.fixture
    def vmware(self, cluster: Cluster, vm: Vm) -> Iterator[Vm]:
        """Have the VM run by VMware Server 1.x on every node; behind its commands is the same guest of libvirt."""
        vm.stops()
        vmx = ['.encoding = "UTF-8"', 'config.version = "8"', 'displayName = "web01"', 'memsize = "16"']
        write = f"rm -f web01.state; printf '%s\\n' {shlex.join(vmx)} >web01.vmx; chmod 0755 web01.vmx"
        self._files(cluster, write)
        for node in cluster.nodes:
            cluster.sh(
                node,
                "ln -sf /opt/vmware-cmd /usr/bin/; sed -i s/=libvirt/=vmware1/ /etc/vmstore/agent.conf; "
                "mkdir -p /var/lib/vmware-standin; echo guest = virsh >/var/lib/vmware-standin/settings",
            )
        yield vm
        vm.stops()
        for node in cluster.nodes:
            cluster.sh(node, "rm /usr/bin/vmware-cmd; sed -i s/=vmware1/=libvirt/ /etc/vmstore/agent.conf")
        self._files(cluster, "rm -f web01.vm*")

    @staticmethod
    def _files(cluster: Cluster, script: str) -> None:
        cluster.mount("n1", "web01")
        cluster.sh("n1", f"(cd /vm/web01; {script})")
        cluster.unmount("n1", "web01")

    def test_vmware_server_relocates_without_a_reboot_or_a_question(self, cluster: Cluster, vmware: Vm) -> None:
        cluster.vmstore(HOST, "start", "web01", "n1")
        vmware.wait_for(2)
        done = cluster.vmstore("n2", "relocate", "web01", "n2", "-o", "json")
        assert (done.json["node"], done.json["state"]) == ("n2", "started")
        vmware.counts_on()
        assert "/vm/web01/web01.vmx" in cluster.sh("n2", "vmware-cmd -l").out
        assert cluster.sh("n1", "vmware-cmd -l").out.strip() == ""
        assert 'uuid.action = "keep"' in cluster.sh("n2", "cat /vm/web01/web01.vmx").out

    def test_a_stuck_product_fails_the_service_and_nothing_starts_elsewhere(self, cluster: Cluster, vmware: Vm) -> None:
        cluster.vmstore(HOST, "start", "web01", "n1")
        vmware.wait_for(2)
        process = vmware.process("n1")
        assert process
        cluster.sh("n1", "echo hang = forever >>/var/lib/vmware-standin/settings")
        try:
            cluster.wait(lambda: vmware.row()["state"] == "failed", 400, "the service to fail")
            assert vmware.mounts() == ["n1"]
            assert vmware.process("n1") == process
            refused = cluster.vmstore(HOST, "relocate", "web01", "n2", check=False)
            assert (refused.rc, "failed" in refused.err) == (4, True)
        finally:
            cluster.sh("n1", "sed -i /^hang/d /var/lib/vmware-standin/settings")
        cluster.vmstore(HOST, "stop", "web01")
        assert vmware.mounts() == []
        cluster.vmstore(HOST, "start", "web01", "n2")
        vmware.counts_on()


class TestRgmanager(Managed, OfRgmanagerAlone):
    """rgmanager; what it does alone is tried first, since the last of the others removes the VM."""
