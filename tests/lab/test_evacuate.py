"""Empty LUNs under running writers, and survive what happens meanwhile."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from lab.driver import HOST, Cluster

TOPOLOGY = "default"
MIB = 2**20
MIRROR = ("--engine", "mirror", "--yes")


def _three_volumes(cluster: Cluster, size: str, *words: str) -> None:
    for vm in ("ev1", "ev2", "ev3"):
        cluster.create(vm, size, *words)


def _is_empty(cluster: Cluster, wwid: str) -> bool:
    pv = cluster.pv(wwid)
    # One extent less than the disk may be usable; empty means that all that is usable is free.
    return bool(pv["free"] == pv["size"])


def test_four_volumes_leave_a_lun_while_two_are_written_to(cluster: Cluster) -> None:
    source, other = cluster.wwid("iscsi", 1), cluster.wwid("iscsi", 2)
    for vm in ("web01", "db01", "idle01"):
        cluster.create(vm, "32M", "--pv", source)
    cluster.create("wide01", "16M", "--pv", source)
    cluster.sh("n1", f"lvextend -q -L +16M vmstore/wide01 /dev/disk/by-id/dm-uuid-mpath-{other}")
    assert len(cluster.volume("wide01")["pvs"]) == 2
    cluster.mount("n1", "web01")
    cluster.mount("n2", "db01")
    data = {"web01": cluster.fill("n1", "web01", 8), "db01": cluster.fill("n2", "db01", 8)}
    content, wide = cluster.fill_idle("idle01", 2), cluster.device_sum("wide01")
    cluster.start_writer("n1", "web01")
    cluster.start_writer("n2", "db01")

    planned = cluster.vmstore(HOST, "evacuate", source, "--to", "fc", "--dry-run", "-o", "plain").out
    assert (planned.count("pvmove"), planned.count(" lvrename ")) == (3, 2)
    done = cluster.vmstore(HOST, "evacuate", source, "--to", "fc", "--yes")
    assert "is empty" in done.err

    assert cluster.stop_writer("n1", "web01") > 0
    assert cluster.stop_writer("n2", "db01") > 0
    assert data == {"web01": cluster.data_sum("n1", "web01"), "db01": cluster.data_sum("n2", "db01")}
    assert _is_empty(cluster, source)
    assert cluster.pv(source)["cordoned"] is True
    for vm in ("web01", "db01", "idle01"):
        assert cluster.volume(vm)["classes"] == ["fc"]
    assert cluster.volume("wide01")["classes"] == ["fc", "iscsi"]
    held = {vm: cluster.volume(vm)["held_by"] for vm in ("web01", "db01", "idle01", "wide01")}
    assert held == {"web01": "n1", "db01": "n2", "idle01": None, "wide01": None}
    assert (cluster.content_sum("idle01", "n3"), cluster.device_sum("wide01", "n3")) == (content, wide)
    cluster.unmount("n1", "web01")
    cluster.unmount("n2", "db01")
    for vm in ("web01", "db01", "idle01"):
        cluster.fsck("n3", vm)

    before = cluster.seqno()
    assert "already" in cluster.vmstore("n2", "evacuate", source, "--to", "fc", "--yes").err
    assert cluster.seqno() == before


def test_an_evacuation_without_room_is_refused_before_anything_changes(cluster: Cluster) -> None:
    source, target = cluster.wwid("iscsi", 1), cluster.wwid("fc")
    cluster.create("big01", "1500M", "--pv", source)
    cluster.create("big02", "1G", "--pv", target)
    before = cluster.seqno()
    refused = cluster.vmstore(HOST, "evacuate", source, "--to", target, "--yes", check=False)
    assert refused.rc == 5
    assert "no room" in refused.err
    assert cluster.seqno() == before
    assert cluster.pv(source)["cordoned"] is False


def test_killed_in_the_middle_the_same_command_goes_on_from_another_node(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    _three_volumes(cluster, "40M", "--pv", source)
    cluster.mount("n2", "ev2")
    data = cluster.fill("n2", "ev2", 16)
    sums = {vm: cluster.device_sum(vm) for vm in ("ev1", "ev3")}
    run = cluster.vmstore_start(HOST, "evacuate", source, "--to", "fc", *MIRROR)
    cluster.wait(lambda: cluster.moves("n1"), 150, "the first move", run)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert "being emptied" in cluster.pv(source)["state"]
    cluster.vmstore("n3", "evacuate", source, "--to", "fc", *MIRROR)
    assert _is_empty(cluster, source)
    assert cluster.pv(source)["state"] == "cordoned"
    assert cluster.data_sum("n2", "ev2") == data
    cluster.unmount("n2", "ev2")
    assert sums == {vm: cluster.device_sum(vm) for vm in ("ev1", "ev3")}
    assert [cluster.volume(vm)["held_by"] for vm in ("ev1", "ev2", "ev3")] == [None] * 3
    assert cluster.sh("n1", "ls /run/vmstore/idle").out == ""


def test_killed_in_the_middle_of_a_volume_only_a_piece_is_moved_again(cluster: Cluster, tmp_path: Path) -> None:
    inpieces = cluster.with_settings("[move]\npiece_mib = 16", tmp_path)
    source = cluster.wwid("iscsi", 1)
    cluster.create("large01", "64M", "--pv", source)
    cluster.mount("n2", "large01")
    data = cluster.fill("n2", "large01", 16)
    planned = inpieces.vmstore(HOST, "evacuate", source, "--to", "fc", "--dry-run", "-o", "plain").out
    assert planned.count("pvmove") == 4
    run = inpieces.vmstore_start(HOST, "evacuate", source, "--to", "fc", "--yes")
    cluster.wait(lambda: cluster.volume("large01")["classes"] == ["fc", "iscsi"], 150, "the first piece", run)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    # What was sent to the node before the kill may still begin there.
    time.sleep(3)
    told = "pgrep -x pvmove"
    cluster.wait(
        lambda: cluster.sh("n2", told, check=False).rc == 1 and not cluster.moves("n2"), 60, "LVM to finish its piece"
    )
    left = cluster.pv(source)["size"] - cluster.pv(source)["free"]
    assert 0 < left < 64 * MIB
    done = cluster.vmstore("n3", "evacuate", source, "--to", "fc", "--yes", "-o", "json")
    assert done.json["moved_bytes"] == left
    assert _is_empty(cluster, source)
    assert cluster.data_sum("n2", "large01") == data
    # Pieces that follow each other on the target are one segment again.
    assert cluster.sh("n2", "lvs --readonly --noheadings -o seg_count vmstore/large01").out.strip() == "1"
    cluster.unmount("n2", "large01")
    cluster.fsck("n1", "large01")


def test_killed_while_it_copies_what_is_used_another_node_does_it_anew(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    cluster.create("bare01", "400M", "--pv", source)
    content = cluster.fill_idle("bare01", 40)
    planned = cluster.vmstore(HOST, "evacuate", source, "--to", "fc", "--dry-run", "-o", "plain").out
    assert (planned.count("pvmove"), planned.count(" lvrename ")) == (0, 2)
    run = cluster.vmstore_start(HOST, "evacuate", source, "--to", "fc", "--rate", "8M", "--yes")
    copies = "pgrep -f '[b]ash -c exec 3<'"
    cluster.wait(lambda: cluster.sh("n1", copies, check=False).rc == 0, 150, "the copy to begin", run)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    names = "lvs --readonly --noheadings -o lv_name vmstore | grep bare01"
    assert cluster.sh("n1", names).out.split() == ["bare01", "bare01+to"]
    cluster.wait(lambda: cluster.sh("n1", copies, check=False).rc == 1, 60, "the copy to end with its vmstore")
    assert "left of moving it" in cluster.vmstore("n2", "grow", "bare01", "500M", check=False).err
    done = cluster.vmstore("n3", "evacuate", source, "--to", "fc", "--yes", "-o", "json")
    assert done.json["moved_bytes"] == 400 * MIB
    assert cluster.sh("n1", names).out.split() == ["bare01"]
    assert cluster.volume("bare01")["held_by"] is None
    assert _is_empty(cluster, source)
    assert cluster.content_sum("bare01", "n2") == content
    for node in cluster.nodes:
        assert cluster.sh(node, "ls /run/vmstore/idle 2>/dev/null || true").out == ""


@pytest.mark.long
def test_killed_while_legs_come_into_sync_another_node_goes_on(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    _three_volumes(cluster, "96M", "--pv", source)
    held = dict(zip(("ev1", "ev2", "ev3"), cluster.nodes, strict=True))
    data = {}
    for vm, node in held.items():
        cluster.mount(node, vm)
        data[vm] = cluster.fill(node, vm, 24)
    words = ("evacuate", source, "--to", "fc", "--engine", "raid1", "--yes")
    run = cluster.vmstore_start(HOST, *words, "--rate", "6M")
    legs = "dmsetup status --target raid"
    cluster.wait(lambda: all(cluster.sh(node, legs).out for node in held.values()), 150, "the legs", run)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert cluster.volume("ev2")["classes"] == ["fc", "iscsi"]
    assert "is being moved" in cluster.vmstore("n2", "grow", "ev2", "+32M", check=False).err
    cluster.vmstore("n3", "evacuate", source, "--to", "fc", "--yes")
    assert _is_empty(cluster, source)
    for vm, node in held.items():
        assert (cluster.volume(vm)["classes"], cluster.volume(vm)["held_by"]) == (["fc"], node)
        assert cluster.data_sum(node, vm) == data[vm]
        cluster.unmount(node, vm)
        cluster.fsck("n1", vm)
    left = cluster.sh("n1", "lvs -a --readonly --noheadings -o lv_name vmstore; pvs --noheadings -o pv_tags").out
    assert not [word for word in ("rimage", "rmeta", "vmstore.leg", "vmstore.evacuate") if word in left], left


@pytest.mark.long
def test_two_evacuations_of_one_pv_do_not_run_at_once(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    _three_volumes(cluster, "32M", "--pv", source)
    first = cluster.vmstore_start(HOST, "evacuate", source, "--to", "fc", "--yes")
    cluster.wait(lambda: cluster.pv(source)["cordoned"], 150, "the first run to begin", first)
    second = cluster.vmstore("n2", "evacuate", source, "--to", "fc", "--yes", check=False)
    assert second.rc == 6
    assert "another vmstore is at work on" in second.err
    _, told = first.communicate(timeout=300)
    assert first.returncode == 0, told
    assert _is_empty(cluster, source)


@pytest.mark.long
def test_a_link_that_is_cut_for_ten_seconds_delays_and_loses_nothing(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    cluster.create("cut01", "256M", "--pv", source)
    cluster.mount("n2", "cut01")
    data = cluster.fill("n2", "cut01", 32)
    cluster.start_writer("n2", "cut01")
    run = cluster.vmstore_start(HOST, "evacuate", source, "--to", "fc", "--yes")
    cluster.wait(lambda: cluster.moves("n2"), 150, "the move", run)
    cluster.lab("cut", "n2", "san")
    time.sleep(10)
    cluster.lab("mend", "n2", "san")
    _, told = run.communicate(timeout=400)
    assert run.returncode == 0, told
    assert _is_empty(cluster, source)
    assert cluster.stop_writer("n2", "cut01") > 0
    assert cluster.data_sum("n2", "cut01") == data
    cluster.unmount("n2", "cut01")
    cluster.fsck("n1", "cut01")


@pytest.mark.long
def test_interrupted_once_it_stops_after_the_volume_and_says_how_to_go_on(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    _three_volumes(cluster, "32M", "--pv", source)
    run: subprocess.Popen[str] = cluster.vmstore_start(HOST, "evacuate", source, "--to", "fc", *MIRROR)
    cluster.wait(lambda: cluster.moves("n1"), 150, "the first move", run)
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=200)
    assert run.returncode == 9, told
    assert "same command again" in told
    classes = [cluster.volume(vm)["classes"] for vm in ("ev1", "ev2", "ev3")]
    assert classes.count(["fc"]) in (1, 2)
    assert [cluster.volume(vm)["held_by"] for vm in ("ev1", "ev2", "ev3")] == [None] * 3
    cluster.vmstore(HOST, "evacuate", source, "--to", "fc", *MIRROR)
    assert _is_empty(cluster, source)


def test_interrupted_twice_the_piece_is_broken_off_and_nothing_is_lost(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    cluster.create("large01", "256M", "--pv", source)
    cluster.mount("n2", "large01")
    data = cluster.fill("n2", "large01", 32)
    cluster.start_writer("n2", "large01")
    run = cluster.vmstore_start(HOST, "evacuate", source, "--to", "fc", "--rate", "4M", "--yes")
    cluster.wait(lambda: cluster.moves("n2"), 150, "the move", run)
    run.send_signal(signal.SIGINT)
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=200)
    assert run.returncode == 9, told
    assert "stopped in the middle of a piece" in told
    assert not cluster.moves("n2")
    assert cluster.volume("large01")["classes"] == ["iscsi"]
    assert cluster.stop_writer("n2", "large01") > 0
    assert cluster.data_sum("n2", "large01") == data
    cluster.vmstore("n3", "job", "abort", source, "--yes")
    assert cluster.pv(source)["state"] == "ok"
    cluster.unmount("n2", "large01")
    cluster.fsck("n1", "large01")


@pytest.mark.long
def test_a_volume_that_went_to_another_node_before_its_turn_is_moved_there(cluster: Cluster, tmp_path: Path) -> None:
    source, data = cluster.wwid("iscsi", 1), {}
    for vm, size, node in (("ev1", "64M", "n1"), ("ev2", "32M", "n2")):
        cluster.create(vm, size, "--pv", source)
        cluster.mount(node, vm)
        data[vm] = cluster.fill(node, vm, 16)
    lab = cluster.with_settings('[move]\nlast = ["ev2"]', tmp_path)
    run = lab.vmstore_start(HOST, "evacuate", source, "--to", "fc", "--rate", "4M", "--yes")
    cluster.wait(lambda: cluster.moves("n1"), 150, "the first move", run)
    cluster.unmount("n2", "ev2")
    cluster.mount("n3", "ev2")
    told = run.communicate()[1]
    assert run.returncode == 0, told
    assert "the rest is planned anew" in told
    assert _is_empty(cluster, source)
    held = {vm: (cluster.volume(vm)["held_by"], cluster.volume(vm)["classes"]) for vm in data}
    assert held == {"ev1": ("n1", ["fc"]), "ev2": ("n3", ["fc"])}
    assert data == {"ev1": cluster.data_sum("n1", "ev1"), "ev2": cluster.data_sum("n3", "ev2")}
    for vm, node in (("ev1", "n1"), ("ev2", "n3")):
        cluster.unmount(node, vm)
        cluster.fsck("n2", vm)


def test_a_pv_goes_out_of_the_vg_and_comes_back(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    cluster.create("out01", "32M", "--pv", source)
    assert cluster.vmstore(HOST, "pv", "remove", source, "--yes", check=False).rc == 4
    assert cluster.vmstore(HOST, "pv", "add", source, "--yes", check=False).rc == 0
    cluster.vmstore(HOST, "evacuate", source, "--to", "fc", "--remove", "--yes")
    assert source not in [pv["wwid"] for pv in cluster.pvs()]
    assert "already" in cluster.vmstore("n3", "pv", "remove", source, "--yes").err
    cluster.vmstore("n2", "pv", "add", source, "--class", "archive", "--yes")
    added = cluster.pv(source)
    assert (added["class"], added["transport"], added["state"]) == ("archive", "iscsi", "ok")
    metadata = cluster.sh(
        "n1", "pvs --noheadings --units m --nosuffix -o pv_mda_size /dev/disk/by-id/wwn-0x" + source[1:]
    )
    assert float(metadata.out) >= 16
    cluster.vmstore("n1", "pv", "add", source, "--class", "iscsi", "--yes")
    assert cluster.pv(source)["class"] == "iscsi"


@pytest.mark.long
def test_paused_from_one_node_and_resumed_from_another_and_given_up_from_a_third(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    _three_volumes(cluster, "96M", "--pv", source)
    cluster.mount("n2", "ev2")
    data = cluster.fill("n2", "ev2", 16)
    run = cluster.vmstore_start(HOST, "evacuate", source, "--to", "fc", "--rate", "4M", *MIRROR)
    cluster.wait(lambda: cluster.moves("n1"), 150, "the first move", run)

    def job() -> dict[str, object]:
        (found,) = cluster.vmstore(HOST, "job", "list", "-o", "json").json["items"]
        return dict(found)

    cluster.vmstore("n2", "job", "pause", source)
    cluster.wait(lambda: job()["state"] == "paused", 150, "the job to rest", run)
    resting = job()
    assert resting["total"] == 288 * MIB
    assert 0 < int(str(resting["left"])) < 288 * MIB
    assert [cluster.volume(vm)["held_by"] for vm in ("ev1", "ev2", "ev3")] == [None, "n2", None]
    cluster.vmstore("n3", "job", "resume", str(resting["job"]))
    cluster.wait(lambda: job()["state"] == "running", 60, "the job to go on", run)
    cluster.vmstore("n2", "job", "abort", str(resting["job"]), "--yes")
    _, told = run.communicate(timeout=200)
    assert run.returncode == 9, told
    assert "every volume is whole: " in told
    assert cluster.vmstore(HOST, "job", "list", "-o", "json").json["items"] == []
    assert cluster.pv(source)["state"] == "ok"
    assert cluster.data_sum("n2", "ev2") == data
    assert [cluster.volume(vm)["held_by"] for vm in ("ev1", "ev2", "ev3")] == [None, "n2", None]
    record = cluster.sh("n1", "cat /var/lib/vmstore/jobs/*.jsonl | tail -n 20").out
    assert [word in record for word in ('"asked"', '"paused"', '"resumed"', '"aborted"')] == [True] * 4
    cluster.unmount("n2", "ev2")


@pytest.mark.long
def test_without_quorum_it_says_so_and_goes_on_when_nodes_are_back(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    cluster.create("quorum01", "96M", "--pv", source)
    cluster.mount("n1", "quorum01")
    data = cluster.fill("n1", "quorum01", 24)
    run = cluster.vmstore_start("n1", "evacuate", source, "--to", "fc", "--rate", "6M", *MIRROR)
    cluster.wait(lambda: cluster.moves("n1"), 150, "the move", run)
    for node in ("n2", "n3"):
        cluster.lab("crash", node)
    try:
        # The copy itself ends, and LVM's lock for what follows is granted to nobody.
        time.sleep(90)
        assert run.poll() is None, run.communicate()
        assert "Quorate:          No" in cluster.sh("n1", "corosync-quorumtool -s", check=False).out
        assert cluster.data_sum("n1", "quorum01") == data
    finally:
        for node in ("n2", "n3"):
            cluster.lab("start", node)
    _, told = run.communicate(timeout=200)
    assert run.returncode == 0, told
    assert "quorum01 has not got on for 30 s: the cluster has no quorum" in told
    assert _is_empty(cluster, source)
    assert cluster.data_sum("n1", "quorum01") == data
    cluster.unmount("n1", "quorum01")
    cluster.fsck("n2", "quorum01")
