"""The how-tos, typed into a node of the lab while VMs use their volumes; what each promises holds afterwards.

Those for clusters with a manager are tried where there is one.
"""

import shlex
from collections.abc import Iterator

import pytest

from lab.driver import HOST, Cluster
from tests.support import howtos

TOPOLOGY = "default"
# What they type is tried by the tests of each verb as well.
pytestmark = pytest.mark.long
MIB = 2**20
# Where the admin works; the volumes are on other nodes.
NODE = "n3"
CONFIG = "/etc/vmstore/vmstore.toml"


@pytest.fixture(autouse=True)
def as_before(cluster: Cluster) -> Iterator[None]:
    """Take in again what a how-to took out of the VG, give back classes, and leave no history; cordons go as ever."""
    before = {pv["wwid"]: pv["class"] for pv in cluster.pvs()}
    # What is typed into a node tells the driver nothing.
    cluster.cordons = True
    yield
    after = {pv["wwid"]: pv["class"] for pv in cluster.pvs()}
    for wwid, storage_class in before.items() - after.items():
        cluster.vmstore(HOST, "pv", "add", wwid, "--class", storage_class, "--yes")
    cluster.sh(NODE, "rm -f /var/lib/vmstore/history.db*")


def _typed(cluster: Cluster, *blocks: str, **variables: str) -> str:
    """Type blocks of a how-to, each into a shell of its own; give all that was said."""
    done = [cluster.sh(NODE, howtos.script(block, **variables)) for block in blocks]
    return "".join(each.out + each.err for each in done)


def _blocks(howto: str) -> list[str]:
    return howtos.typed(howtos.FOLDER / f"{howto}.md")


def _in_use(cluster: Cluster, pv: str) -> tuple[str, str]:
    """Put a VM that writes and one that is stopped on a PV; give the checksums of their data."""
    for vm in ("web01", "idle01"):
        cluster.create(vm, "32M", "--pv", pv)
    idle = cluster.fill_idle("idle01", 2)
    cluster.mount("n1", "web01")
    data = cluster.fill("n1", "web01", 8)
    cluster.start_writer("n1", "web01")
    return data, idle


def _moved_to_fc(cluster: Cluster, data: tuple[str, str], pv: str) -> None:
    """Assert that the two are on FC, with what they held and in the use they were, and that the PV is gone."""
    assert cluster.stop_writer("n1", "web01") > 0
    assert (cluster.data_sum("n1", "web01"), cluster.content_sum("idle01", "n2")) == data
    seen = {vm: cluster.volume(vm) for vm in ("web01", "idle01")}
    assert [volume["classes"] for volume in seen.values()] == [["fc"], ["fc"]]
    assert [volume["held_by"] for volume in seen.values()] == ["n1", None]
    assert pv not in [each["wwid"] for each in cluster.pvs()]
    cluster.unmount("n1", "web01")
    cluster.fsck("n2", "web01")


def test_a_dying_lun_is_emptied_and_taken_out_while_its_vm_runs(cluster: Cluster) -> None:
    lun = cluster.wwid("iscsi", 1)
    data = _in_use(cluster, lun)
    said = _typed(cluster, *_blocks("emergency-a-lun-is-dying"), LUN=lun, TO="fc")
    assert "is empty; it stays cordoned" in said
    _moved_to_fc(cluster, data, lun)


def test_an_iscsi_lun_is_replaced_by_a_new_one_of_fc(cluster: Cluster) -> None:
    old, new = cluster.wwid("iscsi", 1), cluster.wwid("fc", nth=1)
    cluster.vmstore(HOST, "pv", "remove", new, "--yes")
    data = _in_use(cluster, old)
    _typed(cluster, *_blocks("replace-an-iscsi-array-by-fc"), NEW=new, OLD=old)
    assert (cluster.pv(new)["class"], cluster.pv(new)["state"]) == ("fc", "ok")
    _moved_to_fc(cluster, data, old)


def test_somebody_who_comes_from_scripts_tries_it_and_leaves_nothing_behind(cluster: Cluster) -> None:
    cluster.create("web01", "32M", "--class", "iscsi")
    cluster.mount("n1", "web01")
    data = cluster.fill("n1", "web01", 8)
    pvs = cluster.pvs()
    # Only where the how-to ends early is it there to be removed.
    cluster.used.append("try01")
    said = _typed(cluster, *_blocks("coming-from-plain-lvm-scripts"), PV=cluster.wwid("fc"))
    assert "silver" in said
    assert "try01 is now 96 MiB (32 MiB more)" in said
    assert cluster.vmstore(HOST, "show", "try01", check=False).rc == 3
    assert cluster.pvs() == pvs
    assert cluster.volume("web01")["held_by"] == "n1"
    assert cluster.data_sum("n1", "web01") == data
    cluster.unmount("n1", "web01")


@pytest.fixture
def growing(cluster: Cluster) -> Iterator[Cluster]:
    """Have the rules of growth on the node that the how-to writes."""
    rules, *_ = howtos.shown(howtos.FOLDER / "automatic-growth.md")
    cluster.sh(NODE, f"cp -p {CONFIG} {CONFIG}.before; printf %s {shlex.quote(rules)} >>{CONFIG}")
    yield cluster
    cluster.sh(NODE, f"mv {CONFIG}.before {CONFIG}")


def test_a_volume_grows_by_itself_by_the_rules_of_the_how_to_and_the_report_tells_of_it(growing: Cluster) -> None:
    cluster = growing
    cluster.create("web01", "64M", "--class", "iscsi")
    cluster.mount("n2", "web01")
    # With the writer's 4 MiB 88 % of the 55 MiB that its file system has for files; after one step it is 77 %.
    data = cluster.fill("n2", "web01", 44)
    cluster.start_writer("n2", "web01")
    look, by_hand, cron, tell = _blocks("automatic-growth")
    before = cluster.seqno()
    shown = _typed(cluster, look, VM="web01")
    assert "lvextend --extents 18 vmstore/web01" in shown
    assert cluster.seqno() == before
    grew = _typed(cluster, by_hand, VM="web01")
    assert "web01 grew by 8 MiB to 72 MiB, and so did its file system" in grew
    assert _typed(cluster, cron) == ""
    told = _typed(cluster, tell, VM="web01")
    assert "grow web01 from 64 MiB to 72 MiB" in told
    assert "lvextend --extents 18 vmstore/web01" in told
    seen = cluster.volume("web01")
    assert (seen["size"], seen["held_by"]) == (72 * MIB, "n2")
    assert seen["filesystem_size"] > 60 * MIB
    assert cluster.stop_writer("n2", "web01") > 0
    assert cluster.data_sum("n2", "web01") == data
    cluster.unmount("n2", "web01")
    cluster.fsck("n1", "web01")
