"""Describe what a checkup found, for eyes and for programs. Pure."""

import textwrap
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Literal, TypedDict

from vmstore import sizes
from vmstore.policies.checkup import Diagnosis, codes
from vmstore.policies.checkup_codes import CODES
from vmstore.policies.findings import Finding, Level, Mend, Unknown
from vmstore.report.json_types import Code, Count

Severity = Literal["warning", "error"]
LEVELS: Mapping[Level, Severity] = {Level.WARNING: "warning", Level.ERROR: "error"}
_WIDTH = 80


class MendRow(TypedDict):
    """A command that mends a finding; ``node`` is null for one of vmstore's own, which runs anywhere."""

    node: str | None
    command: str


class FindingRow(TypedDict):
    """Something that is not as it should be; ``vmstore explain CODE`` says more."""

    code: Code
    severity: Severity
    kind: str
    name: str
    title: str
    what: str
    breaks: str
    mend: list[MendRow]


class UnknownRow(TypedDict):
    """What could not be checked; ``codes`` is null where it is about all of them."""

    subject: str
    why: str
    codes: list[Code] | None


class Checkup(TypedDict):
    """What a checkup found, and what it could not look at."""

    checks: Count
    nodes: Count
    findings: list[FindingRow]
    unknown: list[UnknownRow]


def document(diagnosis: Diagnosis) -> Checkup:
    """Describe it for programs."""
    return {
        "checks": diagnosis.checks,
        "nodes": diagnosis.nodes,
        "findings": [row(finding) for finding in diagnosis.findings],
        "unknown": [
            {"subject": each.name, "why": each.why, "codes": list(each.codes) or None} for each in diagnosis.unknown
        ],
    }


def row(finding: Finding) -> FindingRow:
    """Describe one finding."""
    code = CODES[finding.code]
    return {
        "code": finding.code,
        "severity": LEVELS[finding.level],
        "kind": finding.kind,
        "name": finding.name,
        "title": code.title,
        "what": finding.what,
        "breaks": code.meaning,
        "mend": [{"node": mend.node or None, "command": mend.command} for mend in finding.mend],
    }


def plain(diagnosis: Diagnosis) -> Iterator[str]:
    """Write a line for each finding, and for what is unknown, with tabs between."""
    for each in diagnosis.findings:
        mends = "; ".join(_command(mend) for mend in each.mend)
        yield "\t".join((LEVELS[each.level], each.code, each.kind, each.name, _flat(each.what), mends))
    for unknown in diagnosis.unknown:
        yield "\t".join(("unknown", ",".join(unknown.codes), *unknown.name.split(" ", 1), _flat(unknown.why), ""))


def lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Write it for eyes: by code, what it breaks once, then each that has it with its commands."""
    for code, found in groupby(diagnosis.findings, key=lambda finding: (-finding.level, finding.code)):
        group = list(found)
        yield f"{LEVELS[group[0].level]} {code[1]}: {CODES[code[1]].title}"
        yield from textwrap.wrap(CODES[code[1]].meaning, _WIDTH, initial_indent="  ", subsequent_indent="  ")
        for finding in group:
            what = f"{finding.kind} {finding.name}: {_flat(finding.what)}"
            yield from textwrap.wrap(
                what,
                _WIDTH,
                initial_indent="  - ",
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
            yield from (f"      {_command(mend)}" for mend in finding.mend)
        yield ""
    if diagnosis.unknown:
        yield "not checked, so nothing is known of it:"
        yield from (f"  - {_unknown(each)}" for each in diagnosis.unknown)
        yield ""
    yield summary(diagnosis)


def summary(diagnosis: Diagnosis) -> str:
    """Say in a line how it stands."""
    looked = f"{diagnosis.checks} checks on {sizes.counted(diagnosis.nodes, 'node')}"
    unknown = f", {len(diagnosis.unknown)} not checked" if diagnosis.unknown else ""
    if not diagnosis.findings:
        return f"nothing found: {looked}{unknown}"
    errors = sum(each.level is Level.ERROR for each in diagnosis.findings)
    warnings = len(diagnosis.findings) - errors
    told = ", ".join(
        sizes.counted(number, word) for number, word in ((errors, "error"), (warnings, "warning")) if number
    )
    return f"{told}: {looked}{unknown}; what a code means: vmstore explain {' '.join(codes(diagnosis.findings))}"


def _unknown(unknown: Unknown) -> str:
    about = f" ({', '.join(unknown.codes)})" if unknown.codes else ""
    return f"{unknown.name}: {_flat(unknown.why)}{about}"


def _flat(text: str) -> str:
    """Put on one line what a tool may have said on several."""
    return " ".join(text.split())


def _command(mend: Mend) -> str:
    return f"{mend.node}: {mend.command}" if mend.node else mend.command
