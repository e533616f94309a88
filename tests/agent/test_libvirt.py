"""libvirt: saved to the volume, restored from it, and never thrown away."""

import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.agent.conftest import Node, seconds
from vmstore import agent
from vmstore.tools import agent as tools

pytestmark = pytest.mark.spawns("dash", "bash", "busybox")


def test_start_activates_checks_mounts_and_boots(ready: Node) -> None:
    done = ready.run("start")
    assert done.returncode == 0, done.stderr
    tools = [call.split()[0] for call in ready.calls()]
    assert tools == ["lvchange", "e2fsck", "mount", "domstate", "create"]
    assert ready.has("domain") == "running\n"
    assert (ready.directory / ".vmstore-back").read_text().split()[2] == "booted"
    assert ready.run("monitor").returncode == 0
    assert "web01 start done in" in str(ready.has("log"))


def test_start_of_what_runs_changes_nothing(ready: Node) -> None:
    ready.run("start")
    ready.says("counter", "41")
    assert ready.run("start").returncode == 0
    assert str(ready.has("counter")).strip() == "41"


def test_stop_suspends_and_start_elsewhere_resumes(ready: Node) -> None:
    ready.run("start")
    ready.says("counter", "41")
    assert ready.run("stop").returncode == 0
    assert (ready.directory / "web01.state").read_text() == "LibvirtQemudSave\n41"
    assert not ready.is_mounted
    assert ready.has("active") is None
    assert ready.has("domain") is None
    ready.says("counter", "0")
    assert ready.run("start").returncode == 0
    assert str(ready.has("counter")).strip() == "41"
    assert [path.name for path in ready.directory.glob("web01.state*")] == []
    words = (ready.directory / ".vmstore-back").read_text().split()
    assert words[2] == "resumed"
    assert 0 <= float(words[3]) < 30


def test_stop_where_there_is_nothing_is_quick_and_starts_no_virsh(node: Node) -> None:
    began = time.monotonic()
    for ocf in (True, False):
        assert node.run("stop", ocf=ocf).returncode == 0
    assert seconds(began) < 2
    assert node.calls() == []


def test_stop_of_a_volume_that_is_mounted_without_a_vm_lets_go_of_it(node: Node) -> None:
    # As where a start failed: whoever manages the volume must be able to unmount it.
    node.mounted()
    assert node.run("stop", ocf=False).returncode == 0
    assert node.run("stop").returncode == 0
    assert not node.is_mounted


def test_a_save_that_fails_keeps_the_vm_and_says_why(ready: Node) -> None:
    ready.run("start")
    ready.says("full", "No space left on device")
    done = ready.run("stop")
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert ready.has("domain") == "running\n"
    assert ready.is_mounted
    assert "stop failed (1)" in str(ready.has("log"))
    assert [path.name for path in ready.directory.glob("web01.state*")] == []


def test_a_state_that_is_not_restored_is_kept_and_nothing_boots(ready: Node) -> None:
    saved = ready.saved()
    ready.says("fail-restore", "internal error: QEMU unexpectedly closed the monitor")
    done = ready.run("start")
    assert done.returncode == 1
    assert "is kept" in done.stderr
    assert saved.exists()
    assert "create" not in ready.calls()


def test_a_state_is_kept_until_the_restored_guest_runs(ready: Node) -> None:
    saved = ready.saved()
    ready.says("dies")
    assert ready.run("start").returncode == 1
    assert saved.exists()
    (ready.fake / "dies").unlink()
    assert ready.run("start").returncode == 0
    assert str(ready.has("counter")).strip() == "41"


def test_half_a_state_of_a_crash_is_not_restored(ready: Node) -> None:
    ready.saved("state.part", whole=False)
    assert ready.run("start").returncode == 0
    assert not any(call.startswith("restore") for call in ready.calls())
    assert not (ready.directory / "web01.state.part").exists()


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_state_that_a_cut_off_start_left_is_not_used_again(ready: Node, state: str) -> None:
    # The start was killed between libvirt's restore and the removal of what was restored.
    ready.mounted()
    ready.says("domain", f"{state}\n")
    ready.says("counter", "60")
    ready.saved()
    assert ready.run("start").returncode == 0
    assert ready.has("domain") == "running\n"
    # Its node dies; what it wrote to its disks since would be destroyed by the old state.
    (ready.fake / "domain").unlink()
    assert ready.run("start").returncode == 0
    assert ready.calls()[-1] == "create"


def test_the_state_is_out_of_reach_before_the_guest_runs_on(ready: Node) -> None:
    ready.saved()
    assert ready.run("start").returncode == 0
    calls = ready.calls()
    assert calls[-4:-2] == ["restore --paused", "domstate"]
    assert calls[-2].startswith("sync -f")
    assert calls[-1] == "resume"
    assert ready.has("state-at-resume") is None


