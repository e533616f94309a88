"""Check what no record shows word for word: clients at the same time, failover, storage, daemons, RHEL 5."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.standins.rgmanager_stage import PYTHON, Answer, Stage, cluster_conf

pytestmark = pytest.mark.spawns(PYTHON)
Build = Callable[..., Stage]
STORAGE = """<?xml version="1.0"?>
<cluster name="vmclu" config_version="1">
  <clusternodes>
    <clusternode name="n1" nodeid="1"/>
    <clusternode name="n2" nodeid="2"/>
    <clusternode name="n3" nodeid="3"/>
  </clusternodes>
  <rm>
    <failoverdomains>
      <failoverdomain name="only" restricted="1"><failoverdomainnode name="n1"/></failoverdomain>
      <failoverdomain name="back" ordered="1"><failoverdomainnode name="n1" priority="1"/>\
<failoverdomainnode name="n2" priority="2"/></failoverdomain>
    </failoverdomains>
    <resources><script name="shared" file="{root}/svc/s02"/></resources>
    <service name="web01" autostart="0">
      <lvm name="web01-lv" vg_name="vmstore" lv_name="web01">
        <fs name="web01-fs" device="{root}/dev/web01" mountpoint="{root}/srv/web01" fstype="ext4" force_fsck="1">
          <script name="web01-vm" file="{root}/svc/s01"/>
        </fs>
      </lvm>
    </service>
    <service name="web02" autostart="0" domain="only"><script ref="shared"/></service>
    <service name="web03" autostart="0" domain="back" recovery="disable">
      <script name="s3" file="{root}/svc/s03"/>
    </service>
  </rm>
</cluster>
"""


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Return a builder of stages, which are ended whatever happens."""
    stages: list[Stage] = []

    def make(text: str = "", nodes: tuple[str, ...] = ("n1", "n2"), **settings: object) -> Stage:
        root = tmp_path / f"r{len(stages)}"
        root.mkdir()
        conf = text.replace("{root}", str(root)) or cluster_conf(str(root), 3)
        stages.append(Stage(root, conf, nodes, **settings))
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()


def success(text: str) -> Answer:
    return Answer(0, f"{text}...Success\n", "")


def test_clients_of_one_service_take_turns(build: Build) -> None:
    stage = build()
    stage.start("n1", "n2")
    stage.flag("n1", "svc/s02.start.hold")
    enabling = stage.begin("n1", "clusvcadm", "-e", "web02")
    stage.wait_for("web02", state=111)
    disabling = stage.begin("n2", "clusvcadm", "-d", "web02")
    # Another service, and looking, wait for nobody.
    assert stage.run("n2", "clusvcadm", "-e", "web03").code == 0
    assert stage.run("n1", "clustat", "-s", "web02").code == 0
    assert disabling.poll() is None
    stage.flag("n1", "svc/s02.start.hold", None)
    assert enabling.communicate()[0].endswith("service:web02 is now running on n1\n")
    assert disabling.communicate()[0] == "Local machine disabling service:web02...Success\n"
    assert stage.record("web02")["state"] == 119
    assert stage.calls("n1")[-2:] == ["n1 s02 start rc=0", "n1 s02 stop rc=0"]


def test_a_killed_command_is_carried_out_all_the_same(build: Build) -> None:
    stage = build()
    stage.start("n1", "n2")
    stage.flag("n1", "svc/s02.start.hold")
    killed = stage.begin("n1", "clusvcadm", "-e", "web02")
    stage.wait_for("web02", state=111)
    killed.kill()
    stage.flag("n1", "svc/s02.start.hold", None)
    stage.wait_for("web02", state=112, owner="n1")


def test_commands_wait_while_a_fence_is_pending_and_take_effect_later(build: Build) -> None:
    stage = build()
    stage.start("n1", "n2")
    stage.run("n1", "clusvcadm", "-e", "web02", "-m", "n2")
    stage.run("n1", "clusvcadm", "-e", "web03", "-m", "n2")
    stage.run("n1", "clusvcadm", "-Z", "web03")
    stage.lose("n2", fenced=False)
    stage.wait(lambda: stage.states("n1")["pending"], "nobody waits for the fence")
    checked = len(stage.calls("n1", checks=True))
    late = stage.run("n1", "clusvcadm", "-Z", "web01", patience=1.0)
    assert late == Answer(124, "Local machine freezing service:web01...", "")
    # It answers on and on with what is not there, and nothing is checked.
    told = stage.run("n1", "clustat", "-x")
    assert (told.code, "<groups>" in told.out) == (0, False)
    assert told.err == "Timed out waiting for a response from Resource Group Manager\n"
    assert len(stage.calls("n1", checks=True)) <= checked + 1
    assert "s02 start" not in " ".join(stage.calls("n1"))
    stage.flag("n1", "run/fencing", None)
    stage.wait_for("web02", state=112, owner="n1", last_owner="n2")
    stage.wait_for("web01", frozen=True)
    stage.wait_for("web03", state=110, frozen=True, owner="", last_owner="n2")


