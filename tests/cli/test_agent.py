"""The same agent on every node, whatever each one has, and the old one kept."""

import hashlib

import pytest

from tests.cli.test_log_of_changes import logged, parts
from tests.support.bench import KILLED, Bench
from tests.support.san_agent import AGENT
from vmstore import agent
from vmstore.errors import ExitCode

OLD = "#!/bin/sh\nagent_version=1.0\nexit 0\n"
FOLDER = AGENT.rpartition("/")[0]
NEW, KEPT = f"{FOLDER}/.vm.new", f"{FOLDER}/.vm.old"


@pytest.fixture
def mixed(bench: Bench) -> Bench:
    """Give n1 the agent of this vmstore, n2 an old one, n3 none."""
    bench.san.nodes["n2"].files[AGENT] = OLD
    bench.san.nodes["n3"].agent = False
    return bench


def sums(bench: Bench) -> dict[str, str]:
    """Tell what check says of each node."""
    return {item["node"]: item["state"] for item in bench.vmstore("agent", "check", "-o", "json").json["items"]}


def test_check_tells_of_each_node_what_it_has(mixed: Bench) -> None:
    mixed.san.scripts |= {("n2", "/etc/vmstore/vm.d/web01"), ("n2", "/etc/vmstore/vm.d/db01")}
    outcome = mixed.vmstore("agent", "check", "-o", "json")
    assert outcome.code == ExitCode.THRESHOLD
    ours = hashlib.sha256(agent.text().encode()).hexdigest()
    assert outcome.json["brought"] == {"version": "1.2", "sha256": ours}
    told = [(item["node"], item["state"], item["version"], item["sha256"]) for item in outcome.json["items"]]
    old = hashlib.sha256(OLD.encode()).hexdigest()
    assert told == [("n1", "same", "1.2", ours), ("n2", "differs", "1.0", old), ("n3", "missing", None, None)]
    assert [item["scripts"] for item in outcome.json["items"]] == [0, 2, None]
    assert {item["path"] for item in outcome.json["items"]} == {AGENT}


def test_check_is_quiet_where_all_have_the_same(bench: Bench) -> None:
    outcome = bench.vmstore("agent", "check")
    assert (outcome.code, outcome.err) == (0, "")
    assert [line.split()[:3] for line in outcome.out.splitlines()[1:]] == [[f"n{n}", "same", "1.2"] for n in (1, 2, 3)]


def test_check_says_what_to_do_where_one_differs(mixed: Bench) -> None:
    outcome = mixed.vmstore("agent", "check")
    assert "this vmstore brings the agent 1.2" in outcome.err
    assert "vmstore agent deploy" in outcome.err
    assert mixed.vmstore("agent", "check", "n1").code == 0
    assert mixed.vmstore("agent", "check", "n2").code == ExitCode.THRESHOLD


@pytest.mark.parametrize("how", ["up", "hangs"])
def test_a_node_that_does_not_answer_is_no_good_and_named(bench: Bench, how: str) -> None:
    setattr(bench.san.nodes["n2"], how, how == "hangs")
    outcome = bench.vmstore("agent", "check", "-o", "json")
    assert outcome.code == ExitCode.CLUSTER
    (silent,) = (item for item in outcome.json["items"] if item["state"] == "no answer")
    assert silent["node"] == "n2"
    assert silent["why"]
    assert bench.vmstore("agent", "check", "--offline", "n2").code == 0


@pytest.mark.parametrize("verb", ["check", "deploy"])
def test_a_node_that_is_called_off_and_is_none_is_refused(mixed: Bench, verb: str) -> None:
    outcome = mixed.vmstore("agent", verb, "--offline", "n33")
    assert outcome.code == ExitCode.NOT_FOUND
    assert "there is no node n33" in outcome.err
    assert mixed.changes() == []


def test_check_changes_nothing(mixed: Bench) -> None:
    before = mixed.san.copy()
    mixed.vmstore("agent", "check")
    mixed.vmstore("agent", "deploy", "--dry-run")
    assert mixed.san == before
    assert mixed.changes() == []
    assert mixed.log() == []


@pytest.mark.parametrize("host", ["", "n2"])
def test_deploy_serves_those_that_have_another_or_none(mixed: Bench, host: str) -> None:
    outcome = mixed.vmstore("agent", "deploy", host=host)
    assert outcome.code == 0, outcome.err
    assert sums(mixed) == dict.fromkeys(("n1", "n2", "n3"), "same")
    assert mixed.san.nodes["n2"].files == {AGENT: agent.text(), KEPT: OLD}
    assert mixed.san.nodes["n3"].files == {AGENT: agent.text()}
    assert mixed.san.nodes["n1"].files == {}
    assert outcome.err.splitlines()[-4:] == [
        "n2, n3 have the agent 1.2 now",
        "n1 has it already",
        "the old one was kept; to go back:",
        f"  n2: mv {KEPT} {AGENT}",
    ]


