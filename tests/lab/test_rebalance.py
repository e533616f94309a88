"""PVs that bear more than they may are relieved under running writers, and of no more than that."""

from lab.driver import HOST, Cluster

TOPOLOGY = "default"
MIB = 2**20
# Of 2 GiB: 184 MiB, so that 152 of 336 must go; the two small volumes are 160 MiB, and the large one is 176.
MOST = "9%"


def test_a_pv_is_brought_below_a_limit_and_takes_new_volumes_again(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    cluster.create("stays01", "176M", "--pv", source)
    cluster.create("goes01", "96M", "--pv", source)
    cluster.create("goes02", "64M", "--pv", source)
    cluster.mount("n2", "goes01")
    cluster.mount("n3", "stays01")
    data = {"n2": cluster.fill("n2", "goes01", 16), "n3": cluster.fill("n3", "stays01", 16)}
    content = cluster.fill_idle("goes02", 8)
    cluster.start_writer("n2", "goes01")
    before = cluster.pv(source)

    shown = cluster.vmstore(HOST, "rebalance", "--most", MOST, "--dry-run").out
    assert ("goes01" in shown, "goes02" in shown, "stays01" in shown) == (True, True, False), shown
    assert cluster.pv(source) == before
    cluster.vmstore("n1", "rebalance", "--most", MOST, "--yes")

    pv = cluster.pv(source)
    assert pv["size"] - pv["free"] == 176 * MIB
    assert pv["state"] == "ok"
    assert cluster.stop_writer("n2", "goes01") > 0
    assert data == {"n2": cluster.data_sum("n2", "goes01"), "n3": cluster.data_sum("n3", "stays01")}
    assert cluster.content_sum("goes02") == content
    # A volume stays in its class where that has room.
    assert [cluster.volume(vm)["classes"] for vm in ("goes01", "goes02", "stays01")] == [["iscsi"]] * 3
    assert cluster.vmstore(HOST, "job", "list", "-o", "json").json["items"] == []
    again = cluster.vmstore("n3", "rebalance", "--most", MOST, "--yes")
    assert "nothing was changed" in again.err
    for node, vm in (("n2", "goes01"), ("n3", "stays01")):
        cluster.unmount(node, vm)
        cluster.fsck(node, vm)
