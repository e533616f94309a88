"""A LUN fails under a mirror, or it does not get on: what is said of it, and that nothing is lost that was there."""

import pytest

from tests.support.bench import KILLED, Bench
from tests.support.jobs import clean, evacuate
from tests.support.san import G
from tests.support.san_parts import Move
from vmstore.errors import ExitCode
from vmstore.jobs import mirror, mirror_watch
from vmstore.jobs.step import Work

READ = "[  884.322667] device-mapper: raid1: Unable to read primary mirror during recovery"
WRITE = "device-mapper: raid1: Write error during recovery (error = 0x1)"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at each line of pvmove's."""
    monkeypatch.setattr(mirror_watch, "EVERY", 0.0)
    monkeypatch.setattr(mirror, "MirrorWatch", _at_once)


def _at_once(work: Work, node: str, lv: str, source: str, still: float) -> mirror_watch.MirrorWatch:
    assert still >= mirror_watch.STILL
    return mirror_watch.MirrorWatch(work, node, lv, source, 0.0)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("line", [READ, WRITE])
def test_a_move_is_taken_back_as_soon_as_a_lun_fails(busy: Bench, line: str) -> None:
    where = busy.san.volumes()
    busy.san.fails = line
    done = evacuate(busy)
    assert done.code == ExitCode.TOOL, done.err
    assert f"n1: {line[line.find('device') :]}; the move was taken back: it is on /dev/sdc as before" in done.err
    assert "--exclude idle" in done.err
    assert busy.san.volumes() == where
    left = clean(busy.san, cordoned=True)
    assert left.pop("tags")
    assert left == {}
    busy.san.fails = ""
    assert evacuate(busy).code == ExitCode.DONE
    assert clean(busy.san, cordoned=True) == {}


def test_what_lvm_has_committed_in_spite_of_it_is_said_and_not_taken_for_done(busy: Bench) -> None:
    busy.san.fails = READ
    done = evacuate(busy)
    assert done.code == ExitCode.TOOL, done.err
    assert "idle was moved, but not all of it was copied" in done.err
    # A GiB in extents of 4 MiB, behind the 14 and 2 GiB of the others.
    assert "LVM did not heed it. What it held is on /dev/sdc:4096-4351\n" in done.err
    assert sum(argv[0] == "pvmove" for _, argv in busy.changes()) == 1
    # The PV stays as it is: nothing new lies on it, and it is not called empty.
    left = clean(busy.san, cordoned=True)
    assert left.pop("tags")
    assert left == {}


def test_a_move_that_was_cut_off_under_a_failing_lun_is_not_finished_but_begun_anew(busy: Bench) -> None:
    _cut_in_a_move(busy, WRITE)
    done = evacuate(busy)
    assert done.code == ExitCode.DONE, done.err
    assert "a LUN failed under the move of idle: it is taken back and begun anew" in done.err
    moves = [argv for _, argv in busy.changes() if argv[0] == "pvmove"]
    assert "--abort" in moves[0]
    assert "vmstore/idle" in moves[1]
    assert clean(busy.san, cordoned=True) == {}


def _cut_in_a_move(bench: Bench, fails: str = "") -> Move:
    """Cut a run off as soon as LVM moves the idle volume, and the kernel has said what fails, if anything."""
    before = bench.san.copy()
    for moment in range(30):
        bench.san.fails = fails
        assert evacuate(bench, cut_at=moment).code == KILLED
        bench.san.fails = ""
        move = bench.san.lvs["idle"].move
        if move and bool(bench.san.nodes["n1"].log) is bool(fails):
            return move
        bench.san.__dict__.update(before.copy().__dict__)
    raise AssertionError("no run was cut off in a move")


def test_what_the_kernel_said_before_is_no_failure_of_now(busy: Bench) -> None:
    busy.san.nodes["n1"].log = [READ, WRITE, WRITE]
    busy.san.nodes["n2"].log = [READ]
    assert evacuate(busy).code == ExitCode.DONE


@pytest.mark.usefixtures("soon")
def test_why_nothing_comes_is_said_once_at_each_place(busy: Bench) -> None:
    busy.san.stalls = 4
    done = evacuate(busy)
    assert done.code == ExitCode.DONE, done.err
    told = [line for line in done.err.splitlines() if "has not got on" in line]
    why = "its storage, or LVM's locks, keep it waiting"
    assert set(told) == {f"{vm} has not got on for 0 s: {why}" for vm in ("idle", "db01", "web01")}
    # Four pieces, each of which is looked at where nothing is copied, half of it and all.
    assert len(told) == 4 * 3


@pytest.mark.usefixtures("soon")
def test_a_cluster_without_quorum_is_named(bench: Bench) -> None:
    bench.san.manager = ""
    bench.san.volume("idle", 1 * G, "iscsi1")
    bench.san.stalls, bench.san.quorate = 4, False
    done = evacuate(bench)
    assert done.code == ExitCode.DONE, done.err
    assert "idle has not got on for 0 s: the cluster has no quorum" in done.err


