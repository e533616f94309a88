"""Write a capacity report as one HTML file, for a browser, a phone and a mail: it asks no network for anything. Pure.

Mail clients drop pictures drawn in SVG, so whatever a picture tells is in a table, too. ElementTree does the escaping.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from vmstore import sizes
from vmstore.policies.alerts import Alert
from vmstore.policies.codes import CODES
from vmstore.policies.thresholds import Kind
from vmstore.report import html_plots, table, wording
from vmstore.report.axes import Histories
from vmstore.report.capacity import Capacity, Subject
from vmstore.report.layout import Piece

# A mail of more than 100 kB is cut off by some that show it, and nobody reads a table of 5,000 rows. What is drawn of
# each PV grows with its volumes.
MOST_ALERTS, MOST_VMS, MOST_PLOTS, MOST_PVS = 30, 50, 8, 16
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
# No HTML may hold them, in whatever form.
_UNFIT = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def form(
    capacity: Capacity,
    histories: Histories | None = None,
    pieces: Mapping[str, Sequence[Piece]] | None = None,
    *,
    pictures: bool = True,
) -> str:
    """Write the page; histories and pieces (see layout.py) are drawn where they are given, and where pictures are."""
    histories = (histories or {}) if pictures else {}
    html = Element("html", {"lang": "en"})
    title = f"VG {capacity.vg}: {wording.counts(capacity)}"
    _head(SubElement(html, "head"), title)
    body = SubElement(html, "body")
    _add(body, "h1", title)
    _add(body, "p", f"Capacity at {wording.moment(capacity.time)}", "dim")
    for line in (*(f"Node {node} is silent: {why}" for node, why in capacity.silent.items()), *capacity.notes):
        _add(body, "p", line, "alert")
    _alerts(body, capacity)
    _room(body, capacity)
    _plots(body, capacity, histories)
    _fits(body, capacity)
    _places(body, capacity, pieces or {}, pictures=pictures)
    _vms(body, capacity, histories)
    _list(body, "What policies did", [str(act) for act in capacity.acted])
    _label(body)
    # Mail servers cut lines of more than a kilobyte, wherever that is.
    ElementTree.indent(html, "")
    page = _UNFIT.sub("\N{REPLACEMENT CHARACTER}", ElementTree.tostring(html, "unicode", method="html"))
    # In ASCII no locale and no mail server can spoil it.
    return f"<!DOCTYPE html>\n{page.encode('ascii', 'xmlcharrefreplace').decode()}\n"


def _head(head: Element, title: str) -> None:
    SubElement(head, "meta", {"charset": "utf-8"})
    SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
    SubElement(head, "meta", {"name": "color-scheme", "content": "light dark"})
    # Whatever a name holds, the browser then fetches and runs nothing.
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY})
    _add(head, "title", title)
    SubElement(head, "style").text = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def _alerts(body: Element, capacity: Capacity) -> None:
    if capacity.alerts:
        _add(body, "h2", "Alerts")
    fresh = capacity.changes.new if capacity.changes else ()
    shown, others = capacity.alerts[:MOST_ALERTS], capacity.alerts[MOST_ALERTS:]
    for alert in shown:
        box = SubElement(body, "div", {"class": f"alert {wording.SEVERITIES[alert.severity]}"})
        new = ", new" if alert in fresh else ""
        _add(box, "p", f"{wording.SEVERITIES[alert.severity]}{new} · {alert.code}", "badge")
        _add(box, "h3", wording.headline(alert))
        _add(box, "p", CODES[alert.code].meaning if alert.code in CODES else "")
        _add(box, "pre", "\n".join(wording.commands(alert, capacity.vg)))
    counts = Counter((alert.severity, alert.code) for alert in others)
    more = [f"{count} more of {code} ({wording.SEVERITIES[severity]})" for (severity, code), count in counts.items()]
    if more:
        _add(body, "p", f"{', '.join(more)}: vmstore report names each.", "dim")
    if capacity.changes:
        _list(body, "Over since the report before", [_over(alert) for alert in capacity.changes.over])


def _over(alert: Alert) -> str:
    title = CODES[alert.code].title if alert.code in CODES else ""
    return f"{alert.code} {wording.subject(alert.kind, alert.subject)}: {title}"


def _room(body: Element, capacity: Capacity) -> None:
    _add(body, "h2", "Room")
    heads = ("", "taken", "", "free", "largest run", "reserve", "a day", "full (from, to)")
    rows = _table(body, heads, {2, 3, 4, 5, 6})
    for kind in (Kind.VG, Kind.CLASS, Kind.METADATA, Kind.LOCK):
        for of in capacity.of(kind):
            row = _subject(rows, capacity, of)
            plain = kind in (Kind.METADATA, Kind.LOCK)
            free = _add(row, "td", f"{sizes.show(of.free)} of {sizes.show(of.size)}", "number")
            if of.closed:
                _add(free, "div", f"{sizes.show(of.closed)} of it on PVs that take nothing new", "dim")
            _add(row, "td", "-" if plain else sizes.show(of.largest), "number")
            _add(row, "td", sizes.show(of.reserve) if of.reserve else "-", "number")
            _add(row, "td", wording.growth(of.trend), "number")
            _add(row, "td", wording.outlook(of))


def _plots(body: Element, capacity: Capacity, histories: Histories) -> None:
    """Plot the VG, the classes, and those VMs that an alert is of."""
    chosen = [*capacity.of(Kind.VG), *capacity.of(Kind.CLASS)]
    chosen += [of for of in capacity.of(Kind.VM) if capacity.alerts_of(of)][:MOST_PLOTS]
    drawn = [(of, html_plots.history(of, histories.get((of.kind, of.name), ()), capacity.time)) for of in chosen]
    if not any(svg is not None for _, svg in drawn):
        return
    _add(body, "h2", "Use over time")
    _add(body, "p", "Dashed red: full. Beyond now: the likely growth, and its range of 95 %.", "dim")
    plots = SubElement(body, "div", {"class": "plots"})
    for of, svg in drawn:
        if svg is not None:
            figure = SubElement(plots, "figure")
            _add(figure, "figcaption", f"{wording.subject(of.kind, of.name)}. Full: {wording.outlook(of)}")
            figure.append(svg)


def _fits(body: Element, capacity: Capacity) -> None:
    if capacity.fits:
        _add(body, "h2", "How many more VMs fit")
        rows = _table(body, ("VMs of", "in", "fit"), {0, 2}, "short")
        for fit in capacity.fits:
            row = SubElement(rows, "tr")
            _add(row, "td", sizes.show(fit.size), "number")
            _add(row, "td", f"class {fit.storage_class}" if fit.storage_class else "all classes")
            _add(row, "td", str(fit.count), "number")


def _places(body: Element, capacity: Capacity, pieces: Mapping[str, Sequence[Piece]], *, pictures: bool) -> None:
    pvs = capacity.of(Kind.PV)
    if not pvs:
        return
    _add(body, "h2", "Where volumes lie")
    if pictures and pieces:
        _rows(body, table.pvs_shown(capacity, MOST_PVS), pieces)
        if len(pvs) > MOST_PVS:
            _add(body, "p", f"{len(pvs) - MOST_PVS} more are in the table alone.", "dim")
    rows = _table(body, ("", "taken", "", "free", "largest run", "class", "state", "largest volumes"), {2, 3, 4})
    for of in pvs:
        row = _subject(rows, capacity, of)
        _add(row, "td", f"{sizes.show(of.free)} of {sizes.show(of.size)}", "number")
        _add(row, "td", sizes.show(of.largest), "number")
        _add(row, "td", ", ".join(of.classes))
        _add(row, "td", of.state or "ok")
        _add(row, "td", _largest(pieces.get(of.key, ())))


def _rows(body: Element, pvs: Sequence[Subject], pieces: Mapping[str, Sequence[Piece]]) -> None:
    """Draw PVs, each as a row of what lies on it."""
    widest = max(of.size for of in pvs)
    volumes = sorted({piece.volume for of in pvs for piece in pieces.get(of.key, ())})
    colours = {name: place for place, name in enumerate(volumes)}
    for of in pvs:
        _add(body, "p", f"{of.name} {', '.join(of.classes)}", "dim")
        body.append(html_plots.row(of, pieces.get(of.key, ()), widest, colours, len(pvs)))


def _largest(pieces: Sequence[Piece], most: int = 3) -> str:
    on: dict[str, int] = {}
    for piece in pieces:
        on[piece.volume] = on.get(piece.volume, 0) + piece.size
    first = sorted(on.items(), key=lambda item: (-item[1], item[0]))[:most]
    words = [f"{name} {sizes.show(size)}" for name, size in first]
    return ", ".join([*words, f"{len(on) - most} more"] if len(on) > most else words)


def _vms(body: Element, capacity: Capacity, histories: Histories) -> None:
    vms = capacity.of(Kind.VM)
    if not vms:
        return
    shown = table.vms_shown(capacity, MOST_VMS)
    _add(body, "h2", "VMs")
    _add(
        body,
        "p",
        "Those of alerts first, then those that are full soonest."
        + (f" {len(vms) - MOST_VMS} more are not shown." if len(vms) > MOST_VMS else ""),
        "dim",
    )
    drawn = ("history",) if histories else ()
    heads = ("", "file system", "", "used", "volume", "a day", *drawn, "full (from, to)", "on", "class")
    rows = _table(body, heads, {2, 3, 4, 5})
    for of in shown:
        row = _subject(rows, capacity, of)
        known = of.used is not None and of.filesystem is not None
        _add(row, "td", f"{sizes.show(of.used or 0)} of {sizes.show(of.filesystem or 0)}" if known else "-", "number")
        _add(row, "td", sizes.show(of.size), "number")
        _add(row, "td", wording.growth(of.trend), "number")
        if histories:
            cell = SubElement(row, "td")
            svg = html_plots.spark(of, histories.get((of.kind, of.name), ()))
            if svg is not None:
                cell.append(svg)
        _add(row, "td", wording.outlook(of))
        _add(row, "td", of.node or "-")
        _add(row, "td", ", ".join(of.classes))


def _subject(rows: Element, capacity: Capacity, of: Subject) -> Element:
    """Begin a row: the name, a bar and the per cent; a bar is two boxes, which mail clients do show."""
    worst = wording.worst(capacity, of)
    row = SubElement(rows, "tr", {"class": worst} if worst else {})
    _add(row, "td", of.name if of.kind in (Kind.PV, Kind.VM) else wording.subject(of.kind, of.name), "name")
    cell = SubElement(row, "td", {"class": "bar"})
    filled = of.filled
    share = sizes.percent(*filled) if filled else None
    if share is not None:
        track = SubElement(cell, "div", {"class": "track"})
        SubElement(track, "div", {"class": "fill", "style": f"width:{min(share, 100)}%"})
    _add(row, "td", "-" if share is None else f"{share} %", "number")
    return row


def _table(body: Element, heads: Sequence[str], numbers: set[int], style: str = "wide") -> Element:
    table = SubElement(SubElement(body, "div", {"class": "scroll"}), "table", {"class": style})
    row = SubElement(SubElement(table, "thead"), "tr")
    for place, head in enumerate(heads):
        _add(row, "th", head, "number" if place in numbers else "")
    return SubElement(table, "tbody")


def _label(body: Element) -> None:
    """Give each cell its heading, since on a phone a row becomes a card and the head of the table is not shown."""
    for each in body.iter("table"):
        heads = [head.text or "" for head in each.iter("th")]
        for row in each.iter("tr"):
            for cell, head in zip(row.findall("td"), heads, strict=False):
                if head:
                    cell.set("data-head", head)
                if cell.text == "-":
                    cell.set("class", f"{cell.get('class', '')} none".strip())


def _list(body: Element, head: str, lines: Sequence[str]) -> None:
    if lines:
        _add(body, "h2", head)
        items = SubElement(body, "ul")
        for line in lines:
            _add(items, "li", line)


def _add(parent: Element, tag: str, text: str, style: str = "") -> Element:
    element = SubElement(parent, tag, {"class": style} if style else {})
    element.text = text
    return element
