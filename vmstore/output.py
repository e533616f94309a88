"""Name the ways in which data is written."""

from enum import StrEnum


class Output(StrEnum):
    """How data is written: for eyes, for programs, or as bare fields for the shell."""

    table = "table"
    json = "json"
    plain = "plain"


class ReportForm(StrEnum):
    """How a capacity report is written; the forms themselves are in report/forms.py."""

    table = "table"
    json = "json"
    plain = "plain"
    csv = "csv"
    html = "html"
    prometheus = "prometheus"
    nagios = "nagios"
