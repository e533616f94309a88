"""vmstore remove: asks for the name, wipes if told to, and never touches what is in use."""

import pytest

from tests.support.bench import Bench
from tests.support.san import G
from vmstore.errors import ExitCode


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """Have web01, which nobody uses."""
    bench.san.volume("web01", 8 * G, "fc1")
    return bench


def test_the_name_typed_on_the_terminal_removes_it(bench: Bench) -> None:
    outcome = bench.vmstore("remove", "web01", stdin="web01\n")
    assert outcome.code == ExitCode.DONE
    assert "this cannot be undone; type web01 to remove it: " in outcome.err
    assert bench.san.lvs == {}


@pytest.mark.parametrize("typed", ["", "yes\n", "web02\n", "WEB01\n"])
def test_anything_else_typed_leaves_it(bench: Bench, typed: str) -> None:
    before = bench.san.copy()
    assert bench.vmstore("remove", "web01", stdin=typed).code == ExitCode.REFUSED
    assert bench.san == before


def test_yes_alone_does_not_stand_for_the_name(bench: Bench) -> None:
    before = bench.san.copy()
    outcome = bench.vmstore("remove", "web01", "--yes")
    assert outcome.code == ExitCode.USAGE
    assert "--confirm web01" in outcome.err
    assert bench.san == before


def test_without_wipe_no_command_but_lvremove_is_needed(bench: Bench) -> None:
    assert bench.vmstore("remove", "web01", "--confirm", "web01").code == ExitCode.DONE
    assert bench.changes() == [("n1", ("lvremove", "--yes", "vmstore/web01"))]


def test_wipe_takes_the_name_first_and_zeroes_before_removing(bench: Bench) -> None:
    assert bench.vmstore("remove", "web01", "--wipe", "--confirm", "web01").code == ExitCode.DONE
    programs = [argv[0] for _, argv in bench.changes()]
    assert programs == ["lvrename", "mkdir", "touch", "lvchange", "blkdiscard", "lvchange", "rm", "lvremove"]
    assert [node.marks for node in bench.san.nodes.values()] == [set(), set(), set()]


def test_a_wipe_that_left_data_is_found_out_and_the_volume_stays(bench: Bench) -> None:
    outcome = bench.vmstore("remove", "web01", "--wipe", "--confirm", "web01", lie=4)
    assert outcome.code == ExitCode.TOOL
    assert list(bench.san.lvs) == ["web01+gone"]
    assert bench.san.holders(bench.san.lvs["web01+gone"]) == []


def test_a_wipe_that_failed_says_to_run_it_again(bench: Bench) -> None:
    outcome = bench.vmstore("remove", "web01", "--wipe", "--confirm", "web01", fail=4)
    assert outcome.code == ExitCode.TOOL
    assert "it wipes from the start" in outcome.err
    assert bench.vmstore("remove", "web01", "--wipe", "--confirm", "web01").code == ExitCode.DONE
    assert bench.san.lvs == {}


def test_what_an_interrupted_grow_left_active_may_be_removed_and_leaves_no_mark(bench: Bench) -> None:
    for wipe in ((), ("--wipe",)):
        lv = bench.san.lvs.get("web01") or bench.san.volume("web01", 8 * G, "fc1")
        bench.san.nodes["n2"].active.add(lv.uuid)
        bench.san.nodes["n2"].marks.add("web01")
        outcome = bench.vmstore("remove", "web01", *wipe, "--confirm", "web01")
        assert outcome.code == ExitCode.DONE, outcome.err
        assert bench.san.lvs == {}
        assert bench.san.nodes["n2"].marks == set()


def test_a_rest_of_an_earlier_wipe_goes_together_with_a_new_volume_of_that_name(bench: Bench) -> None:
    bench.san.volume("web01+gone", 8 * G, "fc2")
    assert bench.vmstore("remove", "web01", "--wipe", "--confirm", "web01").code == ExitCode.DONE
    assert bench.san.lvs == {}


def test_a_vm_without_a_volume_is_a_success_that_changed_nothing(bench: Bench) -> None:
    outcome = bench.vmstore("remove", "nosuch", "-o", "json")
    assert outcome.json == {"schema": 1, "kind": "remove", "vm": "nosuch", "changed": False}
    assert "nothing was changed" in bench.vmstore("remove", "nosuch").err


def test_dry_run_asks_nothing(bench: Bench) -> None:
    outcome = bench.vmstore("remove", "web01", "--dry-run")
    assert outcome.code == ExitCode.DONE
    assert "lvremove --yes vmstore/web01" in outcome.out
