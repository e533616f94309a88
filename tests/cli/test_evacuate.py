"""vmstore evacuate: each volume moved where it is held, nothing lost, and the PV proven empty."""

import pytest

from tests.support.bench import Bench, Outcome
from tests.support.san import G
from tests.support.san_parts import Move
from vmstore.errors import ExitCode


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """Put on iscsi1 what the storage tests put there: mounted on two nodes, inactive, and over two PVs."""
    bench.san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    bench.san.volume("db-01.prod", 4 * G, "iscsi1", active="n2", mounted=True)
    bench.san.volume("idle", 1 * G, "iscsi1")
    bench.san.volume("spread", 6 * G, ("iscsi1", "iscsi2"), active="n3", mounted=True)
    return bench


def evacuate(
    bench: Bench, *words: str, lun: str = "iscsi1", host: str | None = None, stdin: str | None = None
) -> Outcome:
    """Run it on a LUN."""
    return bench.vmstore("evacuate", bench.san.luns[lun].wwid, *words, host=host, stdin=stdin)


def empty(bench: Bench, lun: str = "iscsi1") -> bool:
    """Tell whether nothing lies on a LUN."""
    return bench.san.used(bench.san.label(lun).uuid) == []


@pytest.mark.parametrize("host", ["", "n1", "n2", "n3"])
def test_every_volume_is_moved_on_the_node_that_holds_it(busy: Bench, host: str) -> None:
    outcome = evacuate(busy, "--to", "fc", "--yes", host=host)
    assert outcome.code == ExitCode.DONE, outcome.err
    assert empty(busy)
    moved = {argv[argv.index("--name") + 1]: node for node, argv in busy.changes() if argv[0] == "pvmove"}
    assert moved == {
        "vmstore/web01": "n1",
        "vmstore/db-01.prod": "n2",
        "vmstore/idle": host or "n1",
        "vmstore/spread": "n3",
    }
    told = busy.san.volumes()
    assert {name: lv["active"] for name, lv in told.items()} == {
        "web01": ["n1"],
        "db-01.prod": ["n2"],
        "idle": [],
        "spread": ["n3"],
    }
    assert told["spread"]["classes"] == ["fc", "iscsi"]
    assert busy.san.label("iscsi1").allocatable is False
    assert busy.san.label("iscsi1").tags == {"vmstore.class=iscsi"}
    assert busy.san.summary()["marks"] == {}
    assert busy.san.leases == {}


def test_without_a_destination_it_stays_in_the_class(busy: Bench) -> None:
    assert evacuate(busy, "--yes").code == ExitCode.DONE
    told = busy.san.volumes()
    assert [lv["classes"] for lv in told.values()] == [["iscsi"]] * 4


def test_named_pvs_are_the_only_destinations(busy: Bench) -> None:
    assert evacuate(busy, "--to", busy.san.luns["fc2"].wwid, "--yes").code == ExitCode.DONE
    assert busy.san.used(busy.san.label("fc1").uuid) == []
    assert empty(busy)


@pytest.mark.parametrize("lun", ["fc1", "fc2", "iscsi1", "iscsi2"])
@pytest.mark.parametrize("host", ["", "n1", "n2", "n3"])
@pytest.mark.parametrize("by", ["wwid", "uuid", "by-id"])
def test_any_pv_may_be_named_by_wwid_uuid_or_stable_link_from_anywhere(
    bench: Bench, lun: str, host: str, by: str
) -> None:
    bench.san.volume("web01", 1 * G, lun, active="n2", mounted=True)
    wwid = bench.san.luns[lun].wwid
    text = {"wwid": wwid, "uuid": bench.san.label(lun).uuid, "by-id": f"/dev/disk/by-id/wwn-0x{wwid[1:]}"}[by]
    outcome = bench.vmstore("evacuate", text, "--yes", host=host)
    assert outcome.code == ExitCode.DONE, outcome.err
    assert empty(bench, lun)


def test_on_a_node_its_own_device_names_count(bench: Bench) -> None:
    bench.san.volume("web01", 1 * G, "fc2", active="n2", mounted=True)
    assert bench.vmstore("evacuate", "/dev/sda", "--yes", host="n2").code == ExitCode.DONE
    assert empty(bench, "fc2")
    bench.san.volume("web02", 1 * G, "iscsi2")
    assert bench.vmstore("evacuate", "/dev/mapper/mpatha", "--yes", host="n2").code == ExitCode.DONE
    assert empty(bench, "iscsi2")