def test_a_state_whose_guest_was_not_resumed_is_offered_again(ready: Node) -> None:
    saved = ready.saved()
    ready.says("fail-resume", "internal error: unable to execute QEMU command 'cont'")
    done = ready.run("start")
    assert done.returncode == 1
    assert "unable to execute" in done.stderr
    assert saved.exists()
    (ready.fake / "fail-resume").unlink()
    (ready.fake / "domain").unlink()
    assert ready.run("start").returncode == 0
    assert str(ready.has("counter")).strip() == "41"


def test_a_libvirt_that_cannot_restore_paused_restores(ready: Node) -> None:
    ready.says("old")
    ready.saved()
    assert ready.run("start").returncode == 0
    assert ready.has("domain") == "running\n"
    assert [path.name for path in ready.directory.glob("web01.state*")] == []


@pytest.mark.parametrize("node", ["dash", "busybox"], indirect=True)
def test_a_save_that_is_late_is_not_thrown_away(ready: Node) -> None:
    ready.run("start")
    ready.says("counter", "41")
    ready.says("slow-save", "4")
    done = ready.run("stop", given={"CRM_meta_timeout": "2500"})
    assert done.returncode == 1
    assert "has not saved it within 2 s" in done.stderr
    assert ready.is_mounted
    # Asked again, it waits for what libvirt is still at instead of beginning anew.
    assert ready.run("stop").returncode == 0
    assert ready.calls().count("save") == 1
    assert (ready.directory / "web01.state").read_text() == "LibvirtQemudSave\n41"
    assert not (ready.directory / "web01.state.part").exists()


def test_a_save_finished_after_its_stop_failed_is_resumed_from(ready: Node) -> None:
    ready.saved("state.part", "77")
    assert ready.run("start").returncode == 0
    assert str(ready.has("counter")).strip() == "77"
    assert [path.name for path in ready.directory.glob("web01.state*")] == []


@pytest.mark.parametrize("node", ["dash"], indirect=True)
def test_pacemakers_own_timeout_is_the_limit_of_a_save(ready: Node) -> None:
    ready.run("start")
    ready.says("slow-save", "1")
    assert ready.run("stop", given={"CRM_meta_timeout": "9000"}).returncode == 0
    ready.run("start")
    ready.says("slow-save", "5")
    done = ready.run("stop", given={"CRM_meta_timeout": "1200"})
    assert "within 1 s" in done.stderr


def test_a_save_whose_answer_was_lost_is_a_save(ready: Node) -> None:
    ready.run("start")
    ready.says("lost")
    assert ready.run("stop").returncode == 0
    assert (ready.directory / "web01.state").exists()


def test_a_stop_that_is_repeated_tells_the_time_since_the_first(ready: Node) -> None:
    ready.run("start")
    ready.says("busy")
    assert ready.run("stop").returncode == 1
    stamp = (ready.directory / ".vmstore-away").read_text()
    (ready.fake / "busy").unlink()
    assert ready.run("stop").returncode == 0
    assert (ready.directory / ".vmstore-away").read_text() == stamp


def test_programs_that_are_missing_are_told(ready: Node, tmp_path: Path) -> None:
    (tmp_path / "bin" / "virsh").unlink()
    for action in ("validate-all", "start"):
        done = ready.run(action)
        assert done.returncode == 5
        assert "there is no program virsh" in done.stderr
    assert ready.run("stop").returncode == 0


@pytest.mark.parametrize("old", [False, True])
def test_a_definition_left_on_the_node_is_removed_first(ready: Node, old: bool) -> None:
    ready.says("domain", "shut off\n")
    if old:
        ready.says("old")
    ready.saved(counter="7")
    assert ready.run("start").returncode == 0
    assert str(ready.has("counter")).strip() == "7"


def test_a_stuck_libvirt_is_an_error_within_the_limit_and_not_a_stop(ready: Node) -> None:
    ready.run("start")
    ready.says("hang-domstate")
    began = time.monotonic()
    done = ready.run("monitor")
    assert done.returncode == 1
    assert "no answer within 2 s" in done.stderr
    assert seconds(began) < 6
    assert ready.run("stop").returncode == 1
    assert ready.has("domain") == "running\n"


def test_without_timeout_the_limit_holds_as_well(ready: Node) -> None:
    ready.run("start")
    text = ready.program.read_text()
    ready.program.write_text(text.replace("command -v timeout", "command -v no-such-program"))
    assert ready.run("monitor").returncode == 0
    ready.says("hang-domstate")
    began = time.monotonic()
    assert ready.run("monitor").returncode == 1
    assert seconds(began) < 6


def test_a_vm_that_died_is_a_failure_and_starts_again(ready: Node) -> None:
    ready.run("start")
    (ready.fake / "domain").unlink()
    assert ready.run("monitor").returncode == 1
    assert ready.run("stop").returncode == 0
    assert ready.run("monitor").returncode == 7
    assert ready.run("start").returncode == 0


