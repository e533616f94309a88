"""What an evacuation says before, while and after it works: names that mean one thing, and what to type next."""

import re

import pytest

from tests.support import jobs
from tests.support.bench import Bench
from tests.support.san import G


@pytest.mark.parametrize("engine", ["mirror", "raid1"])
def test_no_step_names_the_target_as_another_node_calls_it(bench: Bench, engine: str) -> None:
    # What n1 empties as /dev/sdc is /dev/sda on n3, where /dev/sdc is the target.
    bench.san.volume("mail", 3 * G, "iscsi1", active="n3", mounted=True)
    told = bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--engine", engine, "--dry-run").out
    titles = [line for line in told.splitlines() if re.match(r"\d+\. ", line)]
    (copying,) = (title for title in titles if "/dev/sdc on n3" in title)
    assert "/dev/sda (/dev/sdc on n3)" in copying
    assert "cordon /dev/sdc" in titles[0]
    assert "/dev/sdc is empty" in titles[-1]
    assert all("on /dev/sda" not in title for title in titles if "leg of" in title and title != copying)


def test_a_target_of_one_name_is_named_once(bench: Bench) -> None:
    jobs.fill(bench.san)
    told = bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", bench.san.luns["fc1"].wwid, "--dry-run").out
    assert "of web01 (piece 1 of 2) to /dev/sda on n1, which holds it\n" in told