def test_remove_takes_the_pv_out_and_removes_its_label(busy: Bench) -> None:
    outcome = evacuate(busy, "--to", "fc", "--remove", "--yes")
    assert outcome.code == ExitCode.DONE, outcome.err
    assert busy.san.luns["iscsi1"].pv is None
    assert "is empty and out of the VG" in outcome.err


def test_what_is_empty_is_only_cordoned(bench: Bench) -> None:
    outcome = evacuate(bench)
    assert outcome.code == ExitCode.DONE
    assert bench.san.label("iscsi1").allocatable is False
    assert [argv[0] for _, argv in bench.changes()] == ["pvchange"]


def test_small_volumes_come_first_and_what_was_begun_before_all(busy: Bench) -> None:
    lv = busy.san.lvs["db-01.prod"]
    old = [run for run in lv.runs if run.pv == busy.san.label("iscsi1").uuid]
    new = busy.san.take(1024, [busy.san.label("fc1").uuid])
    assert new is not None
    lv.move = Move(old[0].pv, old, new)
    assert evacuate(busy, "--to", "fc", "--yes").code == ExitCode.DONE
    order = [argv[argv.index("--name") + 1] for _, argv in busy.changes() if argv[0] == "pvmove"]
    assert order == ["vmstore/db-01.prod", "vmstore/idle", "vmstore/web01", "vmstore/spread"]
    assert empty(busy)


def test_the_whole_plan_must_fit_before_anything_is_moved(busy: Bench) -> None:
    busy.san.volume("full1", 15 * G, "fc1")
    busy.san.volume("full2", 17 * G, "fc2")
    before = busy.san.copy()
    outcome = evacuate(busy, "--to", "fc", "--yes")
    assert outcome.code == ExitCode.NO_ROOM
    assert "10 GiB in 4 volumes must go" in outcome.err
    assert "--to iscsi" in outcome.err
    assert busy.san == before


def test_a_volume_larger_than_any_pv_is_split_over_two(bench: Bench) -> None:
    bench.san.volume("big", 18 * G, "iscsi1", active="n1", mounted=True)
    bench.san.volume("on-fc1", 5 * G, "fc1")
    bench.san.volume("on-fc2", 5 * G, "fc2")
    assert evacuate(bench, "--to", "fc", "--yes").code == ExitCode.DONE
    assert len({run.pv for run in bench.san.lvs["big"].runs}) == 2


@pytest.mark.parametrize(
    ("typed", "code"), [("y\n", ExitCode.DONE), ("yes\n", ExitCode.DONE), ("n\n", ExitCode.REFUSED)]
)
def test_it_shows_what_it_will_do_and_asks(busy: Bench, typed: str, code: ExitCode) -> None:
    before = busy.san.copy()
    outcome = evacuate(busy, "--to", "fc", stdin=typed)
    assert outcome.code == code
    assert "move 10 GiB in 4 volumes off /dev/sdc? [y/N]" in outcome.err
    assert empty(busy) == (code == ExitCode.DONE)
    if code != ExitCode.DONE:
        assert busy.san == before


def test_the_speed_settings_of_the_configuration_reach_pvmove(busy: Bench) -> None:
    with busy.config.open("a", encoding="utf-8") as file:
        file.write("[move]\nregion_mib = 32\npoll_seconds = 3\n")
    evacuate(busy, "--to", "fc", "--yes")
    moves = [argv for _, argv in busy.changes() if argv[0] == "pvmove"]
    assert all(argv[1:5] == ("--config", "activation/raid_region_size=32768", "--interval", "3") for argv in moves)
    assert moves


def test_progress_is_told_in_bytes_over_the_whole_plan(busy: Bench) -> None:
    lines = evacuate(busy, "--to", "fc", "--yes").err.splitlines()
    told = [line.strip().split(" at ")[0].split(" is moved: ") for line in lines if " is moved: " in line]
    assert [vm for vm, _ in told] == ["idle", "web01", "spread", "db-01.prod"]
    assert [share for _, share in told] == ["1 GiB of 10 GiB", "3 GiB of 10 GiB", "6 GiB of 10 GiB", "10 GiB of 10 GiB"]


def test_json_says_what_was_moved(busy: Bench) -> None:
    told = evacuate(busy, "--to", "fc", "--yes", "-o", "json").json
    assert told["moved_bytes"] == 10 * G
    assert (told["schema"], told["kind"], told["moved_volumes"], told["changed"]) == (1, "evacuate", 4, True)
    again = evacuate(busy, "--to", "fc", "--yes", "-o", "json").json
    assert (again["moved_bytes"], again["changed"]) == (0, False)


