"""A service is frozen only while its own volume is changed and always thawed, and the admin's freeze stays."""

from collections.abc import Callable

import pytest

from tests.support.bench import KILLED, Bench
from tests.support.san import G, San


def _two_running(san: San) -> None:
    san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    san.serve("web01", "n1")
    san.volume("db01", 2 * G, "iscsi1", active="n2", mounted=True)
    san.serve("db01", "n2")


def _freezes(san: San) -> set[str]:
    return {tag for lun in san.pvs() if lun.pv for tag in lun.pv.tags if "freeze" in tag}


def _frozen_at(bench: Bench, program: str) -> list[set[str]]:
    """Replay the changes of the last run: which services were frozen whenever ``program`` ran."""
    frozen: set[str] = set()
    found = []
    for _, argv in bench.changes():
        if argv[0] == program:
            found.append(set(frozen))
        if argv[:2] == ("clusvcadm", "-Z"):
            frozen.add(argv[2])
        if argv[:2] == ("clusvcadm", "-U"):
            frozen.discard(argv[2])
    return found


def test_evacuate_freezes_each_service_only_while_its_own_volume_moves(bench: Bench) -> None:
    _two_running(bench.san)
    done = bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes")
    assert done.code == 0, done.err
    assert sorted(map(sorted, _frozen_at(bench, "pvmove"))) == [["db01"], ["web01"]]
    assert not any(service.frozen for service in bench.san.services.values())
    assert not _freezes(bench.san)


def test_grow_freezes_while_it_extends(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "fc1", active="n1", mounted=True)
    bench.san.serve("web01", "n1")
    done = bench.vmstore("grow", "web01", "+1G")
    assert done.code == 0, done.err
    assert _frozen_at(bench, "lvextend") == [{"web01"}]
    assert _frozen_at(bench, "resize2fs") == [{"web01"}]
    assert not bench.san.services["web01"].frozen
    assert not _freezes(bench.san)


def test_a_service_that_the_admin_froze_stays_frozen(bench: Bench) -> None:
    _two_running(bench.san)
    bench.san.services["web01"].frozen = True
    assert bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes").code == 0
    assert bench.san.services["web01"].frozen
    assert not bench.san.services["db01"].frozen
    assert bench.vmstore("grow", "web01", "+1G").code == 0
    assert bench.san.services["web01"].frozen


def test_the_service_of_an_idle_volume_is_frozen_until_it_is_let_go_of(bench: Bench) -> None:
    bench.san.volume("old01", 1 * G, "iscsi1")
    bench.san.serve("old01")
    assert bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes").code == 0
    assert _frozen_at(bench, "pvmove") == [{"old01"}]
    assert _frozen_at(bench, "lvchange") == [{"old01"}]
    assert not bench.san.services["old01"].frozen


@pytest.mark.parametrize("moment", range(1, 16))
def test_whenever_it_is_killed_the_next_command_thaws(bench: Bench, moment: int) -> None:
    _two_running(bench.san)
    done = bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", cut_at=moment)
    if done.code != KILLED:
        assert moment > 8, "the run ends long before so many changes"
        return
    for lv in bench.san.lvs.values():
        if lv.move:
            # A move that is under way keeps its service frozen until LVM is done with it.
            bench.vmstore("pv", "cordon", bench.san.luns["fc2"].wwid)
            assert _freezes(bench.san)
            bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes")
    after = bench.vmstore("create", "other", "1G", "--class", "fc", "--no-service")
    assert after.code == 0, after.err
    assert not any(service.frozen for service in bench.san.services.values()), after.err
    assert not _freezes(bench.san)


@pytest.mark.parametrize("failing", range(1, 12))
def test_whatever_fails_it_thaws(bench: Bench, failing: int) -> None:
    _two_running(bench.san)
    bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", fail=failing)
    bench.vmstore("create", "other", "1G", "--class", "fc", "--no-service")
    assert not any(service.frozen for service in bench.san.services.values())
    assert not _freezes(bench.san)


@pytest.mark.parametrize(
    "words", [("pv", "cordon", "{fc2}"), ("pv", "uncordon", "{fc2}"), ("remove", "old01", "--confirm", "old01"),
              ("grow", "db01", "+1G"), ("stop", "db01"), ("freeze", "db01")]
)  # fmt: skip
def test_any_command_that_changes_something_thaws_what_was_left(bench: Bench, words: tuple[str, ...]) -> None:
    _two_running(bench.san)
    bench.san.volume("old01", 1 * G, "fc1")
    bench.san.label("iscsi1").tags.add("vmstore.freeze=web01:n1:volume.web01")
    bench.san.services["web01"].frozen = True
    done = bench.vmstore(*(word.format(fc2=bench.san.luns["fc2"].wwid) for word in words))
    assert done.code == 0, done.err
    assert "web01 was left frozen" in done.err
    assert not bench.san.services["web01"].frozen
    assert not _freezes(bench.san)


