"""What is said at the end of a change and in a hint: it can be typed as it stands, from the same shell."""

import copy
import re
import shlex
from collections.abc import Callable

import pytest

from tests.support import jobs, san_manager
from tests.support.bench import Bench, Outcome
from tests.support.san import G, M, San
from vmstore.errors import ExitCode
from vmstore.jobs import service_steps


def offered(said: str) -> list[list[str]]:
    """List the commands that a text names, ready to be run."""
    return [shlex.split(words) for words in re.findall(r"`vmstore ([^`]*)`", said)]


def follow(bench: Bench, told: Outcome, verb: str) -> Outcome:
    """Type what was offered, with what nobody is there to be asked about."""
    (words,) = (words for words in offered(told.err) if " ".join(words).startswith(verb))
    return bench.vmstore(*words, "--yes")


@pytest.fixture(params=["", "n1", "n3"])
def anywhere(request: pytest.FixtureRequest, bench: Bench) -> Bench:
    """Give web01 on iscsi1, and vmstore on a workstation and on nodes that call that LUN otherwise."""
    bench.host = request.param
    bench.san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    return bench


def test_an_emptied_pv_can_be_taken_out_or_opened_as_the_end_says(anywhere: Bench) -> None:
    wwid = anywhere.san.luns["iscsi1"].wwid
    done = anywhere.vmstore("evacuate", wwid, "--to", "fc", "--yes")
    assert "is empty; it stays cordoned (2 GiB in 1 volume moved): " in done.err
    assert follow(anywhere, done, "pv uncordon").code == ExitCode.DONE
    assert anywhere.san.label("iscsi1").allocatable
    out = follow(anywhere, done, "pv remove")
    assert anywhere.san.luns["iscsi1"].pv is None
    assert f"{wwid} is out of vmstore: the LUN bears no label any more" in out.err


def test_what_lies_on_a_pv_that_shall_go_is_moved_as_the_hint_says(anywhere: Bench) -> None:
    refused = anywhere.vmstore("pv", "remove", anywhere.san.luns["iscsi1"].wwid, "--yes")
    assert refused.code == ExitCode.REFUSED
    (words,) = offered(refused.err)
    assert anywhere.vmstore(*words, "--to", "fc", "--yes").code == ExitCode.DONE
    assert anywhere.san.luns["iscsi1"].pv is None


def test_the_excluded_rest_is_moved_as_the_end_says(bench: Bench) -> None:
    jobs.fill(bench.san)
    wwid = bench.san.luns["iscsi1"].wwid
    done = bench.vmstore("evacuate", wwid, "--to", "fc", "--exclude", "db01", "--yes")
    assert "is empty but for db01; it stays cordoned" in done.err
    (words, _) = offered(done.err)
    assert bench.vmstore(*words, "--to", "fc", "--yes").code == ExitCode.DONE
    assert bench.san.used(bench.san.label("iscsi1").uuid) == []


def test_what_the_settings_keep_on_a_pv_is_not_said_to_go_by_the_same_command(bench: Bench) -> None:
    jobs.fill(bench.san)
    with bench.config.open("a", encoding="utf-8") as settings:
        settings.write('[move]\nexclude = ["db01"]\n')
    done = jobs.evacuate(bench)
    assert "is empty but for db01; it stays cordoned" in done.err
    assert [words[:2] for words in offered(done.err)] == [["pv", "uncordon"]]


def test_trouble_of_the_whole_cluster_is_no_reason_to_leave_a_volume(bench: Bench) -> None:
    jobs.fill(bench.san)
    bench.san.quorate = False
    refused = jobs.evacuate(bench)
    assert (refused.code, "--exclude" in refused.err) == (ExitCode.CLUSTER, False)


def test_many_that_cannot_move_are_not_all_spelled_out(bench: Bench) -> None:
    for number in range(9):
        bench.san.volume(f"idle{number}", 64 * M, "iscsi1")
    bench.san.nodes["n3"].up = False
    assert jobs.evacuate(bench).err.rstrip().endswith("move the others first: --exclude VM for each of these")


def test_a_short_name_that_is_another_lun_elsewhere_is_not_taken_in(bench: Bench) -> None:
    bench.san.luns["spare"].mapper, bench.san.luns["iscsi2"].mapper = "mpathb", ""
    other = copy.deepcopy(bench.san.luns["spare"])
    other.name, other.wwid, other.paths = "other", "36001405" + "0" * 25, {"n3": ["sdz"]}
    bench.san.luns["spare"].paths.pop("n3")
    bench.san.luns["other"] = other
    refused = bench.vmstore("pv", "add", "mpathb", "--yes")
    assert refused.code == ExitCode.REFUSED
    assert "on n3 that name is another LUN" in refused.err


def test_without_a_manager_a_new_volume_says_how_its_vm_starts(bench: Bench) -> None:
    done = bench.vmstore("create", "web01", "1G")
    assert offered(done.err) == [["start", "web01"]]


def _silent(san: San) -> None:
    san.nodes["n3"].up = False


def _failed(san: San) -> None:
    san.services["db01"].state, san.services["db01"].owner = "failed", "none"


