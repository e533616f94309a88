"""Name the forms of a capacity report: how each is written, by which ending of a file it is known. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vmstore.model import Inventory
from vmstore.output import ReportForm
from vmstore.policies.levels import Rules
from vmstore.report import fields, json_document, layout, nagios, plot, table
from vmstore.report.axes import Histories
from vmstore.report.capacity import Capacity


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a form may draw on; ``histories`` reads from the history, so it is called only by forms that draw."""

    capacity: Capacity
    world: Inventory
    rules: Rules
    histories: Callable[[], Histories]
    every: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write a report; ``code`` gives the exit code of those whose readers want their own."""

    write: Callable[[Sheet], str]
    ending: str
    code: Callable[[Capacity], int] | None = None


def _prometheus(sheet: Sheet) -> str:
    from vmstore.report import prometheus  # noqa: PLC0415  # its library takes a tenth of a second to load

    return prometheus.form(sheet.capacity)


def _html(sheet: Sheet) -> str:
    from vmstore.report import html  # noqa: PLC0415  # XML costs 10 ms that few forms pay

    return html.form(sheet.capacity, sheet.histories(), layout.pieces(sheet.world))


FORMS: Mapping[ReportForm, Form] = {
    ReportForm.table: Form(lambda sheet: plot.text(lines(sheet)), ".txt"),
    ReportForm.json: Form(lambda sheet: json_document.form(sheet.capacity), ".json"),
    ReportForm.plain: Form(lambda sheet: fields.plain(sheet.capacity), ".tsv"),
    ReportForm.csv: Form(lambda sheet: fields.comma_separated(sheet.capacity), ".csv"),
    ReportForm.html: Form(_html, ".html"),
    ReportForm.prometheus: Form(_prometheus, ".prom"),
    ReportForm.nagios: Form(lambda sheet: nagios.form(sheet.capacity, sheet.rules), "", nagios.state),
}


def lines(sheet: Sheet, width: int = 80, ink: plot.Ink = plot.UNICODE) -> list[plot.Line]:
    """Draw the table."""
    return table.lines(sheet.capacity, sheet.histories(), width, ink, every=sheet.every)


def by_ending(file: Path) -> ReportForm | None:
    """Tell a form by the name of the file that it is written to."""
    return next((form for form, each in FORMS.items() if each.ending and file.suffix == each.ending), None)
