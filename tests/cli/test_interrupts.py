"""Ctrl-C once stops after the step that runs, twice at once; nothing is lost and the same command goes on."""

import signal

import pytest

from tests.support.bench import Bench
from tests.support.san import G
from vmstore import inventory
from vmstore.errors import ExitCode

EVACUATE = ("evacuate", "{iscsi1}", "--to", "fc", "--yes")


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """Put three volumes on the LUN that is emptied."""
    for number, size in enumerate((1, 2, 3), 1):
        bench.san.volume(f"web0{number}", size * G, "iscsi1", active=f"n{number}", mounted=True)
    return bench


def words(bench: Bench) -> list[str]:
    """Write the command with the WWID of the LUN."""
    return [word.format(iscsi1=bench.san.luns["iscsi1"].wwid) for word in EVACUATE]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_once_it_stops_after_the_volume_that_is_being_moved(busy: Bench, number: signal.Signals) -> None:
    def press(moment: int) -> None:
        if moment == 2:
            signal.raise_signal(number)

    outcome = busy.vmstore(*words(busy), on_moment=press)
    assert outcome.code == ExitCode.RESUMABLE, outcome.err
    assert "stopping after this step" in outcome.err
    assert "run the same command again" in outcome.err
    moved = [name for name, lv in busy.san.lvs.items() if busy.san.luns_class(lv.runs[0].pv) == "fc"]
    assert moved == ["web01"]
    assert all(lv.move is None for lv in busy.san.lvs.values())
    assert busy.san.leases == {}
    again = busy.vmstore(*words(busy), host="n2")
    assert again.code == ExitCode.DONE, again.err
    assert busy.san.used(busy.san.label("iscsi1").uuid) == []
    assert busy.san.label("iscsi1").tags == {"vmstore.class=iscsi"}


def test_a_volume_that_was_only_moved_is_inactive_when_the_work_is_stopped(busy: Bench) -> None:
    busy.san.volume("asleep", G, "iscsi1")

    def press(moment: int) -> None:
        if moment == 3:
            signal.raise_signal(signal.SIGINT)

    outcome = busy.vmstore(*words(busy), on_moment=press)
    assert outcome.code == ExitCode.RESUMABLE, outcome.err
    assert busy.san.luns_class(busy.san.lvs["asleep"].runs[0].pv) == "fc"
    assert busy.vmstore("show", "asleep", "-o", "json").json["held_by"] is None
    assert busy.san.summary()["marks"] == {}


def test_twice_it_breaks_off_the_piece_that_is_being_moved(busy: Bench) -> None:
    def press(moment: int) -> None:
        if moment in (1, 2):
            signal.raise_signal(signal.SIGINT)

    outcome = busy.vmstore(*words(busy), on_moment=press)
    assert outcome.code == ExitCode.RESUMABLE, outcome.err
    assert "stopped in the middle of a piece" in outcome.err
    assert [argv[:2] for _, argv in busy.changes() if argv[0] == "pvmove"][-1] == ("pvmove", "--abort")
    assert busy.san.leases == {}
    assert all(lv.move is None for lv in busy.san.lvs.values())
    assert {busy.san.luns_class(lv.runs[0].pv) for lv in busy.san.lvs.values()} == {"iscsi"}
    assert busy.vmstore(*words(busy), host="n3").code == ExitCode.DONE


def test_three_times_it_leaves_at_once(busy: Bench) -> None:
    def press(moment: int) -> None:
        if moment in (1, 2):
            for _ in range(moment):
                signal.raise_signal(signal.SIGINT)

    outcome = busy.vmstore(*words(busy), on_moment=press)
    assert outcome.code == ExitCode.INTERRUPTED
    assert outcome.err.endswith("vmstore: interrupted\n")
    assert busy.san.leases == {}
    assert busy.san.lvs["web01"].move is not None
    assert busy.vmstore(*words(busy), host="n3").code == ExitCode.DONE


def test_twice_it_leaves_at_once_where_nothing_can_be_broken_off(bench: Bench) -> None:
    def press(moment: int) -> None:
        if moment == 0:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    outcome = bench.vmstore("create", "web01", "1G", on_moment=press)
    assert outcome.code == ExitCode.INTERRUPTED


def test_the_handlers_of_signals_are_as_they_were_before(busy: Bench) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    busy.vmstore(*words(busy))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_ctrl_c_before_any_change_is_exit_code_130(busy: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(*arguments: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(inventory, "read", press)
    before = busy.san.copy()
    outcome = busy.vmstore(*words(busy))
    assert (outcome.code, outcome.out, outcome.err) == (ExitCode.INTERRUPTED, "", "vmstore: interrupted\n")
    assert busy.san == before


def test_a_stop_while_the_last_step_runs_changes_nothing_any_more(bench: Bench) -> None:
    bench.san.volume("web01", 8 * G, "fc1", active="n1", mounted=True)

    def press(moment: int) -> None:
        if moment == 1:
            signal.raise_signal(signal.SIGINT)

    outcome = bench.vmstore("grow", "web01", "10G", on_moment=press)
    assert outcome.code == ExitCode.DONE
    assert bench.san.lvs["web01"].size == 10 * G


def test_a_stop_while_a_volume_is_activated_for_growing_leaves_it_as_it_was(bench: Bench) -> None:
    bench.san.volume("web01", 8 * G, "fc1")

    def press(moment: int) -> None:
        if moment == 2:
            signal.raise_signal(signal.SIGINT)

    before = bench.san.summary()
    outcome = bench.vmstore("grow", "web01", "10G", on_moment=press)
    assert outcome.code == ExitCode.RESUMABLE, outcome.err
    assert bench.san.summary() == before
    assert bench.vmstore("grow", "web01", "10G").code == ExitCode.DONE


def test_a_stopped_create_takes_back_what_it_made(bench: Bench) -> None:
    def press(moment: int) -> None:
        if moment == 0:
            signal.raise_signal(signal.SIGINT)

    outcome = bench.vmstore("create", "web01", "8G", on_moment=press)
    assert outcome.code == ExitCode.RESUMABLE
    assert bench.san.lvs == {}
    assert bench.vmstore("create", "web01", "8G").code == ExitCode.DONE