@pytest.mark.parametrize(("lun", "named"), [("fc1", ""), ("iscsi1", "/dev/sdc")])
def test_a_lun_that_is_gone_in_the_middle_is_named_and_the_move_taken_back_without_it(
    busy: Bench, lun: str, named: str
) -> None:
    where = busy.san.volumes()
    paths = dict(busy.san.luns[lun].paths)

    def at(_: int) -> None:
        if busy.runner.changes[-1].argv[0] == "pvmove":
            busy.san.luns[lun].paths.clear()

    done = evacuate(busy, on_moment=at)
    assert done.code == ExitCode.TOOL, done.err
    misses = named or busy.san.label(lun).uuid
    assert f"misses {misses}; the move was taken back: it is on /dev/sdc as before" in done.err
    busy.san.luns[lun].paths.update(paths)
    assert busy.san.volumes() == where
    assert evacuate(busy).code == ExitCode.DONE
    assert clean(busy.san, cordoned=True) == {}


def test_job_abort_takes_a_move_back_though_a_lun_is_gone(busy: Bench) -> None:
    target = busy.san.lun_of(_cut_in_a_move(busy, WRITE).new[0].pv)
    paths = dict(target.paths)
    target.paths.clear()
    busy.vmstore("job", "abort", busy.san.luns["iscsi1"].wwid, "--yes")
    assert busy.san.lvs["idle"].move is None
    target.paths.update(paths)
    assert busy.vmstore("job", "abort", busy.san.luns["iscsi1"].wwid, "--yes").code == ExitCode.DONE
    assert clean(busy.san) == {}


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("legs", ["SA", "AD", "RA", "AF"])
def test_a_side_that_the_kernel_finds_ill_is_enough(busy: Bench, legs: str) -> None:
    where = busy.san.volumes()
    busy.san.legs = legs
    done = evacuate(busy)
    assert done.code == ExitCode.TOOL, done.err
    assert f"device-mapper says {legs} of the two sides; the move was taken back" in done.err
    assert busy.san.volumes() == where


def test_a_move_that_pvmove_calls_failed_and_lvm_has_committed_is_looked_at_as_well(busy: Bench) -> None:
    number = next(n for n, change in enumerate(_changes(busy)) if "pvmove" in change)
    busy.san.fails = READ
    done = evacuate(busy, fail_done=number)
    assert done.code == ExitCode.TOOL, done.err
    assert "idle was moved, but not all of it was copied" in done.err


def _changes(bench: Bench) -> list[tuple[str, ...]]:
    """Say what a run changes, by making it elsewhere."""
    before = bench.san.copy()
    assert evacuate(bench).code == ExitCode.DONE
    changes = [argv for _, argv in bench.changes()]
    bench.san.__dict__.update(before.__dict__)
    return changes


def test_what_failed_while_nobody_watched_stops_the_next_run_once(busy: Bench) -> None:
    # Killed as soon as it has told LVM to move, which goes on by itself and comes to an end.
    move = _cut_in_a_move(busy)
    idle = busy.san.lvs["idle"]
    idle.runs, idle.move = move.new, None
    busy.san.nodes["n1"].log = [READ]
    done = evacuate(busy)
    assert done.code == ExitCode.RESUMABLE, done.err
    assert "a LUN failed on n1 while no vmstore watched" in done.err
    assert evacuate(busy).code == ExitCode.DONE
    assert clean(busy.san, cordoned=True) == {}


def test_a_node_that_keeps_its_log_to_itself_moves_nothing(busy: Bench) -> None:
    busy.san.nodes["n1"].log = None
    where = busy.san.volumes()
    done = evacuate(busy)
    assert done.code == ExitCode.CLUSTER, done.err
    assert "n1 does not tell what its kernel says" in done.err
    assert busy.san.volumes() == where


def test_a_node_that_no_longer_tells_of_its_kernel_has_nothing_taken_for_copied(busy: Bench) -> None:
    moves = [number for number, argv in enumerate(_changes(busy)) if argv[0] == "pvmove"]

    def at(_: int) -> None:
        if busy.runner.changes[-1].argv[0] == "pvmove":
            busy.san.nodes["n1"].log = None

    done = evacuate(busy, on_moment=at)
    assert done.code == ExitCode.RESUMABLE, done.err
    assert "whether all of idle was copied is not known" in done.err
    assert len(moves) > sum(argv[0] == "pvmove" for _, argv in busy.changes()) == 1
    # What it said meanwhile is found as soon as it can be read again.
    busy.san.nodes["n1"].log = [READ]
    assert "a LUN failed on n1 while no vmstore watched" in evacuate(busy).err
