"""vmstore doctor: what it finds on the simulated cluster, what it says then, and that it is silent when all is well."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.bench import Bench, Outcome
from tests.support.san import G, M, San
from tests.support.san_checkup import SETTINGS
from tests.support.san_parts import Move
from vmstore import known_names, session
from vmstore.errors import ExitCode
from vmstore.jobs import lease
from vmstore.policies.checkup_codes import CODES


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have vmstore run as root."""
    monkeypatch.setattr(session, "is_root", lambda: True)


@pytest.fixture
def well(bench: Bench) -> Bench:
    """Give a cluster on which all is well: a VM runs on n1 as a service, another one is stopped."""
    bench.san.volume("web01", 2 * G, ["fc1", "iscsi2"], active="n1", mounted=True)
    bench.san.serve("web01", "n1")
    bench.san.volume("old01", 1 * G, "fc2")
    bench.san.serve("old01")
    return bench


def found(outcome: Outcome) -> list[dict[str, Any]]:
    """List what was found."""
    return list(outcome.json["findings"])


def test_when_all_is_well_it_says_how_much_was_looked_at(well: Bench) -> None:
    done = well.vmstore("doctor")
    assert (done.code, done.out) == (0, f"nothing found: {len(CODES)} checks on 3 nodes\n")
    assert well.vmstore("doctor", host="n2").out == done.out
    told = well.vmstore("doctor", "-o", "json").json
    assert told == {
        "schema": 1, "kind": "doctor", "checks": len(CODES), "nodes": 3, "findings": [], "unknown": [],
    }  # fmt: skip
    assert well.vmstore("doctor", "-o", "plain").out == ""
    assert not well.changes()


def test_a_single_host_without_cluster_is_well(single: Bench) -> None:
    single.san.volume("web01", 2 * G, "disk1", active="host", mounted=True)
    host = single.san.nodes["host"]
    # On a host of its own a volume shall come up by itself, and there is nobody who could tell of dlm and lvmlockd.
    host.told |= {"volumes": ["  web01|enabled|enabled"], "dlm": None, "locks": None}
    done = single.vmstore("doctor")
    assert (done.code, done.out) == (0, f"nothing found: {len(CODES)} checks on 1 node\n")


def test_it_asks_each_node_once_more_and_lvm_as_often_however_many_volumes_there_are(well: Bench) -> None:
    def asked() -> tuple[int, int]:
        well.vmstore("doctor")
        scripts = [change.node for change in well.runner.asked if change.argv[:2] == ("bash", "-s")]
        assert sorted(scripts) == ["n1", "n2", "n3"]
        return len(well.runner.asked), sum(change.argv[0] == "lvm" for change in well.runner.asked)

    before = asked()
    for number in range(20):
        well.san.volume(f"more{number}", 8 * M, "fc1")
    assert asked() == before
    assert before[1] == 1


def _dup(san: San) -> None:
    pv = san.label("fc1").uuid
    san.nodes["n2"].told["pvs"] = [
        f"  WARNING: Not using device /dev/sdx for PV {pv}.",
        f"  WARNING: PV {pv} prefers device /dev/sdb because device name matches previous.",
        *(f"  {lun.pv.uuid}|{lun.device('n2')}|{san.vg}" for lun in san.pvs() if lun.pv),
    ]


def _half_moved(san: San) -> None:
    lv = san.lvs["old01"]
    new = san.take(len(lv.runs), [san.label("fc1").uuid])
    assert new
    lv.move = Move(lv.runs[0].pv, list(lv.runs), new)


def _setting(node: str, line: str) -> Callable[[San], None]:
    def change(san: San) -> None:
        key = line.partition("=")[0]
        kept: list[str] = [each for each in SETTINGS if not each.strip().startswith(f"{key}=")]
        san.nodes[node].told["settings"] = [f"\t{line}", *kept]

    return change


def _service(name: str, **values: Any) -> Callable[[San], None]:
    def change(san: San) -> None:
        for key, value in values.items():
            setattr(san.services[name], key, value)

    return change


def _use(node: str, vm: str, *, mounted: bool) -> Callable[[San], None]:
    def change(san: San) -> None:
        lv = san.lvs[vm]
        san.nodes[node].active.add(lv.uuid)
        if mounted:
            san.nodes[node].mounts[lv.uuid] = f"/vm/{vm}"

    return change


