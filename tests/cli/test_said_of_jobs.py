"""What is said of jobs and services: what was asked, who is at it, what to type next, and nothing twice."""

import re
import shlex

import pytest

from tests.support import jobs
from tests.support.bench import KILLED, Bench
from tests.support.san import G
from vmstore.errors import ExitCode
from vmstore.jobs import lease

pytestmark = pytest.mark.usefixtures("at_once")


def test_a_job_that_was_cut_off_says_in_list_and_show_how_to_go_on(busy: Bench) -> None:
    lun = busy.san.luns["iscsi1"].wwid
    words = ("evacuate", lun, "--to", "fc", "--exclude", "db01", "--rate", "50M", "--suspend", "90s", "--yes")
    assert busy.vmstore(*words, cut_at=9).code == KILLED
    (job,) = jobs.jobs(busy)
    name = job["job"]
    both = (busy.vmstore("job", "list"), busy.vmstore("job", "show", str(name)))
    for told in both:
        assert f"`vmstore job resume {name}` takes it up, `vmstore job abort {name}` gives it up" in told.err
    asked = re.search(r"^asked for +vmstore (.*)$", both[1].out, re.MULTILINE)
    assert asked is not None
    assert sorted(asked[1].split()) == sorted(words[:-1])
    assert busy.vmstore(*shlex.split(asked[1]), "--yes", host="n3").code == ExitCode.DONE
    over = busy.vmstore("job", "show", str(name))
    assert (over.code, f"`vmstore log {name}`" in over.err) == (ExitCode.NOT_FOUND, True)


def test_a_job_at_work_names_who_without_the_process(busy: Bench) -> None:
    jobs.evacuate(busy, cut_at=9)
    key = ("n1", lease.path(lease.evacuation(busy.san.label("iscsi1").uuid)))
    busy.san.leases[key] = "root on n1 (process 7) at 2026-01-02T12:00:00Z"
    told = busy.vmstore("job", "list")
    assert "root on n1\n" in told.out
    assert "process" not in told.out
    assert told.err == ""
    assert jobs.jobs(busy)[0]["by"] == "root on n1 (process 7) at 2026-01-02T12:00:00Z"


def test_an_aborted_job_counts_what_is_left_in_words(busy: Bench) -> None:
    jobs.evacuate(busy, cut_at=9)
    ended = busy.vmstore("job", "abort", busy.san.luns["iscsi1"].wwid, "--yes")
    assert "on /dev/sdc there are still " in ended.err


def test_status_says_a_state_once_and_of_whom_nothing_is_known(busy: Bench) -> None:
    busy.san.serve("idle")
    told = busy.vmstore("status")
    assert "NOTE" not in told.out
    assert re.search(r"^idle +disabled +- +- +nobody$", told.out, re.MULTILINE)
    busy.san.nodes["n3"].up = False
    dark = busy.vmstore("status")
    assert re.search(r"^idle +disabled +- +- +unknown +who holds it is not known$", dark.out, re.MULTILINE)
    assert dark.err.count("n3 does not answer") == 1
    items = {row["vm"]: row["held_by"] for row in busy.vmstore("status", "-o", "json").json["items"]}
    assert items == {"web01": "n1", "db01": "n2", "idle": "?"}


def test_a_failed_service_is_disputed_with_its_way_out(busy: Bench) -> None:
    busy.san.services["web01"].state, busy.san.services["web01"].owner = "failed", "none"
    told = busy.vmstore("grow", "web01", "+1G")
    assert told.code == ExitCode.REFUSED
    assert "`vmstore stop web01` once what failed is mended" in told.err


def test_a_holder_that_is_called_off_is_waited_for_at_the_manager(busy: Bench) -> None:
    busy.san.nodes["n2"].up = False
    told = busy.vmstore("grow", "db01", "+1G", "--offline", "n2")
    assert told.code == ExitCode.REFUSED
    assert "wait until rgmanager has fenced n2 and started db01 elsewhere: `vmstore status db01`" in told.err


def test_a_node_that_takes_no_services_is_told_with_those_that_do(busy: Bench) -> None:
    busy.san.nodes["n3"].up = False
    told = busy.vmstore("relocate", "web01", "n3")
    assert told.code == ExitCode.REFUSED
    assert "name one that does: n2" in told.err


def test_a_plan_before_a_question_sums_up_what_is_frozen(busy: Bench) -> None:
    asked = busy.vmstore("evacuate", busy.san.luns["iscsi1"].wwid, "--to", "fc", stdin="n\n").err
    assert "freeze" not in asked
    assert "thaw" not in asked
    assert "\neach service is frozen only while its own volume is worked on\nmove 17 GiB" in asked
    assert [int(number) for number in re.findall(r"^(\d+)\. ", asked, re.MULTILINE)] == list(
        range(1, 1 + len(re.findall(r"^\d+\. ", asked, re.MULTILINE)))
    )


def test_without_services_nothing_is_said_of_them(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    asked = bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", stdin="n\n").err
    assert "frozen" not in asked
