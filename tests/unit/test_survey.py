"""What a node tells before there is a configuration: read from what real nodes have, and by a real shell."""

import subprocess
from pathlib import Path

import pytest

from vmstore.config import Ssh
from vmstore.errors import ClusterUnusable, NotFound, ToolFailed
from vmstore.policies import proposal
from vmstore.run import LocalRunner
from vmstore.survey import Group
from vmstore.tools import nodes, reach, survey

# As corosync.conf(5) shows it, with comments and without names on one node.
COROSYNC = """totem {
    version: 2
}
nodelist {
    node {
        # the first
        name: node1
        ring0_addr: 10.0.0.1
        nodeid: 1
    }
    node {
        ring0_addr: 10.0.0.2
        nodeid: 2
    }
}
"""
CLUSTER_CONF = (
    '<?xml version="1.0"?><cluster name="vmclu" config_version="3"><clusternodes>'
    '<clusternode name="host1" nodeid="1"/><clusternode name="host2" nodeid="2"/></clusternodes></cluster>'
)


def _text(corosync: str = "", conf: str = "") -> str:
    vgs = "  vm-store|4|12|1099511627776|wz--ns|dlm\n  debian-vg|1|3|53687091200|wz--n-|none\n  old|2|0|99|wz--nc"
    own = "debian--vg-root\ndebian--vg-var--log"
    parts = (("host", "node1.example.org"), ("vgs", vgs), ("own", own), ("corosync", corosync))
    more = (("cluster.conf", conf), ("programs", "vmware-cmd\nvirsh"), ("manager", "rgmanager"))
    return "".join(f"@{name}\n{text}\n@end 0\n" for name, text in (*parts, *more)) + "@@over\n"


def test_groups_and_members_are_read() -> None:
    found = survey.parse("node1", _text(COROSYNC))
    assert found.host == "node1"
    assert found.groups == (
        Group("vm-store", "dlm", 4, 12, 2**40, own=False),
        Group("debian-vg", "", 1, 3, 50 * 2**30, own=True),
        Group("old", "clvm", 2, 0, 99, own=False),
    )
    assert (found.members, found.source) == (("node1", "10.0.0.2"), "/etc/corosync/corosync.conf")
    assert found.programs == {"vmware-cmd", "virsh"}
    assert found.manager == "rgmanager"


@pytest.mark.parametrize(
    ("conf", "members", "source"),
    [(CLUSTER_CONF, ("host1", "host2"), "/etc/cluster/cluster.conf"), ("<cluster", (), ""), ("", (), "")],
)
def test_members_of_a_red_hat_cluster_are_read(conf: str, members: tuple[str, ...], source: str) -> None:
    found = survey.parse("host1", _text(conf=conf))
    assert (found.members, found.source) == (members, source)


def test_an_answer_that_is_cut_off_is_none() -> None:
    with pytest.raises(ClusterUnusable, match="no whole answer"):
        survey.parse("node1", _text()[:-6])


@pytest.mark.spawns("dash", "uname")
def test_a_real_shell_runs_the_survey() -> None:
    done = subprocess.run(["dash"], input=survey.script(), capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    name = subprocess.run(["uname", "-n"], capture_output=True, text=True, check=True).stdout.strip()
    found = survey.parse("here", done.stdout)
    assert found.host == name.split(".")[0]
    assert found.manager in ("none", "rgmanager", "pacemaker")


@pytest.mark.spawns("dash")
def test_a_file_that_ends_without_a_newline_hides_nothing_behind_it(tmp_path: Path) -> None:
    for name, text in (("corosync/corosync.conf", COROSYNC), ("cluster/cluster.conf", CLUSTER_CONF)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text.rstrip(), encoding="utf-8")
    script = survey.script().replace("/etc/", f"{tmp_path}/")
    done = subprocess.run(["dash"], input=script, capture_output=True, text=True, timeout=60, check=True)
    assert survey.parse("here", done.stdout).members == ("node1", "10.0.0.2")
    (tmp_path / "corosync" / "corosync.conf").unlink()
    done = subprocess.run(["dash"], input=script, capture_output=True, text=True, timeout=60, check=True)
    assert survey.parse("here", done.stdout).members == ("host1", "host2")


@pytest.mark.spawns("dash")
@pytest.mark.parametrize("vgs", ["exit 5", "echo ' vmstore|1|0|99|wz--n-|none'; exit 5", "exit 0", "rm $0; exit 127"])
def test_an_lvm_that_fails_is_not_taken_for_one_that_has_no_vg(tmp_path: Path, vgs: str) -> None:
    (tmp_path / "vgs").write_text(f"#!/bin/sh\n{vgs}\n", encoding="utf-8")
    (tmp_path / "vgs").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    text = subprocess.run(
        ["dash"], input=survey.script(), capture_output=True, text=True, timeout=60, check=True, env=environment
    ).stdout
    if vgs == "exit 5":
        with pytest.raises(ToolFailed, match="exit code 5"):
            survey.parse("here", text)
    elif "echo" in vgs:
        assert proposal.vg(survey.parse("here", text), "").name == "vmstore"
    else:
        with pytest.raises(NotFound, match="there is no VG"):
            proposal.vg(survey.parse("here", text), "")


@pytest.mark.spawns("bash")
def test_a_node_that_hangs_or_says_nothing_is_not_reached_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(
        '#!/bin/sh\ncase "$*" in *" node2 true") exec sleep 60 ;; *" node3 true") exit 1 ;; esac\n', encoding="utf-8"
    )
    ssh.chmod(0o755)
    monkeypatch.setattr("vmstore.run.PATH", f"{tmp_path}:/usr/bin:/bin")
    here = nodes.connect(LocalRunner(), ("node1",), Ssh(), hostname="node1")
    answer = here.run("node1", ["bash", "-s", "root", "1", "node2", "node3", "node4"], stdin=reach._TRY, timeout=20)
    assert reach._read(answer.out).fails == {
        "node2": "it gave no answer within 2 s",
        "node3": "ssh ended with exit code 1 and no message",
    }


@pytest.mark.spawns("bash")
def test_a_real_shell_tries_the_ways_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(
        '#!/bin/sh\ncase "$*" in *" -- node2 true") exit 0 ;; esac\necho warning >&2\necho "no way" >&2\nexit 255\n',
        encoding="utf-8",
    )
    ssh.chmod(0o755)
    monkeypatch.setattr("vmstore.run.PATH", f"{tmp_path}:/usr/bin:/bin")
    here = nodes.connect(LocalRunner(), ("node1",), Ssh(), hostname="node1")
    said, silent = reach.ask(here, ("node1",))
    assert (said["node1"].fails, silent) == ({}, {})
    answer = here.run("node1", ["bash", "-s", "root", "5", "node2", "node3"], stdin=reach._TRY)
    assert reach._read(answer.out).fails == {"node3": "no way"}