def _told(node: str, part: str, *lines: str) -> Callable[[San], None]:
    return lambda san: san.nodes[node].told.update({part: list(lines)})


# For each code: what is done to the cluster, what the finding is about, what it says, and a command that mends it.
CASES: list[tuple[str, str, str, Callable[[San], object], str, str, str]] = [
    ("VMS-D10", "error", "node n2", lambda san: san.nodes["n2"].daemons.discard("lvmlockd"),
     "lvmlockd does not run", "n2", "systemctl start lvmlockd"),
    ("VMS-D10", "error", "node n2", _setting("n2", "use_lvmlockd=0"), "use_lvmlockd is 0 in /etc/lvm/lvm.conf", "n2",
     "sed -i 's/^[# \\t]*use_lvmlockd *=.*/\\tuse_lvmlockd = 1/' /etc/lvm/lvm.conf"),
    ("VMS-D11", "warning", "node n2", lambda san: setattr(san.nodes["n2"], "lockspace", False),
     "has not joined the lock space of vmstore", "n2", "vgchange --lockstart vmstore"),
    ("VMS-D12", "error", "node n3", lambda san: san.nodes["n3"].daemons.discard("lvmpolld"),
     "lvmpolld does not run", "n3", "systemctl start lvm2-lvmpolld.socket || lvmpolld"),
    ("VMS-D12", "error", "node n3", _setting("n3", "use_lvmpolld=0"), "use_lvmpolld is 0", "n3",
     "sed -i 's/^[# \\t]*use_lvmpolld *=.*/\\tuse_lvmpolld = 1/' /etc/lvm/lvm.conf"),
    ("VMS-D13", "warning", "node n3", _setting("n3", 'filter=["r|/dev/sd.*|"]'),
     'filter is ["r|/dev/sd.*|"], and ["a|.*|"] on n1', "n3", "scp n1:/etc/lvm/lvm.conf /etc/lvm/lvm.conf"),
    ("VMS-D15", "warning", "VG vmstore", _told("n1", "volumes", "  web01||enabled", "  old01|enabled|enabled"),
     "n1, n2, n3 may activate by themselves: old01", "n1", "lvchange --setautoactivation n vmstore/old01"),
    ("VMS-D20", "error", "PV iscsi1", lambda san: san.luns["iscsi1"].paths.pop("n2"),
     "n2 does not see it; it is /dev/sdc on n1, /dev/sda on n3", "n2", "iscsiadm -m session --rescan"),
    ("VMS-D23", "error", "PV iscsi2", lambda san: san.luns["iscsi2"].down.add(("n2", "sde")),
     "/dev/mapper/mpatha on n2 has 1 of 2 paths left", "n2", "multipath -ll mpatha"),
    ("VMS-D25", "error", "PV fc1", _dup, "n2 sees it on /dev/sdx, too, and uses /dev/sdb", "n2", "multipath -ll"),
    ("VMS-D30", "error", "node n1", lambda san: san.nodes["n1"].suspended.add(san.lvs["web01"].uuid),
     "the device vmstore-web01 is suspended", "n1", "dmsetup resume vmstore-web01"),
    ("VMS-D31", "warning", "PV fc2", _half_moved, "old01 is half-way off it; no job of vmstore", "",
     "vmstore evacuate {fc2}"),
    ("VMS-D32", "error", "VM web01", _use("n3", "web01", mounted=False), "active on n1, n3", "n3",
     "lvchange -an vmstore/web01"),
    ("VMS-D33", "error", "VM web01", _use("n3", "web01", mounted=True),
     "mounted on n1 at /vm/web01 and on n3 at /vm/web01 at once", "n3", "umount /vm/web01"),
    ("VMS-D33", "error", "VM web01", _told("n1", "locks", "VG vmstore lock_type=dlm x"),
     "mounted on n1 at /vm/web01, but its lock there is not held by lvmlockd", "", "vmstore stop web01"),
    ("VMS-D34", "error", "VM web01", _told("n1", "guests", '/vm/web01/web01.vmx:memsize = "2048'),
     "1.5 GiB are free on its volume, and an image of its memory takes 2.12 GiB", "", "vmstore grow web01 +672M"),
    ("VMS-D40", "error", "cluster dlm", _told("n2", "dlm", "enable_fencing=0 (cli option)"),
     "enable_fencing is 0 on n2", "n2",
     "mkdir -p /etc/dlm; sed -i /^enable_fencing/d /etc/dlm/dlm.conf; echo enable_fencing=1 >>/etc/dlm/dlm.conf"),
    ("VMS-D41", "error", "cluster rgmanager", lambda san: setattr(san, "quorate", False),
     "it has no quorum, as n1 sees it", "n1", "clustat"),
    ("VMS-D41", "error", "cluster rgmanager", lambda san: setattr(san, "groups_locked", True),
     "its services are locked", "n1", "clusvcadm -u"),
    ("VMS-D42", "error", "VM web01", _service("web01", state="failed"), "failed", "", "vmstore stop web01"),
    ("VMS-D43", "warning", "VM old01", _service("old01", frozen=True), "frozen by hand", "",
     "vmstore thaw old01"),
    ("VMS-D44", "error", "VM web01", _service("web01", state="disabled", owner="none"),
     "rgmanager says disabled, but its volume is in use on n1", "n1", "lsblk /dev/vmstore/web01"),
    ("VMS-D45", "error", "node n3", lambda san: setattr(san.nodes["n3"], "agent", False), "VM agent: it is not there",
     "", "vmstore agent deploy"),
    ("VMS-D46", "warning", "node n3", lambda san: setattr(san.nodes["n3"], "member", False),
     "it is no member of the cluster now", "n3", "service rgmanager start"),
    ("VMS-D50", "warning", "node n2", lambda san: setattr(san.nodes["n2"], "ahead", -90.0),
     "s behind that of n", "n2", "chronyc makestep || ntpd -gq"),
]  # fmt: skip

