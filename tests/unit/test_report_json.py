"""The JSON form, held against its schema by a validator that is not ours."""

import json
from typing import Any

import pytest

from tests.support import documents
from tests.support.capacity import NOW, OVER, calm, capacity
from vmstore.policies.alerts import Alert, Changes, Severity
from vmstore.policies.forecast import Full, Jump, Trend, Unknown, Why
from vmstore.policies.thresholds import Kind
from vmstore.report import json_document
from vmstore.report.capacity import Capacity, Subject

JUMPED = Subject(
    *(Kind.VM, "jumped", 9, 9, 0, 5, 9),
    trend=Trend(1.5, None, None, 3, NOW - 3, NOW, Jump(NOW - 1, -7), before=0.5),
    full=Full(NOW, None, None),
)


@pytest.mark.parametrize(
    "made", [capacity(), calm(), calm(changes=None), Capacity("vmstore", NOW, (JUMPED,)), Capacity("vmstore", NOW, ())]
)
def test_what_is_written_is_as_the_schema_says(made: Capacity) -> None:
    assert documents.wrong(json.loads(json_document.form(made))) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), 2),
        (("time",), "yesterday"),
        (("vg",), None),
        (("subjects", 0, "size"), -1),
        (("subjects", 0, "size"), "1G"),
        (("subjects", 0, "kind"), "lun"),
        (("alerts", 0, "code"), "C01"),
        (("alerts", 0, "severity"), "bad"),
        (("fits", 0, "count"), 1.5),
    ],
)
def test_what_is_wrong_is_found_by_the_schema(path: tuple[str | int, ...], value: object) -> None:
    document = json.loads(json_document.form(capacity()))
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert documents.wrong(document) != []


def test_numbers_stay_what_they_are() -> None:
    told = json.loads(json_document.form(Capacity("vmstore", NOW, (JUMPED,))))
    assert told["time"] == "2027-01-15T08:00:00Z"
    (row,) = told["subjects"]
    assert (row["size"], row["used"], row["filesystem"], row["id"]) == (9, 5, 9, "jumped")
    assert row["growth"]["jump"] == {"time": "2027-01-15T07:59:59Z", "bytes": -7}
    assert (row["growth"]["per_day"], row["growth"]["low"], row["growth"]["before"]) == (1.5, None, 0.5)
    assert row["full"] == {"earliest": "2027-01-15T08:00:00Z", "likely": None, "latest": None}


def test_why_growth_is_not_known_is_said() -> None:
    subject = Subject(Kind.VG, "vmstore", 9, 9, 0, trend=Unknown(Why.CLOCK))
    (row,) = json.loads(json_document.form(Capacity("vmstore", NOW, (subject,))))["subjects"]
    assert (row["growth"], row["no_growth"], row["full"]) == (None, "clock", None)


def test_what_is_over_of_a_code_that_this_version_does_not_know_is_left_out() -> None:
    later = Alert("VMS-X99", Severity.WARN, Kind.VM, "web01", 1, 1)
    told = json.loads(json_document.form(calm(changes=Changes((), (), (later, OVER), ()))))
    assert [alert["code"] for alert in told["changes"]["over"]] == ["VMS-V01"]


def test_all_classes_together_have_no_name() -> None:
    told = json.loads(json_document.form(capacity()))
    assert [fit["class"] for fit in told["fits"]] == [None, "fc", "fc"]
    assert [alert["code"] for alert in told["changes"]["over"]] == ["VMS-V01"]
    assert told["silent"] == {"n3": "no answer within 10 s"}
