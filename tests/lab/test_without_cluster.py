"""The same verbs on one host without a cluster, and volumes of kinds that are not handled."""

from lab.driver import HOST, Cluster
from vmstore.run import Result
from vmstore.tools import lvm_fields, lvm_report
from vmstore.tools.nodes import shown

TOPOLOGY = "single"
MIB = 2**20


def test_the_whole_life_of_a_volume_on_one_host(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 2)
    cluster.create("web01", "64M", "--pv", source, "--fs", "ext3", where="n1")
    cluster.mount("n1", "web01")
    data = cluster.fill("n1", "web01", 16)
    cluster.start_writer("n1", "web01")
    cluster.vmstore("n1", "grow", "web01", "96M")
    cluster.vmstore("n1", "evacuate", source, "--to", "fc", "--yes")
    assert cluster.stop_writer("n1", "web01") > 0
    assert cluster.data_sum("n1", "web01") == data
    seen = cluster.volume("web01")
    assert (seen["size"], seen["classes"], seen["held_by"]) == (96 * MIB, ["fc"], "n1")
    cluster.unmount("n1", "web01")
    cluster.fsck("n1", "web01")
    cluster.vmstore("n1", "remove", "web01", "--confirm", "web01")
    assert cluster.vmstore("n1", "show", "web01", check=False).rc == 3


def test_volumes_of_other_kinds_are_named_and_left_alone(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    cluster.create("base01", "32M", "--pv", source)
    cluster.sh("n1", "lvcreate -q -y -s -L 16M -n snap01 vmstore/base01")
    before = cluster.seqno()
    for words in (("grow", "base01", "+16M"), ("remove", "base01", "--confirm", "base01")):
        assert cluster.vmstore(HOST, *words, check=False).rc == 4
    refused = cluster.vmstore(HOST, "evacuate", source, "--to", "fc", "--yes", check=False)
    assert refused.rc == 4
    assert "base01: it is a" in refused.err
    assert cluster.seqno() == before
    # Asked as an lvm2 without JSON is, with what LVM hides, this one tells the same.
    told = [
        lvm_report.parse("vmstore", Result((), 0, cluster.sh("n1", shown(argv)).out, "", 0.0))
        for argv in (lvm_report.argv("vmstore"), lvm_fields.argv("vmstore"))
    ]
    assert told[0].vg == told[1].vg
    assert sorted(told[0].pvs, key=str) == sorted(told[1].pvs, key=str)
    assert sorted(told[0].lvs, key=str) == sorted(told[1].lvs, key=str)
    cluster.sh("n1", "lvremove -q -y vmstore/snap01")
