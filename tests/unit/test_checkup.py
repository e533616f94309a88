"""What a node tells when it is looked at for trouble: the script itself is run here, and its answers are read."""

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.scripted import captured
from vmstore.checkup import Guest, NodeCheckup
from vmstore.tools import checkup
from vmstore.tools.sections import Unreadable

PV = "JUlkyV-0Vun-xguj-8ypQ-Urb0-YXvJ-tsMpEl"
EMPTY: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    ("suspended", "paths", "pvs", "settings", "locks", "guests", "agent", "dlm"), ()
)


def read(parts: Mapping[str, tuple[str, ...]] = EMPTY, rc: Mapping[str, str] | None = None) -> NodeCheckup:
    """Read an answer in which these parts say something, and the others nothing."""
    text = "@begin 1000.5 0\n"
    for part, lines in {**EMPTY, **parts}.items():
        text += f"@{part}\n" + "".join(f"{line}\n" for line in lines) + f"@end {(rc or {}).get(part, '0')}\n"
    return checkup.parse("n1", f"{text}@over 1003.5\n", (900.0, 904.0), 13)


def test_duplicates_settings_and_autoactivation_are_read_from_a_real_answer() -> None:
    told = checkup.parse("n1", captured("duplicate-pv")["checkup.txt"], (0.0, 1.0), 10)
    assert dict(told.devices) == {PV: "/dev/loop2"}
    assert dict(told.duplicates) == {PV: ("/dev/loop3",)}
    assert told.settings["filter"] == '["a|/dev/loop.*|","r|.*|"]'
    assert told.settings["global_filter"] == '["a|.*|"]'
    assert (told.settings["use_lvmlockd"], told.settings["use_lvmpolld"]) == ("0", "0")
    assert told.listed is None
    assert told.autoactivated == ("web01",)
    assert told.untold["suspended"] == told.untold["paths"] == "Command failed."
    assert told.untold["dlm"].startswith("there is no such program (")
    assert set(told.untold) == {"suspended", "paths", "locks", "dlm"}


def test_the_devices_file_counts_where_lvm_uses_it() -> None:
    lines = (
        "\tuse_devicesfile=1",
        "devices-file",
        "# LVM uses devices listed in this file.",
        "VERSION=1.1.1",
        "IDTYPE=sys_wwid IDNAME=naa.6001405 DEVNAME=/dev/sdb PVID=JUlkyV0Vunxguj8ypQUrb0YXvJtsMpEl",
    )
    assert read({"settings": lines}).listed == frozenset({PV.replace("-", "")})
    assert read({"settings": ("\tuse_devicesfile=0", *lines[1:])}).listed is None


def test_a_pv_that_lvm_misses_is_on_no_device() -> None:
    lines = (f"  {PV}|[unknown]|vmstore", "  other|/dev/sdb|vmstore", "  older|unknown device|vmstore")
    assert read({"pvs": lines}).devices == {"other": "/dev/sdb"}


@pytest.mark.parametrize(
    ("line", "letters"),
    [
        ("mpatha: 0 4194304 multipath 2 0 0 0 2 1 A 0 1 2 8:16 A 0 0 1 E 0 1 2 8:32 A 0 0 1", "AA"),
        ("mpatha: 0 4194304 multipath 2 0 1 0 2 2 E 0 1 2 8:16 A 0 0 1 D 0 1 2 8:32 F 1 0 1", "AF"),
        ("mpatha: 0 4194304 multipath 2 0 0 0 1 1 A 0 2 2 65:176 F 4 0 1 8:0 F 9 0 1", "FF"),
        ("mpatha: 0 4194304 multipath 2 0 0 0 0 0", ""),
    ],
)
def test_paths_are_those_of_the_kernel(line: str, letters: str) -> None:
    assert read({"paths": (line, "No devices found")}).paths == {"mpatha": letters}


def test_locks_are_those_of_lvs_alone() -> None:
    told = ("VG vmstore lock_type=dlm 7Z", "LS dlm lvm_vmstore", "LK VG un ver 12", "LK GL un ver 0",
            "LK LV ex uuid-1", "LK LV sh uuid-2", "LW LV ex uuid-3")  # fmt: skip
    assert read({"locks": told}).locks == {"uuid-1": "ex", "uuid-2": "sh"}


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ("web01.xml:<memory unit='KiB'>16384<", 16 * 2**20),
        ('web01.xml:<memory unit="MiB" dumpCore="on">16<', 16 * 2**20),
        ("web01.xml:<memory>16384<", 16 * 2**20),
        ("web01.xml:<memory unit='GB'>2<", 2 * 10**9),
        ('web01.vmx:memsize = "256', 256 * 2**20),
        ("web01.vmx:memSize=256", 256 * 2**20),
        ("web01.xml:<memory unit='pages'>2<", 0),
    ],
)
def test_the_memory_of_a_vm_is_what_its_definition_says(line: str, size: int) -> None:
    told = read({"guests": (f"/vm/web01/{line}",)})
    assert told.guests.get("web01", Guest()).memory == size
    assert told.suspends


