"""list, show and pv list: what an admin and a program read."""

import pytest

from tests.support.bench import Bench
from tests.support.san import G, San
from tests.support.san_parts import Move
from vmstore.errors import ExitCode


@pytest.fixture
def four(bench: Bench) -> Bench:
    """Put four volumes into the cluster, each held in another way."""
    san = bench.san
    san.volume("web01", 8 * G, "fc1", active="n1", mounted=True)
    san.volume("db-01.prod", 4 * G, ("iscsi1", "fc2"), active="n2", mounted=True)
    san.volume("idle", 1 * G, "iscsi2")
    san.volume("raw", 2 * G, "fc2", active="n3", fs="")
    return bench


def test_the_table_has_every_volume_with_size_use_place_and_holder(four: Bench) -> None:
    assert four.vmstore("list").out.splitlines() == [
        "VM           SIZE  USED  CLASS     PVS                 HELD BY  MOUNTED ON",
        "db-01.prod  4 GiB  25 %  fc,iscsi  /dev/sdb,/dev/sdc   n2       /vm/db-01.prod",
        "idle        1 GiB     -  iscsi     /dev/mapper/mpatha  nobody   -",
        "raw         2 GiB     -  fc        /dev/sdb            n3       -",
        "web01       8 GiB  25 %  fc        /dev/sda            n1       /vm/web01",
    ]


def test_json_has_a_schema_and_whole_bytes(four: Bench) -> None:
    told = four.vmstore("list", "--output", "json").json
    assert (told["schema"], told["kind"]) == (1, "volumes")
    first = told["items"][0]
    assert first == {
        "name": "db-01.prod",
        "size": 4 * G,
        "held_by": "n2",
        "mounted_on": "/vm/db-01.prod",
        "filesystem": "ext4",
        "filesystem_size": 4 * G,
        "filesystem_used": 1 * G,
        "used_percent": 25,
        "classes": ["fc", "iscsi"],
        "pvs": ["/dev/sdb", "/dev/sdc"],
        "note": "",
    }
    assert [item["held_by"] for item in told["items"]] == ["n2", None, "n3", "n1"]


def test_plain_is_one_line_a_volume_with_tabs_and_bytes(four: Bench) -> None:
    lines = four.vmstore("list", "-o", "plain").out.splitlines()
    assert lines[0] == "db-01.prod\t4294967296\t25\tfc,iscsi\t/dev/sdb,/dev/sdc\tn2\t/vm/db-01.prod\t"
    assert lines[1] == "idle\t1073741824\t\tiscsi\t/dev/mapper/mpatha\t\t\t"
    assert len(lines) == 4


def test_an_empty_vg_lists_nothing_and_succeeds(bench: Bench) -> None:
    assert bench.vmstore("list", "-o", "plain") == bench.vmstore("list", "-o", "plain")
    assert bench.vmstore("list", "-o", "plain").out == ""
    assert bench.vmstore("list", "-o", "json").json["items"] == []
    told = bench.vmstore("list")
    assert told.out.startswith("VM")
    assert told.err == "vmstore has no volumes yet; `vmstore create VM SIZE` makes one\n"


@pytest.mark.parametrize("host", ["n1", "n2", "n3"])
def test_a_node_lists_the_devices_by_its_own_names(four: Bench, host: str) -> None:
    items = four.vmstore("list", "-o", "json", host=host).json["items"]
    device = four.san.luns["fc1"].device(host)
    assert next(item for item in items if item["name"] == "web01")["pvs"] == [device]


def test_show_tells_all_of_one_volume(four: Bench) -> None:
    assert four.vmstore("show", "db-01.prod").out.splitlines() == [
        "VM           db-01.prod",
        "size         4 GiB",
        "file system  ext4, 1 GiB of 4 GiB used (25 %)",
        "class        fc, iscsi",
        "held by      n2",
        "mounted on   /vm/db-01.prod",
        "extents      2 GiB on /dev/sdc",
        "extents      2 GiB on /dev/sdb",
    ]
    told = four.vmstore("show", "idle", "-o", "json").json
    assert (told["schema"], told["kind"], told["held_by"]) == (1, "volume", None)
    assert told["extents"] == [{"pv": "/dev/mapper/mpatha", "start": 0, "size": 1 * G}]
    plain = dict(line.split("\t") for line in four.vmstore("show", "idle", "-o", "plain").out.splitlines())
    assert (plain["name"], plain["size"], plain["held_by"]) == ("idle", str(1 * G), "")