def test_another_command_leaves_a_freeze_of_a_run_at_work(bench: Bench) -> None:
    _two_running(bench.san)
    uuid = bench.san.label("iscsi1").uuid
    bench.san.label("iscsi1").tags.add(f"vmstore.freeze=web01:n1:evacuate.{uuid}")
    bench.san.services["web01"].frozen = True
    bench.san.leases[("n1", f"/run/vmstore/lock/evacuate.{uuid}")] = "somebody"
    assert bench.vmstore("create", "other", "1G", "--class", "fc", "--no-service").code == 0
    assert bench.san.services["web01"].frozen
    refused = bench.vmstore("thaw", "web01")
    assert refused.code == 6
    assert "works on its volume" in refused.err


def test_a_frozen_service_that_lost_its_manager_is_not_thawed_blindly(bench: Bench) -> None:
    _two_running(bench.san)
    bench.san.label("iscsi1").tags.add("vmstore.freeze=web01:n1:volume.web01")
    service = bench.san.services["web01"]
    service.frozen, service.state, service.owner = True, "stopped", "none"
    done = bench.vmstore("create", "other", "1G", "--class", "fc", "--no-service")
    assert service.frozen
    assert "still frozen" in done.err
    assert "in use on n1" in done.err


@pytest.mark.parametrize(
    ("spoil", "code", "word"),
    [
        (lambda san: setattr(san, "quorate", False), 7, "quorum"),
        (lambda san: setattr(san.services["web01"], "state", "failed"), 4, "failed"),
        (lambda san: setattr(san.services["web01"], "state", "starting"), 4, "in between"),
        (lambda san: setattr(san.services["web01"], "owner", "n3"), 4, "disputed"),
        (lambda san: setattr(san.services["web01"], "state", "disabled"), 4, "disputed"),
    ],
)
@pytest.mark.parametrize("words", [("evacuate", "{wwid}", "--to", "fc", "--yes"), ("grow", "web01", "+1G")])
def test_what_is_not_well_is_refused_before_anything_changes(
    bench: Bench, spoil: Callable[[San], object], code: int, word: str, words: tuple[str, ...]
) -> None:
    _two_running(bench.san)
    if word == "disputed" and bench.san.services["web01"].owner == "n1":
        bench.san.services["web01"].owner = "none"
    spoil(bench.san)
    before = bench.san.summary(), bench.san.seqno
    done = bench.vmstore(*(each.format(wwid=bench.san.luns["iscsi1"].wwid) for each in words))
    assert (done.code, word in done.err) == (code, True), done.err
    assert (bench.san.summary(), bench.san.seqno) == before


def test_a_freeze_whose_answer_was_lost_is_thawed_by_the_run_itself(bench: Bench) -> None:
    _two_running(bench.san)
    assert bench.vmstore("grow", "web01", "+1G").code == 0
    freeze = next(number for number, (_, argv) in enumerate(bench.changes()) if argv[:2] == ("clusvcadm", "-Z"))
    service = bench.san.services["web01"]
    nodes = bench.san.nodes.values()

    def loses(number: int) -> None:
        # The answer to the freeze is lost, and so is the node's next one.
        for node in nodes:
            node.answer = "" if number == freeze else node.answer

    done = bench.vmstore("grow", "web01", "+1G", fail_done=freeze, on_moment=loses)
    assert done.code != 0
    for node in nodes:
        node.answer = None
    assert not service.frozen
    assert not _freezes(bench.san)


def test_a_manager_that_tells_nothing_is_not_taken_for_one_that_froze_nothing(bench: Bench) -> None:
    _two_running(bench.san)
    bench.san.label("iscsi1").tags.add("vmstore.freeze=web01:n1:volume.web01")
    bench.san.services["web01"].frozen = True
    bench.san.quorate = False
    done = bench.vmstore("pv", "cordon", bench.san.luns["fc2"].wwid)
    assert "still frozen" in done.err
    assert bench.san.services["web01"].frozen
    assert _freezes(bench.san)
