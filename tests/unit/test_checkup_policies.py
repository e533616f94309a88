"""What counts as trouble and what does not, at the edges; that each check fires at all is shown in tests/cli."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.worlds import G, M, World, disk
from tests.unit.test_alerts import check_command
from vmstore.checkup import Guest, NodeCheckup
from vmstore.model import Inventory
from vmstore.policies import checkup, checkup_nodes
from vmstore.policies.checkup_codes import CODES
from vmstore.policies.findings import Finding, Seen
from vmstore.services import Cluster, Member, Service, State

SAME = {"filter": '["a|.*|"]', "global_filter": '["a|.*|"]', "use_devicesfile": "0"}
DEVICES = {"sda": "/dev/sda", "sdb": "/dev/sdb"}


def world(**of: Any) -> World:
    """Make two PVs on three nodes."""
    return World("n1 n2 n3", **of).pv("sda").pv("sdb", cls="iscsi", transport="iscsi")


def told(inventory: Inventory, own: Mapping[str, Mapping[str, Any]], **every: Any) -> dict[str, NodeCheckup]:
    """Have every node tell that all is well, but for what is said here, of some or of every one."""
    found = {}
    for node in inventory.nodes:
        locks = {lv.uuid: "ex" for lv in inventory.lvs}
        well: dict[str, Any] = {"settings": SAME, "devices": DEVICES, "agent": "a" * 64, "locks": locks}
        found[node] = NodeCheckup(node, **{**well, **every, **own.get(node, {})})
    return found


def findings(inventory: Inventory, *, working: frozenset[str] = frozenset(), **own: Mapping[str, Any]) -> list[Finding]:
    """Examine a cluster in which some nodes tell otherwise; ``every`` is for all of them."""
    every = own.pop("every", {})
    return list(checkup.examine(Seen(inventory, told(inventory, own, **every), {}, working)).findings)


def codes(inventory: Inventory, **own: Any) -> list[str]:
    """Give the codes of what is found."""
    return [finding.code for finding in findings(inventory, **own)]


def managed(inventory: Inventory, *services: Service, **of: Any) -> Inventory:
    """Have Pacemaker run these services."""
    members = tuple(Member(node, True, True) for node in inventory.nodes)
    cluster = Cluster("pacemaker", "n1", True, members, {service.vm: service for service in services})
    return replace(inventory, cluster=replace(cluster, **of))


def test_all_is_well() -> None:
    assert findings(world().lv("web01", 1 * G, "sda", active="n1", mounted=True).inventory()) == []


@pytest.mark.parametrize(
    ("listed", "lacking"),
    [(None, []), (frozenset({"sda", "sdb", "other"}), []), (frozenset({"sda", "other"}), ["sdb"]),
     (frozenset(), ["sda", "sdb"])],
)  # fmt: skip
def test_only_pvs_of_the_vg_have_to_be_in_a_devices_file(listed: frozenset[str] | None, lacking: list[str]) -> None:
    found = findings(world().inventory(), n2={"listed": listed})
    assert [(each.code, each.name) for each in found] == [("VMS-D14", "n2")] * bool(lacking)
    assert [tuple(mend) for each in found for mend in each.mend] == [
        ("n2", f"lvm lvmdevices --addpvid {pv}") for pv in lacking
    ]


def test_the_rules_of_most_nodes_are_held_against_the_others() -> None:
    other = {"settings": SAME | {"global_filter": '["r|sdz|"]', "use_devicesfile": "1"}}
    found = findings(world().inventory(), n1=other)
    assert [(each.code, each.name) for each in found] == [("VMS-D13", "n1")] * 2
    assert 'global_filter is ["r|sdz|"], and ["a|.*|"] on n2' in [each.what for each in found]
    assert codes(world().inventory(), every=other) == []


def test_a_filter_that_a_node_did_not_tell_differs_from_nothing() -> None:
    assert codes(world().inventory(), n3={"settings": {}, "untold": {"settings": "late"}}) == []


@pytest.mark.parametrize(
    ("lock", "allowed", "level"),
    [
        ("dlm", None, "WARNING"),
        ("", None, "ERROR"),
        ("dlm", '["vmstore"]', "WARNING"),
        ("dlm", '["other","vmstore/web01"]', "WARNING"),
        ("dlm", '["other"]', ""),
        ("dlm", "[]", ""),
    ],
)
def test_volumes_that_activate_themselves(lock: str, allowed: str | None, level: str) -> None:
    settings = SAME | ({"auto_activation_volume_list": allowed} if allowed else {})
    inventory = world(lock=lock).lv("web01", 1 * G, "sda").inventory()
    found = findings(inventory, n1={"autoactivated": ("web01",), "settings": settings}, every={"settings": settings})
    assert [(each.code, each.level.name) for each in found] == ([("VMS-D15", level)] if level else [])


def test_of_many_volumes_the_vgs_own_switch_is_turned_off() -> None:
    made = world()
    for number in range(9):
        made.lv(f"vm{number}", 8 * M, "sda")
    found = findings(made.inventory(), n1={"autoactivated": tuple(f"vm{number}" for number in range(9))})
    assert [tuple(mend) for mend in found[0].mend] == [("n1", "vgchange --setautoactivation n vmstore")]
    assert found[0].what.endswith("vm0, vm1, vm2, vm3, vm4 and 4 more")


@pytest.mark.parametrize(
    ("letters", "code", "level"),
    [("AA", "", ""), ("AAA", "", ""), ("AAF", "VMS-D24", "WARNING"), ("AF", "VMS-D23", "ERROR"),
     ("FF", "VMS-D23", "ERROR"), ("", "VMS-D23", "ERROR"), ("A", "VMS-D23", "WARNING")],
)  # fmt: skip
def test_paths_that_are_left(letters: str, code: str, level: str) -> None:
    well = {"devices": DEVICES | {"sda": "/dev/mapper/mpatha"}, "paths": {"mpatha": "AA", "mpathz": "F"}}
    found = findings(world().inventory(), n2={"paths": {"mpatha": letters}}, every=well)
    assert [(each.code, each.level.name) for each in found] == ([(code, level)] if code else [])


def test_a_bare_path_where_other_nodes_have_multipath_is_the_only_one() -> None:
    multipath = {"devices": DEVICES | {"sda": "/dev/mapper/mpatha"}, "paths": {"mpatha": "AA"}}
    found = findings(world().inventory(), n1=multipath, n3=multipath)
    assert [(each.code, each.level.name) for each in found] == [("VMS-D23", "ERROR")]
    assert found[0].what == "/dev/sda on n2 is one path, and no multipath device as elsewhere"


def test_a_pv_that_no_node_sees_is_said_to_be_gone() -> None:
    found = findings(world().inventory(), every={"devices": {"sda": "/dev/sda"}})
    assert [(each.code, each.name) for each in found] == [("VMS-D20", "wwid-sdb")]
    assert found[0].what == "n1, n2, n3 do not see it; no node does"
    blind = findings(world().inventory(), n1={"devices": {}, "untold": {"pvs": "late"}})
    assert blind == []


def test_a_smaller_disk_behind_multipath_is_read_anew_on_its_node() -> None:
    old = disk("/dev/mapper/mpatha", wwid="wwid-sda", size=5 * G)
    inventory = world(blocks={"n3": (old, disk("/dev/sdb"))}).inventory()
    found = findings(inventory, n3={"devices": DEVICES | {"sda": "/dev/mapper/mpatha"}})
    assert [each.code for each in found] == ["VMS-D22"]
    assert [mend.node for mend in found[0].mend] == ["n3", "n3"]
    assert found[0].mend[1].command == "multipathd resize map mpatha"


def moving(lease: str = "") -> Inventory:
    """Have LVM be half-way with web01 off sda."""
    made = World("n1 n2 n3").pv("sda", lease=lease).pv("sdb")
    made.lv("web01", 1 * G, "sda", moving_in=("pvmove0",))
    return made.lv("pvmove0", 1 * G, "sda sdb", role="private,pvmove", move_source="/dev/sda").inventory()


def test_a_move_is_half_done_where_no_job_is_at_work_on_it() -> None:
    assert codes(moving(), working=frozenset({"sda"})) == []
    assert codes(moving(), working=frozenset({"sdb"})) == ["VMS-D31"]
    assert findings(moving())[0].mend[-1] == ("", "vmstore evacuate wwid-sda")
    cut_off = findings(moving("n1:20260102T030405Z-sda"))[0]
    assert cut_off.what == "web01 is half-way off it; a job that was to move volumes off it was cut off"
    assert cut_off.mend[-1] == ("", "vmstore job resume wwid-sda")


def test_a_job_that_was_cut_off_between_two_volumes_is_half_done_too() -> None:
    made = World("n1 n2 n3").pv("sda", lease="n1:20260102T030405Z-sda").pv("sdb").inventory()
    assert [each.what for each in findings(made)] == ["a job that was to move volumes off it was cut off"]
    assert codes(made, working=frozenset({"sda"})) == []


def test_a_lock_counts_where_the_node_told_of_its_locks() -> None:
    inventory = world().lv("web01", 1 * G, "sda", active="n1", mounted=True).inventory()
    assert codes(inventory, n1={"locks": {}}) == ["VMS-D33"]
    assert codes(inventory, n2={"locks": {}}) == []
    assert codes(inventory, n1={"locks": {}, "untold": {"locks": "late"}}) == []
    shared = findings(inventory, n1={"locks": {"uuid-web01": "sh"}})
    assert shared[0].what == "mounted on n1 at /vm/web01, but its lock there is shared"
    assert [mend.command for mend in shared[0].mend] == [
        "umount /vm/web01", "lvchange -an vmstore/web01", "lvchange -aey vmstore/web01",
        "mount /dev/vmstore/web01 /vm/web01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "role", "found"),
    [("linear", "public", ["VMS-D33"]), ("thin,sparse", "public", []), ("linear", "public,origin", [])],
)
def test_a_thin_volume_has_its_pools_lock_and_a_snapshot_its_origins(layout: str, role: str, found: list[str]) -> None:
    made = world().lv("web01", 1 * G, "sda", active="n1", mounted=True, layout=layout, role=role)
    inventory = made.inventory()
    assert codes(inventory, n1={"locks": {}}) == found


def test_what_is_to_be_typed_is_quoted_for_the_shell() -> None:
    found = findings(world().inventory(), n1={"suspended": ("odd;name",)})
    assert found[0].mend[1] == ("n1", "dmsetup resume 'odd;name'")


@pytest.mark.parametrize(
    ("guest", "found"),
    [
        (Guest(400 * M), []),
        (Guest(481 * M), []),
        (Guest(482 * M), ["VMS-D34"]),
        (Guest(964 * M, 520 * M), []),
        (Guest(0), []),
    ],
)
def test_half_of_a_gibibyte_is_room_for_that_much_memory(guest: Guest, found: list[str]) -> None:
    inventory = world().lv("web01", 1 * G, "sda", active="n1", mounted=True).inventory()
    assert codes(inventory, n1={"guests": {"web01": guest}}) == found
    assert codes(inventory, n1={"guests": {"web01": guest}, "suspends": False}) == []


def test_what_a_vm_grows_by_leaves_it_the_room_that_it_lacked() -> None:
    inventory = world().lv("web01", 1 * G, "sda", active="n1", mounted=True).inventory()
    found = findings(inventory, n1={"guests": {"web01": Guest(640 * M)}})
    # 680 MiB are needed and 512 free: 168, and what the file system takes of them.
    assert found[0].mend == (("", "vmstore grow web01 +177M"),)


def test_fencing_is_worse_off_where_somebody_starts_services_elsewhere() -> None:
    off = {"dlm_fences": False}
    assert [each.level.name for each in findings(world().inventory(), n2=off)] == ["WARNING"]
    assert [each.level.name for each in findings(managed(world().inventory()), n2=off)] == ["ERROR"]
    assert codes(world(lock="sanlock").inventory(), n2=off) == []
    found = findings(managed(world().inventory()), n1={"unfenced": ("stonith-enabled is false",)})
    assert [(each.code, each.what) for each in found] == [("VMS-D40", "stonith-enabled is false")]


def test_a_manager_that_cannot_act_is_told_of_once() -> None:
    inventory = world().inventory()
    assert [each.what for each in findings(managed(inventory, trouble="it hangs", quorate=False))] == [
        "it does not tell the states of its services: it hangs"
    ]
    lost = (Member("n1", True, True), Member("n2", False, False, unclean=True))
    assert [(each.code, each.what) for each in findings(managed(inventory, members=lost))] == [
        ("VMS-D41", "n2 is lost and not fenced yet")
    ]
    quorum_disk = (Member("/dev/sdq", True, False), Member("n2", True, False))
    assert [(each.code, each.name) for each in findings(managed(inventory, members=quorum_disk))] == [("VMS-D46", "n2")]


def test_who_froze_a_service_is_told_and_a_job_at_work_may_freeze_it() -> None:
    inventory = managed(
        world().lv("web01", 1 * G, "sda", active="n1", mounted=True).inventory(),
        Service("web01", State.STARTED, "n1", frozen=True),
    )
    assert findings(inventory)[0].what == "frozen by hand"
    assert codes(inventory, working=frozenset({"sda"})) == []
    tagged = replace(inventory.pvs[0], tags=inventory.pvs[0].tags | {"vmstore.freeze=web01:n1:lock"})
    own = replace(inventory, pvs=(tagged, *inventory.pvs[1:]))
    assert findings(own)[0].what == "frozen by a run of vmstore that was cut off"


@pytest.mark.parametrize(
    ("service", "active", "found"),
    [
        (Service("web01", State.STARTED, "n1"), "n1", []),
        (Service("web01", State.STOPPED), "", []),
        (Service("web01", State.STARTED, "n1"), "", ["VMS-D44"]),
        (Service("web01", State.STARTED, "n2"), "n1", ["VMS-D44"]),
        (Service("web01", State.STARTING, "n2"), "", []),
        (Service("web01", State.UNKNOWN, detail="active on n1, n2"), "", ["VMS-D42"]),
    ],
)
def test_a_service_is_where_its_volume_is_used(service: Service, active: str, found: list[str]) -> None:
    made = world().lv("web01", 1 * G, "sda", active=active, mounted=bool(active)).inventory()
    guests = {"guests": {"web01": Guest(1 * M)}}
    assert codes(managed(made, service), every=guests) == found


def test_a_node_that_is_silent_may_well_have_the_volume() -> None:
    made = world(silent={"n3": "does not answer"}).lv("web01", 1 * G, "sda").inventory()
    assert codes(managed(made, Service("web01", State.STARTED, "n3"))) == []


def test_a_shutdown_that_does_not_wait_is_mended_on_that_node() -> None:
    found = findings(managed(world().inventory()), n2={"unordered": ("libvirtd.service", "dlm.service")})
    assert [(each.code, each.name, each.level.name) for each in found] == [("VMS-D47", "n2", "WARNING")]
    assert {mend.node for mend in found[0].mend} == {"n2"}
    written = "printf '[Unit]\\nAfter=%s\\n' 'libvirtd.service dlm.service' >>"
    assert [mend.command.startswith(written) for mend in found[0].mend] == [False, True, False]


def test_a_mount_that_is_one_too_many_is_never_that_of_the_node_where_the_vm_runs() -> None:
    made = world().lv("web01", 1 * G, "sda", active="n1 n2 n3", mounted=True).inventory()
    for owner, others in (("n2", ["n1", "n3"]), ("n1", ["n2", "n3"])):
        found = findings(managed(made, Service("web01", State.STARTED, owner)))
        (twice,) = (each for each in found if each.code == "VMS-D33")
        assert [mend.node for mend in twice.mend if mend.command == "umount /vm/web01"] == others


def test_a_node_in_maintenance_is_brought_back_as_one_in_standby_is() -> None:
    members = (Member("n1", True, True), Member("n2", True, True), Member("n3", True, False))
    (found,) = findings(managed(world().inventory(), members=members))
    assert [tuple(mend) for mend in found.mend] == [
        ("n1", "crm_standby --delete --node n3"),
        ("n1", "crm_attribute --node n3 --name maintenance --delete"),
    ]


def test_an_lvm_from_before_devices_files_goes_by_filters_as_one_that_uses_none_does() -> None:
    older = {key: value for key, value in SAME.items() if key != "use_devicesfile"}
    assert codes(world().inventory(), n3={"settings": older}) == []
    assert codes(world().inventory(), n3={"settings": {**SAME, "use_devicesfile": "1"}}) == ["VMS-D13"]


def test_agents_are_alike_or_there_are_none() -> None:
    inventory = world().inventory()
    other = findings(inventory, n1={"agent": "b" * 64})
    assert [(each.code, each.name, each.level.name) for each in other] == [("VMS-D45", "n1", "WARNING")]
    # The agent of this vmstore may be another than that of the others.
    assert [tuple(mend) for mend in other[0].mend] == [("", "vmstore agent check"), ("", "vmstore agent deploy")]
    missing = findings(inventory, n3={"agent": ""})
    assert [(each.code, each.name, each.level.name) for each in missing] == [("VMS-D45", "n3", "ERROR")]
    assert codes(inventory, every={"agent": ""}) == []


@pytest.mark.parametrize(
    ("n1", "n2", "n3", "found"),
    [
        ((0, 1), (0, 1), (0, 1), []),
        ((0, 1), (-9, 1), (0, 1), []),
        ((0, 1), (checkup_nodes.APART + 1, 9), (0, 1), []),
        ((0, 1), (checkup_nodes.APART + 1.1, 9), (0, 1), ["n2"]),
        ((0, 1), (0, 1), (-60, -59), ["n3"]),
        ((0, 1), (100, 101), (200, 201), ["n1", "n3"]),
    ],
)
def test_a_clock_counts_as_apart_when_that_is_sure(
    n1: tuple[float, float], n2: tuple[float, float], n3: tuple[float, float], found: list[str]
) -> None:
    seen = findings(world().inventory(), n1={"ahead": n1}, n2={"ahead": n2}, n3={"ahead": n3})
    assert [(each.code, each.name) for each in seen] == [("VMS-D50", name) for name in found]


@pytest.mark.parametrize(
    ("part", "lock", "counts"),
    [
        ("pvs", "dlm", True),
        ("locks", "dlm", True),
        ("locks", "", False),
        ("dlm", "dlm", True),
        ("dlm", "sanlock", False),
    ],
)
def test_what_is_untold_counts_where_something_hangs_on_it(part: str, lock: str, counts: bool) -> None:
    inventory = world(lock=lock).inventory()
    seen = told(inventory, {"n2": {"untold": {part: "late"}}})
    unknown = checkup.examine(Seen(inventory, seen)).unknown
    assert [(each.name, each.why) for each in unknown] == [("node n2", f"{part}: late")] * counts
    assert all(each.codes for each in unknown)


def test_a_node_that_is_silent_is_named_once_and_counts_for_no_check() -> None:
    inventory = world(silent={"n3": "does not answer"}).inventory()
    found = checkup.examine(Seen(inventory, told(inventory, {}), {"n3": "does not answer (no route)"}))
    assert [(each.name, each.why, each.codes) for each in found.unknown] == [
        ("node n3", "does not answer (no route)", ())
    ]
    assert (found.nodes, found.checks) == (2, len(CODES))


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_a_code_has_one_sentence_and_commands_that_exist(code: Any) -> None:
    assert re.fullmatch(r"VMS-D[1-5][0-9]", code.code)
    assert re.fullmatch(r"[A-Z][^.]*\.", code.meaning)
    assert code.title[0] != " "
    assert code.help
    for line in code.help:
        if line.startswith("vmstore "):
            check_command(line.split()[1:])
