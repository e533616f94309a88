"""A copy keeps to a rate and stands back for others; the node has its own value back whatever happens."""

import json

import pytest

from tests.support.bench import KILLED, Bench, Outcome
from tests.support.san import G
from vmstore.errors import ExitCode
from vmstore.jobs import lease, throttle

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """Put a running VM and an idle volume on iscsi1."""
    bench.san.volume("web01", 9 * G, "iscsi1", active="n2", mounted=True)
    bench.san.serve("web01", "n2")
    bench.san.volume("idle", 1 * G, "iscsi1")
    return bench


def words(bench: Bench, *more: str) -> tuple[str, ...]:
    """Say how iscsi1 is emptied."""
    return ("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", *more)


def record(bench: Bench) -> list[dict[str, object]]:
    """Read the job's record."""
    (lines,) = bench.san.records.values()
    return [json.loads(line) for line in lines]


def settle(bench: Bench, line: str) -> None:
    """Add a section to the settings."""
    bench.config.write_text(f"{bench.config.read_text()}\n{line}\n", encoding="utf-8")


def test_without_a_rate_nothing_is_held_back(busy: Bench) -> None:
    assert busy.vmstore(*words(busy)).code == 0
    assert busy.san.shares == []


def test_a_rate_holds_each_copy_back_where_it_runs_and_is_over_with_it(busy: Bench) -> None:
    done = busy.vmstore(*words(busy, "--rate", "50M"))
    assert done.code == 0, done.err
    assert {node for node, _ in busy.san.shares} == {"n1", "n2"}
    assert max(share for _, share in busy.san.shares) < 100
    assert [node.share for node in busy.san.nodes.values()] == [100, 100, 100]
    assert record(busy)[0]["rate"] == 50 * 2**20


def test_the_settings_have_a_rate_and_the_command_line_another(busy: Bench) -> None:
    settle(busy, '[move]\nrate = "20M/s"')
    assert busy.vmstore(*words(busy, "--rate", "none")).code == 0
    assert busy.san.shares == []
    busy.vmstore("pv", "uncordon", busy.san.luns["iscsi1"].wwid)
    back = busy.vmstore("evacuate", busy.san.luns["fc1"].wwid, "--to", busy.san.luns["iscsi1"].wwid, "--yes")
    assert back.code == 0, back.err
    assert busy.san.shares != []


def test_a_run_that_is_cut_off_leaves_no_node_held_back(busy: Bench) -> None:
    assert busy.vmstore(*words(busy, "--rate", "50M"), cut_at=4).code == KILLED
    assert busy.san.shares != []
    assert [node.share for node in busy.san.nodes.values()] == [100, 100, 100]
    (job,) = busy.vmstore("job", "list", "-o", "json").json["items"]
    assert job["rate_limit"] == 50 * 2**20
    busy.san.shares.clear()
    assert busy.vmstore("job", "resume", str(job["job"]), "--yes", host="n3").code == 0
    assert max(share for _, share in busy.san.shares) < 100


def test_the_rate_of_a_job_that_runs_is_changed_from_another_node(busy: Bench) -> None:
    key = ("n1", lease.path(lease.evacuation(busy.san.label("iscsi1").uuid)))

    def at(moment: int) -> None:
        if moment == 2:
            busy.san.rates[key] = str(20 * 2**20)

    done = busy.vmstore(*words(busy), on_moment=at)
    assert done.code == 0, done.err
    assert "from now on at 20 MiB/s at most" in done.err
    assert max(share for _, share in busy.san.shares) < 100
    assert [line["rate"] for line in record(busy) if line["event"] == "rate"] == [20 * 2**20]


