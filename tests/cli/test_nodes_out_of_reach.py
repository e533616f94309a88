"""A node that does not answer is named, never guessed about; --offline says that it is off."""

import pytest

from tests.support.bench import Bench
from tests.support.san import G
from vmstore.errors import ExitCode


@pytest.fixture(params=["refuses", "hangs", "answers in part", "cannot read its device-mapper"])
def silent(request: pytest.FixtureRequest, bench: Bench) -> str:
    """Take n3 out of reach; give what is said of it."""
    node = bench.san.nodes["n3"]
    if request.param == "refuses":
        node.up = False
        return "n3 does not answer (ssh: connect to host n3 port 22: No route to host)"
    if request.param == "hangs":
        node.hangs = True
        return "n3 does not answer (it gave no answer within 30 s)"
    if request.param == "answers in part":
        node.answer = "@dm\n@end 0\n@mounts\n"
        return "n3 gave no whole answer (the answer ends before mounts)"
    node.answer = "@dm\n@end 1\n@mounts\n@end 0\n"
    return "n3 gave no whole answer (reading dm failed with exit code 1)"


def test_list_names_it_and_says_that_the_holder_is_unknown(bench: Bench, silent: str) -> None:
    bench.san.volume("web01", 8 * G, "fc1")
    bench.san.volume("web02", 8 * G, "fc1", active="n1")
    outcome = bench.vmstore("list", "-o", "json")
    assert [item["held_by"] for item in outcome.json["items"]] == ["?", "n1"]
    assert outcome.err == f"vmstore: {silent}: what it holds is not known\n"
    assert "unknown" in bench.vmstore("list").out
    assert outcome.code == ExitCode.DONE


@pytest.mark.parametrize(
    "words",
    [
        ("grow", "web01", "10G"),
        ("remove", "web01", "--confirm", "web01"),
        ("evacuate", "{fc1}", "--yes"),
        ("pv", "add", "{spare}", "--yes"),
    ],
    ids=" ".join,
)
def test_what_it_might_hold_is_not_touched(bench: Bench, silent: str, words: tuple[str, ...]) -> None:
    bench.san.volume("web01", 8 * G, "fc1")
    before = bench.san.copy()
    wwids = {name: lun.wwid for name, lun in bench.san.luns.items()}
    outcome = bench.vmstore(*(word.format(**wwids) for word in words))
    assert outcome.code == (ExitCode.REFUSED if words[0] == "pv" else ExitCode.CLUSTER), outcome.err
    assert silent in outcome.err
    assert "--offline n3" in outcome.err
    assert bench.san == before


def test_what_another_node_surely_holds_is_worked_on(bench: Bench, silent: str) -> None:
    bench.san.volume("web01", 8 * G, "fc1", active="n2", mounted=True)
    assert bench.vmstore("grow", "web01", "10G").code == ExitCode.DONE
    assert bench.vmstore("create", "web02", "1G").code == ExitCode.DONE


def test_a_node_said_to_be_off_is_not_asked_and_not_waited_for(bench: Bench, silent: str) -> None:
    bench.san.volume("web01", 8 * G, "fc1")
    outcome = bench.vmstore("list", "-o", "json", "--offline", "n3")
    assert outcome.json["items"][0]["held_by"] is None
    assert outcome.err == ""
    assert "n3" not in {call.node for call in bench.runner.asked}
    for words in (("grow", "web01", "10G"), ("evacuate", bench.san.luns["fc1"].wwid, "--yes")):
        assert bench.vmstore(*words, "--offline", "n3").code == ExitCode.DONE
    assert bench.vmstore("remove", "web01", "--confirm", "web01", "--offline", "n3").code == ExitCode.DONE


def test_the_next_node_reports_where_the_first_is_down(bench: Bench) -> None:
    bench.san.nodes["n1"].up = False
    bench.san.volume("web01", 8 * G, "fc1", active="n2", mounted=True)
    items = bench.vmstore("list", "-o", "json").json["items"]
    assert (items[0]["held_by"], items[0]["pvs"]) == ("n2", ["/dev/sdb"])
    assert bench.vmstore("grow", "web01", "10G").code == ExitCode.DONE