def test_what_vmware_keeps_on_disk_of_the_memory_needs_no_more_room() -> None:
    lines = ("stop_mode=shutdown", '/vm/web01/a.vmx:memsize = "4', "/vm/web01/a.vmem:kept 1000", "/vm/x/b.vmem:kept 5")
    told = read({"guests": lines})
    assert told.guests == {"web01": Guest(4 * 2**20, 1000), "x": Guest(0, 5)}
    assert not told.suspends


@pytest.mark.parametrize(("line", "fences"), [("enable_fencing=1", True), ("enable_fencing=0 (cli option)", False)])
def test_whether_dlm_fences(line: str, fences: bool) -> None:
    assert read({"dlm": ("daemon_debug=0", line, "enable_concurrent_fencing=0")}).dlm_fences is fences
    assert read().dlm_fences is None


def _pacemaker(options: str, resources: str) -> tuple[str, ...]:
    crm_config = f"<crm_config><cluster_property_set id='c'>{options}</cluster_property_set></crm_config>"
    return ("<configuration>", crm_config, f"<resources>{resources}</resources>", "</configuration>")


_ON = '<nvpair id="a" name="stonith-enabled" value="true"/>'
_OFF = _ON.replace("true", "false")
_ALONE = '<nvpair id="b" name="stonith-watchdog-timeout" value="10s"/>'
_DEVICE = '<primitive id="fence" class="stonith" type="fence_sbd"/>'
_TEMPLATE = (
    '<template id="fences" class="stonith" type="fence_sbd"/><primitive id="fence-n1" template="fences"/>'
    '<primitive id="fence-n2" template="fences"/>'
)
_NODES = (
    '<clusternodes><clusternode name="n1"><fence><method name="1"><device name="sbd" port="n1"/></method></fence>'
    '</clusternode><clusternode name="n2"><fence/></clusternode></clusternodes>'
)
_DEVICES = '<fencedevices><fencedevice name="sbd" agent="fence_sbd"/></fencedevices>'


@pytest.mark.parametrize(
    ("lines", "unfenced"),
    [
        (_pacemaker(_ON, _DEVICE), ()),
        (_pacemaker("", _DEVICE), ()),
        (_pacemaker("", _TEMPLATE), ()),
        (_pacemaker(_OFF, _DEVICE), ("stonith-enabled is false",)),
        (_pacemaker(_ON, ""), ("no fence device is configured",)),
        (_pacemaker(_ON + _ALONE, ""), ()),
        (
            ('<?xml version="1.0"?>', '<cluster name="lab">', _NODES, _DEVICES, "</cluster>"),
            ("n2 has no fence device",),
        ),
        (('<cluster name="lab">', _NODES, "</cluster>"), ("n1 has no fence device", "n2 has no fence device")),
        (("<cluster", "cut off"), ("its configuration cannot be read",)),
    ],
)
def test_what_a_manager_cannot_switch_off(lines: tuple[str, ...], unfenced: tuple[str, ...]) -> None:
    assert read({"fencing": lines}).unfenced == unfenced


def test_a_clock_is_ahead_by_no_less_and_no_more_than_the_time_it_took_allows() -> None:
    # It began between 900 and 904 by our clock, at 1000.5 by its own, and took 3 s of these 4.
    assert read().ahead == (99.5, 100.5)


@pytest.mark.parametrize(
    ("rc", "why"), [("137", "no answer within 13 s"), ("124", "no answer within 13 s"), ("5", "Failed to read."), ]
)  # fmt: skip
def test_a_part_without_an_answer_is_untold_and_its_lines_are_no_facts(rc: str, why: str) -> None:
    lines = (f"  {PV}|/dev/sdb|vmstore", "  Failed to read.", "  WARNING: something else.")
    told = read({"pvs": lines}, {"pvs": rc})
    assert told.untold == {"pvs": why}
    assert told.devices == {}


@pytest.mark.parametrize("end", range(0, 126, 9))
def test_an_answer_that_is_cut_off_anywhere_is_unreadable(end: int) -> None:
    text = "@begin 1.5 0\n" + "".join(f"@{part}\n@end 0\n" for part in EMPTY)
    assert end < len(text)
    with pytest.raises(Unreadable, match="n1 gave no whole answer"):
        checkup.parse("n1", text[:end], (0.0, 1.0), 5)
    with pytest.raises(Unreadable):
        checkup.parse("n1", f"{text[:end]}\n@over 2.5\n", (0.0, 1.0), 5)