# What else such a case brings about, by what it says.
ALSO = {"mounted on n1 at /vm/web01 and on n3 at /vm/web01 at once": {"VMS-D32", "VMS-D44"}}


@pytest.mark.parametrize(("code", "severity", "subject", "change", "what", "node", "mend"), CASES)
def test_what_is_wrong_is_found_alone_and_gone_when_it_is_mended(
    well: Bench,
    code: str,
    severity: str,
    subject: str,
    change: Callable[[San], object],
    what: str,
    node: str,
    mend: str,
) -> None:
    before = well.san.copy()
    change(well.san)
    done = well.vmstore("doctor", "-o", "json")
    assert done.code == ExitCode.THRESHOLD, done.err
    wwids = {name: lun.wwid for name, lun in well.san.luns.items()}
    hits = [each for each in found(done) if each["code"] == code]
    assert len(hits) == 1, found(done)
    assert {each["code"] for each in found(done)} == {code, *ALSO.get(what, ())}
    hit = hits[0]
    kind, _, name = subject.partition(" ")
    assert (hit["kind"], hit["name"], hit["severity"]) == (kind, wwids.get(name, name), severity)
    assert what in hit["what"]
    assert {"node": node or None, "command": mend.format_map(wwids) if "{" in mend else mend} in hit["mend"]
    assert not well.changes()
    assert not done.json["unknown"]
    well.san = before
    assert well.vmstore("doctor").code == 0


def test_eyes_are_told_what_it_breaks_once_and_how_each_is_mended(well: Bench) -> None:
    for node in ("n2", "n3"):
        well.san.nodes[node].daemons.discard("lvmpolld")
    lines = well.vmstore("doctor").out.splitlines()
    assert lines[0] == "error VMS-D12: lvmpolld off"
    assert lines[1].startswith("  In a shared VG LVM moves nothing without it")
    told = "\n".join(lines)
    assert told.count("moves nothing without it") == 1
    assert "  - node n2: lvmpolld does not run\n      n2: systemctl start lvm2-lvmpolld.socket || lvmpolld" in told
    assert lines[-1] == f"2 errors: {len(CODES)} checks on 3 nodes; what a code means: vmstore explain VMS-D12"
    plain = well.vmstore("doctor", "-o", "plain").out.splitlines()
    assert [line.split("\t")[:4] for line in plain] == [["error", "VMS-D12", "node", node] for node in ("n2", "n3")]


