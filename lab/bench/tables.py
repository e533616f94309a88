"""Write the tables of evacuations. Pure."""

from collections.abc import Sequence

from lab.bench.figures import DEFAULT, PVMOVE, RAW, Measured, spread
from lab.bench.jobs import JOBS
from lab.bench.ways import WAYS

NONE = "—"
SLOWEST = 1.25
FASTER = 4.0
WITHIN = 20.0


def timings(found: Sequence[Measured]) -> list[str]:
    """Write what each job took in each way."""
    lines = [
        "| job | way | seconds, median | each round | times the raw copy | times as fast as pvmove |",
        "|---|---|---|---|---|---|",
    ]
    for each in found:
        for timing in each.timings:
            rounds = ", ".join(f"{seconds:.1f}" for seconds in timing.rounds) or NONE
            slower, faster = each.slower(timing.way, RAW), each.slower(PVMOVE, timing.way)
            cells = (_number(timing.seconds, 1), rounds, _number(slower), _number(faster))
            lines.append(f"| {JOBS[each.job].label} | {WAYS[timing.way]} | {' | '.join(cells)} |")
    return lines


def refusals(found: Sequence[Measured]) -> list[str]:
    """Say why an engine was refused."""
    return [
        f"- {JOBS[each.job].label}, {WAYS[timing.way]}: {timing.refused}"
        for each in found
        for timing in each.timings
        if timing.refused
    ]


def aims(found: Sequence[Measured]) -> list[str]:
    """Hold vmstore's default choice against what is aimed at."""
    lines = ["| job | aim for `vmstore evacuate` | found |", "|---|---|---|"]
    for each in found:
        if each.job == "large":
            aim, value = f"at most {SLOWEST} times the raw copy", each.slower(DEFAULT, RAW)
        else:
            aim, value = f"at least {FASTER:.0f} times as fast as plain pvmove", each.slower(PVMOVE, DEFAULT)
        lines.append(f"| {JOBS[each.job].label} | {aim} | {_number(value)} |")
    return lines


def copies(found: Sequence[Measured]) -> list[str]:
    """Say which raw copy each job is held against, and when it was measured."""
    names = list(dict.fromkeys(name for each in found for name in each.raw))
    if not names:
        return []
    lines = [
        f"| job | measured on | {' | '.join(f'{name}, s' for name in names)} | the fastest, which is repeated |",
        "|---|---|" + "---|" * len(names) + "---|",
    ]
    for each in found:
        tried = " | ".join(_number(each.raw.get(name), 1) for name in names)
        lines.append(f"| {JOBS[each.job].label} | {each.when} | {tried} | {each.best_raw or NONE} |")
    return lines


def claims(found: Sequence[Measured]) -> list[str]:
    """Say how well the time that is left was told."""
    lines = [
        f"| job | claims | off by, median | off by, worst (aim: {WITHIN:.0f} %) |",
        "|---|---|---|---|",
    ]
    for each in found:
        off = spread(each.claims)
        cells = f"{off[0]:.0f} % | {off[1]:.0f} %" if off else f"{NONE} | {NONE}"
        lines.append(f"| {JOBS[each.job].label} | {len(each.claims)} | {cells} |")
    return lines


def section(found: Sequence[Measured], picture: str = "") -> list[str]:
    """Write all that is told of evacuations, with the plot if there is one."""
    shown = [f"![Time to empty a PV, by job and way, as a multiple of the raw copy]({picture})", ""] if picture else []
    parts = [timings(found), refusals(found), aims(found), copies(found)]
    lines = [*shown, *(line for part in parts if part for line in [*part, ""])]
    return [
        *lines,
        "What `vmstore evacuate` said of the time that is left, after the first quarter of its runs, was off by so",
        "much of the whole time:",
        "",
        *claims(found),
    ]


def _number(value: float | None, digits: int = 2) -> str:
    return NONE if value is None else f"{value:.{digits}f}"
