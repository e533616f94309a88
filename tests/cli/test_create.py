"""vmstore create: where the volume lies, what is on it, and how it is left."""

import pytest

from tests.support.bench import Bench
from tests.support.san import EXTENT, G, M
from vmstore.errors import ExitCode


def made(bench: Bench, *words: str) -> dict[str, object]:
    """Create a volume and say what it is like."""
    outcome = bench.vmstore("create", "web01", *words)
    assert outcome.code == ExitCode.DONE, outcome.err
    return dict(bench.san.volumes()["web01"])


def test_it_is_inactive_with_an_ext4_file_system_that_fills_it(bench: Bench) -> None:
    assert made(bench, "8G") == {
        "size": 8 * G,
        "layout": "linear",
        "filesystem": ("ext4", 8 * G),
        "active": [],
        "mounted": [],
        "classes": ["fc"],
        "moving": False,
        "data": "",
    }
    lv = bench.san.lvs["web01"]
    assert lv.fs is not None
    assert lv.fs.label == "web01"


def test_activate_leaves_it_active_on_the_node_that_made_it(bench: Bench) -> None:
    assert made(bench, "8G", "--activate")["active"] == ["n1"]


def test_a_node_makes_it_on_itself(bench: Bench) -> None:
    assert bench.vmstore("create", "web01", "8G", host="n3").code == ExitCode.DONE
    assert {node for node, _ in bench.changes()} == {"n3"}


def test_ext3_is_made_where_it_is_asked_for(bench: Bench) -> None:
    assert made(bench, "8G", "--fs", "ext3")["filesystem"] == ("ext3", 8 * G)


def test_the_configuration_chooses_file_system_share_for_root_and_class(bench: Bench) -> None:
    with bench.config.open("a", encoding="utf-8") as file:
        file.write('[filesystem]\ntype = "ext3"\nreserved_percent = 5\n[placement]\nclasses = ["iscsi", "fc"]\n')
    told = made(bench, "8G")
    assert (told["filesystem"], told["classes"]) == (("ext3", 8 * G), ["iscsi"])
    assert ("n1", ("mkfs.ext3", "-q", "-m", "5", "-L", "web01", "/dev/vmstore/web01+new")) in bench.changes()


def test_the_configuration_says_which_pv_comes_first_and_whether_volumes_are_spread(bench: Bench) -> None:
    bench.san.volume("x", G, "fc1")
    assert made(bench, "8G", "--class", "fc")["size"] == 8 * G
    whole = bench.config.read_text(encoding="utf-8")
    bench.config.write_text(f'{whole}[placement]\nfirst = "fullest"\nspread = false\n')
    assert bench.vmstore("create", "web02", "8G", "--class", "fc").code == ExitCode.DONE
    places = {vm: {run.pv for run in bench.san.lvs[vm].runs} for vm in ("x", "web01", "web02")}
    fc1, fc2 = ({bench.san.label(lun).uuid} for lun in ("fc1", "fc2"))
    assert places == {"x": fc1, "web01": fc2, "web02": fc2}
    refused = bench.vmstore("create", "web03", "30G", "--class", "fc")
    assert refused.code == ExitCode.NO_ROOM
    assert "no volume is spread over more PVs ([placement])" in refused.err


def test_a_class_is_obeyed(bench: Bench) -> None:
    assert made(bench, "8G", "--class", "iscsi")["classes"] == ["iscsi"]


@pytest.mark.parametrize("lun", ["fc2", "iscsi1", "iscsi2"])
@pytest.mark.parametrize("host", ["", "n1", "n2"])
def test_a_pv_is_obeyed_by_its_wwid_from_anywhere(bench: Bench, lun: str, host: str) -> None:
    outcome = bench.vmstore("create", "web01", "8G", "--pv", bench.san.luns[lun].wwid, host=host)
    assert outcome.code == ExitCode.DONE, outcome.err
    assert {run.pv for run in bench.san.lvs["web01"].runs} == {bench.san.label(lun).uuid}


def test_a_pv_is_obeyed_by_its_uuid_and_on_a_node_by_its_device(bench: Bench) -> None:
    assert bench.vmstore("create", "web01", "8G", "--pv", bench.san.label("fc2").uuid).code == ExitCode.DONE
    assert bench.vmstore("create", "web02", "8G", "--pv", "/dev/sda", host="n2").code == ExitCode.DONE
    assert {run.pv for name in ("web01", "web02") for run in bench.san.lvs[name].runs} == {bench.san.label("fc2").uuid}


def test_it_lies_on_the_pv_with_most_room_and_on_two_only_if_it_must(bench: Bench) -> None:
    bench.san.volume("other", 10 * G, "fc1")
    made(bench, "12G", "--class", "fc")
    assert {run.pv for run in bench.san.lvs["web01"].runs} == {bench.san.label("fc2").uuid}
    assert bench.vmstore("create", "web02", "16G", "--class", "fc").code == ExitCode.DONE
    assert len({run.pv for run in bench.san.lvs["web02"].runs}) == 2