@pytest.mark.parametrize("fault", ["up", "hangs"])
def test_a_node_that_does_not_answer_is_unknown_and_never_fine(well: Bench, fault: str) -> None:
    setattr(well.san.nodes["n3"], fault, fault == "hangs")
    told = well.vmstore("doctor")
    # rgmanager misses it as well, where it is off.
    assert told.code == (ExitCode.THRESHOLD if fault == "up" else ExitCode.CLUSTER)
    assert "\n  - node n3: does not answer" in told.out
    assert "checks on 2 nodes, 1 not checked" in told.out


def test_a_node_that_was_called_off_is_unknown(well: Bench) -> None:
    well.san.crash("n3")
    told = well.vmstore("doctor", "--offline", "n3")
    assert told.code == ExitCode.CLUSTER
    assert "  - node n3: called off: it was not asked\n" in told.out


def test_a_part_that_hangs_on_a_node_costs_only_what_hangs_on_it(well: Bench) -> None:
    well.san.nodes["n2"].told["pvs"] = None
    well.san.nodes["n3"].daemons.discard("lvmpolld")
    told = well.vmstore("doctor", "-o", "json").json
    assert [each["code"] for each in told["findings"]] == ["VMS-D12"]
    (unknown,) = told["unknown"]
    assert unknown["subject"] == "node n2"
    assert unknown["why"] == "pvs: no answer within 13 s"
    assert {"VMS-D20", "VMS-D25"} <= set(unknown["codes"])


def test_a_running_vm_whose_memory_nobody_knows_is_unknown(well: Bench) -> None:
    well.san.nodes["n1"].told["guests"] = []
    told = well.vmstore("doctor")
    assert told.code == ExitCode.CLUSTER
    assert "VM web01: n1: room for its memory is not known: no definition on its volume tells (VMS-D34)" in told.out


def test_a_vm_that_is_shut_down_in_place_of_suspended_needs_no_room(well: Bench) -> None:
    well.san.nodes["n1"].told["guests"] = ["stop_mode=shutdown", '/vm/web01/web01.vmx:memsize = "8192']
    assert well.vmstore("doctor").code == 0


def test_a_volume_with_a_shared_lock_on_both_nodes_is_what_the_admin_wanted(well: Bench) -> None:
    uuid = well.san.lvs["old01"].uuid
    for node in ("n2", "n3"):
        well.san.nodes[node].active.add(uuid)
        well.san.nodes[node].told["locks"] = [f"VG vmstore lock_type=dlm x\nLK LV sh {uuid}"]
    assert well.vmstore("doctor").code == 0
    well.san.nodes["n3"].told["locks"] = []
    assert [each["code"] for each in found(well.vmstore("doctor", "-o", "json"))] == ["VMS-D32"]


def test_a_job_that_is_at_work_is_no_trouble_and_one_that_was_cut_off_is(well: Bench) -> None:
    _half_moved(well.san)
    pv = well.san.label("fc2")
    pv.tags.add(f"vmstore.evacuate=n2:20260102T120000Z-{pv.uuid}")
    lock = ("n2", lease.path(lease.evacuation(pv.uuid)))
    well.san.leases[lock] = "desk 2026-01-02"
    assert well.vmstore("doctor").code == 0
    del well.san.leases[lock]
    (hit,) = found(well.vmstore("doctor", "-o", "json"))
    assert hit["what"] == "old01 is half-way off it; a job that was to move volumes off it was cut off"
    assert {"node": None, "command": f"vmstore job resume {well.san.luns['fc2'].wwid}"} in hit["mend"]


def test_luns_of_another_size_or_wwid_are_found(well: Bench) -> None:
    lun = well.san.luns["fc1"]
    twin = well.san.luns["spare"]
    n3 = well.san.nodes["n3"]
    pv = well.san.label("fc1").uuid
    # LVM of n3 finds the PV on the LUN that is nobody's elsewhere.
    n3.told["pvs"] = [
        f"  {each.pv.uuid}|{twin.device('n3') if each is lun else each.device('n3')}|vmstore"
        for each in well.san.pvs()
        if each.pv
    ]
    twin.size += G
    told = {each["code"]: each for each in found(well.vmstore("doctor", "-o", "json"))}
    assert set(told) == {"VMS-D21", "VMS-D22"}
    assert told["VMS-D21"]["name"] == pv
    assert f"{lun.wwid} ({lun.device('n1')}) on n1" in told["VMS-D21"]["what"]
    assert f"{twin.wwid} ({twin.device('n3')}) on n3" in told["VMS-D21"]["what"]
    assert f"21 GiB ({21 * G} bytes) on n3" in told["VMS-D22"]["what"]
    rescan = f"echo 1 >/sys/block/{lun.device('n1')[5:]}/device/rescan"
    assert {"node": "n1", "command": rescan} in told["VMS-D22"]["mend"]