def test_a_volume_that_another_node_holds_is_not_mounted(ready: Node) -> None:
    ready.says("held")
    done = ready.run("start")
    assert done.returncode == 1
    assert "locked by other host" in done.stderr
    assert not ready.is_mounted
    assert not any(call.startswith(("mount", "vgchange")) for call in ready.calls())


def test_a_lock_space_that_lacks_is_started(ready: Node) -> None:
    ready.says("lockless")
    assert ready.run("start").returncode == 0
    assert ready.is_mounted
    assert ready.calls()[:3] == ["lvchange -aey vmstore/web01", "vgchange --lockstart vmstore", ready.calls()[0]]


def test_where_the_lock_space_cannot_be_had_it_says_what_lvm_said_first(ready: Node) -> None:
    ready.says("lockless")
    ready.says("dlmless")
    done = ready.run("start")
    assert done.returncode == 1
    assert "lockspace is inactive" in done.stderr
    assert not ready.is_mounted


def test_lvchange_that_lies_mounts_nothing(ready: Node) -> None:
    ready.program.write_text(ready.program.read_text().replace("device=$FAKE/active", "device=$FAKE/elsewhere"))
    done = ready.run("start")
    assert done.returncode == 1
    assert "another node may hold it" in done.stderr
    assert not ready.is_mounted


def test_what_is_mounted_from_elsewhere_is_not_touched(ready: Node) -> None:
    ready.mounted("/dev/sdz1")
    for action in ("start", "stop"):
        done = ready.run(action)
        assert done.returncode == 1
        assert "/dev/sdz1" in done.stderr
    assert ready.is_mounted


def test_a_volume_that_somebody_reads_for_a_moment_does_not_fail_the_stop(ready: Node) -> None:
    """A stop that fails has the node fenced, with all that runs there."""
    ready.run("start")
    ready.says("read")
    done = ready.run("stop")
    assert done.returncode == 0, done.stderr
    assert ready.has("active") is None


def test_a_busy_file_system_fails_the_stop_with_the_state_saved(ready: Node) -> None:
    ready.run("start")
    ready.says("busy")
    done = ready.run("stop")
    assert done.returncode == 1
    assert "target is busy" in done.stderr
    assert (ready.directory / "web01.state").exists()
    (ready.fake / "busy").unlink()
    assert ready.run("stop").returncode == 0
    assert ready.has("active") is None


def test_shutting_down_must_be_chosen(ready: Node) -> None:
    ready.run("start")
    assert ready.run("stop", given={"stop_mode": "shutdown"}).returncode == 0
    assert "shutdown" in ready.calls()
    assert not (ready.directory / "web01.state").exists()


def test_as_an_init_script_it_answers_as_lsb_wants(ready: Node) -> None:
    assert ready.run("status", ocf=False).returncode == 3
    assert ready.run("start", ocf=False).returncode == 1  # the manager mounts, not the script
    ready.mounted()
    assert ready.run("start", ocf=False).returncode == 0
    assert ready.run("status", ocf=False).returncode == 0
    assert ready.run("stop", ocf=False).returncode == 0
    assert ready.is_mounted
    assert ready.run("status", ocf=False).returncode == 3


def test_warm_changes_nothing_and_tells_what_is_missing(ready: Node) -> None:
    assert ready.run("warm").returncode == 0
    assert {call.split()[0] for call in ready.calls()} == {"lvs", "version"}
    ready.says("gone")
    assert "LVM does not see vmstore/web01" in ready.run("warm").stderr


@pytest.mark.parametrize(
    ("key", "value"),
    [("vm", "a b"), ("vm", "-x"), ("vm", "a;b"), ("vg", "../x"), ("directory", "x"), ("hypervisor", "xen"),
     ("stop_mode", "kill"), ("fstype", "ntfs")],
)  # fmt: skip
def test_odd_settings_are_refused_before_anything_is_called(node: Node, key: str, value: str) -> None:
    for action in ("validate-all", "start", "stop"):
        assert node.run(action, given={key: value}).returncode == 6
    assert node.calls() == []


def test_meta_data_and_usage(node: Node) -> None:
    root = ElementTree.fromstring(node.run("meta-data").stdout.split("?>", 1)[1].split(">", 1)[1])
    assert {action.get("name") for action in root.iter("action")} >= {"start", "stop", "monitor", "validate-all"}
    assert {each.get("name") for each in root.iter("parameter")} >= {"vm", "vg", "directory", "storage", "stop_mode"}
    assert node.run("promote").returncode == 3


def test_it_tells_its_version_to_admins_and_to_the_manager(node: Node) -> None:
    told = node.run("--version")
    root = ElementTree.fromstring(node.run("meta-data").stdout.split("?>", 1)[1].split(">", 1)[1])
    assert (told.returncode, told.stdout) == (0, f"vmstore-vm {root.get('version')}\n")
    assert tools.version(agent.text()) == root.get("version") != ""
    # That of the OCF resource agent API.
    assert root.findtext("version") == "1.0"
    assert node.calls() == []
