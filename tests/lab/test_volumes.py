"""Create, grow and remove volumes from any node and from a workstation."""

from lab.driver import HOST, Cluster

TOPOLOGY = "default"
MIB = 2**20


def test_a_volume_made_on_one_node_is_seen_on_another_and_is_inactive(cluster: Cluster) -> None:
    cluster.create("db-01.prod", "64M", "--class", "fc", "--fs", "ext3", where="n1")
    seen = cluster.vmstore("n2", "show", "db-01.prod", "-o", "json").json
    assert (seen["size"], seen["classes"], seen["held_by"]) == (64 * MIB, ["fc"], None)
    cluster.fsck("n3", "db-01.prod")
    told = cluster.sh("n3", "lvs --noheadings -o lv_autoactivation vmstore/db-01.prod").out
    assert told.strip() == ""
    again = cluster.vmstore("n3", "create", "db-01.prod", "64M")
    assert "already" in again.err


def test_a_mounted_volume_grows_under_a_writer_from_a_node_that_does_not_hold_it(cluster: Cluster) -> None:
    cluster.create("web01", "48M", "--class", "iscsi")
    cluster.mount("n1", "web01")
    data = cluster.fill("n1", "web01", 8)
    cluster.start_writer("n1", "web01")
    cluster.vmstore("n3", "grow", "web01", "+32M")
    assert cluster.stop_writer("n1", "web01") > 0
    assert cluster.data_sum("n1", "web01") == data
    sizes = cluster.sh(
        "n1", "blockdev --getsize64 /dev/vmstore/web01; lvs --noheadings --units b --nosuffix -o lv_size vmstore/web01"
    ).out.split()
    assert sizes == [str(80 * MIB)] * 2
    seen = cluster.volume("web01")
    assert seen["held_by"] == "n1"
    assert seen["filesystem_size"] > 64 * MIB
    assert "already" in cluster.vmstore("n2", "grow", "web01", "80M").err
    cluster.unmount("n1", "web01")
    cluster.fsck("n2", "web01")


def test_an_inactive_volume_grows_after_a_check_and_is_inactive_again(cluster: Cluster) -> None:
    cluster.create("idle01", "48M")
    cluster.vmstore("n2", "grow", "idle01", "96M")
    assert cluster.volume("idle01")["held_by"] is None
    cluster.mount("n3", "idle01")
    assert cluster.volume("idle01")["filesystem_size"] > 80 * MIB
    cluster.unmount("n3", "idle01")
    cluster.fsck("n1", "idle01")


def test_growth_that_was_cut_off_before_the_file_system_ends_at_the_size_that_was_asked_for(cluster: Cluster) -> None:
    cluster.create("web02", "48M")
    cluster.mount("n2", "web02")
    cluster.sh("n2", "lvextend -q -L 80M vmstore/web02")
    cluster.vmstore(HOST, "grow", "web02", "+32M")
    seen = cluster.volume("web02")
    assert seen["size"] == 80 * MIB
    assert seen["filesystem_size"] > 64 * MIB
    cluster.unmount("n2", "web02")


def test_a_volume_in_use_is_not_removed_and_one_that_is_free_is_wiped_first(cluster: Cluster) -> None:
    cluster.create("old01", "32M", "--class", "fc")
    cluster.mount("n3", "old01")
    before = cluster.seqno()
    refused = cluster.vmstore("n1", "remove", "old01", "--confirm", "old01", check=False)
    assert refused.rc == 4
    assert "mounted on n3 at /vm/old01" in refused.err
    cluster.fill("n3", "old01", 4)
    cluster.unmount("n3", "old01")
    assert cluster.vmstore(HOST, "remove", "old01", check=False).rc == 2
    assert cluster.seqno() == before
    wwid = next(pv["wwid"] for pv in cluster.pvs() if pv["name"] in cluster.volume("old01")["pvs"])
    start = cluster.volume("old01")["extents"][0]["start"]
    cluster.vmstore("n1", "remove", "old01", "--wipe", "--confirm", "old01")
    assert cluster.vmstore(HOST, "show", "old01", check=False).rc == 3
    assert "nothing was changed" in cluster.vmstore(HOST, "remove", "old01", "--confirm", "old01").err
    # The extents hold zeros now; they begin behind the PV's metadata.
    zeros = f"d=/dev/disk/by-id/wwn-0x{wwid[1:]}; s=$(pvs --noheadings --units b --nosuffix -o pe_start $d); "
    zeros += f"cmp -n {32 * MIB} -i $((s + {start})):0 $d /dev/zero"
    cluster.sh("n2", zeros)


def test_bad_input_is_refused_on_the_real_thing_and_changes_nothing(cluster: Cluster) -> None:
    cluster.create("web03", "32M")
    cluster.sh("n1", "lvcreate -q -y -an -Zn -Wn -i2 -L 32M -n striped01 vmstore")
    cluster.used.append("striped01")
    fc = cluster.wwid("fc")
    before = cluster.seqno()
    wanted = {
        ("create", "x;reboot", "1G"): 2,
        ("create", "web04", "10Q"): 2,
        ("create", "web04", "7E"): 5,
        ("create", "web04", "1G", "--class", "tape"): 3,
        ("create", "web03", "64M"): 4,
        ("grow", "web03", "-10M"): 4,
        ("grow", "web03", "16M"): 4,
        ("grow", "web03", "900G"): 5,
        ("grow", "nosuch", "+1G"): 3,
        ("grow", "striped01", "+1G"): 4,
        ("remove", "web03", "--confirm", "web3"): 4,
        ("evacuate", "/dev/nosuch", "--yes"): 3,
        ("evacuate", fc, "--to", fc, "--yes"): 2,
        ("pv", "add", "/dev/vda"): 4,
        ("pv", "add", "/dev/nosuch"): 3,
        ("pv", "add", "/dev/loop0"): 3,  # no file behind it: there is no such disk
    }
    for words, code in wanted.items():
        done = cluster.vmstore(HOST, *words, check=False)
        assert (words, done.rc) == (words, code), done.err
        assert [line[:7] for line in done.err.splitlines()] == ["vmstore", "  why: ", "  try: "], done.err
    assert cluster.seqno() == before


def test_a_node_that_is_off_is_named_and_not_guessed_about(cluster: Cluster) -> None:
    cluster.create("web05", "32M")
    cluster.lab("crash", "n3")
    try:
        listed = cluster.vmstore(HOST, "list")
        assert "n3 does not answer" in listed.err
        refused = cluster.vmstore(HOST, "grow", "web05", "48M", check=False)
        assert refused.rc == 7
        assert "--offline n3" in refused.err
        # The locks of a node that is gone are only given out again when the cluster has agreed that it is.
        cluster.wait(
            lambda: cluster.vmstore(HOST, "grow", "web05", "48M", "--offline", "n3", check=False).rc == 0, 120, "dlm"
        )
    finally:
        cluster.lab("start", "n3")
    assert cluster.volume("web05")["size"] == 48 * MIB
    assert cluster.vmstore(HOST, "list").err == ""
