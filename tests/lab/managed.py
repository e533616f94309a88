"""What must hold under every cluster manager; a test module for each runs it on its topology of the lab.

Making a VM and taking it away take a minute each on the lab, so the tests of a class share one; each has it run where
it needs it first, whatever the test before left.
"""

import signal
import time
from pathlib import Path

from lab.driver import HOST, Cluster
from tests.lab.services import Vm


class Managed:
    """VMs as services of the manager of the topology."""

    def test_made_started_stopped_and_started_again(self, cluster: Cluster, vm: Vm) -> None:
        vm.stops()
        assert vm.status() == {"state": vm.stopped, "node": None, "held_by": None}
        again = cluster.vmstore(HOST, "create", "web01", f"{cluster.volume('web01')['size'] // 2**20}M")
        assert "nothing was changed" in again.err
        cluster.vmstore(cluster.nodes[-1], "start", "web01", "n1")
        assert vm.status() == {"state": "started", "node": "n1", "held_by": "n1"}
        vm.wait_for(3)
        cluster.vmstore("n2", "stop", "web01")
        assert vm.status() == {"state": vm.stopped, "node": None, "held_by": None}
        for node in cluster.nodes:
            assert cluster.sh(node, "virsh list --all --name").out.strip() == ""
        cluster.vmstore(HOST, "start", "web01", "n2")
        # Resumed, not booted: a booted guest counts from the beginning.
        vm.counts_on()

    def test_relocated_without_a_reboot_and_told_how_long_it_was_away(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n1")
        vm.wait_for(3)
        began = time.monotonic()
        done = cluster.vmstore(HOST, "relocate", "web01", "n2", "-o", "json")
        took = time.monotonic() - began
        assert (done.json["node"], done.json["state"]) == ("n2", "started")
        vm.counts_on()
        # How long that may be is measured by the benchmark, against the same by hand.
        assert 0 < done.json["away_seconds"] < took
        assert vm.mounts() == ["n2"]

    def test_grown_and_evacuated_while_it_runs(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n1")
        vm.wait_for(3)
        process, log = vm.process("n1"), vm.actions()
        assert process
        assert log
        size = cluster.volume("web01")["size"]
        cluster.vmstore("n2", "grow", "web01", "+16M")
        assert cluster.volume("web01")["size"] == size + 16 * 2**20
        source, target = vm.pv(), vm.other_class()
        cluster.vmstore(cluster.nodes[-1], "evacuate", source, "--to", target, "--yes")
        assert cluster.pv(source)["free"] == cluster.pv(source)["size"]
        assert vm.process("n1") == process
        assert vm.actions() == log
        assert vm.status() == {"state": "started", "node": "n1", "held_by": "n1"}
        assert vm.frozen() is None
        vm.counts_on()

    def test_grown_by_policy_while_it_runs(self, cluster: Cluster, vm: Vm, tmp_path: Path) -> None:
        vm.runs_on_node("n1")
        vm.wait_for(3)
        process, size = vm.process("n1"), cluster.volume("web01")["size"]
        assert process
        used = cluster.volume("web01")["used_percent"]
        rule = f'grow = true\nover = "{used + 10}%"\nstep = "16M"\ndaily = "none"'
        history = f'[report]\nhistory = "{tmp_path}/history.db"'
        fuller = cluster.with_settings(f"{history}\n[growth.vms.web01]\n{rule}", tmp_path)
        fuller.vmstore(HOST, "policy", "apply", "--begin")
        assert cluster.volume("web01")["size"] == size
        cluster.sh("n1", "dd if=/dev/zero of=/vm/web01/fills bs=1M count=12 conv=fsync status=none")
        done = fuller.vmstore(HOST, "policy", "apply", "--cron")
        assert "web01 grew by 16 MiB" in done.err, done.err
        assert cluster.volume("web01")["size"] == size + 16 * 2**20
        assert vm.process("n1") == process
        assert vm.frozen() is None
        vm.counts_on()
        cluster.sh("n1", "rm /vm/web01/fills")

    def test_killed_while_frozen_and_thawed_by_the_next_command(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n1")
        vm.wait_for(1)
        source, target = vm.pv(), vm.other_class()
        run = cluster.vmstore_start(HOST, "evacuate", source, "--to", target, "--yes")
        cluster.wait(lambda: cluster.moves("n1"), 120, "the move to begin", run)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        assert vm.frozen() == "vmstore"
        cluster.wait(lambda: not cluster.moves("n1"), 120, "LVM to finish the move")
        spare = next(pv["wwid"] for pv in cluster.pvs() if pv["class"] == target and pv["wwid"] != vm.pv())
        done = cluster.vmstore("n2", "pv", "cordon", spare)
        assert "web01 was left frozen" in done.err
        assert vm.frozen() is None
        cluster.vmstore(cluster.nodes[-1], "evacuate", source, "--to", target, "--yes")
        vm.counts_on()

    def test_suspended_for_a_stated_time_while_what_is_used_is_copied(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n1")
        vm.wait_for(3)
        source, target = vm.pv(), vm.other_class()
        words = ("evacuate", source, "--to", target, "--engine", "used", "--yes")
        short = cluster.vmstore(HOST, *words, "--suspend", "5s", "--dry-run").out
        assert "and 5 s are allowed" in short
        assert "pvmove" in short
        cluster.vmstore(cluster.nodes[-1], *words, "--suspend", "5m")
        assert cluster.volume("web01")["classes"] == [target]
        assert vm.status() == {"state": "started", "node": "n1", "held_by": "n1"}
        # Resumed, not booted.
        vm.counts_on()
        told = cluster.sh("n1", "lvs --readonly --noheadings -o lv_name vmstore; pvs --noheadings -o pv_tags").out
        assert not [word for word in ("+to", "+from", "vmstore.suspend", "vmstore.evacuate") if word in told], told

    def test_what_the_admin_froze_stays_frozen(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n1")
        cluster.vmstore(HOST, "freeze", "web01")
        cluster.vmstore("n2", "grow", "web01", "+8M")
        assert vm.frozen() == "admin"
        assert cluster.vmstore(cluster.nodes[-1], "relocate", "web01", "n2", check=False).rc == 4
        cluster.vmstore(HOST, "thaw", "web01")
        assert vm.frozen() is None

    def test_a_vm_that_dies_is_restarted(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n1")
        vm.wait_for(2)
        before = vm.process("n1")
        assert before
        cluster.sh("n1", f"kill -9 {before}")
        # In place or, where the manager had it stopped before it chose, on another node; on one alone in any case.
        cluster.wait(lambda: vm.process("n1") != before and vm.runs_on(cluster.nodes), 150, "it to run again")
        owner = vm.runs_on(cluster.nodes)
        cluster.wait(lambda: vm.status()["state"] == "started", 60, "the service to be settled")
        assert vm.mounts() == [owner]
        vm.booted(owner)

    def test_its_node_loses_power_and_it_boots_on_another(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n2")
        vm.wait_for(2)
        cluster.lab("crash", "n2")
        left = [node for node in cluster.nodes if node != "n2"]
        try:
            most = 0
            deadline = time.monotonic() + 240
            while not (owner := vm.runs_on(left)):
                most = max(most, len(vm.mounts(left)))
                assert time.monotonic() < deadline, "it did not come up on another node"
                time.sleep(1)
            assert most <= 1
            assert vm.mounts(left) == [owner]
            vm.booted(owner)
        finally:
            cluster.lab("start", "n2")
        cluster.wait(lambda: vm.status()["node"] == owner, 60, "the manager to say so")

    def test_stop_where_there_is_nothing_is_quick(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n1")
        took = cluster.sh("n2", f"begin=$(date +%s%N); {vm.script} stop; echo $((($(date +%s%N) - begin) / 1000000))")
        # rgmanager stops each service on each node when it starts: what may be slow is one look at a hypervisor.
        assert int(took.out) < 3000
        assert vm.status() == {"state": "started", "node": "n1", "held_by": "n1"}

    def test_remove_wants_it_stopped_and_takes_the_service_out(self, cluster: Cluster, vm: Vm) -> None:
        vm.runs_on_node("n1")
        refused = cluster.vmstore(HOST, "remove", "web01", "--confirm", "web01", check=False)
        assert refused.rc == 4
        assert vm.status()["state"] == "started"
        cluster.vmstore("n2", "stop", "web01")
        cluster.vmstore(cluster.nodes[-1], "remove", "web01", "--confirm", "web01")
        assert cluster.vmstore(HOST, "status", "-o", "json").json["items"] == []
        assert cluster.vmstore(HOST, "show", "web01", check=False).rc == 3