def test_only_what_root_sees_counts() -> None:
    with pytest.raises(Unreadable) as caught:
        checkup.parse("n1", "@begin 1.5 1000\n@over 2.5\n", (0.0, 1.0), 5)
    assert "user 1000" in caught.value.why


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Make a host of files, with programs that tell what a test wants."""
    tools = tmp_path / "bin"
    tools.mkdir()
    answers = {
        "dmsetup": "[ $1 = info ] && echo 'vmstore-web01|L-sw' && echo 'mpatha|L--w' || echo 'No devices found'",
        "pvs": f"echo '  {PV}|/dev/sda|vmstore'; echo '  WARNING: Not using device /dev/sdb for PV {PV}.' >&2",
        "lvmconfig": "printf ' %s=%s\\n' use_devicesfile 1 filter '[\"a|.*|\"]' devicesfile '\"system.devices\"'",
        "lvmlockctl": "echo 'VG vmstore lock_type=dlm x'; echo 'LK LV ex uuid-1'",
        "dlm_tool": "echo enable_fencing=1",
        "lvs": "echo '  web01|enabled|enabled'; echo '  db01||enabled'",
        "cibadmin": "case $* in *crm_config*) echo '<crm_config/>' ;; *) echo '<resources/>' ;; esac",
        "sleep": "",
    }
    for name, answer in answers.items():
        _program(tmp_path, name, answer)
    (tmp_path / "proc").mkdir()
    (tmp_path / "etc" / "vmstore").mkdir(parents=True)
    (tmp_path / "etc" / "lvm" / "devices").mkdir(parents=True)
    (tmp_path / "etc" / "lvm" / "devices" / "system.devices").write_text("IDTYPE=sys_wwid DEVNAME=/dev/sda PVID=abc\n")
    for vm, file, text in (
        ("web01", "web01.xml", "<domain><name>web01</name><memory unit='KiB'>65536</memory><vcpu>1</vcpu></domain>"),
        ("db01", "db.vmx", 'displayName = "db01"\nmemsize = "32"\n'),
        ("db01", "db.vmem", "12345"),
    ):
        (tmp_path / "vm" / vm).mkdir(parents=True, exist_ok=True)
        (tmp_path / "vm" / vm / file).write_text(text)
    mounts = "".join(f"/dev/mapper/x {tmp_path}/vm/{vm} ext4 rw 0 0\n" for vm in ("web01", "db01"))
    (tmp_path / "proc" / "mounts").write_text(f"/dev/vda / ext4 rw 0 0\n{mounts}")
    (tmp_path / "agent").write_text("#!/bin/sh\n")
    return tmp_path


def _program(host: Path, name: str, text: str) -> None:
    (host / "bin" / name).write_text(f"#!/bin/bash\n{text}\n")
    (host / "bin" / name).chmod(0o755)


def ask(host: Path, *parts: str, limit: int = 20) -> NodeCheckup:
    """Run the script on a host of files, and read it as root's."""
    script = checkup.script()
    for place in ("/proc/", "/etc/", "/run/"):
        script = script.replace(place, f"{host}{place}")
    began = time.time()
    done = subprocess.run(
        ["bash", "-s", str(limit), "vmstore", f"{host}/vm", f"{host}/agent", *parts],
        input=script.replace("$EUID", "0"), capture_output=True, text=True, check=False,
        env={"PATH": f"{host}/bin:{os.environ['PATH']}", "LC_ALL": "C"}, timeout=55,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return checkup.parse("n1", done.stdout, (began, time.time()), limit)


@pytest.mark.spawns("bash")
def test_the_script_itself_tells_all_of_it(host: Path) -> None:
    told = ask(host, "volumes", "fencing:pacemaker")
    assert told.untold == {}
    assert told.suspended == ("vmstore-web01",)
    assert told.devices == {PV: "/dev/sda"}
    assert told.duplicates == {PV: ("/dev/sdb",)}
    assert (told.settings["filter"], told.listed) == ('["a|.*|"]', frozenset({"abc"}))
    assert told.locks == {"uuid-1": "ex"}
    assert told.guests == {"web01": Guest(64 * 2**20), "db01": Guest(32 * 2**20, 5)}
    assert told.autoactivated == ("web01",)
    assert told.unfenced == ("no fence device is configured",)
    assert told.dlm_fences
    assert len(told.agent) == 64
    least, most = told.ahead
    assert least <= 0 <= most


ORDER = (
    "Id=pacemaker.service", "After=corosync.service resource-agents-deps.target", "ActiveState=active", "",
    "Id=resource-agents-deps.target", "After=lvmlockd.service", "ActiveState=active", "",
    "Id=libvirtd.service", "After=dbus.service", "ActiveState=active", "",
    "Id=lvmlockd.service", "After=", "ActiveState=active", "",
    "Id=virtqemud.service", "After=", "ActiveState=inactive",
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "unordered"),
    [
        ({}, ("libvirtd.service",)),
        ({1: "After=libvirtd.service"}, ()),
        ({5: "After=libvirtd.service"}, ("lvmlockd.service",)),
        ({6: "ActiveState=inactive"}, ("libvirtd.service", "lvmlockd.service")),
        ({2: "ActiveState=inactive"}, ()),
    ],
)
def test_what_runs_and_pacemaker_is_not_started_after_has_no_order(
    change: Mapping[int, str], unordered: tuple[str, ...]
) -> None:
    told = read({"order": tuple(change.get(number, line) for number, line in enumerate(ORDER))})
    assert told.unordered == unordered