def test_the_next_class_is_taken_where_the_first_is_full(bench: Bench) -> None:
    for name in ("fc1", "fc2"):
        bench.san.volume(f"on-{name}", 19 * G, name)
    assert made(bench, "8G")["classes"] == ["iscsi"]
    outcome = bench.vmstore("create", "web02", "8G", "--class", "fc")
    assert outcome.code == ExitCode.NO_ROOM
    assert "class fc has 1.96 GiB free" in outcome.err


def test_nothing_is_put_on_a_pv_that_is_cordoned_or_being_emptied(bench: Bench) -> None:
    bench.san.label("fc1").allocatable = False
    bench.san.label("fc2").tags.add("vmstore.evacuate=n1:20260101T000000Z")
    assert made(bench, "8G")["classes"] == ["iscsi"]


def test_the_size_is_rounded_up_to_whole_extents(bench: Bench) -> None:
    assert made(bench, "5M")["size"] == 2 * EXTENT
    assert bench.vmstore("create", "web01", "8M").code == ExitCode.DONE
    assert bench.vmstore("create", "web01", "5M").code == ExitCode.DONE
    assert "nothing was changed" in bench.vmstore("create", "web01", "7M").err
    assert bench.san.lvs["web01"].size == 8 * M


def test_an_old_lvm_is_not_asked_for_what_it_does_not_know(bench: Bench) -> None:
    bench.san.lvm_version = "2.03.11(2) (2021-01-08)"
    made(bench, "8G")
    assert not any("--setautoactivation" in argv for _, argv in bench.changes())
    bench.san.lvm_version = "2.03.12(2) (2021-05-07)"
    assert bench.vmstore("create", "web02", "8G", "--class", "fc").code == ExitCode.DONE
    assert any("--setautoactivation" in argv for _, argv in bench.changes())


def test_json_says_what_is_there_now(bench: Bench) -> None:
    told = bench.vmstore("create", "web01", "8G", "-o", "json")
    made = {"vm": "web01", "size": 8 * G, "service": False, "changed": True}
    assert told.json == {"schema": 1, "kind": "create", **made}
    again = bench.vmstore("create", "web01", "8G", "-o", "json").json
    assert again == {"schema": 1, "kind": "create", **made, "changed": False}


def test_a_half_of_an_earlier_run_that_took_all_the_room_does_not_block_it(bench: Bench) -> None:
    words = ("create", "web01", "35G", "--class", "fc")
    bench.vmstore(*words, cut_at=1)
    assert list(bench.san.lvs) == ["web01+new"]
    again = bench.vmstore(*words)
    assert again.code == ExitCode.DONE, again.err
    assert list(bench.san.lvs) == ["web01"]


def test_a_half_made_volume_of_another_size_is_thrown_away(bench: Bench) -> None:
    bench.vmstore("create", "web01", "8G", cut_at=1)
    assert bench.vmstore("create", "web01", "2G").code == ExitCode.DONE
    assert {name: lv.size for name, lv in bench.san.lvs.items()} == {"web01": 2 * G}


def test_what_lvcreate_says_of_no_room_is_passed_on(bench: Bench) -> None:
    def fill(moment: int) -> None:
        raise AssertionError("nothing is changed")

    outcome = bench.vmstore("create", "web01", "8G", fail=0, on_moment=fill)
    assert outcome.code == ExitCode.TOOL
    assert "n1: lvcreate: this failure was asked for by the test" in outcome.err
    assert "run it on n1 to see all it says: lvcreate --yes" in outcome.err
    assert bench.san.lvs == {}


def test_a_file_system_that_was_not_made_is_told_as_a_failure_and_the_volume_is_taken_back(bench: Bench) -> None:
    outcome = bench.vmstore("create", "web01", "8G", lie=1)
    assert outcome.code == ExitCode.TOOL, outcome.err
    assert bench.san.lvs == {}


@pytest.mark.parametrize("words", [(), ("--dry-run",), ("-o", "json")])
def test_a_size_that_is_rounded_up_to_extents_is_told(bench: Bench, words: tuple[str, ...]) -> None:
    told = "vmstore: 1K is rounded up to 4M, since LVM gives whole extents of 4M"
    assert bench.vmstore("create", "web01", "1K", *words).err.splitlines()[0] == told
    assert "is rounded up" not in bench.vmstore("create", "web02", "4M", *words).err


def test_a_second_run_with_a_size_that_is_rounded_up_says_so_again(bench: Bench) -> None:
    assert made(bench, "1K")["size"] == EXTENT
    assert bench.vmstore("create", "web01", "1K").err.splitlines() == [
        "vmstore: 1K is rounded up to 4M, since LVM gives whole extents of 4M",
        "web01 has its volume of 4 MiB already; nothing was changed",
    ]
