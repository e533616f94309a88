"""What Nagios and Icinga read of a report, by the Monitoring Plugins' guidelines."""

import re
import subprocess
from dataclasses import dataclass

import pytest

from tests.support.capacity import ACTED, ALERTS, GIB, NOW, calm, capacity, vm
from vmstore.errors import Refused
from vmstore.policies.alerts import Severity
from vmstore.policies.thresholds import Kind, Rules
from vmstore.report import nagios
from vmstore.report.capacity import Capacity, Subject
from vmstore.report.nagios import State


@dataclass(frozen=True)
class Datum:
    """One piece of perfdata as the guidelines have it."""

    label: str
    value: float
    unit: str
    warn: str
    crit: str
    least: str
    most: str


# 'label'=value[UOM];[warn];[crit];[min];[max]: value, min and max of the class [-0-9.], a label in quotes where it
# holds a space, and no more than the named units. Warn and crit are ranges.
_RANGE = r"@?(?:~|-?[0-9.]+)?:?-?[0-9.]*"
_DATUM = re.compile(
    r"(?:'(?P<quoted>(?:[^'=]|'')+)'|(?P<bare>[^'=\s]+))=(?P<value>-?[0-9]+(?:\.[0-9]+)?|U)(?P<unit>s|us|ms|%|B|KB|MB|TB|c)?"
    rf"(?:;(?P<warn>{_RANGE}))?(?:;(?P<crit>{_RANGE}))?(?:;(?P<least>-?[0-9.]*))?(?:;(?P<most>-?[0-9.]*))?(?:\s+|$)"
)


def perfdata(text: str) -> dict[str, Datum]:
    """Read perfdata strictly: all of it must be understood, and no label come twice."""
    found: dict[str, Datum] = {}
    place = 0
    while place < len(text):
        match = _DATUM.match(text, place)
        assert match, f"no perfdata: {text[place:]!r}"
        label = (match["quoted"] or match["bare"]).replace("''", "'")
        assert label not in found
        found[label] = Datum(
            label, float(match["value"]), *((match[key] or "") for key in ("unit", "warn", "crit", "least", "most"))
        )
        place = match.end()
    return found


def first(text: str) -> tuple[str, dict[str, Datum]]:
    """Split the first line into status and perfdata; no other line may have perfdata."""
    line, *more = text.splitlines()
    assert not any("|" in other for other in more)
    assert line.count("|") == 1
    status, data = line.split("|")
    return status.strip(), perfdata(data.strip())


def test_the_status_line_says_how_bad_it_is_and_the_worst_of_it() -> None:
    status, _ = first(nagios.form(capacity()))
    assert status.startswith("VMSTORE CRITICAL: 2 critical, 5 warnings; PV /dev/mapper/lun3: PV missing")
    assert status.endswith("1000 GiB of 2.93 TiB free in VG vmstore")


@pytest.mark.parametrize(
    ("report", "state"),
    [
        (calm(), State.OK),
        (calm(alerts=ALERTS[2:3]), State.WARNING),
        (calm(alerts=ALERTS), State.CRITICAL),
        (calm(silent={"n3": "no route"}), State.UNKNOWN),
        (calm(notes=("the history is damaged",)), State.UNKNOWN),
        (calm(alerts=ALERTS[2:3], silent={"n3": "no route"}), State.WARNING),
    ],
)
def test_the_exit_code_and_the_word_agree(report: Capacity, state: State) -> None:
    assert nagios.state(report) is state
    assert nagios.form(report).startswith(f"VMSTORE {state.name}: ")


def test_the_exit_codes_are_those_of_plugins() -> None:
    assert [int(state) for state in (State.OK, State.WARNING, State.CRITICAL, State.UNKNOWN)] == [0, 1, 2, 3]