def test_a_striped_volume_is_moved(bench: Bench) -> None:
    bench.san.volume("striped", 4 * G, ("iscsi1", "iscsi2"), layout="striped", active="n1", mounted=True)
    assert evacuate(bench, "--to", "fc", "--yes").code == ExitCode.DONE
    assert empty(bench)


def test_a_stripe_never_goes_to_the_pv_of_another_one(bench: Bench) -> None:
    bench.san.volume("striped", 4 * G, ("iscsi1", "fc1"), layout="striped", active="n1", mounted=True)
    bench.san.volume("room", 8 * G, "fc2")
    assert evacuate(bench, "--to", "fc", "--yes").code == ExitCode.DONE
    assert empty(bench)
    assert {bench.san.lun_of(run.pv).name for run in bench.san.lvs["striped"].runs} == {"fc1", "fc2"}


def test_a_striped_volume_for_which_no_other_pv_is_left_is_refused_beforehand(bench: Bench) -> None:
    bench.san.volume("striped", 4 * G, ("iscsi1", "iscsi2"), layout="striped", active="n1", mounted=True)
    before = bench.san.copy()
    refused = evacuate(bench, "--yes")
    assert refused.code == ExitCode.NO_ROOM, refused.err
    assert "LVM keeps the stripes of striped on different PVs" in refused.err
    assert bench.san == before


def test_a_volume_never_goes_to_larger_sectors(bench: Bench) -> None:
    bench.san.volume("web01", 4 * G, "iscsi1", active="n1", mounted=True)
    bench.san.volume("room", 8 * G, "fc2")
    bench.san.luns["fc1"].sector = 4096
    assert evacuate(bench, "--to", "fc", "--yes").code == ExitCode.DONE
    assert {bench.san.lun_of(run.pv).name for run in bench.san.lvs["web01"].runs} == {"fc2"}
    refused = bench.vmstore("evacuate", bench.san.luns["fc2"].wwid, "--yes")
    assert refused.code == ExitCode.NO_ROOM, refused.err
    assert "room, web01 cannot go to LUNs with larger sectors" in refused.err


def test_a_volume_may_go_to_smaller_sectors(bench: Bench) -> None:
    bench.san.volume("web01", 4 * G, "iscsi1", active="n1", mounted=True)
    bench.san.luns["iscsi1"].sector = 4096
    assert evacuate(bench, "--to", "fc", "--yes").code == ExitCode.DONE


def test_an_idle_volume_left_active_by_a_run_that_died_is_inactive_at_the_end(bench: Bench) -> None:
    lv = bench.san.volume("idle", 1 * G, "iscsi1")
    bench.san.nodes["n2"].active.add(lv.uuid)
    bench.san.nodes["n2"].marks.add("idle")
    assert evacuate(bench, "--to", "fc", "--yes").code == ExitCode.DONE
    assert bench.san.holders(lv) == []
    assert bench.san.nodes["n2"].marks == set()


def test_the_number_of_lvm_calls_beside_the_moves_does_not_grow_with_other_volumes(bench: Bench) -> None:
    def calls(others: int) -> int:
        san = bench.san.copy()
        san.volume("web01", 1 * G, "iscsi1", active="n1", mounted=True)
        for number in range(others):
            san.volume(f"vm{number}", 64 * 2**20, "fc1")
        kept, bench.san = bench.san, san
        assert evacuate(bench, "--to", "fc", "--yes").code == ExitCode.DONE
        bench.san = kept
        return len(bench.runner.asked)

    assert calls(30) == calls(0)


@pytest.mark.parametrize("by", ["wwid", "device", "by-id"])
def test_a_single_host_with_two_paths_finds_its_pv_by_any_name(single: Bench, by: str) -> None:
    lun = single.san.luns["disk1"]
    lun.paths, lun.mapper = {"host": ["sda", "sdd"]}, "mpatha"
    single.san.volume("web01", 1 * G, "disk1", active="host", mounted=True)
    text = {"wwid": lun.wwid, "device": "/dev/mapper/mpatha", "by-id": f"/dev/disk/by-id/scsi-{lun.wwid}"}[by]
    outcome = single.vmstore("evacuate", text, "--yes")
    assert outcome.code == ExitCode.DONE, outcome.err
    assert empty(single, "disk1")
