"""What a node says of itself: read whole, or named as unreadable; the script itself is run here as well."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from vmstore.model import Activation, Mount
from vmstore.tools import probe
from vmstore.tools.blocks import RawBlock
from vmstore.tools.sections import Unreadable

LV = "LVM-vgvgvglvlvlv"
WHOLE = {
    "dm": ["mpath-3600|253|0|1|L--w", f"{LV}|253|7|1|L--w", "LVM-idle|253|8|0|L-sw"],
    "mounts": [
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
        r"40 22 253:7 / /vm/my\040vm rw shared:9 master:2 - ext4 /dev/mapper/x rw",
        r"41 22 253:7 / /mnt/again rw - ext4 /dev/mapper/x rw",
    ],
    "space": ["4096|1000|250|/vm/my vm"],
    "marks": ["idle", "db-01.prod+gone"],
    "daemons": ["lvmlockd", "lvmpolld"],
    "lockspaces": ["vmstore"],
}
BLOCKS = {
    "links": [
        "/sys/class/block/sdc ../../devices/platform/host1/session1/target1:0:0/1:0:0:0/block/sdc",
        "/sys/class/block/dm-0 ../../devices/virtual/block/dm-0",
        "/sys/class/block/sdc1 ../../devices/platform/host1/session1/target1:0:0/1:0:0:0/block/sdc/sdc1",
        "/dev/disk/by-id/wwn-0x6001 ../../sdc",
        "/dev/mapper/mpatha ../dm-0",
    ],
    "sysfs": [
        "dm-0|253:0|4194304|||||| mpatha|mpath-3600||sdd sde|".replace(" mpatha", "mpatha"),
        "sdc|8:32|4194304|running||  |naa.6001|||||  |dm-3".replace("|  |", "||"),
        "sdc1|8:33|2048||||||||1||",
    ],
    "swaps": ["Filename Type Size Used Priority", "/dev/sdc1 partition 1020 0 -2"],
}


def text(sections: Mapping[str, list[str]], *, rc: str = "0") -> str:
    """Write sections as the script does."""
    return "".join(
        f"@{name}\n" + "".join(f"{line}\n" for line in lines) + f"@end {rc}\n" for name, lines in sections.items()
    )


def test_a_whole_answer_is_read() -> None:
    facts = probe.parse("n1", text(WHOLE))
    assert dict(facts.active) == {
        LV: Activation("n1", 1, False, (Mount("/vm/my vm", "ext4", 4096000, 3072000), Mount("/mnt/again", "ext4"))),
        "LVM-idle": Activation("n1", 0, True, ()),
    }
    assert facts.marks == {"idle", "db-01.prod+gone"}
    assert facts.daemons == {"lvmlockd", "lvmpolld"}
    assert facts.lockspaces == {"vmstore"}
    assert (facts.blocks, dict(facts.devices)) == ((), {})


def test_a_node_without_any_device_has_nothing_active() -> None:
    assert probe.parse("n1", text(WHOLE | {"dm": ["No devices found"]})).active == {}


def test_a_file_system_that_did_not_answer_has_no_sizes() -> None:
    facts = probe.parse("n1", text(WHOLE | {"space": []}))
    assert facts.active[LV].mounts[0] == Mount("/vm/my vm", "ext4", None, None)


@pytest.mark.parametrize("end", range(1, 20))
def test_an_answer_that_is_cut_off_anywhere_is_unreadable(end: int) -> None:
    lines = text(WHOLE).splitlines(keepends=True)
    assert len(lines) > 20
    with pytest.raises(Unreadable, match="n1 gave no whole answer"):
        probe.parse("n1", "".join(lines[:end]))


@pytest.mark.parametrize("section", list(WHOLE))
def test_a_section_that_is_missing_or_failed_makes_the_answer_unreadable(section: str) -> None:
    rest = {name: lines for name, lines in WHOLE.items() if name != section}
    with pytest.raises(Unreadable) as caught:
        probe.parse("n1", text(rest))
    assert caught.value.why == f"the answer ends before {section}"
    with pytest.raises(Unreadable) as caught:
        probe.parse("n1", text({section: WHOLE[section]}, rc="1") + text(rest))
    assert caught.value.why == f"reading {section} failed with exit code 1"


def test_nothing_at_all_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        probe.parse("n1", "")


def test_a_greeting_of_the_login_shell_disturbs_nothing() -> None:
    assert probe.parse("n1", "Welcome to n1!\n\n" + text(WHOLE)).marks


def test_the_nodes_own_names_of_pvs_are_read() -> None:
    facts = probe.parse(
        "n1", text(WHOLE | {"devices": ["  uuid-1|/dev/sdb|vmstore", "uuid-2|/dev/mapper/mpatha|vmstore"]})
    )
    assert dict(facts.devices) == {"uuid-1": "/dev/sdb", "uuid-2": "/dev/mapper/mpatha"}


def test_a_pv_that_a_node_misses_has_no_name_there() -> None:
    assert dict(probe.parse("n1", text(WHOLE | {"devices": ["  uuid-1|[unknown]|vmstore"]})).devices) == {}


def test_disks_are_read_with_transport_wwid_links_and_uses() -> None:
    facts = probe.parse("n1", text(WHOLE | BLOCKS))
    disks = {block.name: block for block in facts.blocks}
    assert set(disks) == {"/dev/mapper/mpatha", "/dev/sdc", "/dev/sdc1"}
    disk = disks["/dev/sdc"]
    assert (disk.transport, disk.wwid, disk.size, disk.paths_up) == ("iscsi", "36001", 4194304 * 512, 1)
    assert "/dev/disk/by-id/wwn-0x6001" in disk.links
    assert disk.uses == ("the device dm-3 lies on it", "it has a partition, sdc1")
    assert disks["/dev/sdc1"].uses == ("it is swap space",)
    assert disks["/dev/mapper/mpatha"].wwid == "3600"


def test_this_hosts_disks_come_from_udev_in_place_of_the_scripts() -> None:
    own = RawBlock("sdx", "/devices/platform/host1/session1/block/sdx", {}, 8)
    facts = probe.parse("n1", text(WHOLE), lambda: (own,))
    assert [block.name for block in facts.blocks] == ["/dev/sdx"]
    assert probe.parse("n1", text(WHOLE | BLOCKS), tuple).blocks == ()


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Make a host of files: programs that tell what a test wants, and a /proc, /sys and /run of its own."""
    tools = tmp_path / "bin"
    tools.mkdir()
    answers = {
        "dmsetup": f"echo '{LV}|253|7|1|L--w'",
        "lvmlockctl": "for vg in 'vg_uuid= lock_type=' 'vmstore lock_type=dlm' 'b lock_type=dlm'; do echo VG $vg; done",
        "pvs": "echo '  uuid-1|/dev/sda|vmstore'; echo '  uuid-2|/dev/sdb|vmstore2'; echo '  uuid-3|/dev/sdc|'",
        "stat": 'shift 3; for target; do echo "4096|1000|250|$target"; done',
    }
    for name, answer in answers.items():
        (tools / name).write_text(f"#!/bin/sh\n{answer}\n")
        (tools / name).chmod(0o755)
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "devices").write_text("Block devices:\n  7 loop\n253 device-mapper\n")
    (proc / "self" / "mountinfo").write_text("".join(f"{line}\n" for line in WHOLE["mounts"]))
    (proc / "swaps").write_text("Filename Type\n")
    for mark in WHOLE["marks"]:
        (tmp_path / "run" / "vmstore" / "idle").mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / "vmstore" / "idle" / mark).touch()
    disk = tmp_path / "sys" / "devices" / "platform" / "host1" / "session1" / "block" / "sdc"
    (disk / "device").mkdir(parents=True)
    (disk / "holders").mkdir()
    (disk / "holders" / "dm-3").touch()
    for name, value in {"size": "2048", "dev": "8:32", "device/state": "running", "device/wwid": "naa.6001"}.items():
        (disk / name).write_text(f"{value}\n")
    block = tmp_path / "sys" / "class" / "block"
    block.mkdir(parents=True)
    (block / "sdc").symlink_to("../../devices/platform/host1/session1/block/sdc")
    links = tmp_path / "dev" / "disk" / "by-id"
    links.mkdir(parents=True)
    (links / "wwn-0x6001").symlink_to("../../sdc")
    return tmp_path


