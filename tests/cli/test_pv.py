"""vmstore pv add, remove, cordon, uncordon."""

import pytest

from tests.support import san_report, san_runner
from tests.support.bench import Bench
from tests.support.san import G, Node, San
from vmstore.errors import ExitCode


@pytest.mark.parametrize("host", ["", "n1", "n2"])
def test_add_makes_a_pv_with_room_for_metadata_and_records_its_class(bench: Bench, host: str) -> None:
    wwid = bench.san.luns["spare"].wwid
    outcome = bench.vmstore("pv", "add", wwid, "--yes", host=host)
    assert outcome.code == ExitCode.DONE, outcome.err
    device = bench.san.luns["spare"].device(host or "n1")
    assert bench.changes() == [
        (host or "n1", ("vgextend", "--metadatasize", "16m", "vmstore", device)),
        (host or "n1", ("pvchange", "--addtag", "vmstore.class=fc", device)),
    ]
    assert bench.san.label("spare").tags == {"vmstore.class=fc"}


def test_add_records_another_class_and_changes_it_when_asked_again(bench: Bench) -> None:
    wwid = bench.san.luns["spare"].wwid
    for name in ("gold", "silver"):
        assert bench.vmstore("pv", "add", wwid, "--class", name, "--yes").code == ExitCode.DONE
        assert bench.san.label("spare").tags == {f"vmstore.class={name}"}
    assert bench.vmstore("pv", "add", wwid, "--yes").code == ExitCode.DONE
    assert bench.san.label("spare").tags == {"vmstore.class=silver"}


def test_add_of_a_lun_over_two_paths_takes_the_multipath_device_whatever_it_is_called(bench: Bench) -> None:
    lun = bench.san.luns["iscsi2"]
    for host in ("", "n1"):
        for text in (lun.wwid, "/dev/mapper/mpatha", f"/dev/disk/by-id/wwn-0x{lun.wwid[1:]}"):
            lun.pv = None
            outcome = bench.vmstore("pv", "add", text, "--yes", host=host)
            assert outcome.code == ExitCode.DONE, f"{text} from {host}: {outcome.err}"
            assert bench.san.label("iscsi2").vg == "vmstore"


def test_add_of_a_lun_with_other_sectors_is_refused_before_lvm_is_asked(bench: Bench) -> None:
    bench.san.luns["spare"].sector = 4096
    outcome = bench.vmstore("pv", "add", bench.san.luns["spare"].wwid, "--yes", host="n1")
    assert outcome.code == ExitCode.REFUSED, outcome.err
    assert "/dev/sdf has sectors of 4096 bytes" in outcome.err
    assert "the PVs of vmstore have 512" in outcome.err
    assert bench.changes() == []


def test_add_of_a_lun_that_has_another_size_on_a_node_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def shrunk(san: San, node: Node, parts: list[str]) -> str:
        if node.name == "n3":
            san = san.copy()
            san.luns["spare"].size = 10 * G
        return san_report.probe(san, node, parts)

    monkeypatch.setattr(san_runner, "probe", shrunk)
    outcome = bench.vmstore("pv", "add", bench.san.luns["spare"].wwid, "--yes")
    assert outcome.code == ExitCode.REFUSED
    assert f"n3 sees it with {10 * G} bytes, n1 with {20 * G}" in outcome.err


@pytest.mark.parametrize(("typed", "code"), [("y\n", ExitCode.DONE), ("\n", ExitCode.REFUSED)])
def test_add_and_remove_ask_first(bench: Bench, typed: str, code: ExitCode) -> None:
    wwid = bench.san.luns["spare"].wwid
    outcome = bench.vmstore("pv", "add", wwid, stdin=typed)
    assert outcome.code == code
    assert "1. take /dev/sdf into vmstore" in outcome.err
    assert bool(bench.changes()) == (code == ExitCode.DONE)
    outcome = bench.vmstore("pv", "remove", bench.san.luns["fc1"].wwid, stdin=typed)
    assert outcome.code == code
    assert bool(bench.changes()) == (code == ExitCode.DONE)


def test_remove_takes_out_what_is_empty_and_leaves_a_blank_disk(bench: Bench) -> None:
    assert bench.vmstore("pv", "remove", bench.san.luns["fc1"].wwid, "--yes").code == ExitCode.DONE
    assert bench.san.luns["fc1"].pv is None
    assert bench.vmstore("pv", "add", bench.san.luns["fc1"].wwid, "--yes").code == ExitCode.DONE


def test_remove_of_the_last_pv_is_refused(single: Bench) -> None:
    assert single.vmstore("pv", "remove", "/dev/sda", "--yes").code == ExitCode.DONE
    outcome = single.vmstore("pv", "remove", "/dev/sdb", "--yes")
    assert outcome.code == ExitCode.REFUSED
    assert "is the last PV of vmstore" in outcome.err


def test_remove_names_at_most_five_of_what_lies_there(bench: Bench) -> None:
    for number in range(7):
        bench.san.volume(f"vm{number}", 64 * 2**20, "fc1")
    outcome = bench.vmstore("pv", "remove", bench.san.luns["fc1"].wwid, "--yes")
    assert "extents of vm0, vm1, vm2, vm3, vm4 and others lie on it" in outcome.err


def test_cordon_keeps_new_volumes_off_and_uncordon_lets_them_on(bench: Bench) -> None:
    for name in ("fc1", "fc2"):
        assert bench.vmstore("pv", "cordon", bench.san.luns[name].wwid).code == ExitCode.DONE
    assert bench.vmstore("create", "web01", "1G", "--class", "fc").code == ExitCode.REFUSED
    assert bench.vmstore("pv", "uncordon", bench.san.luns["fc1"].wwid).code == ExitCode.DONE
    assert bench.vmstore("create", "web01", "1G", "--class", "fc").code == ExitCode.DONE


def test_uncordon_gives_up_an_evacuation_that_was_cut_off(bench: Bench) -> None:
    bench.san.label("fc1").allocatable = False
    bench.san.label("fc1").tags.add("vmstore.evacuate=n2:20260101T000000Z")
    assert bench.vmstore("pv", "uncordon", bench.san.luns["fc1"].wwid).code == ExitCode.DONE
    assert bench.san.label("fc1").tags == {"vmstore.class=fc"}
    assert bench.san.label("fc1").allocatable is True


@pytest.mark.parametrize("verb", ["cordon", "uncordon"])
def test_a_pv_that_is_so_already_is_told_in_a_whole_sentence(bench: Bench, verb: str) -> None:
    wwid = bench.san.luns["fc1"].wwid
    bench.vmstore("pv", verb, wwid)
    outcome = bench.vmstore("pv", verb, wwid)
    assert outcome.err.endswith("already; nothing was changed\n")
    assert "takes no new volumes already" not in outcome.err


def test_json_says_whether_anything_changed(bench: Bench) -> None:
    wwid = bench.san.luns["fc1"].wwid
    told = bench.vmstore("pv", "cordon", wwid, "-o", "json").json
    assert (told["schema"], told["kind"], told["changed"]) == (1, "pv-cordon", True)
    assert bench.vmstore("pv", "cordon", wwid, "-o", "json").json["changed"] is False
