"""The page: what is on it, that nothing gets out of its place, and what a real browser makes of it."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path

import pytest

from tests.support import browser
from tests.support.browser import Browser
from tests.support.capacity import ACTED, ALERTS, GIB, HISTORIES, NOW, PIECES, calm, capacity, points, vm
from vmstore.history.acted import Act
from vmstore.policies.alerts import Alert, Severity
from vmstore.policies.codes import CODES
from vmstore.policies.forecast import Full
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind
from vmstore.report import html, html_plots
from vmstore.report.axes import Histories
from vmstore.report.capacity import Capacity, Subject
from vmstore.report.layout import Piece

VOID = {"meta", "link", "br", "img", "hr", "input"}
EVIL = '"><script>alert(1)</script><img src=http://example.com/x onerror=alert(1)>&amp;\x00\x1b[31m'


class Reader(HTMLParser):
    """Read strictly: every tag is closed in its turn; words and attributes are collected."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def whole() -> str:
    return html.form(capacity(), HISTORIES, PIECES)


def test_it_is_well_formed_and_refers_to_nothing_outside() -> None:
    page = whole()
    reader = Reader(page)
    assert page.startswith("<!DOCTYPE html>\n<html")
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(reader.tags)
    assert not {"href", "src", "xlink:href", "srcset", "background", "action"} & {name for name, _ in reader.attributes}
    assert not any(name.startswith("on") for name, _ in reader.attributes)
    assert not re.search(r"https?:|url\(|@import|//[a-z]", page)


def test_it_is_ascii_whatever_names_hold_and_reads_the_same() -> None:
    page = html.form(calm(notes=("\N{SNOWMAN} \ud800 x",)))
    assert page.isascii()
    assert "\N{SNOWMAN} \N{REPLACEMENT CHARACTER} x" in Reader(page).text


def test_no_line_is_longer_than_a_mail_may_have() -> None:
    """RFC 5322 allows 998 bytes; a year of hourly points is no exception."""
    many = {key: points(1000, 1, days=365) * 3 for key in HISTORIES}
    page = html.form(capacity(), many, PIECES)
    assert max(len(line.encode()) for line in page.splitlines()) < 998


def test_alerts_stand_first_with_meaning_and_filled_in_commands() -> None:
    text = Reader(whole()).text
    assert text.index("VMS-P01") < text.index("Room")
    for alert in ALERTS:
        assert CODES[alert.code].meaning in text
    assert "vgextend --restoremissing vmstore /dev/mapper/lun3" in text
    assert "vmstore grow db-01.prod +SIZE" in text
    assert "vmstore pv add DEVICE --class fc" in text
    assert "critical, new · VMS-P01" in text
    assert "warning · VMS-C02" in text
    assert "Over since the report before VMS-V01 VM web01: VM file system nearly full" in text


def test_what_policies_did_what_is_silent_and_what_is_missing_is_said() -> None:
    text = Reader(whole()).text
    assert str(ACTED[0]) in text
    assert "Node n3 is silent: no answer within 10 s" in text
    assert "the history is locked by another program" in text


def test_whatever_a_plot_tells_stands_in_a_table_too() -> None:
    """Mail clients leave pictures in SVG out, whole."""
    page = re.sub(r"<svg.*?</svg>", "", whole(), flags=re.DOTALL)
    text = Reader(page).text
    assert "90 GiB of 1.95 TiB" in text
    assert "2027-02-02 (2027-01-27 to 2027-02-24)" in text
    assert "web01 500 GiB, db-01.prod 60 GiB" in text
    assert "+1.5 GiB" in text
    assert page.count('style="width:95%"') == 1


def test_all_is_well_says_so_and_has_no_alerts() -> None:
    text = Reader(html.form(calm())).text
    assert "VG vmstore: all is well" in text
    assert "Alerts" not in text
    assert "Use over time" not in text
    assert "What policies did" not in text


def test_an_empty_vg_has_a_page_without_tables_of_nothing() -> None:
    text = Reader(html.form(Capacity("vmstore", NOW, (Subject(Kind.VG, "vmstore", 0, 0, 0),)))).text
    assert "VG vmstore: all is well" in text
    assert "VMs" not in text
    assert "Where volumes lie" not in text


def evil() -> str:
    """Put a name that would break out everywhere where a name can stand."""
    subjects = (
        Subject(Kind.CLASS, EVIL, 10 * GIB, 5 * GIB, 5 * GIB),
        Subject(Kind.PV, EVIL, 10 * GIB, 5 * GIB, 5 * GIB, classes=(EVIL,), state=EVIL),
        vm(EVIL, 10, 5, 1.0, node=EVIL, classes=(EVIL,)),
    )
    alerts = (Alert("VMS-V01", Severity.CRIT, Kind.VM, EVIL, 9, 8),)
    report = Capacity(EVIL, NOW, subjects, alerts, None, (), {EVIL: EVIL}, (EVIL,), (Act(0, EVIL, 1, 2, EVIL, EVIL),))
    histories = {("class", EVIL): points(5, 0.01), ("vm", EVIL): points(5, 0.01, size=10, used=True)}
    return html.form(report, histories, {EVIL: (Piece(EVIL, 0, 5 * GIB),)})


