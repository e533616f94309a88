"""Describe what a code of an alert or a finding means, for programs. Pure."""

from typing import Literal, TypedDict

from vmstore.policies import checkup_codes, codes
from vmstore.report.json_types import Code


class CodeRow(TypedDict):
    """A code; ``unit`` is that of an alert's number, which a finding has not, ``help`` what to do, line by line."""

    code: Code
    title: str
    meaning: str
    unit: Literal["bytes", "seconds", "bytes a day"] | None
    help: list[str]


def row(code: codes.Code | checkup_codes.Trouble) -> CodeRow:
    """Describe a code."""
    return {
        "code": code.code,
        "title": code.title,
        "meaning": code.meaning,
        "unit": code.unit if isinstance(code, codes.Code) else None,
        "help": list(code.help),
    }
