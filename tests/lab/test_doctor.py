"""vmstore doctor on real LVM, iSCSI, multipath and clocks: each trouble is made, found, and gone when it is mended.

Those of managers and services are in test_with_pacemaker.py and test_with_rgmanager.py, where there are some.
"""

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lab import topology, wiring
from lab.driver import HOST, Cluster
from vmstore.tools.agent import AGENT

TOPOLOGY = "default"
LONG = (
    "test_a_vm_whose_memory_does_not_fit_is_grown_as_it_says",
    "test_trouble_on_a_node",
    "test_a_pv_that_hangs_does_not_hang_doctor",
    "test_a_node_that_is_off_is_unknown",
    "test_what_it_says_mends_a_volume_that_activates_itself_and_a_device_that_is_suspended",
    "test_a_job_that_was_cut_off_is_found_until_it_has_gone_on",
    "test_a_volume_that_is_active_on_two_nodes_or_mounted_without_an_exclusive_lock",
)
NODE = "n3"
WWIDS = {lun.name: wiring.wwid(lun) for lun in topology.load(TOPOLOGY).luns}
# Without a manager dlm does not fence here (docs/lab.md), and doctor says so.
ALWAYS = {"VMS-D40"}
CONF = "/etc/lvm/lvm.conf"
DISK = f"$(readlink -f /dev/disk/by-id/wwn-0x{WWIDS['iscsi1'][1:]})"
STATE = "/sys/block/$(basename %s)/device/state"
SLAVES = "/sys/block/$(basename $(readlink -f /dev/mapper/mpatha))/slaves"
PATHS = f"ls {SLAVES} | sort"
# A session more to the LUN with two paths is a third path.
SESSIONS = "iscsiadm -m session | sed -n 's/^[^[]*\\[\\([0-9]*\\)\\].*san:iscsi2.*/\\1/p' | sort -n"
THIRD = f"iscsiadm -m session -r $({SESSIONS} | head -1) --op new; for i in $(seq 40); do "
THIRD += f"[ $({PATHS} | wc -l) = 3 ] && break; sleep 0.5; done; [ $({PATHS} | wc -l) = 3 ]"
# A LUN of the node's own, larger and with another WWID, that bears the label and the metadata of the PV on iscsi1.
TARGET = "/sys/kernel/config/target"
TWIN = f"""
disk={DISK}; modprobe -a tcm_loop target_core_file
truncate -s 2112M /var/tmp/twin; dd if=$disk of=/var/tmp/twin bs=1M count=20 conv=notrunc status=none
store={TARGET}/core/fileio_7/twin; mkdir -p $store
echo "fd_dev_name=/var/tmp/twin,fd_dev_size=$((2112 << 20))" >$store/control
echo 7177 >$store/wwn/vpd_unit_serial; echo 1 >$store/enable
port={TARGET}/loopback/naa.5001405000007177/tpgt_1; mkdir -p $port/lun/lun_0
echo naa.5001405000007178 >$port/nexus; ln -s $store $port/lun/lun_0/store; udevadm settle
sed -i "/^devices {{/a filter = [ \\"r|^$disk\\$|\\" ]" {CONF}
"""
NO_TWIN = f"""
sed -i '/^filter = /d' {CONF}; port={TARGET}/loopback/naa.5001405000007177
rm -f $port/tpgt_1/lun/lun_0/store; rmdir $port/tpgt_1/lun/lun_0 $port/tpgt_1 $port {TARGET}/core/fileio_7/twin
rm -f /var/tmp/twin
"""


def _line(text: str) -> tuple[str, str]:
    """Add a line to the section devices of lvm.conf, and take it away."""
    return f"sed -i '/^devices {{/a {text}' {CONF}", f"sed -i '/^{text.split(maxsplit=1)[0]} = /d' {CONF}"


def _lock(value: int) -> str:
    return f"sed -i 's/use_lvmlockd = [01]/use_lvmlockd = {value}/' {CONF}"