def test_without_rgmanager_the_commands_say_so(build: Build) -> None:
    stage = build()
    no = "Could not connect to resource group manager\n"
    assert stage.run("n1", "clusvcadm", "-e", "web01") == Answer(
        1, f"Local machine trying to enable service:web01...{no}", ""
    )
    assert stage.run("n1", "clusvcadm", "-S") == Answer(1, f"{no}Query operation failed\n", "")
    assert stage.run("n1", "clustat", "-s", "web01") == Answer(0, "", "")
    assert stage.run("n1", "clustat", "-x", "-s", "web01").code == 255
    assert "rgmanager" not in stage.run("n1", "clustat").out
    assert stage.run("n1", "cman_tool", "version") == Answer(0, "6.2.0 config 3\n", "")
    assert stage.run("n1", "rgmanager", "status") == Answer(3, "rgmanager is stopped\n", "")


def test_the_daemon_goes_into_the_background_and_ends_in_order(build: Build) -> None:
    stage = build(nodes=("n1",))
    try:
        assert stage.run("n1", "rgmanager", "start") == Answer(0, "", "")
        assert stage.run("n1", "rgmanager", "status").code == 0
        stage.wait_for("web01", state=112)
        # A second start is none.
        assert stage.run("n1", "rgmanager").code == 0
    finally:
        assert stage.run("n1", "rgmanager", "stop") == Answer(0, "", "")
    assert stage.calls("n1")[-1] == "n1 s01 stop rc=0"
    assert stage.log("n1").endswith("Disconnecting from CMAN\nExiting\n")


def test_storage_is_activated_checked_and_mounted_in_order_and_left_in_reverse(build: Build) -> None:
    stage = build(STORAGE, ("n1", "n2", "n3"))
    stage.start("n1", "n2", "n3")
    assert stage.run("n2", "clusvcadm", "-e", "web01").code == 0
    calls = (stage.root / "n2" / "calls").read_text(encoding="utf-8").splitlines()
    assert calls == ["lvchange -an vmstore/web01", "lvchange -aey vmstore/web01", f"fsck -p {stage.root}/dev/web01"]
    assert (stage.root / "n2" / "mounts").read_text(encoding="utf-8").split()[2:4] == ["ext4", "rw"]
    # Without force_unmount a busy file system stays, and so does the volume.
    stage.flag("n2", "busy")
    assert stage.run("n1", "clusvcadm", "-d", "web01").code == 255
    assert stage.record("web01")["state"] == 114
    assert (stage.root / "n2" / "active-vmstore-web01").exists()
    stage.flag("n2", "busy", None)
    assert stage.run("n2", "clusvcadm", "-d", "web01").code == 0
    assert not (stage.root / "n2" / "active-vmstore-web01").exists()


def test_a_volume_in_use_elsewhere_or_a_bad_file_system_lets_it_start_on_another_node(build: Build) -> None:
    stage = build(STORAGE, ("n1", "n2", "n3"))
    stage.start("n1", "n2", "n3")
    stage.flag("n1", "held")
    stage.flag("n2", "fsck", "4")
    told = stage.run("n1", "clusvcadm", "-e", "web01")
    assert told.out.endswith("Success\nservice:web01 is now running on n3\n")
    assert "[lvm] Failed second attempt to activate vmstore/web01\nstart on lvm" in stage.log("n1")
    assert "'fsck -p /dev/web01' failed, error=4" in stage.log("n2")
    # The target first, then the others, then back.
    told = stage.run("n1", "clusvcadm", "-r", "web01", "-m", "n2")
    assert told == Answer(
        239, "Trying to relocate service:web01 to n2...Failed; service running on original owner\n", ""
    )
    assert "#70: Failed to relocate service:web01; restarting locally" in stage.log("n3")
    stage.flag("n1", "held", None)
    told = stage.run("n1", "clusvcadm", "-r", "web01", "-m", "n2")
    assert told.out.endswith("Success\nWarning: service:web01 is now running on n1\n")