def test_perfdata_have_bytes_and_the_limits_of_the_policy() -> None:
    _, data = first(nagios.form(capacity(), Rules.of()))
    assert data["class fc"] == Datum(
        "class fc", 1910 * GIB, "B", str(1600 * GIB), str(1900 * GIB), "0", str(2000 * GIB)
    )
    assert list(data) == ["vg vmstore", "class fc", "class iscsi", "metadata vmstore", "lock vmstore"]


def test_a_class_has_the_limits_of_its_own() -> None:
    rules = Rules.of(classes={"fc": {"warn": "50%", "block": "none"}})
    _, data = first(nagios.form(capacity(), rules))
    assert (data["class fc"].warn, data["class fc"].crit) == (str(1000 * GIB), "")


def test_every_pv_and_vm_is_there_when_asked_for_and_unknown_use_is_left_out() -> None:
    _, data = first(nagios.form(capacity(), Rules.of(), every=True))
    assert data["vm db-01.prod"].value == 58 * GIB
    assert data["vm db-01.prod"].most == str(60 * GIB)
    assert data["pv /dev/mapper/lun1"].value == 560 * GIB
    assert "vm old" not in data


def test_names_break_neither_the_line_nor_the_perfdata() -> None:
    odd = Subject(Kind.CLASS, "it's=a|b\nc d", 10 * GIB, GIB, 9 * GIB)
    report = Capacity("vmstore", NOW, (odd,), notes=("first | second\nthird",))
    _, data = first(nagios.form(report))
    assert list(data) == ["class it_s_a/b c d"]


def test_long_output_has_each_alert_and_what_was_done_and_stays_short() -> None:
    lines = nagios.form(capacity()).splitlines()[1:]
    assert lines[0] == "[critical] VMS-P01 PV /dev/mapper/lun3: PV missing, with 100 GiB of volumes on it"
    assert "node n3 is silent: no answer within 10 s" in lines
    assert lines[-1] == f"policy: {ACTED[0]}"
    crowd = calm(
        alerts=tuple(ALERTS[1].__class__("VMS-V01", Severity.WARN, Kind.VM, f"vm{n}", 9, 8) for n in range(5000))
    )
    text = nagios.form(crowd, Rules.of())
    assert "and 4960 more: vmstore report" in text
    assert len(text.encode()) < 8192


def test_no_report_at_all_is_unknown() -> None:
    assert nagios.failed(Refused("no VG\nvmstore", why="it is | not there", hint="look")) == (
        "VMSTORE UNKNOWN: no VG vmstore: it is / not there\ntry: look\n"
    )


def test_the_parser_of_this_test_is_strict() -> None:
    for text in ("a b=1", "'a'=1X", "'a=1", "a=", "a=1;x"):
        with pytest.raises(AssertionError):
            perfdata(text)


@pytest.mark.spawns("perl")
def test_the_plugins_own_library_reads_the_same() -> None:
    """Monitoring::Plugin is the Perl library of those who wrote the guidelines."""
    report = calm(alerts=ALERTS)
    report = Capacity(report.vg, report.time, (*report.subjects, vm("o'dd", 10, 5)), report.alerts)
    line = nagios.form(report, Rules.of(), every=True).splitlines()[0]
    program = (
        "use Monitoring::Plugin::Performance;"
        "print join(',', map { $_ // '' } $_->label, $_->value, $_->uom, $_->warning, $_->critical, $_->min, $_->max),"
        '"\\n" for Monitoring::Plugin::Performance->parse_perfstring($ARGV[0]);'
    )
    data = line.split("|")[1].strip()
    done = subprocess.run(["perl", "-e", program, data], capture_output=True, text=True, check=True)
    read = [row.split(",") for row in done.stdout.splitlines()]
    own = perfdata(data)
    assert [row[0] for row in read] == list(own)
    for label, value, *rest in read:
        datum = own[label]
        assert float(value) == datum.value
        assert rest == [datum.unit, datum.warn, datum.crit, datum.least, datum.most]
