"""vmstore policy apply: what must be left alone, what fails, and what becomes of runs that are killed."""

import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.bench import KILLED
from tests.support.growing import DAY, NOW, Admin, fill
from tests.support.san import San
from tests.support.san_parts import Leg, Run
from vmstore.errors import ExitCode


def test_a_record_that_is_lost_stops_growth_for_a_day(admin: Admin) -> None:
    admin.begin()
    for _ in range(3):
        fill(admin.san, 99, "web01")
        admin.apply("--cron")
    admin.history.unlink()
    for hours in range(24):
        admin.now = NOW + 3600 * hours
        fill(admin.san, 99, "web01")
        admin.apply("--cron")
        assert admin.size() == (13, 13), hours


def test_another_host_with_a_history_of_its_own_keeps_to_the_same_limits(admin: Admin) -> None:
    histories = {"n1": admin.folder / "n1", "": admin.folder / "desk"}
    for host, folder in histories.items():
        folder.mkdir()
        admin.folder = folder
        admin.rules('step = "1G"\ndaily = "3G"')
        admin.begin()
        assert not admin.bench.changes(), host
    for turn in range(12):
        admin.folder = histories["n1" if turn % 2 else ""]
        admin.rules('step = "1G"\ndaily = "3G"')
        admin.now += 600
        fill(admin.san, 99, "web01")
        admin.apply("--cron", host="n1" if turn % 2 else "")
    assert admin.size() == (13, 13)


def moving(san: San) -> None:
    """Have web01 moved by another leg."""
    pv = san.label("fc2").uuid
    san.lvs["web01"].leg = Leg([Run(pv, 1000, 2560)], [Run(san.label("fc1").uuid, 4000, 1), Run(pv, 4000, 1)])
    san.label("fc1").tags.add("vmstore.leg=web01")


def two_nodes(san: San) -> None:
    """Have web01 active on two nodes."""
    san.nodes["n3"].active.add(san.lvs["web01"].uuid)


def failed(san: San) -> None:
    """Have the service of web01 failed."""
    san.serve("web01", "n2", state="failed")


def missing(san: San) -> None:
    """Have n1 not see a PV of the VG."""
    san.luns["iscsi1"].paths = {}


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (moving, "web01 is being moved"),
        (two_nodes, "active on n2, n3"),
        (failed, "disputed|has failed"),
        (missing, "a PV of vmstore is missing"),
    ],
)
def test_what_must_not_be_touched_is_left_alone_and_the_reason_is_said(
    admin: Admin, spoil: Callable[[San], None], why: str
) -> None:
    admin.begin()
    spoil(admin.san)
    before = admin.san.copy()
    told = admin.apply()
    assert told.code == ExitCode.THRESHOLD, told.err
    assert any(f"web01 is left as it is: 90 % of its file system is used (over 80 %); {each}" in told.err
               or each in told.err for each in why.split("|")), told.err  # fmt: skip
    assert admin.san == before
    assert admin.acts() == []
    assert admin.bench.vmstore("policy", "check").code == ExitCode.THRESHOLD


def test_of_a_node_that_gives_no_answer_nothing_is_grown_and_what_others_hold_is(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 95, "db01")
    admin.san.nodes["n2"].hangs = True
    check = admin.bench.vmstore("policy", "check")
    assert check.code == ExitCode.DONE
    assert "who holds it is not known: n2 it gave no answer" in check.out or "n2" in check.out
    told = admin.apply("--cron")
    assert told.code == ExitCode.DONE
    assert [line.split()[0] for line in told.err.splitlines()] == ["db01"]
    assert (admin.size(), admin.size("db01")) == ((10, 10), (3, 3))


def test_one_that_fails_does_not_stop_the_next_and_cron_tells_of_the_same_failure_once(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 85, "db01")
    told = admin.apply("--cron", fail=0)
    assert told.code == ExitCode.TOOL
    assert "vmstore: " in told.err
    assert "this failure was asked for by the test" in told.err
    assert "db01 grew by 1 GiB to 3 GiB" in told.err
    assert admin.size() == (10, 10)
    again = admin.apply("--cron", fail=0)
    assert (again.code, again.err) == (ExitCode.TOOL, "")
    assert "this failure was asked for" in admin.apply(fail=0).err
    assert [line.rpartition(": ")[2] for line in admin.acts() if "db01" in line] == ["done"]
    assert len([line for line in admin.acts() if "failed: " in line]) == 1
    assert admin.apply("--cron").code == ExitCode.DONE
    assert admin.size() == (11, 11)


def test_a_file_system_that_did_not_follow_is_brought_up_before_anything_more_is_given(admin: Admin) -> None:
    admin.rules('step = "1G"\ndaily = "3G"\nmost = "11G"')
    admin.begin()
    assert admin.apply(cut_at=0).code == KILLED
    assert admin.size() == (11, 10)
    shown = admin.bench.vmstore("policy", "check", "-o", "json").json["items"]
    assert [row["state"] for row in shown if row["vm"] == "web01"] == ["finish"]
    told = admin.apply("--cron")
    assert "web01 has a file system as large as its volume again" in told.err
    assert admin.size() == (11, 11)
    assert [line.rpartition(": ")[2] for line in admin.acts()] == ["done, though its run was cut off", "done"]


