"""Start, stop, relocate and status without a cluster manager: the agent is run on the nodes themselves."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import san as sans
from tests.support import san_report
from tests.support.bench import KILLED, Bench
from tests.support.san import G, San

AGENT = "/usr/lib/ocf/resource.d/vmstore/vm"


@pytest.fixture
def running(bench: Bench) -> Bench:
    """Give a cluster without a manager on which web01 runs on n1."""
    bench.san.guest("web01", "n1")
    return bench


@pytest.fixture
def stopped(bench: Bench) -> Bench:
    """Give a cluster without a manager on which web01 is stopped."""
    bench.san.guest("web01")
    return bench


def _where(bench: Bench, vm: str = "web01") -> list[str]:
    return [node.name for node in bench.san.nodes.values() if vm in node.running]


def _state(bench: Bench, vm: str = "web01") -> object:
    (row,) = bench.vmstore("status", vm, "-o", "json").json["items"]
    return row


@pytest.mark.parametrize(
    ("host", "node", "at"), [("", "n2", "n2"), ("", "", "n1"), ("n3", "", "n3"), ("n3", "n2", "n2")]
)
def test_start_and_start_again(stopped: Bench, host: str, node: str, at: str) -> None:
    done = stopped.vmstore("start", "web01", *([node] if node else []), host=host)
    assert done.code == 0, done.err
    assert f"web01 runs on {at}" in done.err
    assert (_where(stopped), stopped.san.holders(stopped.san.lvs["web01"])) == ([at], [at])
    again = stopped.vmstore("start", "web01", host=host)
    assert (again.code, "already; nothing was changed" in again.err) == (0, True)
    assert not stopped.changes()
    elsewhere = stopped.vmstore("start", "web01", "n1" if at != "n1" else "n2", host=host)
    assert (elsewhere.code, "vmstore relocate web01" in elsewhere.err) == (4, True)


def test_on_a_single_host(single: Bench) -> None:
    single.san.guest("web01", on="disk1")
    assert single.vmstore("start", "web01").code == 0
    assert _where(single) == ["host"]
    assert "no other node can take web01" in single.vmstore("relocate", "web01").err
    assert single.vmstore("stop", "web01").code == 0
    assert (_where(single), single.san.suspended) == ([], {"web01"})


def test_stop_and_stop_again(running: Bench) -> None:
    done = running.vmstore("stop", "web01")
    assert (done.code, "web01 is stopped" in done.err) == (0, True)
    assert (_where(running), running.san.holders(running.san.lvs["web01"])) == ([], [])
    again = running.vmstore("stop", "web01")
    assert (again.code, "already; nothing was changed" in again.err) == (0, True)
    assert not running.changes()


def test_a_guest_that_ended_by_itself_leaves_its_volume_which_stop_lets_go_of(running: Bench) -> None:
    running.san.nodes["n1"].running.clear()
    assert running.vmstore("status", "-o", "json").json["items"] == []
    assert running.vmstore("stop", "web01").code == 0
    assert running.san.holders(running.san.lvs["web01"]) == []


def test_status_shows_what_runs_and_by_name_also_what_does_not(running: Bench) -> None:
    running.san.volume("files", 1 * G, "fc1", active="n2", mounted=True)
    running.san.guest("idle")
    shown = running.vmstore("status", "-o", "json")
    assert [(row["vm"], row["state"], row["node"], row["held_by"]) for row in shown.json["items"]] == [
        ("web01", "started", "n1", "n1")
    ]
    assert "no cluster manager" in shown.err
    assert _state(running, "files") == {
        "vm": "files", "state": "stopped", "node": None, "frozen": None, "held_by": "n2", "note": "",
    }  # fmt: skip
    assert running.vmstore("status", "nosuch").code == 3


def test_status_asks_each_node_once_and_what_lists_never_asks_the_agent(running: Bench) -> None:
    running.san.guest("db01", "n2")
    running.vmstore("status")
    shells = [call.node for call in running.runner.asked if call.argv[0] == "sh"]
    assert sorted(shells) == ["n1", "n2", "n3"]
    for words in (("list",), ("pv", "list"), ("show", "web01"), ("grow", "web01", "+1G", "--dry-run")):
        assert running.vmstore(*words).code == 0
        assert not [call for call in running.runner.asked if any(word.startswith("agent:") for word in call.argv)]


def test_status_of_a_node_that_is_silent_is_not_known(running: Bench) -> None:
    running.san.nodes["n1"].up = False
    shown = running.vmstore("status", "web01", "-o", "json")
    assert shown.json["items"][0]["state"] == "unknown"
    assert "n1 does not answer" in shown.err
    for words in (("stop", "web01"), ("start", "web01", "n2"), ("relocate", "web01", "n2")):
        assert running.vmstore(*words).code == 7
        assert not running.changes()


def test_a_volume_that_is_mounted_somewhere_may_still_run_where_nobody_answers(running: Bench) -> None:
    lv = running.san.lvs["web01"]
    running.san.lock_type = ""
    running.san.nodes["n1"].up = False
    running.san.nodes["n2"].active.add(lv.uuid)
    running.san.nodes["n2"].mounts[lv.uuid] = "/mnt"
    assert running.vmstore("stop", "web01").code == 7


def test_a_node_whose_word_on_its_vms_is_cut_off_may_run_anything(stopped: Bench) -> None:
    node = stopped.san.nodes["n3"]
    node.answer = san_report.probe(stopped.san, node, ()) + "@@manager none\n@agent\ninstalled\n@end 0\n@vms\n"
    refused = stopped.vmstore("start", "web01", "n2")
    assert (refused.code, "n3 gave no whole answer" in refused.err) == (7, True)


def test_a_paused_guest_has_failed_and_stop_is_the_way_out(running: Bench) -> None:
    node = running.san.nodes["n1"]
    node.running.clear()
    node.paused.add("web01")
    (row,) = running.vmstore("status", "-o", "json").json["items"]
    assert (row["state"], row["node"], row["note"]) == ("failed", "n1", "it is paused")
    refused = running.vmstore("start", "web01")
    assert (refused.code, "the agent: it is paused" in refused.err) == (4, True)
    assert running.vmstore("stop", "web01").code == 0
    assert running.vmstore("start", "web01", "n2").code == 0
    assert _where(running) == ["n2"]


@pytest.mark.parametrize(
    ("prepare", "code", "word"),
    [
        (lambda san: san.nodes["n3"].active.add(san.lvs["web01"].uuid), 4, "in use on n3"),
        (lambda san: san.nodes["n2"].mounts.update({san.lvs["web01"].uuid: "/mnt"}), 4, "mounted at /mnt"),
        (lambda san: setattr(san.nodes["n3"], "up", False), 7, "n3 does not answer"),
        (lambda san: setattr(san.nodes["n2"], "up", False), 7, "n2 does not answer"),
        (lambda san: setattr(san.nodes["n3"], "answer", "@dm\n"), 7, "n3 gave no whole answer"),
        (lambda san: san.nodes["n2"].daemons.discard("lvmlockd"), 7, "lvmlockd does not run on n2"),
        (lambda san: san.luns["fc1"].paths.pop("n2"), 4, "does not see the PV"),
        (lambda san: setattr(san.nodes["n2"], "agent", False), 4, "the agent is not installed there"),
        (lambda san: setattr(san, "lock_type", ""), 4, "is not shared"),
    ],
)
def test_start_is_refused_where_the_mount_might_not_be_exclusive(
    stopped: Bench, prepare: Callable[[San], object], code: int, word: str
) -> None:
    lv = stopped.san.lvs["web01"]
    prepare(stopped.san)
    if lv.uuid in stopped.san.nodes["n2"].mounts:
        stopped.san.nodes["n2"].active.add(lv.uuid)
    refused = stopped.vmstore("start", "web01", "n2")
    assert (refused.code, word in refused.err) == (code, True), refused.err
    assert not stopped.changes()


def test_a_node_that_there_is_not(running: Bench) -> None:
    for verb in ("start", "relocate"):
        running.san.nodes["n1"].running = set() if verb == "start" else {"web01"}
        assert running.vmstore(verb, "web01", "n9").code == 3


def test_files_may_have_been_put_on_a_volume_that_is_still_mounted(stopped: Bench) -> None:
    lv = stopped.san.lvs["web01"]
    stopped.san.nodes["n2"].active.add(lv.uuid)
    stopped.san.nodes["n2"].mounts[lv.uuid] = "/vm/web01"
    refused = stopped.vmstore("start", "web01", "n3")
    assert (refused.code, "in use on n2" in refused.err) == (4, True)
    assert stopped.vmstore("start", "web01").code == 0
    assert _where(stopped) == ["n2"]


def test_what_does_not_start_lets_go_of_the_volume_but_not_of_the_admins_mount(stopped: Bench) -> None:
    stopped.san.defined.clear()
    lv = stopped.san.lvs["web01"]
    done = stopped.vmstore("start", "web01", "n2")
    assert (done.code, "there is no /vm/web01/web01.xml to start it from" in done.err) == (8, True)
    assert stopped.san.holders(lv) == []
    stopped.san.nodes["n2"].active.add(lv.uuid)
    stopped.san.nodes["n2"].mounts[lv.uuid] = "/vm/web01"
    assert stopped.vmstore("start", "web01", "n2").code == 8
    assert stopped.san.holders(lv) == ["n2"]


def test_a_stop_that_fails_says_why(running: Bench) -> None:
    running.san.nodes["n1"].opened.add(running.san.lvs["web01"].uuid)
    done = running.vmstore("stop", "web01")
    assert (done.code, "umount: target is busy" in done.err) == (8, True)


def test_relocate(running: Bench) -> None:
    done = running.vmstore("relocate", "web01", "n3", "-o", "json")
    assert (done.code, done.json["node"], done.json["changed"]) == (0, "n3", True), done.err
    assert (_where(running), running.san.holders(running.san.lvs["web01"])) == (["n3"], ["n3"])
    assert [change.node for change in running.runner.asked if change.argv[-1] == "warm"] == ["n3"]
    assert running.vmstore("relocate", "web01", "n3").code == 0
    assert not running.changes()
    assert running.vmstore("relocate", "web01").code == 0
    assert _where(running) != ["n3"]


def test_relocate_mounts_as_what_it_is_mounted_now(running: Bench) -> None:
    fs = running.san.lvs["web01"].fs
    assert fs is not None
    fs.kind = "ext3"
    assert running.vmstore("relocate", "web01", "n2").code == 0


@pytest.mark.parametrize("number", [0, 1])
def test_a_relocation_that_fails_starts_it_where_it_ran_and_says_so(running: Bench, number: int) -> None:
    done = running.vmstore("relocate", "web01", "n2", fail=number)
    assert (done.code, "web01 is started on n1" in done.err) == (8, True), done.err
    assert (_where(running), running.san.holders(running.san.lvs["web01"])) == (["n1"], ["n1"])


def test_a_relocation_to_a_node_that_cannot_take_it_after_all(running: Bench) -> None:
    def lose(moment: int) -> None:
        running.san.nodes["n2"].lockspace = False

    done = running.vmstore("relocate", "web01", "n2", on_moment=lose)
    assert (done.code, "web01 is started on n1" in done.err) == (8, True), done.err
    assert "lockspace is inactive" in done.err
    assert (_where(running), running.san.holders(running.san.lvs["web01"])) == (["n1"], ["n1"])


def test_where_the_target_is_lost_it_is_started_nowhere_else(running: Bench) -> None:
    def lose(moment: int) -> None:
        running.san.nodes["n2"].hangs = moment == 0

    done = running.vmstore("relocate", "web01", "n2", on_moment=lose)
    assert (done.code, "what came of it is not known" in done.err) == (7, True), done.err
    assert [argv[-1] for _, argv in running.changes()] == ["stop"]


class Briefly:
    """True once."""

    def __init__(self) -> None:
        self.left = 1

    def __bool__(self) -> bool:
        self.left -= 1
        return self.left >= 0


def test_an_agent_that_was_lost_sight_of_may_still_be_at_work(running: Bench) -> None:
    def lose(moment: int) -> None:
        running.san.nodes["n2"].hangs = Briefly()  # type: ignore[assignment]

    done = running.vmstore("relocate", "web01", "n2", on_moment=lose)
    assert (done.code, "gave no answer within" in done.err) == (8, True), done.err
    assert [argv[-1] for _, argv in running.changes()] == ["stop"]


def test_a_failure_that_was_none_is_told_and_believed_from_the_nodes(stopped: Bench) -> None:
    done = stopped.vmstore("start", "web01", "n2", fail_done=0)
    assert (done.code, "reported a failure, but it is done" in done.err) == (0, True), done.err
    assert _where(stopped) == ["n2"]


def test_a_success_that_was_none_is_not_believed(stopped: Bench) -> None:
    done = stopped.vmstore("start", "web01", "n2", lie=0)
    assert (done.code, "web01 is stopped" in done.err) == (8, True), done.err


@pytest.mark.parametrize("moment", [0, 1])
def test_a_relocation_that_was_killed_leaves_it_whole_and_says_what_to_type(running: Bench, moment: int) -> None:
    assert running.vmstore("relocate", "web01", "n2", cut_at=moment).code == KILLED
    again = running.vmstore("relocate", "web01", "n2")
    if again.code:
        assert (again.code, "vmstore start web01 n2" in again.err) == (4, True), again.err
        assert running.vmstore("start", "web01", "n2").code == 0
    assert (_where(running), running.san.holders(running.san.lvs["web01"])) == (["n2"], ["n2"])


@pytest.mark.parametrize("verb", ["freeze", "thaw"])
def test_there_is_nothing_to_freeze(running: Bench, verb: str) -> None:
    refused = running.vmstore(verb, "web01")
    assert (refused.code, "no cluster manager that would check, restart or move it" in refused.err) == (4, True)


def test_volumes_are_changed_as_ever(running: Bench) -> None:
    assert running.vmstore("grow", "web01", "+1G").code == 0
    assert running.vmstore("evacuate", running.san.luns["fc1"].wwid, "--to", "iscsi", "--yes").code == 0
    assert running.vmstore("create", "new", "1G").code == 0
    refused = running.vmstore("remove", "web01", "--confirm", "web01")
    assert (refused.code, "mounted on n1" in refused.err) == (4, True)
    assert _where(running) == ["n1"]


def test_nodes_that_differ_on_the_manager_are_not_believed(running: Bench) -> None:
    running.san.manager = "rgmanager"
    for node in ("n1", "n2"):
        running.san.nodes[node].configured = False
    refused = running.vmstore("stop", "web01")
    assert (refused.code, "n3 has rgmanager" in refused.err) == (7, True)
    running.config.write_text(running.config.read_text() + '[cluster]\nmanager = "none"\n')
    assert running.vmstore("stop", "web01").code == 0


@pytest.mark.parametrize("words", [("start", "web01", "n2"), ("stop", "db01"), ("relocate", "db01", "n3")])
def test_dry_run_shows_what_is_then_run(stopped: Bench, words: tuple[str, ...]) -> None:
    stopped.san.guest("db01", "n1")
    before = stopped.san.copy()
    plan = stopped.vmstore(*words, "--dry-run", "-o", "json").json["steps"]
    assert stopped.san == before
    shown = [(command["node"], tuple(command["argv"])) for step in plan for command in step["commands"]]
    assert all(argv[0] == "env" and AGENT in argv for _, argv in shown)
    assert stopped.vmstore(*words).code == 0
    assert stopped.changes() == [(node, argv) for node, argv in shown if argv[-1] != "warm"]


def test_the_agent_is_told_what_the_configuration_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(sans.cluster(), tmp_path, monkeypatch)
    bench.san.guest("web01")
    bench.config.write_text(bench.config.read_text() + '[cluster]\nhypervisor = "vmware2"\n')
    assert bench.vmstore("start", "web01", "n2", "--dry-run", "-o", "plain").out == (
        "n2: env OCF_RESKEY_vm=web01 OCF_RESKEY_vg=vmstore OCF_RESKEY_directory=/vm/web01 "
        f"OCF_RESKEY_hypervisor=vmware2 OCF_RESKEY_fstype=ext4 {AGENT} start\n"
    )
