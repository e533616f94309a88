"""Two runs at once: one does the work, the other is refused or finds it done; never both."""

import time

import pytest

from tests.support.bench import KILLED, Bench
from tests.support.san import G
from vmstore.errors import ExitCode
from vmstore.jobs import lease


@pytest.mark.parametrize(
    ("words", "lock"),
    [
        (("create", "web02", "1G"), "volume.web02"),
        (("grow", "web01", "10G"), "volume.web01"),
        (("remove", "web01", "--confirm", "web01"), "volume.web01"),
    ],
    ids=["create", "grow", "remove"],
)
def test_a_volume_that_another_run_works_on_is_refused(bench: Bench, words: tuple[str, ...], lock: str) -> None:
    bench.san.volume("web01", 8 * G, "fc1")
    bench.san.leases["n1", f"/run/vmstore/lock/{lock}"] = "root on n2 (process 7) at 2026-01-01T00:00:00Z"
    before = bench.san.copy()
    outcome = bench.vmstore(*words)
    assert outcome.code == ExitCode.LOCKED
    assert "started by root on n2 (process 7) at 2026-01-01T00:00:00Z" in outcome.err
    assert bench.san == before


def test_a_second_evacuation_of_a_pv_is_refused_while_the_first_runs(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    wwid = bench.san.luns["iscsi1"].wwid
    assert bench.vmstore("evacuate", wwid, "--to", "fc", "--yes", host="n1", cut_at=1).code == KILLED
    # The run is not dead: its lock is still held.
    path = f"/run/vmstore/lock/evacuate.{bench.san.label('iscsi1').uuid}"
    bench.san.leases["n1", path] = "root on n1 (process 7)"
    before = bench.san.copy()
    for host in ("", "n1", "n2"):
        outcome = bench.vmstore("evacuate", wwid, "--to", "fc", "--yes", host=host)
        assert outcome.code == ExitCode.LOCKED, outcome.err
        assert "root on n1 (process 7)" in outcome.err
        outcome = bench.vmstore("pv", "uncordon", wwid, host=host)
        assert outcome.code == ExitCode.LOCKED, outcome.err
        assert bench.san == before


def test_two_that_begin_in_the_same_moment_do_not_both_go_on(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    other = "vmstore.evacuate=n2:20260102T115959Z"

    def begin_too(moment: int) -> None:
        if moment == 0:
            bench.san.label("iscsi1").tags.add(other)

    outcome = bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--yes", host="n1", on_moment=begin_too)
    assert outcome.code == ExitCode.LOCKED, outcome.err
    assert bench.san.label("iscsi1").tags == {"vmstore.class=iscsi", other}
    assert bench.san.luns_class(bench.san.lvs["web01"].runs[0].pv) == "iscsi"
    assert bench.san.lvs["web01"].move is None


def test_a_run_that_lost_its_lock_begins_nothing_more(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "BEAT", 0.005)
    for number in (1, 2):
        bench.san.volume(f"web0{number}", 2 * G, "iscsi1", active="n1", mounted=True)

    def lose(moment: int) -> None:
        if moment == 1:
            bench.san.leases.clear()
            time.sleep(0.1)

    outcome = bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", on_moment=lose)
    assert outcome.code == ExitCode.RESUMABLE, outcome.err
    assert "lost the lock of emptying" in outcome.err
    assert bench.san.lvs["web01"].move is None
    left = [lv.name for lv in bench.san.lvs.values() if bench.san.luns_class(lv.runs[0].pv) == "iscsi"]
    assert left == ["web02"]


def test_a_create_that_lost_its_lock_takes_nothing_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "BEAT", 0.005)

    def lose(moment: int) -> None:
        if moment == 0:
            bench.san.leases.clear()
            time.sleep(0.1)

    outcome = bench.vmstore("create", "web01", "8G", on_moment=lose)
    assert outcome.code == ExitCode.RESUMABLE, outcome.err
    assert "lvremove" not in [argv[0] for _, argv in bench.changes()]


def test_a_volume_made_meanwhile_on_the_pv_that_is_emptied_is_moved_too(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)

    def make(moment: int) -> None:
        if moment == 2:
            bench.san.volume("late", 1 * G, "iscsi1")

    outcome = bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", on_moment=make)
    assert outcome.code == ExitCode.DONE, outcome.err
    assert bench.san.used(bench.san.label("iscsi1").uuid) == []
    assert bench.san.label("iscsi1").tags == {"vmstore.class=iscsi"}


def test_where_volumes_are_made_on_that_pv_again_and_again_the_job_stops_and_can_be_taken_up(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    wwid = bench.san.luns["iscsi1"].wwid

    def make(moment: int) -> None:
        if not bench.san.used(bench.san.label("iscsi1").uuid):
            bench.san.volume(f"late{moment}", 1 * G, "iscsi1")

    outcome = bench.vmstore("evacuate", wwid, "--to", "fc", "--yes", on_moment=make)
    assert outcome.code == ExitCode.RESUMABLE, outcome.err
    assert "new extents keep appearing on /dev/sdc" in outcome.err
    assert sum(argv[0] == "pvmove" for _, argv in bench.changes()) == 3
    taken_up = bench.vmstore("job", "resume", wwid, "--yes", host="n2")
    assert taken_up.code == ExitCode.DONE, taken_up.err
    assert bench.san.used(bench.san.label("iscsi1").uuid) == []


def test_a_vm_that_was_relocated_before_its_turn_has_its_volume_moved_where_it_is_then(bench: Bench) -> None:
    for number in (1, 2):
        bench.san.volume(f"web0{number}", number * G, "iscsi1", active="n1", mounted=True)
        bench.san.serve(f"web0{number}", "n1")

    def relocate(moment: int) -> None:
        if bench.runner.changes[-1].argv[0] == "pvmove" and bench.san.services["web02"].owner == "n1":
            assert bench.runner.run(["ssh", "n1", "--", "export LC_ALL=C PATH=; clusvcadm -r web02 -m n3"]).ok

    outcome = bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", on_moment=relocate)
    assert outcome.code == ExitCode.DONE, outcome.err
    assert bench.san.used(bench.san.label("iscsi1").uuid) == []
    assert bench.san.holders(bench.san.lvs["web02"]) == ["n3"]
    assert {vm: service.frozen for vm, service in bench.san.services.items()} == {"web01": False, "web02": False}


def test_who_came_second_does_not_begin_anew_though_a_vm_was_relocated_meanwhile(bench: Bench) -> None:
    bench.san.volume("idle", 2 * G, "iscsi1")
    other = "vmstore.evacuate=n2:20260102T115959Z"

    def begin_too(moment: int) -> None:
        if moment == 0:
            bench.san.label("iscsi1").tags.add(other)
            bench.san.nodes["n3"].active.add(bench.san.lvs["idle"].uuid)

    outcome = bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--yes", host="n1", on_moment=begin_too)
    assert outcome.code == ExitCode.LOCKED, outcome.err
    assert other in bench.san.label("iscsi1").tags


def test_a_volume_that_another_node_activates_in_between_is_moved_there(bench: Bench) -> None:
    bench.san.volume("idle", 2 * G, "iscsi1")

    def activate(moment: int) -> None:
        if moment == 0:
            bench.san.nodes["n3"].active.add(bench.san.lvs["idle"].uuid)

    wwid = bench.san.luns["iscsi1"].wwid
    outcome = bench.vmstore("evacuate", wwid, "--to", "fc", "--yes", on_moment=activate)
    assert outcome.code == ExitCode.DONE, outcome.err
    assert bench.san.holders(bench.san.lvs["idle"]) == ["n3"]
