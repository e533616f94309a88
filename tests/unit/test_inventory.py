"""Reading the world: what is asked of which node, who reports, and who is silent."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support import san, san_report
from tests.support.san import G, San
from tests.support.san_runner import SanRunner
from tests.support.scripted import ScriptedRunner, UnexpectedCall, captured
from vmstore import inventory, session
from vmstore.config import Config, Ssh
from vmstore.errors import ClusterUnusable, UsageError
from vmstore.inventory import Wanted
from vmstore.model import Inventory
from vmstore.tools import lvm_report, udev
from vmstore.tools.nodes import Nodes
from vmstore.tools.unmanaged import Unmanaged

NAMES = ("n1", "n2", "n3")


def nodes(runner: SanRunner | ScriptedRunner, local: str = "") -> Nodes:
    """Make the way to three nodes."""
    return Nodes(runner, NAMES, local, Ssh(), Path("/run/vmstore/ssh"))


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> San:
    """Give the simulated cluster with one volume mounted on n2."""
    found = san.cluster()
    found.volume("web01", 2 * G, "fc1", active="n2", mounted=True)
    monkeypatch.setattr(udev, "blocks", lambda: tuple(san_report.raw_blocks(found, "n1")))
    return found


@pytest.mark.parametrize("local", ["", "n1", "n2"])
def test_one_node_reports_on_lvm_and_each_tells_of_itself_once(cluster: San, local: str) -> None:
    runner = SanRunner(cluster, local)
    world = inventory.read(nodes(runner, local), "vmstore", Wanted())
    assert sorted((call.node, call.argv[0]) for call in runner.asked) == sorted(
        [(local or "n1", "lvm"), ("n1", "sh"), ("n2", "sh"), ("n3", "sh")]
    )
    assert world.reporter == (local or "n1")
    assert [activation.node for activation in world.activations(world.lvs[0])] == ["n2"]
    assert world.vg.seqno == cluster.seqno
    assert world.unsure() == {}


def test_disks_and_names_of_pvs_are_asked_for_only_where_they_are_wanted(cluster: San) -> None:
    runner = SanRunner(cluster, "n1")
    world = inventory.read(nodes(runner, "n1"), "vmstore", Wanted(blocks=True, devices=True))
    assert {call.node: call.argv[3:] for call in runner.asked if call.argv[0] == "sh"} == {
        "n1": (),
        "n2": ("blocks", "devices"),
        "n3": ("blocks", "devices"),
    }
    for node in NAMES:
        assert set(world.nodes[node].devices.values()) == {lun.device(node) for lun in cluster.pvs()}
        assert len(world.nodes[node].blocks) == 7


def test_each_pv_gets_its_disk_of_the_node_that_reports(cluster: San) -> None:
    for local in ("", "n1"):
        world = inventory.read(nodes(SanRunner(cluster, local), local), "vmstore", Wanted(blocks=True))
        devices = {pv.name: pv.device for pv in world.pvs}
        top = devices["/dev/mapper/mpatha"]
        assert top is not None
        assert (top.transport, top.paths, top.wwid) == ("iscsi", 2, cluster.luns["iscsi2"].wwid)


def test_a_silent_node_is_named_and_the_next_reports_for_the_first(cluster: San) -> None:
    cluster.nodes["n1"].up = False
    world = inventory.read(nodes(SanRunner(cluster)), "vmstore", Wanted())
    assert world.reporter == "n2"
    assert world.silent == {"n1": "does not answer (ssh: connect to host n1 port 22: No route to host)"}


def test_a_node_that_answers_in_part_is_silent_and_may_still_report(cluster: San) -> None:
    cluster.nodes["n1"].answer = "@dm\n"
    world = inventory.read(nodes(SanRunner(cluster)), "vmstore", Wanted(devices=True))
    assert world.reporter == "n1"
    assert "n1" not in world.nodes
    assert world.silent["n1"].startswith("gave no whole answer")


def test_the_last_node_that_answers_is_enough(cluster: San) -> None:
    cluster.nodes["n1"].up = cluster.nodes["n2"].up = False
    assert inventory.read(nodes(SanRunner(cluster)), "vmstore", Wanted()).reporter == "n3"
    cluster.nodes["n3"].up = False
    with pytest.raises(ClusterUnusable, match="no node answers"):
        inventory.read(nodes(SanRunner(cluster)), "vmstore", Wanted())


def test_absent_nodes_are_not_asked(cluster: San) -> None:
    runner = SanRunner(cluster)
    world = inventory.read(nodes(runner), "vmstore", Wanted(), frozenset({"n1"}))
    assert {call.node for call in runner.asked} == {"n2", "n3"}
    assert (world.absent, world.silent, world.reporter) == (frozenset({"n1"}), {}, "n2")
    with pytest.raises(ClusterUnusable, match="no node is left to ask"):
        inventory.read(nodes(runner), "vmstore", Wanted(), frozenset(NAMES))


def test_outputs_captured_on_a_real_host_make_a_world() -> None:
    report = captured("move-under-way")
    probe = "\n".join(f"@{name}\n@end 0" for name in ("dm", "mounts", "space", "marks", "daemons", "lockspaces")) + "\n"
    told: Mapping[str, str] = report | {"probe.txt": probe}
    world = inventory.read(nodes(ScriptedRunner(situation=dict.fromkeys(NAMES, told))), "vmstore", Wanted())
    assert {lv.name for lv in world.lvs} == {"web01", "db-01.prod", "st", "pvmove0"}
    assert json.loads(report["fullreport.json"])["report"][0]["vg"][0]["vg_seqno"] == str(world.vg.seqno)


def test_nothing_but_the_two_reads_is_ever_started() -> None:
    with pytest.raises(UnexpectedCall):
        inventory.read(nodes(ScriptedRunner()), "vmstore", Wanted())


# Columns that are asked for since the real hosts were; LVM has had both since 2.02.158.
YOUNGER = {"vg_attr", "vg_mda_size", "lv_lockargs"}


def test_the_simulated_report_has_the_shape_of_a_real_one(cluster: San) -> None:
    real = json.loads(captured("volumes-of-all-plain-kinds")["fullreport.json"])["report"][0]
    made = json.loads(san_report.fullreport(cluster, "n1"))["report"][0]
    assert made.keys() == real.keys()
    for kind, rows in real.items():
        assert {frozenset(row) - YOUNGER for row in made[kind]} == {frozenset(row) for row in rows}
    columns = " ".join(lvm_report.argv("vmstore"))
    assert all(column in columns for column in YOUNGER.union(*(rows[0] for rows in real.values())))


def test_a_session_knows_its_nodes_and_who_is_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "vmstore.toml"
    file.write_text('nodes = ["n1", "n2"]\n', encoding="utf-8")
    file.chmod(0o600)
    monkeypatch.setattr(session, "make_runner", ScriptedRunner)
    run = session.start(file, ["n2"])
    assert (run.nodes.names, run.absent) == (("n1", "n2"), frozenset({"n2"}))
    with pytest.raises(UsageError, match="cannot name a node"):
        session.start(file, ["-n9"])


def test_processes_are_really_started_outside_of_tests() -> None:
    assert type(session.make_runner()).__name__ == "LocalRunner"
    assert Config().nodes == ()


def test_without_a_manager_every_node_tells_of_its_vms_also_when_the_world_is_read_again(cluster: San) -> None:
    cluster.defined.add("web01")
    cluster.nodes["n2"].running.add("web01")
    wanted = Wanted(manager="auto", alone=Unmanaged.of(Config()))
    reached = nodes(SanRunner(cluster))
    world = inventory.read(reached, "vmstore", wanted)
    assert world.cluster is not None
    assert (world.cluster.manager, world.cluster.services["web01"].owner) == ("none", "n2")
    again = inventory.read_again(reached, "vmstore", wanted, world, {"n3"})
    assert again.cluster == world.cluster
    assert inventory.read(reached, "vmstore", Wanted(manager="auto")).cluster is None


def _owner(world: Inventory) -> str:
    service = world.service("web01")
    return service.owner if service else ""


def test_the_manager_is_asked_again_only_after_what_shows_there(cluster: San) -> None:
    cluster.serve("web01", "n2")
    runner = SanRunner(cluster)
    wanted = Wanted(manager="rgmanager")
    world = inventory.read(nodes(runner), "vmstore", wanted)
    assert _owner(world) == "n2"
    cluster.serve("web01", "n3")
    runner.asked.clear()
    again = inventory.read_again(nodes(runner), "vmstore", wanted, world, {"n2"}, services=False)
    assert again.cluster == world.cluster
    assert not any("manager:rgmanager" in call.argv for call in runner.asked)
    again = inventory.read_again(nodes(runner), "vmstore", wanted, world, {"n2"})
    assert _owner(again) == "n3"


def test_where_the_nodes_that_were_touched_are_silent_all_are_asked_and_the_services_stand(cluster: San) -> None:
    cluster.serve("web01", "n2")
    wanted = Wanted(manager="rgmanager")
    world = inventory.read(nodes(SanRunner(cluster)), "vmstore", wanted)
    cluster.nodes["n1"].up = False
    again = inventory.read_again(nodes(SanRunner(cluster)), "vmstore", wanted, world, {"n1"}, services=False)
    assert again.cluster == world.cluster
    assert set(again.nodes) == {"n2", "n3"}
    assert set(again.silent) == {"n1"}
