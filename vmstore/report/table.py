"""Write a capacity report for eyes: bars, days until full, what there is room for, alerts and a small plot. Pure."""

import math
import textwrap
from collections.abc import Iterator, Sequence

from vmstore import sizes
from vmstore.policies.forecast import Why
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind
from vmstore.report import plot, wording
from vmstore.report.axes import Histories
from vmstore.report.capacity import Capacity, Subject
from vmstore.report.plot import Ink, Line, Part

# So many VMs are shown: whoever has 5,000 wants to see those that matter.
MOST_VMS, MOST_PLOTS = 12, 3
_BAR, _NAME = 8, 18
_GROUPS = (
    (("", "USED", "", "FREE", "LARGEST", "A DAY", "FULL IN DAYS"), (Kind.VG, Kind.CLASS, Kind.METADATA, Kind.LOCK)),
    (("PV", "USED", "", "FREE", "LARGEST", "A DAY", "FULL IN DAYS"), (Kind.PV,)),
    (("VM", "USED", "", "FREE", "ON", "A DAY", "FULL IN DAYS"), (Kind.VM,)),
)
_RIGHT = (2, 3, 4, 5)
_WHY = {
    Why.NOTHING: "no history",
    Why.CLOCK: "wrong clock",
    Why.FEW_DAYS: "not known yet",
    Why.SHORT: "not known yet",
    Why.FAR: "far off",
}
_INNER = {Kind.METADATA: "metadata", Kind.LOCK: "lock LV"}
_Cell = tuple[Part, ...]


def lines(capacity: Capacity, histories: Histories, width: int, ink: Ink, *, every: bool = False) -> list[Line]:
    """Draw the report; all VMs with ``every``."""
    drawn: list[Line] = [(Part(wording.title(capacity), "bold"),)]
    vms = vms_shown(capacity, None if every else MOST_VMS)
    for heads, kinds in _GROUPS:
        of_kind = [of for kind in kinds for of in (vms if kind is Kind.VM else capacity.of(kind))]
        if of_kind:
            drawn += [(), *_table(heads, [_row(capacity, of, ink) for of in of_kind])]
    hidden = len(capacity.of(Kind.VM)) - len(vms)
    if hidden > 0:
        drawn.append((Part(f"and {hidden} more VMs; all of them: vmstore report --all", "dim"),))
    drawn += _section("", _remarks(capacity), width)
    drawn += _alerts(capacity, width)
    drawn += _section("done by policies", map(str, capacity.acted), width)
    drawn += _section("not known", [*(f"{n} {why}" for n, why in capacity.silent.items()), *capacity.notes], width)
    return drawn + _plots(capacity, histories, width, ink)


def vms_shown(capacity: Capacity, most: int | None) -> list[Subject]:
    """Choose the VMs that matter most: those of alerts, then those that are full soonest, then the fullest.

    ``most`` is None for all of them, in that order.
    """

    def rank(of: Subject) -> tuple[bool, float, float, str]:
        likely = of.full.likely if of.full and of.full.likely is not None else math.inf
        used, size = of.filled or (0, 1)
        return not capacity.alerts_of(of), likely, -used / size, of.name

    return sorted(capacity.of(Kind.VM), key=rank)[:most]


def pvs_shown(capacity: Capacity, most: int) -> list[Subject]:
    """Choose the PVs that matter most, in their order: those of alerts, those not as they should be, the fullest."""

    def rank(of: Subject) -> tuple[bool, bool, float, str]:
        return not capacity.alerts_of(of), not of.state, -of.allocated / max(1, of.size), of.key

    pvs = capacity.of(Kind.PV)
    chosen = {of.key for of in sorted(pvs, key=rank)[:most]}
    return [of for of in pvs if of.key in chosen]


def _row(capacity: Capacity, of: Subject, ink: Ink) -> list[_Cell]:
    filled = of.filled
    # There is one VG, and the title has its name.
    name = _INNER.get(of.kind) or (of.name if of.kind in (Kind.PV, Kind.VM) else wording.subject(of.kind, of.name))
    if filled is None or filled[1] <= 0:
        return [_plain(_short(name)), *[_plain("-")] * 6]
    used, size = filled
    full, rest = plot.bar(used / size, _BAR, ink)
    free = size - used if of.kind is Kind.VM else of.free
    return [
        _plain(_short(name)),
        (Part(full, style(capacity, of)), Part(rest, "dim")),
        _plain(f"{sizes.percent(used, size)} %"),
        _plain(_size(free)),
        _plain(of.node or "-" if of.kind is Kind.VM else _size(of.largest) if of.largest else "-"),
        _plain(wording.growth(of.trend, _size)),
        _plain(of.state if of.kind is Kind.PV and of.state else _until(of, capacity.time)),
    ]