def test_a_volume_at_which_another_vmstore_works_is_left_to_it(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 85, "db01")
    admin.san.leases["n2", "/run/vmstore/lock/volume.web01"] = "root on n3 (process 7) at 2026-01-02T12:00:00Z"
    told = admin.apply()
    assert told.code == ExitCode.THRESHOLD
    assert "web01 is left as it is" in told.err
    assert "another vmstore is at work on web01" in told.err
    assert (admin.size(), admin.size("db01")) == ((10, 10), (3, 3))


def test_it_is_judged_once_more_under_its_lock(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 95, "db01")

    def freed(moment: int) -> None:
        # db01, the fuller one, has just been extended when files of web01 are deleted.
        if moment == 0:
            fill(admin.san, 50, "web01")

    told = admin.apply(on_moment=freed)
    assert told.code == ExitCode.DONE
    assert (admin.size(), admin.size("db01")) == ((10, 10), (3, 3))


def test_one_that_goes_to_another_node_meanwhile_is_left_to_the_next_run(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 95, "db01")
    web01 = admin.san.lvs["web01"].uuid

    def relocated(moment: int) -> None:
        if moment == 0:
            admin.san.nodes["n2"].active.remove(web01)
            admin.san.nodes["n3"].active.add(web01)
            admin.san.nodes["n3"].mounts[web01] = admin.san.nodes["n2"].mounts.pop(web01)

    told = admin.apply(on_moment=relocated)
    assert "web01 went to n3 meanwhile (its lock was taken on n2)" in told.err
    assert (admin.size(), admin.size("db01")) == ((10, 10), (3, 3))
    assert "web01 grew by 1 GiB" in admin.apply("--cron").err


def test_ctrl_c_stops_after_the_step_and_the_next_run_ends_it(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 95, "db01")

    def press(moment: int) -> None:
        if moment == 0:
            signal.raise_signal(signal.SIGINT)

    stopped = admin.apply(on_moment=press)
    assert stopped.code == ExitCode.RESUMABLE
    assert (admin.size(), admin.size("db01")) == ((10, 10), (3, 2))
    assert admin.apply("--cron").code == ExitCode.DONE
    assert (admin.size(), admin.size("db01")) == ((11, 11), (3, 3))


def test_where_nothing_can_be_written_down_nothing_grows(admin: Admin) -> None:
    admin.begin()
    admin.history.unlink()
    admin.history.mkdir()
    told = admin.apply("--cron")
    assert told.code == ExitCode.REFUSED
    assert "by how much volumes grew cannot be kept" in told.err
    assert (admin.bench.changes(), admin.size()) == ([], (10, 10))


def prepare(admin: Admin, *, served: bool) -> None:
    """Have web01 over its limit, its file system full whatever comes, with a service where that is wanted."""
    if served:
        admin.san.serve("web01", "n2")
    admin.begin()
    fill(admin.san, 85, "web01", "db01")


@pytest.mark.parametrize("served", [False, True])
@pytest.mark.parametrize("how", ["cut_at", "fail", "fail_done", "lie"])
def test_whatever_happens_at_whichever_moment_the_next_runs_end_at_the_same_sizes(
    admin: Admin, how: str, served: bool
) -> None:
    prepare(admin, served=served)
    start, history = admin.san.copy(), admin.history.read_bytes()
    assert admin.apply("--cron").code == ExitCode.DONE
    right = admin.san.summary()
    count = admin.bench.runner.moments if how == "cut_at" else len(admin.bench.runner.changes)
    assert count >= (4 if not served else 8)
    for number in range(count):
        admin.bench.san = start.copy()
        for odd in admin.folder.glob("history.db*"):
            odd.unlink()
        admin.history.write_bytes(history)
        tampering: dict[str, Any] = {how: number}
        spoiled = admin.apply("--cron", **tampering)
        assert (spoiled.code == KILLED) == (how == "cut_at"), f"{number}: {spoiled.err}"
        for host in ("n3", ""):
            again = admin.apply("--cron", host=host)
            assert again.code == ExitCode.DONE, f"{number}: {again.err}"
        at = f"{how} {number}: {admin.bench.runner.changes}"
        assert admin.san.summary() == right, at
        assert not any("begun" in line for line in admin.acts()), at
        # What an act before it had grown is told, whoever finished it.
        told = [line for line in admin.acts() if "grow web01 from 10 GiB to 11 GiB" in line]
        assert told, at


@pytest.mark.parametrize("gap", [600, DAY // 8, DAY])
def test_killed_at_every_moment_for_days_it_never_grows_more_than_a_day_may(admin: Admin, gap: int) -> None:
    admin.rules('step = "1G"\ndaily = "2G"')
    prepare(admin, served=True)
    seen: list[tuple[int, int]] = [(admin.now, admin.size()[0])]
    for turn in range(24):
        admin.now += gap
        fill(admin.san, 99, "web01")
        admin.apply("--cron", host=("", "n1", "n3")[turn % 3], cut_at=turn % 9)
        seen.append((admin.now, admin.size()[0]))
        for at, size in seen:
            assert seen[-1][1] - size <= 2 or seen[-1][0] - at >= DAY
    assert seen[-1][1] > seen[0][1]