def test_where_lvm_of_a_node_cannot_read_the_vg_another_is_asked_and_that_is_found(well: Bench) -> None:
    n1 = well.san.nodes["n1"]
    n1.lvm_says = 'Volume group "vmstore" not found'
    n1.told["pvs"] = []
    n1.told["settings"] = [SETTINGS[0], '\tfilter=["r|.*|"]', *SETTINGS[2:]]
    done = well.vmstore("doctor", "-o", "json", host="n1")
    assert (done.code, done.json["unknown"]) == (ExitCode.THRESHOLD, [])
    hits = {each["code"]: each for each in found(done)}
    assert set(hits) == {"VMS-D13", "VMS-D16", "VMS-D20"}
    assert hits["VMS-D16"]["what"] == "there is no VG vmstore: LVM sees none of that name there"
    assert {"node": "n1", "command": "vgs vmstore"} in hits["VMS-D16"]["mend"]
    assert 'filter is ["r|.*|"]' in hits["VMS-D13"]["what"]
    assert len([each for each in found(done) if each["code"] == "VMS-D20"]) == 4
    # Whatever else is typed there still fails as before.
    assert well.vmstore("list", host="n1").code == ExitCode.NOT_FOUND


def test_where_no_node_can_read_the_vg_the_rest_is_checked_and_what_hangs_on_it_unknown(well: Bench) -> None:
    assert well.vmstore("list").code == 0
    names = known_names.file(well.config)
    assert names
    for node in well.san.nodes.values():
        node.lvm_says = "Cannot access VG vmstore with system ID old."
    known = names.read_text()
    well.san.services["old01"].state = "failed"
    well.san.services["web01"].frozen = True
    well.san.nodes["n3"].agent = False
    done = well.vmstore("doctor", "-o", "json")
    assert done.code == ExitCode.THRESHOLD, done.err
    assert [(each["code"], each["name"]) for each in found(done)] == [
        ("VMS-D16", "n1"),
        ("VMS-D16", "n2"),
        ("VMS-D16", "n3"),
        ("VMS-D42", "old01"),
        ("VMS-D45", "n3"),
    ]
    assert found(done)[0]["what"] == "LVM cannot be read: Cannot access VG vmstore with system ID old."
    (unknown,) = done.json["unknown"]
    assert (unknown["subject"], unknown["why"]) == ("VG vmstore", "no node can read it")
    codes = set(CODES) - set(unknown["codes"])
    assert codes == {f"VMS-D{number}" for number in (13, 16, 30, 41, 42, 45, 46, 47, 50)}
    assert names.read_text() == known != ""
    assert not well.changes()


def test_a_single_host_that_cannot_read_its_vg_says_so(single: Bench) -> None:
    single.san.nodes["host"].lvm_says = "Cannot access VG vmstore with system ID old."
    told = single.vmstore("doctor")
    assert told.code == ExitCode.THRESHOLD
    assert "error VMS-D16: VG cannot be read\n" in told.out
    assert "  - VG vmstore: no node can read it (VMS-D10, " in told.out


def test_only_root_may_look_on_a_node_itself(well: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "is_root", lambda: False)
    refused = well.vmstore("doctor", host="n1")
    assert (refused.code, refused.out) == (ExitCode.REFUSED, "")
    assert "doctor has to be run by root here" in refused.err
    assert well.runner.asked == []


def test_every_code_is_shown_to_fire() -> None:
    elsewhere = {"VMS-D14", "VMS-D16", "VMS-D21", "VMS-D22", "VMS-D24", "VMS-D47"}
    assert {case[0] for case in CASES} | elsewhere == set(CODES)