def test_no_node_at_all_is_told_as_such(bench: Bench) -> None:
    for node in bench.san.nodes.values():
        node.up = False
    outcome = bench.vmstore("list")
    assert outcome.code == ExitCode.CLUSTER
    assert "no node answers" in outcome.err
    assert "No route to host" in outcome.err


def test_calling_every_node_off_leaves_none_to_ask(bench: Bench) -> None:
    outcome = bench.vmstore("list", "--offline", "n1", "--offline", "n2", "--offline", "n3")
    assert outcome.code == ExitCode.CLUSTER
    assert "leave out --offline" in outcome.err


def test_the_volume_of_a_node_that_died_is_moved_once_it_is_said_to_be_off(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    source = bench.san.luns["iscsi1"]
    bench.vmstore("evacuate", source.wwid, "--to", "fc", "--yes", host="n1", cut_at=1)
    assert bench.vmstore("list", "-o", "json").json["items"][0]["note"] == "moving"
    bench.san.crash("n1")
    refused = bench.vmstore("evacuate", source.wwid, "--to", "fc", "--yes", host="n2")
    assert refused.code == ExitCode.CLUSTER
    assert "--offline n1" in refused.err
    again = bench.vmstore("evacuate", source.wwid, "--to", "fc", "--yes", "--offline", "n1", host="n2")
    assert again.code == ExitCode.DONE, again.err
    assert bench.san.used(bench.san.label("iscsi1").uuid) == []
    assert bench.san.label("iscsi1").tags == {"vmstore.class=iscsi"}
    assert bench.san.lvs["web01"].move is None
    assert bench.san.holders(bench.san.lvs["web01"]) == []


def test_losing_the_node_in_the_middle_of_a_move_can_be_resumed(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "iscsi1", active="n2", mounted=True)

    def lose(moment: int) -> None:
        if moment == 1:
            bench.san.nodes["n2"].up = False

    wwid = bench.san.luns["iscsi1"].wwid
    outcome = bench.vmstore("evacuate", wwid, "--to", "fc", "--yes", on_moment=lose)
    assert outcome.code == ExitCode.RESUMABLE, outcome.err
    assert "lost n2 while it moved web01" in outcome.err
    bench.san.nodes["n2"].up = True
    assert bench.vmstore("evacuate", wwid, "--to", "fc", "--yes").code == ExitCode.DONE
    assert bench.san.used(bench.san.label("iscsi1").uuid) == []


def test_a_job_of_a_node_that_is_in_no_list_any_more_can_be_given_up_or_taken_up(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    source = bench.san.luns["iscsi1"].wwid
    label = bench.san.label("iscsi1")
    label.allocatable = False
    label.tags.add("vmstore.evacuate=old7:20260101T000000Z-ab12")
    refused = bench.vmstore("evacuate", source, "--to", "fc", "--yes")
    assert (refused.code, "--offline old7" in refused.err) == (ExitCode.CLUSTER, True)
    (job,) = bench.vmstore("job", "list", "-o", "json", "--offline", "old7").json["items"]
    assert (job["state"], job["why"]) == ("stopped", "old7, where it ran, is off")
    before = bench.san.copy()
    given_up = bench.vmstore("job", "abort", source, "--yes", "--offline", "old7")
    assert given_up.code == ExitCode.DONE, given_up.err
    assert "vmstore.evacuate=old7:20260101T000000Z-ab12" not in bench.san.label("iscsi1").tags
    bench.san = before
    assert bench.vmstore("evacuate", source, "--to", "fc", "--yes", "--offline", "old7").code == ExitCode.DONE
    assert bench.san.label("iscsi1").tags == {"vmstore.class=iscsi"}
    # A slip of the pen is still told.
    assert bench.vmstore("list", "--offline", "old7").code == ExitCode.NOT_FOUND