@pytest.mark.parametrize(
    ("volume", "state", "note"),
    [
        ("web01+new", "", "unfinished: create it again"),
        ("web01+gone", "", "being removed: remove it again"),
        ("web01", "twice", "active on several nodes"),
        ("web01", "suspended", "suspended"),
        ("web01", "moving", "moving"),
        ("web01", "striped", ""),
        ("web01", "raid,raid1", "its layout is raid,raid1"),
    ],
)
def test_what_is_odd_of_a_volume_is_noted(bench: Bench, volume: str, state: str, note: str) -> None:
    lv = bench.san.volume(volume, 1 * G, "iscsi1", active="n1")
    if state == "twice":
        bench.san.nodes["n2"].active.add(lv.uuid)
    elif state == "suspended":
        bench.san.nodes["n1"].suspended.add(lv.uuid)
    elif state == "moving":
        new = bench.san.take(256, [bench.san.label("fc1").uuid])
        assert new is not None
        lv.move = Move(lv.runs[0].pv, list(lv.runs), new)
    elif state:
        lv.layout = state
    items = bench.vmstore("list", "-o", "json").json["items"]
    assert [item["note"] for item in items] == [note]
    if state == "moving":
        assert items[0]["classes"] == ["fc", "iscsi"]


def test_pv_list_has_transport_class_wwid_paths_room_and_state(bench: Bench) -> None:
    san = bench.san
    san.label("fc1").tags = {"vmstore.class=gold"}
    san.label("fc2").allocatable = False
    san.label("iscsi1").tags.add("vmstore.evacuate=n2:20260101T000000Z")
    san.luns["iscsi2"].down.add(("n1", "sde"))
    told = bench.vmstore("pv", "list", "-o", "json").json
    assert (told["schema"], told["kind"]) == (1, "pvs")
    rows = {row["name"]: row for row in told["items"]}
    usable = 20 * G - 5 * 4 * 2**20
    assert rows["/dev/mapper/mpatha"] == {
        "name": "/dev/mapper/mpatha",
        "transport": "iscsi",
        "class": "iscsi",
        "wwid": san.luns["iscsi2"].wwid,
        "uuid": san.label("iscsi2").uuid,
        "paths": 2,
        "paths_up": 1,
        "size": usable,
        "free": usable,
        "cordoned": False,
        "state": "1 of 2 paths down",
    }
    assert (rows["/dev/sda"]["class"], rows["/dev/sda"]["transport"], rows["/dev/sda"]["state"]) == ("gold", "fc", "ok")
    assert (rows["/dev/sdb"]["cordoned"], rows["/dev/sdb"]["state"]) == (True, "cordoned")
    assert rows["/dev/sdc"]["state"] == "being emptied (lock on n2)"
    table = bench.vmstore("pv", "list")
    assert "1 of 2 paths down" in table.out
    assert table.err == "devices as n1 names them; the WWID is the same on every node\n"


def test_a_missing_pv_is_listed_as_missing(bench: Bench) -> None:
    del bench.san.luns["fc1"].paths["n1"]
    rows = bench.vmstore("pv", "list", "-o", "json").json["items"]
    missing = next(row for row in rows if row["uuid"] == bench.san.label("fc1").uuid)
    assert (missing["state"], missing["class"], missing["paths"]) == ("missing", "fc", 0)


def test_reading_takes_one_lvm_call_and_no_lock_whatever_the_number_of_volumes(bench: Bench) -> None:
    def asked(san: San, *words: str) -> list[str]:
        bench.san = san
        assert bench.vmstore(*words).code == ExitCode.DONE
        assert san.leases == {}
        return sorted(f"{call.node} {call.argv[0]}" for call in bench.runner.asked)

    few, many = bench.san.copy(), bench.san.copy()
    for number in range(40):
        many.volume(f"vm{number}", 64 * 2**20, "fc1", active=f"n{number % 3 + 1}", mounted=True)
    few.volume("vm0", 64 * 2**20, "fc1")
    for words in (("list",), ("show", "vm0"), ("pv", "list")):
        assert asked(many, *words) == asked(few, *words) == ["n1 lvm", "n1 sh", "n2 sh", "n3 sh"]


def test_the_single_host_is_asked_without_ssh(single: Bench) -> None:
    single.san.volume("web01", 1 * G, "disk1", active="host", mounted=True)
    outcome = single.vmstore("pv", "list")
    assert outcome.code == ExitCode.DONE
    assert outcome.err == ""
    assert {call.node for call in single.runner.asked} == {"host"}
    assert single.vmstore("list", "-o", "json").json["items"][0]["held_by"] == "host"


def test_how_full_a_file_system_is_is_rounded_down_wherever_it_is_told(four: Bench) -> None:
    with four.config.open("a", encoding="utf-8") as file:
        file.write("[growth]\ngrow = true\n")
    fs = four.san.lvs["web01"].fs
    assert fs is not None
    fs.used = fs.size * 999 // 1000
    listed = four.vmstore("list", "-o", "json").json["items"][-1]
    judged = four.vmstore("policy", "check", "-o", "json").json["items"][-1]
    assert (listed["used_percent"], judged["used_percent"]) == (99, 99)
    assert judged["over"] == "99 % of its file system is used (over 80 %)"
    assert "(99 %)" in four.vmstore("show", "web01").out
    [row] = [line for line in four.vmstore("report").out.splitlines() if line.startswith("web01 ")]
    assert " 99 % " in row