def test_no_name_gets_out_of_its_place() -> None:
    page = evil()
    reader = Reader(page)
    assert not {"script", "img"} & set(reader.tags)
    assert "\x00" not in page
    assert "\x1b" not in page
    assert reader.text.count("<script>alert(1)</script>") > 8


def test_of_5000_vms_those_that_matter_are_shown_and_a_mail_is_not_cut_off() -> None:
    vms = tuple(
        vm(f"vm{number}", 80, 40, 0.1, full=Full(NOW, NOW + (5000 - number) * DAY, None)) for number in range(5000)
    )
    alerts = (Alert("VMS-V01", Severity.CRIT, Kind.VM, "vm7", 9, 8),)
    histories = {("vm", f"vm{number}"): points(40, 0.1, size=80, used=True) for number in (7, *range(4900, 5000))}
    pieces = {"/dev/sda": tuple(Piece(f"vm{number}", number * GIB, GIB) for number in range(5000))}
    pv = Subject(Kind.PV, "/dev/sda", 5000 * GIB, 5000 * GIB, 0)
    page = html.form(Capacity("vmstore", NOW, (pv, *vms), alerts), histories, pieces)
    names = re.findall(r'<td class="name">(vm\d+)</td>', page)
    assert len(names) == html.MOST_VMS
    assert names[:3] == ["vm7", "vm4999", "vm4998"]
    assert "4950 more are not shown" in page
    assert len(page.encode()) < 102_000


def large() -> tuple[Capacity, Histories, dict[str, tuple[Piece, ...]]]:
    """Make 5,000 VMs, of which 500 have an alert, on 64 PVs in pieces of the size of which the most are drawn."""
    vms = tuple(vm(f"vm{number:04}", 80, 40, 0.1, full=Full(NOW, NOW + DAY, None)) for number in range(5000))
    pvs = tuple(
        Subject(Kind.PV, f"/dev/mapper/lun{number:02}", 1000 * GIB, number * GIB, 0, id=f"u{number}")
        for number in range(64)
    )
    alerts = [Alert("VMS-V01", Severity.WARN, Kind.VM, of.name, 9, 8) for of in vms[:499]]
    alerts.append(Alert("VMS-P02", Severity.WARN, Kind.PV, pvs[3].name, 9, 8))
    histories = {("vm", of.name): points(400, 0.1, size=80, used=True, days=400) for of in vms[: html.MOST_VMS]}
    names = cycle(of.name for of in vms)
    pieces = {of.key: tuple(Piece(next(names), at * 11 * GIB, 11 * GIB) for at in range(90)) for of in pvs}
    return Capacity("vmstore", NOW, (*pvs, *vms), tuple(alerts)), histories, pieces


def test_the_page_of_a_large_vg_stays_small_and_without_pictures_a_mail_is_not_cut_off() -> None:
    report, histories, pieces = large()
    page = html.form(report, histories, pieces)
    assert len(page.encode()) < 300_000
    drawn = re.findall(r'aria-label="(/dev/mapper/lun\d\d):', page)
    # The one with an alert, then the fullest.
    assert drawn == [f"/dev/mapper/lun{number:02}" for number in (3, *range(49, 64))]
    text = Reader(page).text
    assert "48 more are in the table alone" in text
    assert page.count('class="badge"') == html.MOST_ALERTS
    assert "469 more of VMS-V01 (warning), 1 more of VMS-P02 (warning): vmstore report names each." in text
    mail = html.form(report, histories, pieces, pictures=False)
    assert "<svg" not in mail
    assert len(mail.encode()) < 102_000
    # The tables say all the same.
    names = re.compile(r'<td class="name"[^>]*>([^<]+)</td>')
    assert names.findall(mail) == names.findall(page)
    assert "469 more of VMS-V01" in Reader(mail).text


def test_a_plot_follows_the_values_and_the_forecast_ends_at_the_top() -> None:
    of = capacity().of(Kind.CLASS)[0]
    svg = html_plots.history(of, HISTORIES[("class", "fc")], NOW)
    assert svg is not None
    [line] = [each.get("points", "") for each in svg.iter("polyline") if each.get("class") == "line"]
    places = [tuple(map(float, pair.split(","))) for pair in line.split()]
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    # It grew all the time, so the line only rises, and y is counted from above.
    assert [y for _, y in places] == sorted((y for _, y in places), reverse=True)
    [likely] = [each.get("points", "") for each in svg.iter("polyline") if each.get("class") == "likely"]
    (x0, y0), (x1, y1) = (tuple(map(float, pair.split(","))) for pair in likely.split())
    assert (x0, y0) == places[-1]
    assert x1 > x0
    assert y1 == 8.0
    [band] = [each.get("points", "") for each in svg.iter("polygon") if each.get("class") == "range"]
    assert all(0 <= float(y) <= html_plots.HEIGHT for y in (pair.split(",")[1] for pair in band.split()))