def test_deploying_again_changes_nothing_and_keeps_the_old_one(mixed: Bench) -> None:
    mixed.vmstore("agent", "deploy")
    before = mixed.san.copy()
    outcome = mixed.vmstore("agent", "deploy", "-o", "json")
    assert (outcome.code, outcome.json["changed"], outcome.json["put_on"]) == (0, False, [])
    assert mixed.changes() == []
    assert mixed.san == before
    assert mixed.vmstore("agent", "deploy").err == "n1, n2, n3 have it already; nothing was changed\n"


def test_what_dry_run_shows_is_what_is_run_and_logged(mixed: Bench) -> None:
    shown = mixed.vmstore("agent", "deploy", "--dry-run", "-o", "json").json
    commands = [command for step in shown["steps"] for command in step["commands"]]
    plan = [part for command in commands for part in parts(command["node"], command["argv"])]
    assert mixed.vmstore("agent", "deploy").code == 0
    assert mixed.changes() == plan
    assert logged(mixed.log(), "ended") == plan
    assert agent.text()[:200] not in str(mixed.log())
    assert [entry["result"] for entry in mixed.log() if entry["event"] == "seen"] == ["done", "done"]


def test_the_new_one_takes_the_place_in_one_stroke_and_never_over_an_open_file(mixed: Bench) -> None:
    mixed.vmstore("agent", "deploy", "n2")
    assert [argv for _, argv in mixed.changes() if argv[-1] == AGENT] == [("mv", NEW, AGENT)]
    assert {argv[-1] for _, argv in mixed.changes()} == {NEW, KEPT, AGENT, FOLDER}


def test_only_the_nodes_that_are_named(mixed: Bench) -> None:
    assert mixed.vmstore("agent", "deploy", "n3").code == 0
    assert sums(mixed) == {"n1": "same", "n2": "differs", "n3": "same"}
    outcome = mixed.vmstore("agent", "deploy", "n4")
    assert outcome.code == ExitCode.NOT_FOUND
    assert "the nodes are n1, n2, n3" in outcome.err


@pytest.mark.parametrize("how", ["up", "hangs"])
def test_a_node_that_does_not_answer_is_named_and_the_others_are_served(mixed: Bench, how: str) -> None:
    setattr(mixed.san.nodes["n2"], how, how == "hangs")
    outcome = mixed.vmstore("agent", "deploy")
    assert outcome.code == ExitCode.CLUSTER
    assert "vmstore: n2 does not answer" in outcome.err
    assert mixed.san.nodes["n3"].files[AGENT] == agent.text()
    assert mixed.vmstore("agent", "deploy", "--offline", "n2").code == 0


def test_a_failure_on_one_node_does_not_stop_the_next(mixed: Bench) -> None:
    outcome = mixed.vmstore("agent", "deploy", fail=1)
    assert outcome.code == ExitCode.TOOL
    assert sums(mixed) == {"n1": "same", "n2": "differs", "n3": "same"}
    assert mixed.san.nodes["n2"].files[AGENT] == OLD
    assert "n2" in outcome.err
    assert mixed.vmstore("agent", "deploy").code == 0


def test_a_line_that_is_cut_in_the_middle_leaves_the_old_one_in_place(mixed: Bench) -> None:
    mixed.san.nodes["n2"].cuts = 500
    outcome = mixed.vmstore("agent", "deploy", "n2")
    assert outcome.code == ExitCode.TOOL
    assert "did NOT match" in outcome.err
    assert mixed.san.nodes["n2"].files[AGENT] == OLD


def test_a_tool_that_lies_is_found_out(mixed: Bench) -> None:
    mixed.vmstore("agent", "deploy", "n2", "--dry-run")
    outcome = mixed.vmstore("agent", "deploy", "n2", lie=5)
    assert ("mv", NEW, AGENT) in [argv for _, argv in mixed.changes()]
    assert outcome.code == ExitCode.TOOL
    assert "differs" in outcome.err


@pytest.mark.parametrize("moment", range(7))
def test_killed_at_any_moment_there_is_a_whole_agent_and_the_same_command_finishes(mixed: Bench, moment: int) -> None:
    assert mixed.vmstore("agent", "deploy", "n2", cut_at=moment).code == KILLED
    assert mixed.san.nodes["n2"].files[AGENT] in (OLD, agent.text())
    mixed.san.leases.clear()
    assert mixed.vmstore("agent", "deploy", "n2").code == 0
    assert mixed.san.nodes["n2"].files == {AGENT: agent.text(), KEPT: OLD}


def test_two_at_once_do_not_write_the_same_file(mixed: Bench) -> None:
    mixed.san.leases["n2", "/run/vmstore/lock/agent"] = "root on n1 (process 7) at 2026-01-01T00:00:00Z"
    outcome = mixed.vmstore("agent", "deploy")
    assert outcome.code == ExitCode.LOCKED
    assert mixed.san.nodes["n2"].files == {AGENT: OLD}
    assert mixed.san.nodes["n3"].files[AGENT] == agent.text()
