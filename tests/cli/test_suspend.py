"""evacuate --suspend: a running VM may be down for a stated time, never longer, and never stays down."""

from typing import Any

import pytest

from tests.support.bench import KILLED, Bench, Outcome
from tests.support.san import G, M
from vmstore.errors import ExitCode
from vmstore.jobs import used_steps


@pytest.fixture
def running(bench: Bench) -> Bench:
    """Have a VM run as a service on n2; the simulated nodes call a quarter of a mounted file system used."""
    bench.san.volume("web01", 2 * G, "iscsi1", active="n2", mounted=True, used=G // 2)
    bench.san.serve("web01", "n2")
    return bench


def evacuate(bench: Bench, *words: str, **tampering: Any) -> Outcome:
    """Empty iscsi1 to FC."""
    wwid = bench.san.luns["iscsi1"].wwid
    return bench.vmstore("evacuate", wwid, "--to", "fc", "--yes", *words, **tampering)


def order(bench: Bench) -> list[str]:
    """Name what was done, in order."""
    told = {"clusvcadm": 1, "bash": 0, "pvmove": 0, "lvrename": 0}
    return [argv[told[argv[0]]] for _, argv in bench.changes() if argv[0] in told]


def well(bench: Bench) -> None:
    """Assert that the VM runs where it ran, on the whole of its volume, and that nothing is left."""
    lv = bench.san.lvs["web01"]
    service = bench.san.services["web01"]
    assert (set(bench.san.lvs), lv.data) == ({"web01"}, "of web01")
    assert (service.state, service.owner, service.frozen) == ("started", "n2", False)
    assert lv.uuid in bench.san.nodes["n2"].mounts
    assert {tag for lun in bench.san.pvs() if lun.pv for tag in lun.pv.tags if "class" not in tag} == set()
    assert bench.san.summary()["marks"] == {}


def test_it_is_suspended_while_what_is_used_is_copied(running: Bench) -> None:
    assert "down for about" in evacuate(running, "--suspend", "5m", "--dry-run").out
    done = evacuate(running, "--suspend", "5m")
    assert done.code == ExitCode.DONE, done.err
    assert order(running) == ["-d", "bash", "lvrename", "lvrename", "-e"]
    assert running.san.luns_class(running.san.lvs["web01"].runs[0].pv) == "fc"
    well(running)


@pytest.mark.parametrize("words", [(), ("--suspend", "31s"), ("--suspend", "5m", "--engine", "mirror")])
def test_without_leave_or_where_it_would_take_longer_it_is_mirrored_as_it_runs(
    running: Bench, words: tuple[str, ...]
) -> None:
    shown = evacuate(running, *words, "--dry-run").out
    if words == ("--suspend", "31s"):
        assert "would be down for about 94 s, and 31 s are allowed" in shown
    assert evacuate(running, *words).code == ExitCode.DONE
    assert order(running) == ["-Z", "pvmove", "-U"]
    well(running)


def test_one_that_the_admin_froze_or_that_is_no_service_is_not_suspended(running: Bench) -> None:
    running.san.services["web01"].frozen = True
    running.san.volume("bare", G, "iscsi1", active="n1", mounted=True, used=G // 8)
    assert evacuate(running, "--suspend", "5m").code == ExitCode.DONE
    assert order(running) == ["pvmove", "pvmove"]


def test_it_is_down_no_longer_than_is_allowed(running: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        now = 0.0

        def monotonic(self) -> float:
            self.now += 40
            return self.now

        def sleep(self, seconds: float) -> None:
            self.now += seconds

    monkeypatch.setattr(used_steps, "time", Clock())
    done = evacuate(running, "--suspend", "100s")
    assert done.code == ExitCode.RESUMABLE, done.err
    assert "down for longer than is allowed" in done.err
    assert running.san.luns_class(running.san.lvs["web01"].runs[0].pv) == "iscsi"
    assert running.vmstore("job", "abort", running.san.luns["iscsi1"].wwid, "--yes").code == ExitCode.DONE
    well(running)


def test_killed_at_any_moment_the_next_command_starts_it(running: Bench) -> None:
    before = running.san.copy()
    assert evacuate(running, "--suspend", "5m").code == ExitCode.DONE
    moments = running.runner.moments
    assert moments > 8
    for cut in range(moments):
        running.san = before.copy()
        assert evacuate(running, "--suspend", "5m", cut_at=cut).code == KILLED
        data = {lv.data for name, lv in running.san.lvs.items() if name in ("web01", "web01+from")}
        assert data == {"of web01"}, cut
        half = "web01" not in running.san.lvs
        other = running.vmstore("pv", "cordon", running.san.luns["fc2"].wwid, host="n3")
        assert other.code == ExitCode.DONE, (cut, other.err)
        assert (running.san.services["web01"].state == "started") is not half, (cut, other.err)
        assert ("run the evacuation again" in other.err) is half, (cut, other.err)
        again = evacuate(running, "--suspend", "5m", host="n3")
        assert again.code == ExitCode.DONE, (cut, again.err)
        well(running)


def test_whatever_fails_it_runs_again(running: Bench) -> None:
    before = running.san.copy()
    assert evacuate(running, "--suspend", "5m").code == ExitCode.DONE
    for number in range(len(running.runner.changes)):
        running.san = before.copy()
        done = evacuate(running, "--suspend", "5m", fail=number)
        assert done.code != ExitCode.BUG, (number, done.err)
        assert evacuate(running, host="n1").code == ExitCode.DONE, number
        well(running)


def test_a_rest_and_a_resume_keep_what_is_allowed(running: Bench) -> None:
    assert evacuate(running, "--suspend", "5m", cut_at=0).code == KILLED
    done = running.vmstore("job", "resume", running.san.luns["iscsi1"].wwid, "--yes")
    assert done.code == ExitCode.DONE, done.err
    assert "bash" in order(running)
    well(running)


@pytest.mark.parametrize("text", ["5", "0s", "5 m", "-1s", "1d", "m", "1.5h"])
def test_other_times_are_refused(running: Bench, text: str) -> None:
    done = evacuate(running, "--suspend", text)
    assert done.code == ExitCode.USAGE
    assert "5m" in done.err
    assert running.changes() == []


def test_how_fast_the_pv_is_decides(running: Bench) -> None:
    running.san.speed = 4 * M
    assert "would be down for about 542 s" in evacuate(running, "--suspend", "5m", "--dry-run").out
    running.san.speed = 0
    assert "how fast" in evacuate(running, "--suspend", "5m", "--dry-run").out
