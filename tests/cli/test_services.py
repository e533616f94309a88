"""Start, stop, relocate, freeze, thaw and status, against the simulated rgmanager."""

from collections.abc import Callable

import pytest

from tests.support.bench import Bench
from tests.support.san import G, San
from vmstore.jobs import service_steps


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what waits for a manager to settle do so at once."""
    monkeypatch.setattr(service_steps, "LAG", {"rgmanager": 0.0, "pacemaker": 0.0})
    monkeypatch.setattr(service_steps, "EVERY", 0.0)


@pytest.fixture
def running(bench: Bench) -> Bench:
    """Give a cluster on which web01 runs on n1."""
    bench.san.volume("web01", 2 * G, "fc1", active="n1", mounted=True)
    bench.san.serve("web01", "n1")
    return bench


@pytest.fixture
def stopped(bench: Bench) -> Bench:
    """Give a cluster on which web01 is stopped."""
    bench.san.volume("web01", 2 * G, "fc1")
    bench.san.serve("web01")
    return bench


def test_start_and_start_again(stopped: Bench) -> None:
    done = stopped.vmstore("start", "web01", "n2")
    assert done.code == 0, done.err
    assert "web01 runs on n2" in done.err
    assert stopped.san.services["web01"].owner == "n2"
    again = stopped.vmstore("start", "web01")
    assert again.code == 0
    assert "already; nothing was changed" in again.err
    assert not stopped.changes()


def test_start_elsewhere_than_it_runs_is_refused_with_the_right_verb(running: Bench) -> None:
    done = running.vmstore("start", "web01", "n2")
    assert done.code == 4
    assert "vmstore relocate web01 n2" in done.err


@pytest.mark.parametrize("host", ["", "n1", "n2"])
def test_stop(running: Bench, host: str) -> None:
    done = running.vmstore("stop", "web01", host=host)
    assert done.code == 0, done.err
    assert running.san.services["web01"].state == "disabled"
    assert running.san.holders(running.san.lvs["web01"]) == []
    assert running.vmstore("stop", "web01", host=host).code == 0
    assert not running.changes()


def test_stop_is_the_way_out_of_a_failed_service(running: Bench) -> None:
    running.san.services["web01"].state = "failed"
    done = running.vmstore("stop", "web01")
    assert done.code == 0, done.err
    assert running.san.services["web01"].state == "disabled"


def test_a_failed_service_is_stopped_where_its_parts_are(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "fc1", active="n2", mounted=True)
    bench.san.serve("web01", "n2")
    service = bench.san.services["web01"]
    service.state, service.owner, service.last_owner = "failed", "none", "n2"
    done = bench.vmstore("stop", "web01")
    assert done.code == 0, done.err
    assert bench.san.holders(bench.san.lvs["web01"]) == []


def test_stop_again_ends_what_was_called_disabled_too_early(running: Bench) -> None:
    # After rc 237: the stop script failed, and the cause is mended since.
    service = running.san.services["web01"]
    service.state, service.owner, service.last_owner = "disabled", "none", "n1"
    done = running.vmstore("stop", "web01")
    assert done.code == 0, done.err
    assert running.san.holders(running.san.lvs["web01"]) == []


def test_stop_disables_what_is_merely_stopped(stopped: Bench) -> None:
    # rgmanager starts it as soon as a node joins.
    stopped.san.services["web01"].state = "stopped"
    assert stopped.vmstore("stop", "web01").code == 0
    assert stopped.san.services["web01"].state == "disabled"


def test_a_node_that_cannot_take_the_vm_is_found_before_the_guest_is_suspended(running: Bench) -> None:
    running.san.nodes["n3"].agent = False
    done = running.vmstore("relocate", "web01", "n3")
    assert done.code == 4
    assert "the VM was not touched" in done.err
    assert not [argv for _, argv in running.changes() if argv[0] == "clusvcadm"]
    assert running.san.services["web01"].owner == "n1"


def test_a_disabled_service_that_is_still_mounted_is_no_stopped_one(running: Bench) -> None:
    service = running.san.services["web01"]
    service.state, service.owner = "disabled", "none"
    done = running.vmstore("start", "web01", "n2")
    assert done.code == 4
    assert "disputed" in done.err
    assert running.san.holders(running.san.lvs["web01"]) == ["n1"]


def test_relocate(running: Bench) -> None:
    done = running.vmstore("relocate", "web01", "n3", "-o", "json")
    assert done.code == 0, done.err
    assert (done.json["node"], done.json["changed"]) == ("n3", True)
    assert running.san.holders(running.san.lvs["web01"]) == ["n3"]
    warmed = [change.node for change in running.runner.asked if change.argv[-1] == "warm"]
    assert warmed == ["n3"]


def test_relocate_without_a_node_takes_another(running: Bench) -> None:
    assert running.vmstore("relocate", "web01").code == 0
    assert running.san.services["web01"].owner in ("n2", "n3")


def test_relocate_to_where_it_runs_changes_nothing(running: Bench) -> None:
    done = running.vmstore("relocate", "web01", "n1")
    assert done.code == 0
    assert not running.changes()


def test_a_failed_relocation_says_where_it_is_now(running: Bench) -> None:
    done = running.vmstore("relocate", "web01", "n2", fail=0)
    assert done.code == 8
    assert "web01 is started on n1" in done.err


@pytest.mark.parametrize(
    ("prepare", "word"),
    [
        (lambda san: setattr(san, "groups_locked", True), "locked"),
        (lambda san: setattr(san.services["web01"], "frozen", True), "frozen"),
        (lambda san: setattr(san.nodes["n2"], "up", False), "n2"),
        (lambda san: san.nodes["n2"].daemons.discard("lvmlockd"), "lvmlockd does not run on n2"),
        (lambda san: san.luns["fc1"].paths.pop("n2"), "does not see the PV"),
    ],
)
def test_relocate_is_refused_before_the_guest_is_suspended(
    running: Bench, prepare: Callable[[San], object], word: str
) -> None:
    prepare(running.san)
    done = running.vmstore("relocate", "web01", "n2")
    assert done.code in (4, 7), done.err
    assert word in done.err
    assert not running.changes()


def test_freeze_and_thaw(running: Bench) -> None:
    assert running.vmstore("freeze", "web01").code == 0
    assert running.san.services["web01"].frozen
    assert running.vmstore("freeze", "web01").code == 0
    assert not running.changes()
    shown = running.vmstore("status", "web01", "-o", "json").json["items"]
    assert shown == [{"vm": "web01", "state": "started", "node": "n1", "frozen": "admin", "held_by": "n1", "note": ""}]
    for verb in ("stop", "relocate"):
        refused = running.vmstore(verb, "web01")
        assert (refused.code, "vmstore thaw web01" in refused.err) == (4, True)
    assert running.vmstore("thaw", "web01").code == 0
    assert not running.san.services["web01"].frozen


def test_status_tells_where_manager_and_nodes_differ(running: Bench) -> None:
    running.san.services["web01"].owner = "n2"
    note = running.vmstore("status", "-o", "json").json["items"][0]["note"]
    assert "rgmanager says started on n2" in note
    assert "in use on n1" in note


def test_a_volume_without_a_service(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "fc1")
    bench.san.serve("other")
    done = bench.vmstore("start", "web01")
    assert (done.code, "has no service" in done.err) == (3, True)


def test_dry_run_shows_the_commands_and_where(running: Bench) -> None:
    done = running.vmstore("relocate", "web01", "n2", "--dry-run")
    assert "n2: env OCF_RESKEY_vm=web01" in done.out
    assert "clusvcadm -r web01 -m n2" in done.out
    assert not running.changes()
