"""The forms of a report: lines of fields, the table, what cron says, what is left of it by names, and files."""

import csv
import io
import os
import stat
from pathlib import Path

import pytest

from tests.support.capacity import ACTED, GIB, HISTORIES, NOW, calm, capacity, trend, vm
from vmstore import ui_files
from vmstore.errors import ToolFailed
from vmstore.history import turn
from vmstore.output import ReportForm
from vmstore.policies.alerts import Changes
from vmstore.policies.forecast import Full, Unknown, Why
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind
from vmstore.report import fields, forms, news, plot, table
from vmstore.report.capacity import Capacity, Subject


def drawn(made: Capacity, width: int = 80, *, every: bool = False) -> list[str]:
    """Draw the table, without styles."""
    return plot.text(table.lines(made, HISTORIES, width, plot.UNICODE, every=every)).splitlines()


def test_csv_and_plain_have_the_same_fields() -> None:
    made = capacity()
    rows = list(csv.reader(io.StringIO(fields.comma_separated(made))))
    assert [line.split("\t") for line in fields.plain(made).splitlines()] == rows[1:]
    assert {len(row) for row in rows} == {len(rows[0])}
    web01 = dict(zip(rows[0], next(row for row in rows if row[1] == "web01"), strict=True))
    assert web01["bytes_per_day"] == str(GIB // 4)
    fc = dict(zip(rows[0], next(row for row in rows if row[:2] == ["class", "fc"]), strict=True))
    assert (fc["full_likely"], fc["alerts"]) == ("2027-02-02T08:00:00Z", "VMS-C02,VMS-C03,VMS-J02")
    assert (fc["used"], fc["node"]) == ("", "")


def test_csv_quotes_what_has_a_comma() -> None:
    made = Capacity("v", NOW, (Subject(Kind.PV, "a", 1, 1, 0, state='missing, "cordoned"'),))
    assert 'missing, ""cordoned""' in fields.comma_separated(made)
    assert next(csv.DictReader(io.StringIO(fields.comma_separated(made))))["state"] == 'missing, "cordoned"'


def test_the_table_stays_within_80_columns_with_all_that_may_be_in_it() -> None:
    lines = drawn(capacity())
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for words in (
        "VG vmstore at 2027-01-15 08:00 UTC: 2 critical, 5 warnings",
        "room for 12 more VMs of 80 GiB: 1 in fc",
        "class fc: 100 GiB are to stay free",
        "critical VMS-V01 VM db-01.prod",
        "n3 no answer within 10 s",
        "the history is locked by another program",
        "grow web01 from 70 GiB to 80 GiB",
        "VG vmstore, what is used",
    ):
        assert words in text
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize(
    ("full", "told"),
    [
        (Full(NOW + 12 * DAY, NOW + 18 * DAY, NOW + 40 * DAY), "18 (12-40)"),
        (Full(NOW + 12 * DAY, NOW + 18 * DAY, None), "18 (12-)"),
        (Full(NOW + 12 * DAY, None, None), "12 or later"),
        (Full(None, None, None), "> 10 years"),
        (Full(NOW, NOW, NOW), "full"),
        (Full(NOW, NOW + 3600, NOW + DAY), "0 (0-1)"),
    ],
)
def test_days_until_full(full: Full, told: str) -> None:
    (line,) = [line for line in drawn(_of(full)) if line.startswith("web01")]
    assert line.endswith(f"  {told}")


def _of(full: Full) -> Capacity:
    return Capacity("vmstore", NOW, (vm("web01", 80, 60, 1, full=full),))


def test_sizes_have_three_digits_so_that_columns_stay_narrow() -> None:
    wide = Subject(Kind.CLASS, "fc", 2**50, 2**50 - 1023 * 2**40 - 12345, 1023 * 2**40 + 12345, largest=123_456_789)
    text = "\n".join(drawn(Capacity("vmstore", NOW, (wide, vm("x", 80, 61, -0.4)))))
    assert "1023 TiB  118 MiB" in text
    assert "19 GiB" in text
    assert "-410 MiB" in text


@pytest.mark.parametrize(
    ("grown", "told"),
    [
        (Unknown(Why.NOTHING), "no history"),
        (Unknown(Why.SHORT), "not known yet"),
        (Unknown(Why.CLOCK), "wrong clock"),
        (trend(1), "far off"),
        (None, "-"),
    ],
)
def test_why_there_is_no_date_is_said(grown: object, told: str) -> None:
    made = Capacity("vmstore", NOW, (vm("web01", 80, 60, trend=grown),))
    (line,) = [line for line in drawn(made) if line.startswith("web01")]
    assert line.endswith(f"  {told}")


def test_vms_of_alerts_come_first_then_those_that_are_full_soonest_then_the_fullest() -> None:
    soon = Full(NOW + DAY, NOW + DAY, NOW + DAY)
    vms = (vm("half", 10, 5), vm("fuller", 10, 7), vm("soon", 10, 1, full=soon), vm("unknown", 10, None))
    made = Capacity("vmstore", NOW, (*vms, vm("db-01.prod", 10, 1)), capacity().alerts)
    assert [of.name for of in table.vms_shown(made, 4)] == ["db-01.prod", "soon", "fuller", "half"]


def test_all_vms_are_there_when_asked_for() -> None:
    made = Capacity("vmstore", NOW, tuple(vm(f"vm{number:02}", 10, 1) for number in range(20)))
    assert "and 8 more VMs; all of them: vmstore report --all" in drawn(made)
    assert len([line for line in drawn(made, every=True) if line.startswith("vm")]) == 20


def test_colours_follow_the_worst_alert() -> None:
    made = capacity()
    styles = {of.name: table.style(made, of) for of in made.subjects}
    assert (styles["db-01.prod"], styles["fc"], styles["web01"]) == ("critical", "warning", "good")


def test_cron_says_nothing_where_nothing_changed() -> None:
    alerts = capacity().alerts
    assert news.lines(capacity(changes=None)) == []
    assert news.lines(capacity(changes=Changes((), (), (), alerts))) == []
    assert news.lines(calm()) == []


def test_cron_says_what_came_changed_and_went() -> None:
    alerts = capacity().alerts
    told = news.lines(capacity(changes=Changes(alerts[:1], (alerts[1], alerts[2]), (alerts[3],), alerts[4:])))
    heads = [line for line in told if line and not line.startswith(" ")]
    assert heads[1:6] == ["new", "worse", "better", "still", "over"]
    assert told[told.index("worse") + 1].startswith("  critical VMS-V01 VM db-01.prod")
    assert told[told.index("better") + 1].startswith("  warning VMS-C02 class fc")
    assert told[told.index("over") + 1] == "  VMS-C03 class fc"
    assert told[-1] == "what it means and what to do: vmstore explain VMS-C02 VMS-P01 VMS-V01"
    assert f"  {ACTED[0]}" in told


def test_every_form_is_there_and_most_are_known_by_their_ending() -> None:
    assert set(forms.FORMS) == set(ReportForm)
    assert forms.by_ending(Path("/var/lib/node_exporter/vmstore.prom")) is ReportForm.prometheus
    assert forms.by_ending(Path("/srv/report")) is None


def test_a_file_is_replaced_in_one_stroke_and_others_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    before = os.umask(0o022)
    try:
        ui_files.write(file, "old\n")
        with file.open(encoding="utf-8") as reader:
            ui_files.write(file, "new ü\n")
            assert reader.read() == "old\n"
    finally:
        os.umask(before)
    assert file.read_text(encoding="utf-8") == "new ü\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]
    file.chmod(0o640)
    ui_files.write(file, "newer\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "report.html"
    link.symlink_to(tmp_path / "real" / "page.html")
    ui_files.write(link, "text")
    assert link.is_symlink()
    assert (tmp_path / "real" / "page.html").read_text(encoding="utf-8") == "text"


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.json"
    file.write_text("old", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ToolFailed) as caught:
        ui_files.write(file, "new")
    assert caught.value.why == "No space left on device"
    assert file.read_text(encoding="utf-8") == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("name", ["", "no/such/folder/report.json"])
def test_what_cannot_be_a_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ToolFailed):
        ui_files.write(tmp_path / name, "text")
    assert list(tmp_path.iterdir()) == []


def test_one_report_at_a_time_has_the_turn(tmp_path: Path) -> None:
    path = tmp_path / "lib" / "history.db"
    with turn.alone(path, 1.5) as first, turn.alone(path, 2.5) as second:
        assert (first, second) == (True, False)
        assert turn.began(path) == 1
    assert turn.began(path) is None
    with turn.alone(path, 3.5) as again:
        assert again


def test_where_there_can_be_no_lock_all_may_speak(tmp_path: Path) -> None:
    (tmp_path / "lib").write_text("no folder", encoding="utf-8")
    path = tmp_path / "lib" / "history.db"
    with turn.alone(path, 1.5) as first, turn.alone(path, 2.5) as second:
        assert first
        assert second
    assert turn.began(path) is None
