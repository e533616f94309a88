"""Name the ways in which data is written."""

from enum import StrEnum


class Output(StrEnum):
    """How data is written: for eyes, for programs, or as bare fields for the shell."""

    table = "table"
    json = "json"
    plain = "plain"