@pytest.mark.spawns("bash")
def test_systemd_alone_is_asked_for_the_order(host: Path) -> None:
    _program(host, "systemctl", f"[[ $* = *libvirtd.service* ]] && printf '%s\\n' {' '.join(map(shlex.quote, ORDER))}")
    assert ask(host, "order").unordered == ()
    (host / "run" / "systemd" / "system").mkdir(parents=True)
    assert ask(host, "order").unordered == ("libvirtd.service",)
    (host / "bin" / "systemctl").unlink()
    assert ask(host).untold == {}


@pytest.mark.spawns("bash")
def test_an_lvm_of_before_lvmlockd_tells_what_it_knows(host: Path) -> None:
    refused = "echo \"$0: unrecognized option '--shared'\" >&2; exit 3"
    known = f"echo '  {PV}|/dev/sda|vmstore'; echo '  WARNING: Not using device /dev/sdb for PV {PV}.' >&2"
    _program(host, "pvs", f"case $* in *--shared*) {refused} ;; esac; {known}")
    _program(host, "lvs", "echo '  Unrecognised field: lv_autoactivation' >&2; exit 3")
    (host / "bin" / "lvmconfig").unlink()
    _program(host, "lvm", "[ $1 = dumpconfig ] && printf '\\tfilter=[\"a/.*/\"]\\n\\tuse_lvmetad=0\\n'")
    told = ask(host, "volumes")
    assert told.devices == {PV: "/dev/sda"}
    assert told.duplicates == {PV: ("/dev/sdb",)}
    assert (told.settings, told.listed) == ({"filter": '["a/.*/"]'}, None)
    assert told.untold == {"volumes": "Unrecognised field: lv_autoactivation"}


@pytest.mark.spawns("bash")
def test_a_cluster_conf_that_ends_without_a_newline_is_read(host: Path) -> None:
    (host / "etc" / "cluster").mkdir()
    (host / "etc" / "cluster" / "cluster.conf").write_text(
        '<cluster><clusternodes><clusternode name="n1"/></clusternodes></cluster>'
    )
    told = ask(host, "fencing:rgmanager")
    assert (told.untold, told.unfenced) == ({}, ("n1 has no fence device",))


@pytest.mark.spawns("bash")
def test_a_device_that_is_suspended_for_a_moment_only_is_none(host: Path) -> None:
    _program(host, "dmsetup", f"[ -e {host}/asked ] || echo 'vmstore-web01|L-sw'; touch {host}/asked")
    assert ask(host).suspended == ()


@pytest.mark.spawns("bash")
def test_a_program_that_hangs_and_cannot_be_killed_holds_nobody_up(host: Path) -> None:
    # What waits for a disk outlives timeout, and keeps its end of the pipe.
    sleep = shutil.which("sleep")
    _program(host, "pvs", f"echo '  {PV}|/dev/sda|vmstore'; setsid {sleep} 60 & {sleep} 0.1")
    # What reads its standard input would read the rest of the script.
    _program(host, "dlm_tool", "cat >/dev/null; echo enable_fencing=1")
    _program(host, "lvmconfig", f"trap '' TERM; while :; do {sleep} 1; done")
    began = time.monotonic()
    told = ask(host, limit=4)
    assert time.monotonic() - began < 45
    assert told.untold["settings"] == "no answer within 4 s"
    assert "pvs" not in told.untold
    assert (told.locks, told.dlm_fences) == ({"uuid-1": "ex"}, True)


@pytest.mark.spawns("bash")
def test_an_answer_that_never_ends_is_left_behind(host: Path) -> None:
    sleep = shutil.which("sleep")
    _program(host, "timeout", f'shift 3; case $1 in pvs) exec {sleep} 60 ;; *) exec "$@" ;; esac')
    began = time.monotonic()
    told = ask(host, limit=4)
    assert time.monotonic() - began < 45
    assert told.untold == {"pvs": "no answer within 4 s"}


def test_the_script_takes_no_lock_and_changes_nothing() -> None:
    script = checkup.script()
    assert script.startswith("#!/bin/bash\n")
    assert script.count("listing ") == script.count(" --readonly ") == 2
    assert not any(word in script for word in ("lvchange", "vgchange", "pvscan", "mktemp", "rm "))