def test_too_little_history_is_no_plot() -> None:
    of = capacity().of(Kind.CLASS)[0]
    for few in ((), points(10, 1, days=0)):
        assert html_plots.history(of, few, NOW) is None
        assert html_plots.spark(of, few) is None


def test_narrow_pieces_become_one_and_the_row_is_to_scale() -> None:
    of = Subject(Kind.PV, "lun", 1000 * GIB, 600 * GIB, 400 * GIB)
    row = (Piece("big", 0, 500 * GIB), *(Piece(f"s{n}", (500 + n) * GIB, GIB) for n in range(12)))
    svg = html_plots.row(of, row, 2000 * GIB, {"big": 0})
    rects = [(each.get("class"), float(each.get("x", "0")), float(each.get("width", "0"))) for each in svg.iter("rect")]
    assert rects[0] == ("room", 0.0, 500.0)
    assert rects[1][0] == "p0"
    assert rects[1][2] == pytest.approx(250, abs=1)
    titles = [each.text for each in svg.iter("title")]
    assert "12 volumes" in titles
    assert len(rects) == 3


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[tuple[Browser, Path]]:
    with browser.page(tmp_path, whole()) as (chromium, file):
        yield chromium, file


# What sticks out of the page to the right, beside what scrolls by itself.
TOO_WIDE = """[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, pre, svg')
    && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"""


@pytest.mark.spawns("bash")
@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_a_browser_shows_it_on_a_phone_and_on_a_desk(shown: tuple[Browser, Path], width: int) -> None:
    chromium, file = shown
    chromium.show(file, width)
    assert chromium.ask("document.compatMode") == "CSS1Compat"
    assert chromium.ask("document.documentElement.scrollWidth") <= width
    assert chromium.ask(TOO_WIDE) == []
    # Nothing is asked of anyone, and the policy of the page finds nothing to complain of.
    assert [address for address in chromium.asked if not address.startswith(("file:", "about:"))] == []
    assert chromium.said == []
    assert chromium.ask("document.querySelectorAll('figure svg').length") == 4
    heights = chromium.ask("[...document.querySelectorAll('figure svg')].map(e => e.getBoundingClientRect().height)")
    assert min(heights) > 90
    # Letters of plots stay readable.
    letter = "document.querySelector('figure svg text').getBoundingClientRect().height"
    assert chromium.ask(letter) >= 8
    cards = chromium.ask("getComputedStyle(document.querySelector('table.wide tbody tr')).display")
    assert cards == ("block" if width <= 640 else "table-row")
    # A card tells its headings itself.
    head = chromium.ask("getComputedStyle(document.querySelector('table.wide thead')).display")
    assert head == ("none" if width <= 640 else "table-header-group")


CONTRAST = """(() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = colour => { const [r, g, b] = colour.map(v => v / 255).map(
    v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
    return [255, 255, 255]; };
  const texts = [...document.querySelectorAll('h1, h2, h3, p, td, th, pre, li, svg text')];
  return texts.filter(e => e.textContent.trim()).map(e => {
    const style = getComputedStyle(e), svg = e.closest('svg');
    const a = light(rgb(svg ? style.fill : style.color)), b = light(behind(svg ? svg.parentElement : e));
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.outerHTML.slice(0, 60)];
  }).filter(([ratio]) => ratio < 4.5);
})()"""


@pytest.mark.spawns("bash")
def test_light_and_dark_can_both_be_read(shown: tuple[Browser, Path]) -> None:
    """Every text has the contrast that WCAG asks for, 4.5 to 1."""
    chromium, file = shown
    backgrounds = []
    for dark in (False, True):
        chromium.show(file, 1000, dark=dark)
        assert chromium.ask(CONTRAST) == []
        backgrounds.append(chromium.ask("getComputedStyle(document.body).backgroundColor"))
    assert backgrounds == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]


@pytest.mark.spawns("bash")
def test_a_browser_runs_nothing_that_a_name_brings(tmp_path: Path) -> None:
    with browser.page(tmp_path, evil()) as (chromium, file):
        chromium.show(file, 800)
        assert chromium.ask("document.scripts.length + document.images.length") == 0
        assert [address for address in chromium.asked if "example.com" in address] == []
        assert chromium.said == []
        assert chromium.ask("document.querySelectorAll('td.name').length") == 3


@pytest.mark.spawns("bash")
def test_bars_in_the_browser_are_as_long_as_what_they_stand_for(shown: tuple[Browser, Path]) -> None:
    chromium, file = shown
    chromium.show(file, 1000)
    track = "document.querySelector('.warning .track').getBoundingClientRect().width"
    fill = "document.querySelector('.warning .fill').getBoundingClientRect().width"
    assert chromium.ask(fill) / chromium.ask(track) == pytest.approx(0.95, abs=0.01)