def _size(size: int) -> str:
    """Write bytes in three digits, which is what a column has room for and an eye takes in."""
    number, unit = sizes.show(size).split(" ", 1)
    return f"{float(number):.0f} {unit}" if float(number) >= 100 else f"{float(number):.3g} {unit}"


def style(capacity: Capacity, of: Subject) -> str:
    """Choose how a subject is drawn, by the worst of its alerts."""
    return wording.worst(capacity, of) or "good"


def _until(of: Subject, now: float) -> str:
    """Say in how many days it is full: most likely, and from when to when."""
    if of.kind in (Kind.METADATA, Kind.LOCK):
        return "-"
    if of.full is None:
        why = wording.unknown(of)
        return _WHY[why] if why else "-"
    earliest, likely, latest = (
        None if time is None else max(0, round((time - now) / DAY))
        for time in (of.full.earliest, of.full.likely, of.full.latest)
    )
    if earliest is None:
        return "> 10 years"
    if likely is None:
        return f"{earliest} or later"
    return "full" if latest == 0 else f"{likely} ({earliest}-{'' if latest is None else latest})"


def _table(heads: Sequence[str], rows: Sequence[list[_Cell]]) -> Iterator[Line]:
    titles: list[_Cell] = [(Part(head, "dim"),) for head in heads]
    widths = [max(_length(row[place]) for row in [titles, *rows]) for place in range(len(heads))]
    for row in (titles, *rows):
        line: list[Part] = []
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            room = Part(" " * (width - _length(cell)))
            line += [room, *cell] if place in _RIGHT else [*cell, room]
            line.append(Part(" " if place < 2 else "  "))
        yield tuple(part for part in line[:-2] if part.text)


def _remarks(capacity: Capacity) -> Iterator[str]:
    """Tell what the columns have no room for."""
    by_size: dict[int, list[str]] = {}
    totals = {fit.size: fit.count for fit in capacity.fits if not fit.storage_class}
    for fit in capacity.fits:
        if fit.storage_class:
            by_size.setdefault(fit.size, []).append(f"{fit.count} in {fit.storage_class}")
    for size, total in totals.items():
        word = "VM" if total == 1 else "VMs"
        yield f"room for {total} more {word} of {sizes.show(size)}: {', '.join(by_size.get(size, []))}"
    for of in capacity.subjects:
        name = wording.subject(of.kind, of.name)
        if of.kind in (Kind.CLASS, Kind.VG) and of.reserve:
            yield f"{name}: {sizes.show(of.reserve)} are to stay free"
        if of.kind is Kind.CLASS and of.closed:
            yield f"{name}: {sizes.show(of.closed)} of what is free is on PVs that take nothing new"


def _alerts(capacity: Capacity, width: int) -> list[Line]:
    drawn: list[Line] = [(), (Part("alerts", "dim"),)] if capacity.alerts else []
    for alert in capacity.alerts:
        word = wording.SEVERITIES[alert.severity]
        first, *rest = textwrap.wrap(f"{alert.code} {wording.headline(alert)}", width - len(word) - 1)
        drawn.append((Part(word, word), Part(f" {first}")))
        drawn += [(Part(" " * (len(word) + 1) + line),) for line in rest]
    if capacity.alerts:
        drawn.append((Part("what each means and what to do: vmstore explain CODE", "dim"),))
    return drawn


def _section(heading: str, texts: Sequence[str] | Iterator[str], width: int) -> list[Line]:
    found = [line for text in texts for line in textwrap.wrap(text, width, subsequent_indent="  ")]
    head: list[Line] = [(), *([(Part(heading, "dim"),)] if heading else [])]
    return [*head, *((Part(line),) for line in found)] if found else []


def plotted(capacity: Capacity) -> Sequence[Subject]:
    """Choose whose history is drawn: the VG's, or that of the few things that were asked for."""
    kinds = (Kind.CLASS, Kind.PV, Kind.VM)
    return capacity.of(Kind.VG) or [of for of in capacity.subjects if of.kind in kinds][:MOST_PLOTS]


def _plots(capacity: Capacity, histories: Histories, width: int, ink: Ink) -> list[Line]:
    drawn: list[Line] = []
    for of in plotted(capacity):
        picture = plot.history(of, histories.get((of.kind, of.name), ()), capacity.time, width, 5, ink)
        if picture:
            drawn += [(), (Part(f"{wording.subject(of.kind, of.name)}, what is used", "dim"),), *picture]
    return drawn


def _short(name: str) -> str:
    """Cut a long name in the middle, where names of LUNs differ least."""
    name, half = name.removeprefix("/dev/mapper/"), _NAME // 2
    return name if len(name) <= _NAME else f"{name[: half - 1]}..{name[-(half - 1) :]}"


def _plain(text: str) -> _Cell:
    return (Part(text),)


def _length(cell: _Cell) -> int:
    return sum(len(part.text) for part in cell)
