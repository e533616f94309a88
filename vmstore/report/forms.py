"""Name the forms of a capacity report: how each is written, by which ending of a file it is known. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmstore.errors import VmstoreError
from vmstore.model import Inventory
from vmstore.output import ReportForm
from vmstore.policies.thresholds import Kind, Rules
from vmstore.report import fields, json_document, layout, nagios, plot, table
from vmstore.report.axes import Histories
from vmstore.report.capacity import Capacity, Subject


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a form may draw on; ``histories`` reads those of some subjects, which only forms that draw need."""

    capacity: Capacity
    world: Inventory
    rules: Rules
    histories: Callable[[Sequence[Subject]], Histories]
    every: bool = False
    pictures: bool = True


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write a report, for files of some ``ending``.

    Where readers want exit codes of their own, ``code`` gives it, and ``failed`` what they get if there is no report.
    """

    write: Callable[[Sheet], str]
    ending: str
    code: Callable[[Capacity], int] | None = None
    failed: Callable[[VmstoreError], tuple[str, int]] | None = None


def _prometheus(sheet: Sheet) -> str:
    from vmstore.report import prometheus  # noqa: PLC0415  # its library takes a tenth of a second to load

    return prometheus.form(sheet.capacity)


def _html(sheet: Sheet) -> str:
    from vmstore.report import html  # noqa: PLC0415  # XML costs 10 ms that few forms pay

    of = sheet.capacity.of
    drawn = [*of(Kind.VG), *of(Kind.CLASS), *table.vms_shown(sheet.capacity, html.MOST_VMS)] if sheet.pictures else []
    return html.form(sheet.capacity, sheet.histories(drawn), layout.pieces(sheet.world), pictures=sheet.pictures)


FORMS: Mapping[ReportForm, Form] = {
    ReportForm.table: Form(lambda sheet: plot.text(lines(sheet)), ".txt"),
    ReportForm.json: Form(lambda sheet: json_document.form(sheet.capacity), ".json"),
    ReportForm.plain: Form(lambda sheet: fields.plain(sheet.capacity), ".tsv"),
    ReportForm.csv: Form(lambda sheet: fields.comma_separated(sheet.capacity), ".csv"),
    ReportForm.html: Form(_html, ".html"),
    ReportForm.prometheus: Form(_prometheus, ".prom"),
    ReportForm.nagios: Form(
        lambda sheet: nagios.form(sheet.capacity, sheet.rules, every=sheet.every),
        "",
        nagios.state,
        lambda problem: (nagios.failed(problem), nagios.State.UNKNOWN),
    ),
}


def lines(sheet: Sheet, width: int = 80, ink: plot.Ink = plot.UNICODE) -> list[plot.Line]:
    """Draw the table."""
    histories = sheet.histories(table.plotted(sheet.capacity))
    return table.lines(sheet.capacity, histories, width, ink, every=sheet.every)


def by_ending(file: Path) -> ReportForm | None:
    """Tell a form by the name of the file that it is written to."""
    return next((form for form, each in FORMS.items() if each.ending and file.suffix == each.ending), None)