SHELLS = [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]


@pytest.mark.spawns(*SHELLS)
@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_itself_tells_of_marks_mounts_with_blanks_locks_disks_and_pvs(shell: str, host: Path) -> None:
    script = probe.script()
    for place in ("/proc/", "/run/vmstore/", "/sys/class/", "/dev/disk", "/dev/mapper"):
        script = script.replace(place, f"{host}{place}")
    done = subprocess.run(
        [shell, "-s", "vmstore", "blocks", "devices"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{host}/bin:/usr/bin:/bin", "LC_ALL": "C"},
    )
    assert done.returncode == 0, done.stderr
    facts = probe.parse("n1", done.stdout.replace(str(host), ""))
    assert facts.active[LV].mounts == (
        Mount("/vm/my vm", "ext4", 4096000, 3072000),
        Mount("/mnt/again", "ext4", 4096000, 3072000),
    )
    assert facts.marks == set(WHOLE["marks"])
    assert "lvmlockd" in facts.daemons
    assert facts.lockspaces == {"vmstore", "b"}
    assert dict(facts.devices) == {"uuid-1": "/dev/sda"}
    (disk,) = facts.blocks
    assert (disk.name, disk.transport, disk.wwid, disk.size) == ("/dev/sdc", "iscsi", "36001", 2048 * 512)
    assert "/dev/disk/by-id/wwn-0x6001" in disk.links
    assert disk.uses == ("the device dm-3 lies on it",)


def told_by(host: Path) -> str:
    """Run the script on a host of files; give what it wrote."""
    script = probe.script()
    for place in ("/proc/", "/run/"):
        script = script.replace(place, f"{host}{place}")
    return subprocess.run(
        ["sh", "-s", "vmstore"], input=script, capture_output=True, text=True, check=False,
        env={"PATH": f"{host}/bin:/usr/bin:/bin"},
    ).stdout  # fmt: skip


@pytest.mark.spawns("sh")
def test_a_lock_daemon_that_serves_another_asker_is_asked_again(host: Path) -> None:
    (host / "run" / "lvmlockd.pid").write_text(f"{os.getpid()}\n")
    busy = f"[ -e {host}/asked ] || {{ touch {host}/asked; exit 158; }}; echo 'VG vmstore lock_type=dlm'"
    (host / "bin" / "lvmlockctl").write_text(f"#!/bin/sh\n{busy}\n")
    facts = probe.parse("n1", told_by(host))
    assert "lvmlockd" in facts.daemons
    assert facts.lockspaces == {"vmstore"}


@pytest.mark.spawns("sh")
def test_a_lock_daemon_that_runs_and_never_answers_is_not_taken_for_one_without_locks(host: Path) -> None:
    (host / "run" / "lvmlockd.pid").write_text(f"{os.getpid()}\n")
    (host / "bin" / "lvmlockctl").write_text("#!/bin/sh\nexit 158\n")
    (host / "bin" / "sleep").write_text("#!/bin/sh\n")
    (host / "bin" / "sleep").chmod(0o755)
    with pytest.raises(Unreadable) as caught:
        probe.parse("n1", told_by(host))
    assert caught.value.why == "reading lockspaces failed with exit code 1"


@pytest.mark.spawns("sh")
def test_a_host_without_a_lock_daemon_is_asked_once(host: Path) -> None:
    (host / "bin" / "lvmlockctl").write_text(f"#!/bin/sh\necho x >>{host}/asked\nexit 1\n")
    facts = probe.parse("n1", told_by(host))
    assert "lvmlockd" not in facts.daemons
    assert facts.lockspaces == frozenset()
    assert (host / "asked").read_text() == "x\n"


@pytest.mark.spawns("sh")
def test_the_script_says_when_device_mapper_cannot_be_asked(host: Path) -> None:
    (host / "bin" / "dmsetup").write_text("#!/bin/sh\nexit 1\n")
    (host / "bin" / "lvmlockctl").unlink()
    done = subprocess.run(
        ["sh", "-s", "vmstore"], input=probe.script(), capture_output=True, text=True, check=False,
        env={"PATH": f"{host}/bin:/usr/bin:/bin"},
    )  # fmt: skip
    with pytest.raises(Unreadable, match="no whole answer") as caught:
        probe.parse("n1", done.stdout)
    assert caught.value.why == "reading dm failed with exit code 1"


def test_the_script_starts_as_a_shell_script_and_takes_no_lock() -> None:
    script = probe.script()
    assert script.startswith("#!/bin/sh\n")
    assert "pvs --readonly" in script
    assert not any(word in script for word in ("lvchange", "vgchange", "pvscan", " lvs"))
