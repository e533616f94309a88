"""Without a manager every node tells of its own VMs: the question as a shell runs it, and what the answers mean."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.worlds import G, World
from vmstore import agent
from vmstore.errors import ClusterUnusable
from vmstore.services import Cluster, Member, Service, State
from vmstore.tools import cluster
from vmstore.tools.agent import AGENT
from vmstore.tools.unmanaged import Unmanaged

ALONE = Unmanaged("vmstore", "/vm", "ext4", "libvirt")
SHELLS = [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]
VIRSH = """#!/bin/sh
case "$*" in
*domstate*web01) echo running ;;
*domstate*stuck01) echo paused ;;
*) echo "error: failed to get domain" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Make a host of files: the bundled agent, a hypervisor with two guests, and mounts."""
    (tmp_path / "bin").mkdir()
    for path, text in {"vm": agent.text(), "bin/virsh": VIRSH, "bin/logger": "#!/bin/sh\n"}.items():
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)
    places = ["/vm/web01", "/vm/files", "/vm/stuck01", "/vm", "/vm/web01/deeper", "/vm/my\\040vm", "/mnt/other"]
    lines = [f"/dev/mapper/vmstore-{place.rpartition('/')[2]} {place} ext4 rw 0 0\n" for place in places]
    (tmp_path / "mounts").write_text("/dev/vda / ext4 rw 0 0\n" + "".join(lines))
    return tmp_path


def answer(host: Path, *parts: str, shell: str = "sh") -> str:
    """Have a shell answer on that host what nodes are asked."""
    script = cluster.script(ALONE).replace("/proc/mounts", f"{host}/mounts").replace(AGENT, f"{host}/vm")
    script = script.replace("/etc/cluster", f"{host}/cluster").replace("/var/lib/pacemaker", f"{host}/pacemaker")
    done = subprocess.run(
        [shell, "-s", "vmstore", *parts],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{host}/bin:/usr/bin:/bin", "VMSTORE_AGENT_MOUNTS": f"{host}/mounts"},
    )
    assert done.stderr == ""
    return done.stdout.partition(cluster.MARK)[2]


@pytest.mark.spawns(*SHELLS)
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("configured", ["auto", "none"])
def test_the_agent_is_asked_of_what_is_mounted_at_a_vms_place(host: Path, shell: str, configured: str) -> None:
    told = cluster.parse("n1", answer(host, f"agent:{configured}", shell=shell), ALONE)
    assert told is not None
    assert told.members == (Member("n1", True, True),)
    assert told.services == {
        "web01": Service("web01", State.STARTED, "n1"),
        "stuck01": Service("stuck01", State.FAILED, "n1", detail="it is paused"),
    }


@pytest.mark.spawns("sh")
def test_a_node_without_the_agent_says_so(host: Path) -> None:
    (host / "vm").unlink()
    told = cluster.parse("n1", answer(host, "agent:auto"), ALONE)
    assert told is not None
    assert (told.members, dict(told.services)) == ((Member("n1", True, False),), {})


@pytest.mark.spawns("sh")
def test_neither_where_only_the_manager_is_asked_nor_where_there_is_one(host: Path) -> None:
    assert answer(host, "manager:auto") == "none\n@@over\n"
    for program, place in (("clustat", "cluster/cluster.conf"), ("crm_mon", "pacemaker/cib/cib.xml")):
        (host / "bin" / program).symlink_to("/bin/true")
        (host / place).parent.mkdir(parents=True)
        (host / place).touch()
        name = {"clustat": "rgmanager", "crm_mon": "pacemaker"}[program]
        assert answer(host, "agent:auto") == f"{name}\n@@over\n"
        (host / place).unlink()


def test_an_answer_that_is_cut_off_is_none() -> None:
    whole = "none\n@agent\ninstalled\n@end 0\n@vms\nweb01 0 \n@end 0\n@@over\n"
    assert cluster.parse("n1", whole, ALONE) is not None
    for end in range(len("none\n"), len(whole) - 1, 7):
        with pytest.raises(ClusterUnusable):
            cluster.parse("n1", whole[:end], ALONE)


def _said(node: str, *vms: str, state: State = State.STARTED) -> Cluster:
    return Cluster("none", node, True, (Member(node, True, True),), {vm: Service(vm, state, node) for vm in vms})


def test_only_a_mount_of_the_vms_own_volume_counts() -> None:
    world = World().pv("a").lv("web01", 1 * G, "a", active="n1", mounted=True).lv("db01", 1 * G, "a").inventory()
    joined = ALONE.join(world, ("n1", "n2", "n3"), {"n1": _said("n1", "web01", "db01", "nosuch"), "n2": _said("n2")})
    assert joined.services == {"web01": Service("web01", State.STARTED, "n1")}
    assert [(m.name, m.online, m.manages) for m in joined.members] == [
        ("n1", True, True),
        ("n2", True, True),
        ("n3", False, False),
    ]
    assert joined.find("db01") == Service("db01", State.STOPPED)


def test_a_vm_on_two_nodes_is_called_neither_running_nor_stopped() -> None:
    world = World().pv("a").lv("web01", 1 * G, "a", active="n1 n2", mounted=True).inventory()
    joined = ALONE.join(world, ("n1", "n2"), {node: _said(node, "web01") for node in ("n1", "n2")})
    service = joined.services["web01"]
    assert (service.state, service.owner, service.detail) == (State.UNKNOWN, "", "its volume is mounted on n1, n2")
