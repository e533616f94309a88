"""A move that does not get on: what is said of it, and what is left."""

import pytest

from tests.support.bench import Bench
from tests.support.jobs import clean, evacuate
from tests.support.san import G
from vmstore.errors import ExitCode
from vmstore.jobs import stall


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask at once why nothing comes."""
    monkeypatch.setattr(stall, "AFTER", 0.0)


@pytest.mark.parametrize(
    ("letters", "why"),
    [
        ("SA", "/dev/sdc cannot be read to be copied"),
        ("AD", "/dev/sdb cannot be written"),
        ("RF", "/dev/sdc cannot be read; /dev/sdb does not keep what is written"),
    ],
)
def test_a_lun_that_fails_is_named_and_lvm_keeps_both_sides(busy: Bench, letters: str, why: str) -> None:
    busy.san.stalled = letters
    done = evacuate(busy)
    assert done.code == ExitCode.RESUMABLE, done.err
    assert f": {why}; what was copied is on both sides" in done.err
    left = clean(busy.san, cordoned=True)
    assert left.pop("tags")
    # It is active and marked as idle as long as LVM's mirror is there; no service is frozen.
    assert left == {"moving": ["idle"], "idle is active": ["n1"], "marks": {"n1": ["idle"]}}
    busy.san.stalled = ""
    assert evacuate(busy).code == ExitCode.DONE
    assert clean(busy.san, cordoned=True) == {}


def test_why_nothing_comes_is_said_once_at_each_place(busy: Bench) -> None:
    busy.san.stalled = "AA"
    done = evacuate(busy)
    assert done.code == ExitCode.DONE, done.err
    told = [line for line in done.err.splitlines() if "has not got on" in line]
    why = "its storage, or LVM's locks, keep it waiting"
    assert set(told) == {f"{vm} has not got on for 0 s: {why}" for vm in ("idle", "db01", "web01")}
    # Four pieces, each of which is looked at where nothing is copied, half of it and all.
    assert len(told) == 4 * 3


def test_a_cluster_without_quorum_is_named(bench: Bench) -> None:
    bench.san.manager = ""
    bench.san.volume("idle", 1 * G, "iscsi1")
    bench.san.stalled, bench.san.quorate = "AA", False
    done = evacuate(bench)
    assert done.code == ExitCode.DONE, done.err
    assert "idle has not got on for 0 s: the cluster has no quorum" in done.err