_FILTER = _line('filter = [ "r|/dev/nosuch|" ]')
_FILE = _line("use_devicesfile = 1")
_ONE_OFF = f"({PATHS} | tail -1) >/tmp/path; echo offline >{STATE % '$(cat /tmp/path)'}"
_ONE_ON = f"echo running >{STATE % '$(cat /tmp/path)'}"
# What is done on NODE, what undoes it, and the codes that come of it.
CASES: dict[str, tuple[str, str, set[str]]] = {
    "lvmlockd is off in lvm.conf": (_lock(0), _lock(1), {"VMS-D10"}),
    "the lock space is not joined": ("vgchange --lockstop vmstore", "vgchange --lockstart vmstore", {"VMS-D11"}),
    "lvmpolld does not run": ("kill $(cat /run/lvmpolld.pid); sleep 1", "lvmpolld -t 0", {"VMS-D12"}),
    "another filter": (*_FILTER, {"VMS-D13"}),
    "a devices file that lacks PVs": (
        f"{_FILE[0]}; lvm lvmdevices --yes --adddev /dev/mapper/mpatha",
        f"{_FILE[1]}; rm -f /etc/lvm/devices/system.devices*",
        {"VMS-D13", "VMS-D14", "VMS-D20"},
    ),
    "a LUN that is not seen": (f"echo offline >{STATE % DISK}", f"echo running >{STATE % DISK}", {"VMS-D20"}),
    "another LUN": (TWIN, NO_TWIN, {"VMS-D13", "VMS-D21", "VMS-D22"}),
    "one path left": (_ONE_OFF, _ONE_ON, {"VMS-D23"}),
    "a path down of three": (
        f"{THIRD}; {_ONE_OFF}",
        f"{_ONE_ON}; iscsiadm -m session -r $({SESSIONS} | tail -1) -u",
        {"VMS-D24"},
    ),
    "a PV on two devices": (
        f'dmsetup create twin --table "0 $(blockdev --getsz {DISK}) linear {DISK} 0"',
        "udevadm settle; dmsetup remove --retry twin",
        {"VMS-D25"},
    ),
    "another agent": (f"echo '# another' >>{AGENT}", f"sed -i '/^# another$/d' {AGENT}", {"VMS-D45"}),
    "a clock that is ahead": (
        "date -s @$(($(date +%s) + 120))", "date -s @$(($(date +%s) - 120))", {"VMS-D50"}
    ),
}  # fmt: skip


def diagnosis(cluster: Cluster, where: str = HOST) -> dict[str, Any]:
    """Run doctor; it must say by its exit code whether it found something."""
    done = cluster.vmstore(where, "doctor", "-o", "json", check=False)
    assert done.rc in (0, 7, 10), done.err
    told = dict(done.json)
    assert (done.rc == 10) == bool(told["findings"]), told
    return told


def new(cluster: Cluster) -> dict[str, dict[str, Any]]:
    """Give what doctor finds beyond what it always finds here, by code."""
    return {each["code"]: each for each in diagnosis(cluster)["findings"] if each["code"] not in ALWAYS}


def comes(cluster: Cluster, codes: set[str]) -> dict[str, dict[str, Any]]:
    """Wait until doctor finds exactly this; give it."""
    seen: dict[str, dict[str, Any]] = {}

    def there() -> bool:
        seen.clear()
        seen.update(new(cluster))
        return set(seen) == codes

    cluster.wait(there, 90, f"doctor to find {codes or 'nothing'}")
    return seen


@contextmanager
def trouble(cluster: Cluster, node: str, make: str, undo: str) -> Iterator[None]:
    """Make trouble on a node for a while; what was half made is undone, too."""
    try:
        cluster.sh(node, make)
        yield
    finally:
        cluster.sh(node, f"set +e; {undo}", check=False)
    comes(cluster, set())


def test_when_all_is_well_it_finds_what_the_lab_always_has_and_nothing_is_unknown(cluster: Cluster) -> None:
    before = cluster.seqno()
    for where in (HOST, "n1", "n3"):
        told = diagnosis(cluster, where)
        assert {each["code"] for each in told["findings"]} == ALWAYS, told
        assert told["unknown"] == []
        assert told["nodes"] == 3
    assert cluster.seqno() == before


@pytest.mark.parametrize("name", CASES)
def test_trouble_on_a_node(cluster: Cluster, name: str) -> None:
    make, undo, codes = CASES[name]
    with trouble(cluster, NODE, make, undo):
        found = comes(cluster, codes)
        mends = [mend for each in found.values() for mend in each["mend"]]
        # What has no node is for all.
        assert any(mend["node"] in (NODE, None) for mend in mends), found