def test_a_mounted_device_or_a_used_mount_point_is_refused(build: Build) -> None:
    stage = build(STORAGE, ("n1",))
    stage.start("n1")
    stage.flag("n1", "mounts", f"/dev/other {stage.root}/srv/web01 ext4 rw 0 0\n")
    assert stage.run("n1", "clusvcadm", "-e", "web01").code == 255
    assert "Cannot mount /dev/web01 on /srv/web01, the device or mount point is already in use!" in stage.log("n1")


def test_domains_restrict_and_take_back(build: Build) -> None:
    stage = build(STORAGE, ("n1", "n2", "n3"))
    stage.start("n2", "n3")
    assert stage.run("n2", "clusvcadm", "-e", "web02").code == 241
    assert stage.run("n3", "clusvcadm", "-e", "web03", "-F").out.endswith("running on n2\n")
    stage.start("n1")
    stage.wait_for("web03", state=112, owner="n1")
    assert stage.run("n2", "clusvcadm", "-e", "web02", "-m", "n1").code == 0
    # The lost node is the only one for web02; web03 has another.
    stage.lose("n1")
    stage.wait_for("web03", state=112, owner="n2")
    stage.wait_for("web02", state=110, owner="", last_owner="n1")
    # recovery="disable"
    stage.flag("n2", "svc/s03.status", "1")
    stage.wait_for("web03", state=119)


def test_what_does_not_stop_when_rgmanager_starts_is_logged_and_no_more(build: Build) -> None:
    stage = build(nodes=("n1",))
    stage.flag("n1", "svc/s02.stop", "1")
    stage.start("n1")
    assert 'stop on script "sc02" returned 1 (generic error)' in stage.log("n1")
    assert stage.record("web02")["state"] == 119
    stage.wait_for("web01", state=112)


def test_where_all_rgmanagers_ended_nothing_is_remembered(build: Build) -> None:
    stage = build()
    stage.start("n1", "n2")
    stage.run("n1", "clusvcadm", "-Z", "web01")
    stage.stop("n1")
    stage.stop("n2")
    stage.start("n1", "n2")
    stage.wait_for("web01", state=112, frozen=False)


def test_a_near_name_of_a_node_is_taken(build: Build) -> None:
    stage = build(STORAGE.replace("n3", "other"), ("n1",))
    told = stage.run("n1", "clusvcadm", "-e", "web01", "-m", "othr")
    assert told.out.startswith("'othr' not in membership list\nClosest match: 'other'\nMember other trying")


def test_generation_2_distributes_with_ccs_tool_and_is_told_the_version(build: Build) -> None:
    stage = build(generation=2)
    stage.start("n1", "n2")
    assert stage.run("n1", "ccs_config_validate").code == 127
    own = stage.conf("n1")
    told = stage.run("n1", "ccs_tool", "update", str(own))
    assert (told.code, told.err.splitlines()[-1]) == (1, "Failed to update config file.")
    own.write_text(cluster_conf(str(stage.root), 4), encoding="utf-8")
    told = stage.run("n1", "ccs_tool", "update", str(own))
    assert told == Answer(0, "Config file updated from version 3 to 4\n\nUpdate complete.\n", "")
    assert stage.conf("n2").read_text(encoding="utf-8") == own.read_text(encoding="utf-8")
    assert stage.run("n2", "cman_tool", "version").out == "6.2.0 config 3\n"
    assert stage.run("n1", "cman_tool", "version", "-r", "4") == Answer(0, "", "")
    stage.wait_for("web04", state=112)
    assert stage.run("n2", "cman_tool", "version").out == "6.2.0 config 4\n"


def test_a_node_that_comes_back_runs_the_configuration_of_the_others(build: Build) -> None:
    stage = build()
    stage.start("n1")
    text = cluster_conf(str(stage.root), 4)
    stage.conf("n1").write_text(text, encoding="utf-8")
    assert stage.run("n1", "cman_tool", "version", "-r", "-S").code == 0
    stage.wait_for("web04", state=112)
    stage.start("n2")
    time.sleep(0.2)
    assert stage.run("n2", "cman_tool", "version").out == "6.2.0 config 3\n"
    shutil.copyfile(stage.conf("n1"), stage.conf("n2"))
    stage.wait(lambda: stage.run("n2", "cman_tool", "version").out == "6.2.0 config 4\n", "n2 never followed")