@pytest.mark.parametrize(
    ("trouble", "what"), [(_silent, ["idle"]), (_failed, ["db01"])], ids=["a silent node", "a failed service"]
)
def test_the_others_leave_a_dying_lun_as_the_hint_says(
    bench: Bench, trouble: Callable[[San], None], what: list[str]
) -> None:
    jobs.fill(bench.san)
    trouble(bench.san)
    refused = jobs.evacuate(bench)
    assert refused.code in (ExitCode.REFUSED, ExitCode.CLUSTER)
    more = re.findall(r"--exclude \S+", refused.err)
    assert more == [f"--exclude {vm}" for vm in what]
    done = bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", *shlex.split(" ".join(more)))
    assert done.code == ExitCode.DONE, done.err
    assert {name for name, _ in bench.san.used(bench.san.label("iscsi1").uuid)} == set(what)


def test_a_pv_that_is_empty_is_not_taken_out_unasked(bench: Bench) -> None:
    words = ("evacuate", bench.san.luns["iscsi1"].wwid, "--remove")
    asked = bench.vmstore(*words, stdin="n\n")
    assert "take /dev/sdc out of vmstore? [y/N]" in asked.err
    assert (asked.code, bench.changes()) == (ExitCode.REFUSED, [])
    assert bench.vmstore(*words, stdin="y\n").code == ExitCode.DONE
    again = bench.vmstore(*words)
    assert (again.code, bench.changes()) == (ExitCode.DONE, [])


def test_a_lun_taken_in_says_its_class_and_how_to_use_it(bench: Bench) -> None:
    wwid = bench.san.luns["spare"].wwid
    done = bench.vmstore("pv", "add", wwid, "--class", "gold", "--yes")
    assert f"{wwid} is a PV of vmstore, of class gold: `vmstore create VM SIZE --class gold` uses it" in done.err
    assert not re.search(r"^1\. ", done.err, re.MULTILINE), "the plan is for whoever is asked"
    kept = bench.vmstore("pv", "cordon", wwid)
    assert follow(bench, kept, "pv uncordon").code == ExitCode.DONE
    assert bench.san.label("spare").allocatable


def test_a_short_name_of_a_pv_is_one(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "iscsi2")
    assert bench.vmstore("evacuate", "mpatha", "--to", "fc", "--dry-run").code == ExitCode.DONE
    assert bench.vmstore("evacuate", bench.san.luns["fc1"].wwid, "--to", "mpatha", "--dry-run").code == ExitCode.DONE


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("show", "web1"), "web01"),
        (("grow", "wbe01", "+1G"), "web01"),
        (("evacuate", "/dev/mapper/mpathb"), "/dev/mapper/mpatha"),
        (("evacuate", "mpatha", "--to", "iscs"), "iscsi"),
        (("evacuate", "mpatha", "--exclude", "web10"), "web01"),
    ],
)
def test_a_mistyped_name_is_told_with_the_one_that_was_meant(bench: Bench, words: tuple[str, ...], meant: str) -> None:
    bench.san.volume("web01", 2 * G, "iscsi2")
    told = bench.vmstore(*words)
    assert told.code == ExitCode.NOT_FOUND
    assert f"try: is {meant} meant? " in told.err
    assert "create" not in told.err


def test_a_mistyped_service_is_told_with_the_one_that_was_meant(bench: Bench) -> None:
    jobs.fill(bench.san)
    told = bench.vmstore("stop", "web1")
    assert (told.code, "is web01 meant? `vmstore status` shows all" in told.err) == (ExitCode.NOT_FOUND, True)
    other = bench.vmstore("start", "idle")
    assert "`vmstore create idle 1G` makes the service for it" in other.err


def test_each_change_to_a_service_says_what_takes_it_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_steps, "LAG", {"rgmanager": 0.0})
    monkeypatch.setattr(service_steps, "EVERY", 0.0)
    san_manager.configure(bench.san)
    jobs.fill(bench.san)
    for verb, back in (("freeze", "thaw"), ("stop", "start")):
        done = bench.vmstore(verb, "web01")
        assert offered(done.err) == [[back, "web01"]]
        assert bench.vmstore(*offered(done.err)[0]).code == ExitCode.DONE
        assert offered(bench.vmstore(verb, "web01", "--dry-run").err) == []


def test_a_stopped_vm_is_not_relocated_and_the_hint_has_no_loose_end(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "fc1")
    bench.san.serve("web01")
    assert "try: `vmstore start web01`\n" in bench.vmstore("relocate", "web01").err
    assert "try: `vmstore start web01 n2`\n" in bench.vmstore("relocate", "web01", "n2").err


def test_a_vm_that_runs_is_to_be_stopped_before_its_volume_is_removed(bench: Bench) -> None:
    jobs.fill(bench.san)
    refused = bench.vmstore("remove", "web01", "--confirm", "web01")
    assert ["stop", "web01"] in offered(refused.err)


def test_a_missing_lun_is_told_wherever_it_is_asked_for(bench: Bench) -> None:
    jobs.fill(bench.san)
    bench.san.volume("files", 2 * G, "fc1")
    lun = bench.san.luns["iscsi1"]
    lun.paths = {node: [] for node in lun.paths}
    told = bench.vmstore("evacuate", lun.wwid, "--to", "fc")
    assert f"{bench.san.label('iscsi1').uuid} is missing" in told.err
    assert "`vmstore doctor`" in told.err
    notes = {row["name"]: row["note"] for row in bench.vmstore("list", "-o", "json").json["items"]}
    assert notes == {"web01": "on a missing PV", "db01": "on a missing PV", "idle": "on a missing PV", "files": ""}