def test_a_pv_that_hangs_does_not_hang_doctor(cluster: Cluster) -> None:
    # What reads a multipath device that is suspended waits and cannot be killed.
    with trouble(cluster, NODE, "dmsetup suspend --noflush mpatha", "dmsetup resume mpatha; sleep 3"):
        began = time.monotonic()
        told = diagnosis(cluster)
        assert time.monotonic() - began < 90
        assert ("VMS-D30", NODE) in [(each["code"], each["name"]) for each in told["findings"]]
        assert [each for each in told["unknown"] if each["subject"] == f"node {NODE}"], told["unknown"]


def test_a_node_that_is_off_is_unknown(cluster: Cluster) -> None:
    cluster.lab("crash", NODE)
    try:
        assert [each["subject"] for each in diagnosis(cluster)["unknown"]] == [f"node {NODE}"]
    finally:
        cluster.lab("start", NODE)
    comes(cluster, set())


def test_what_it_says_mends_a_volume_that_activates_itself_and_a_device_that_is_suspended(cluster: Cluster) -> None:
    cluster.create("odd01", "16M")
    cluster.sh("n1", "lvchange --setautoactivation y vmstore/odd01; lvchange -aey vmstore/odd01")
    cluster.sh("n1", "dmsetup suspend vmstore-odd01")
    try:
        found = comes(cluster, {"VMS-D15", "VMS-D30"})
        for code in ("VMS-D30", "VMS-D15"):
            for mend in found[code]["mend"]:
                cluster.sh(mend["node"], mend["command"])
    finally:
        cluster.sh("n1", "dmsetup resume vmstore-odd01; lvchange -an vmstore/odd01")
    comes(cluster, set())


def test_a_job_that_was_cut_off_is_found_until_it_has_gone_on(cluster: Cluster) -> None:
    source = WWIDS["iscsi1"]
    cluster.create("half01", "96M", "--pv", source)
    cluster.mount("n2", "half01")
    run = cluster.vmstore_start(HOST, "evacuate", source, "--to", "fc", "--engine", "mirror", "--rate", "4M", "--yes")
    cluster.wait(lambda: cluster.moves("n2"), 150, "the move to begin", run)
    assert new(cluster) == {}
    run.kill()
    run.communicate()
    found = comes(cluster, {"VMS-D31"})
    assert found["VMS-D31"]["name"] == source
    assert {"node": None, "command": f"vmstore job resume {source}"} in found["VMS-D31"]["mend"]
    cluster.vmstore("n3", "evacuate", source, "--to", "fc", "--rate", "none", "--yes")
    comes(cluster, set())
    cluster.unmount("n2", "half01")


def test_a_volume_that_is_active_on_two_nodes_or_mounted_without_an_exclusive_lock(cluster: Cluster) -> None:
    cluster.create("two01", "16M")
    cluster.mount("n1", "two01")
    uuid = cluster.sh("n1", "dmsetup info -c --noheadings -o uuid vmstore-two01").out.strip()
    ghost = f"dmsetup create vmstore-two01 --uuid {uuid} --table '0 8192 error'"
    with trouble(cluster, "n2", ghost, "udevadm settle; dmsetup remove --retry vmstore-two01"):
        assert comes(cluster, {"VMS-D32"})["VMS-D32"]["what"] == "active on n1, n2"
    cluster.unmount("n1", "two01")
    share = "lvchange -asy vmstore/two01"
    with trouble(cluster, "n2", share, "lvchange -an vmstore/two01"):
        # Two nodes that share the lock are what the admin wanted, as long as nothing is mounted.
        cluster.sh("n1", share)
        assert new(cluster) == {}
        cluster.sh("n1", "mount /dev/vmstore/two01 /vm/two01")
        try:
            assert comes(cluster, {"VMS-D33"})["VMS-D33"]["what"].endswith("its lock there is shared")
        finally:
            cluster.unmount("n1", "two01")


def test_a_vm_whose_memory_does_not_fit_is_grown_as_it_says(cluster: Cluster) -> None:
    cluster.create("room01", "48M")
    cluster.mount("n1", "room01")
    cluster.make_guest("n1", "room01")
    assert new(cluster) == {}
    cluster.fill("n1", "room01", 26)
    found = comes(cluster, {"VMS-D34"})["VMS-D34"]
    command = shlex.split(found["mend"][0]["command"])
    assert command[:3] == ["vmstore", "grow", "room01"], found
    cluster.vmstore("n2", *command[1:])
    comes(cluster, set())
    cluster.unmount("n1", "room01")