def test_job_rate_leaves_the_wish_beside_the_lock(busy: Bench) -> None:
    wwid = busy.san.luns["iscsi1"].wwid
    told: list[Outcome] = []

    def at(moment: int) -> None:
        if moment == 2:
            runner = busy.runner
            told.extend(busy.vmstore("job", "rate", wwid, rate, host="n3") for rate in ("30M", "30M", "x"))
            busy.runner = runner

    assert busy.vmstore(*words(busy), host="n2", on_moment=at).code == 0
    first, second, third = told
    assert (first.code, second.code, third.code) == (0, 0, ExitCode.USAGE)
    assert "copies at 30 MiB/s at most" in first.err
    assert "copies at 30 MiB/s at most already; nothing was changed" in second.err
    assert list(busy.san.rates.values()) == [str(30 * 2**20)]


def test_a_job_that_does_not_run_has_no_rate_to_change(busy: Bench) -> None:
    busy.vmstore(*words(busy), cut_at=4)
    refused = busy.vmstore("job", "rate", busy.san.luns["iscsi1"].wwid, "30M")
    assert refused.code == ExitCode.REFUSED
    assert "does not run" in refused.err


def test_a_copy_stands_back_while_the_node_is_under_pressure_and_says_so(busy: Bench) -> None:
    settle(busy, "[load]\npressure_percent = 60")
    busy.san.nodes["n2"].pressure = 83.0

    def at(moment: int) -> None:
        if busy.san.shares[-1:] == [("n2", 1)]:
            busy.san.nodes["n2"].pressure = 10.0

    done = busy.vmstore(*words(busy), on_moment=at)
    assert done.code == 0, done.err
    assert "the copy stands back: I/O pressure on n2 is 83 % (limit 60 %)" in done.err
    assert "the copy goes on" in done.err
    assert [line["event"] for line in record(busy) if line["event"] in ("held back", "goes on")] == [
        "held back",
        "goes on",
    ]


@pytest.mark.parametrize(
    ("others", "setting", "shares"),
    [
        (100, "", {100, 40}),
        (100, "[load]\nbeside_percent = 25", {100, 25}),
        (100, "[load]\nbeside_percent = 100", set()),
        (0, "", {100}),
    ],
)
def test_a_copy_takes_a_share_of_its_time_while_others_write_to_the_pv(
    busy: Bench, monkeypatch: pytest.MonkeyPatch, others: int, setting: str, shares: set[int]
) -> None:
    monkeypatch.setattr(throttle, "SHORT", 0.0)
    busy.san.others = others
    settle(busy, setting)
    done = busy.vmstore(*words(busy))
    assert done.code == 0, done.err
    assert {share for _, share in busy.san.shares} == shares
    assert [node.share for node in busy.san.nodes.values()] == [100, 100, 100]


def test_where_no_share_can_be_kept_and_none_was_asked_for_the_copy_goes_on(
    busy: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "SHORT", 0.0)
    busy.san.nodes["n2"].share = 50
    done = busy.vmstore(*words(busy))
    assert done.code == 0, done.err
    assert "not held back" not in done.err


def test_where_the_kernel_cannot_it_is_refused_before_anything_changes(busy: Bench) -> None:
    busy.san.nodes["n2"].knob = False
    before = busy.san.seqno
    for more, text in ((("--rate", "50M"), ""), ((), "[load]\nlatency_ms = 50")):
        settle(busy, text)
        refused = busy.vmstore(*words(busy, *more))
        assert refused.code == ExitCode.REFUSED
        assert "n2 cannot hold a copy back" in refused.err
    assert busy.san.seqno == before


def test_where_another_job_holds_copies_back_it_is_told_once(busy: Bench) -> None:
    busy.san.nodes["n2"].share = 7
    done = busy.vmstore(*words(busy, "--rate", "50M"))
    assert done.code == 0
    assert done.err.count("copies on n2 are not held back by this run: another job does") == 1
    assert busy.san.nodes["n2"].share == 7


@pytest.mark.parametrize("rate", ["0M", "50", "fast", "50MB", "-1M"])
def test_what_is_no_rate_is_refused(busy: Bench, rate: str) -> None:
    refused = busy.vmstore(*words(busy, f"--rate={rate}"))
    assert refused.code == ExitCode.USAGE
    assert busy.san.records == {}
