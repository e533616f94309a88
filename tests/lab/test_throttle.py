"""Real copies that keep to a rate and stand back for others, and nodes that are as before in the end."""

import json
import signal
import time
from pathlib import Path

import pytest

from lab.driver import HOST, Cluster
from vmstore.jobs.throttle import KNOB

TOPOLOGY = "default"
MIB = 2**20


def share(cluster: Cluster, node: str) -> int:
    """Read the share of its time in which a node copies."""
    return int(cluster.sh(node, f"modprobe dm_mirror; cat {KNOB}").out)


@pytest.mark.long
def test_a_copy_keeps_to_its_rate_until_it_is_given_another(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    cluster.create("slow01", "384M", "--pv", source)
    cluster.mount("n2", "slow01")
    data = cluster.fill("n2", "slow01", 32)
    run = cluster.vmstore_start(HOST, "evacuate", source, "--to", "fc", "--rate", "1M", "--yes")
    cluster.wait(lambda: cluster.moves("n2"), 150, "the move", run)
    began = time.monotonic()
    cluster.wait(lambda: share(cluster, "n2") < 100, 30, "the copy to be held back", run)
    time.sleep(max(0.0, 20 - (time.monotonic() - began)))
    left = cluster.sh("n2", "lvs -a --noheadings -o copy_percent vmstore/pvmove0").out
    passed = time.monotonic() - began
    assert float(left) / 100 * 384 * MIB <= 2 * MIB * passed
    cluster.vmstore("n3", "job", "rate", source, "none")
    _, told = run.communicate(timeout=300)
    assert run.returncode == 0, told
    assert "from now on without a limit" in told
    assert share(cluster, "n2") == 100
    record = [json.loads(line) for line in cluster.sh("n1", "cat /var/lib/vmstore/jobs/*.jsonl").out.splitlines()]
    assert [line["rate"] for line in record if line["event"] == "rate"][-1:] == [0]
    assert cluster.data_sum("n2", "slow01") == data


def test_a_run_that_is_killed_leaves_its_node_as_it_was(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    cluster.create("slow01", "64M", "--pv", source)
    words = ("evacuate", source, "--to", "fc", "--engine", "mirror")
    run = cluster.vmstore_start(HOST, *words, "--rate", "2M", "--yes")
    cluster.wait(lambda: share(cluster, "n1") < 100, 150, "the copy to be held back", run)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    cluster.wait(lambda: share(cluster, "n1") == 100, 60, "n1 to put its own value back")
    cluster.vmstore(HOST, "job", "resume", source, "--yes")
    assert share(cluster, "n1") == 100
    assert cluster.pv(source)["free"] == cluster.pv(source)["size"]


@pytest.mark.long
def test_a_copy_stands_back_for_a_busy_guest_and_goes_on_afterwards(cluster: Cluster, tmp_path: Path) -> None:
    careful = cluster.with_settings("[load]\npressure_percent = 20", tmp_path)
    source = cluster.wwid("iscsi", 1)
    cluster.create("busy01", "512M", "--pv", source)
    cluster.mount("n2", "busy01")
    # Writes that each wait for the disk: somebody waits for I/O most of the time.
    cluster.sh(
        "n2",
        "setsid fio --name=busy --filename=/vm/busy01/fio --size=8M --bs=64k --rw=randwrite --direct=1 --sync=1"
        " --time_based --runtime=900 --output=/tmp/fio.busy >/dev/null 2>&1 </dev/null & echo $! >/tmp/fio.busy.pid",
    )
    cluster.wait(
        lambda: float(cluster.sh("n2", "cut -d= -f2 /proc/pressure/io | cut -d' ' -f1 | head -n 1").out) > 40,
        120,
        "the guest to be busy",
    )
    run = careful.vmstore_start(HOST, "evacuate", source, "--to", "fc", "--yes")

    def note() -> str:
        (job,) = cluster.vmstore("n1", "job", "list", "-o", "json").json["items"]
        return str(job["why"])

    cluster.wait(lambda: share(cluster, "n2") == 1, 150, "the copy to stand back", run)
    cluster.wait(lambda: "I/O pressure on n2" in note(), 60, "the job to say why", run)
    cluster.sh("n2", "kill -INT $(cat /tmp/fio.busy.pid); sleep 1")
    _, told = run.communicate(timeout=300)
    assert run.returncode == 0, told
    assert "the copy stands back: I/O pressure on n2" in told
    assert "the copy goes on" in told
    assert share(cluster, "n2") == 100
    cluster.unmount("n2", "busy01")
    cluster.fsck("n1", "busy01")
