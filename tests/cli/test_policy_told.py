"""vmstore policy apply: what cron is told of, once, and what is told although it cannot be written down."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support import san_runner
from tests.support.growing import Admin, fill
from vmstore import inventory
from vmstore.commands import policy_work
from vmstore.errors import ExitCode, Locked, ToolFailed
from vmstore.history import acted
from vmstore.history.store import History
from vmstore.history.values import Fault, Note
from vmstore.jobs import lease
from vmstore.jobs.step import Work
from vmstore.run import Result
from vmstore.tools.nodes import Unreachable

POLICY = ("n1", "/run/vmstore/lock/policy")


def test_one_run_works_at_a_time_and_cron_leaves_it_at_that(admin: Admin) -> None:
    admin.begin()
    admin.san.leases[POLICY] = "root on n1 (process 7) at 2027-01-15T07:50:00Z"
    told, quiet = admin.apply(), admin.apply("--cron")
    assert (told.code, quiet.code, quiet.err) == (ExitCode.LOCKED, ExitCode.LOCKED, "")
    assert "another vmstore is at work on what policies do" in told.err
    assert admin.size() == (10, 10)


def test_cron_tells_once_of_a_run_before_that_hangs_and_again_of_another(admin: Admin) -> None:
    admin.begin()
    for process, since in (("7", "2027-01-15T07:29:59Z"), ("8", "2027-01-15T07:20:00Z"), ("9", "2027-01-15T25:00:00Z")):
        admin.san.leases[POLICY] = f"root on n1 (process {process}) at {since}"
        told, again = admin.apply("--cron"), admin.apply("--cron")
        assert (told.code, again.code, again.err) == (ExitCode.LOCKED, ExitCode.LOCKED, "")
        assert f"started by root on n1 (process {process}) at {since} and still runs" in told.err
    assert admin.size() == (10, 10)
    admin.san.leases.clear()
    assert "web01 grew by 1 GiB" in admin.apply("--cron").err


def test_cron_tells_that_its_lock_cannot_be_taken(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    admin.begin()
    monkeypatch.setattr(san_runner.SanHold, "first_line", lambda _: "error cannot lock /run/vmstore/lock/policy")
    told = admin.apply("--cron")
    assert told.code == ExitCode.CLUSTER
    assert "vmstore: cannot lock what policies do\n  why: n1: cannot lock /run/vmstore/lock/policy\n" in told.err


def test_a_lock_that_the_work_itself_does_not_get_is_told_in_cron(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.begin()

    def refuse(*_: object, **__: object) -> None:
        raise Locked("the VG is locked", why="another node works on it", hint="try again soon")

    monkeypatch.setattr(policy_work, "swept", refuse)
    told = admin.apply("--cron")
    assert (told.code, "vmstore: the VG is locked" in told.err) == (ExitCode.LOCKED, True)


def test_what_stays_frozen_is_told_by_cron_once_and_again_when_it_is_another_or_comes_back(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 10, "web01")
    tags = admin.san.label("fc1").tags
    for vm, node in (("web01", "n2"), ("db01", "n1")):
        admin.san.serve(vm, node)
        admin.san.services[vm].frozen = True
        # The manager knows of no owner, though the volume is in use.
        admin.san.services[vm].state, admin.san.services[vm].owner = "stopped", "none"
    told = []
    for frozen in (["web01"], ["web01"], ["web01", "db01"], [], [], ["web01"]):
        tags.clear()
        tags.update({"vmstore.class=fc", *(f"vmstore.freeze={vm}:n1:volume.{vm}" for vm in frozen)})
        told.append([line.split()[0] for line in admin.apply("--cron").err.splitlines()])
    assert told == [["web01"], [], ["db01"], [], [], ["web01"]]
    assert "web01 is still frozen" in admin.apply().err


def unlockable(admin: Admin, patch: pytest.MonkeyPatch) -> str:
    """Have the node of web01 not lock, such as for want of flock."""
    admin.san.leases["n2", "/run/vmstore/lock/volume.web01"] = "nobody"
    first = san_runner.SanHold.first_line
    patch.setattr(san_runner.SanHold, "first_line", lambda hold: "" if "nobody" in first(hold) else first(hold))
    return "cannot lock web01 (n2: no answer)"


def unreadable(_: Admin, patch: pytest.MonkeyPatch) -> str:
    """Have LVM not tell anything any more once the lock of web01 is taken."""
    taken = lease.hold

    @contextmanager
    def hold(*arguments: Any) -> Iterator[lease.Lease]:
        with taken(*arguments) as held:
            if "volume" in arguments[2]:
                patch.setattr(inventory, "read", broken)
            yield held

    def broken(*_: object) -> None:
        raise ToolFailed("LVM cannot be read", why="vgs failed", hint="see `vgs`")

    patch.setattr(lease, "hold", hold)
    return "LVM cannot be read (vgs failed)"


def superblock(_: Admin, patch: pytest.MonkeyPatch) -> str:
    """Have the node of web01 not tell the size of its file system."""
    ask = Work.ask

    def unread(work: Work, node: str, argv: Sequence[str]) -> Result:
        if argv[0] == "dumpe2fs" and argv[-1].endswith("web01"):
            raise Unreachable(node, "it gave no answer within 60 s")
        return ask(work, node, argv)

    patch.setattr(Work, "ask", unread)
    return "n2 does not answer (it gave no answer within 60 s)"


@pytest.mark.parametrize("spoil", [unlockable, unreadable, superblock])
def test_what_fails_before_a_growth_begins_is_a_failure_that_cron_tells_once(
    admin: Admin, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Admin, pytest.MonkeyPatch], str]
) -> None:
    admin.begin()
    with monkeypatch.context() as patch:
        why = spoil(admin, patch)
        told = admin.apply("--cron")
    assert f"vmstore: {why.partition(' (')[0]}\n" in told.err
    assert told.code in (ExitCode.CLUSTER, ExitCode.TOOL)
    with monkeypatch.context() as patch:
        spoil(admin, patch)
        again = admin.apply("--cron", "-o", "json")
    assert (again.code, again.err) == (told.code, "")
    assert (again.json["changed"], [each["vm"] for each in again.json["failed"]]) == (False, ["web01"])
    assert [line.rpartition(": failed: ")[2] for line in admin.acts()] == [why]
    admin.san.leases.clear()
    assert "web01 grew by 1 GiB" in admin.apply("--cron").err


@pytest.mark.parametrize(
    ("fail", "told", "left"),
    [
        (None, "web01 grew by 1 GiB to 11 GiB", "done, though its run was cut off"),
        (0, "this failure was asked for", "cut off, and its volume has 10 GiB"),
    ],
)
def test_what_was_done_is_told_although_it_cannot_be_written_down_and_nothing_more_is_done(
    admin: Admin, monkeypatch: pytest.MonkeyPatch, fail: int | None, told: str, left: str
) -> None:
    admin.begin()
    fill(admin.san, 85, "db01")
    remember = History.remember

    def full(history: History, key: str, value: Any) -> list[Note]:
        if key == acted.KEY and any(act["outcome"] != acted.BEGUN for act in value):
            return [Note(Fault.FULL, "the disk is full", "")]
        return remember(history, key, value)

    with monkeypatch.context() as patch:
        patch.setattr(History, "remember", full)
        done = admin.apply("--cron", fail=fail)
    assert "why: by how much volumes grew cannot be kept: the disk is full" in done.err
    assert done.err.index(told) < done.err.index("nothing more is grown by itself")
    assert (done.code, admin.size("db01")) == (ExitCode.REFUSED, (2, 2))
    admin.now += 300
    admin.apply("--cron")
    assert admin.acts()[0].rpartition(": ")[2] == left
