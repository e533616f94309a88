"""Write a capacity report where it was asked for: to files, to stdout, or for cron only what is new."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vmstore import session, ui, ui_files
from vmstore.commands import reporting
from vmstore.errors import ExitCode, Locked, ToolFailed, UsageError, VmstoreError, unforeseen
from vmstore.history import turn
from vmstore.history.store import History
from vmstore.history.values import Keeping
from vmstore.model import unheard
from vmstore.output import ReportForm
from vmstore.report import chosen, forms, news, wording
from vmstore.report.forms import FORMS, Sheet
from vmstore.session import Session

# Forms that have no place for notes, silent nodes and what policies did.
_BARE = (ReportForm.plain, ReportForm.csv)
# No report takes so many seconds, unless something hangs.
LONGEST = 3600
clock = time.time


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for; ``output`` is None where it was not said, ``files`` go with their forms."""

    output: ReportForm | None
    files: tuple[tuple[Path, ReportForm], ...]
    names: tuple[str, ...]
    cron: bool
    every: bool
    pictures: bool


def wish(
    output: ReportForm | None,
    files: Sequence[Path],
    names: Sequence[str],
    *,
    cron: bool,
    every: bool,
    pictures: bool,
) -> Wish:
    """Check what was asked for. Raises UsageError."""
    if cron and names:
        raise UsageError(
            "--cron tells of all there is",
            why="what it was silent about would count as told",
            hint="leave out the names, or --cron",
        )
    if output and FORMS[output].code and (cron or files):
        raise UsageError(
            f"-o {output} goes with neither --cron nor --to",
            why="it is for what reads stdout and the exit code of each report",
            hint="make a report of its own for it",
        )
    written = tuple((file, output or _form(file)) for file in files)
    return Wish(output, written, tuple(names), cron, every, pictures)


def carry_out(run: Session, wish: Wish) -> int:
    """Take the report, write it, and give the exit code."""
    now = clock()
    world = run.inventory(blocks=True)
    limits = Keeping(run.config.report.hourly_days, run.config.report.daily_days)
    with History.open(Path(run.config.report.history), limits, lambda: now) as history:
        whole, alerts = reporting.take(run, world, history, now, cron=wish.cron)
        capacity = chosen.only(whole, world, wish.names)
        rules = session.rules(run.config)
        histories = partial(reporting.histories, history, now=now)
        sheet = Sheet(capacity, world, rules, histories, wish.every, wish.pictures)
        written = [_file(file, FORMS[form].write(sheet)) for file, form in wish.files]
        if wish.cron:
            reporting.told(history, alerts, _news(wish, sheet, reporting.silences(history)))
            # What else the report notes goes by itself.
            _notes(history.notes)
            own = None
        else:
            own = _speak(wish, sheet)
    if not all(written):
        return ExitCode.TOOL
    return own if own is not None else ExitCode.THRESHOLD if capacity.alerts else ExitCode.DONE


def leave(history: Path) -> int:
    """Leave the turn to the report that has it. Raises Locked where that one hangs, since no other would say so."""
    began = turn.began(history)
    if began is not None and clock() - began > LONGEST:
        raise Locked(
            f"the report begun at {wording.moment(began)} still runs",
            why="it waits for something that hangs, such as a LUN; until it ends, cron is told nothing else",
            hint="see what it waits for: ps -eo pid,stat,lstart,args | grep -E 'vmstore|lvm'; then kill it",
        )
    return ExitCode.DONE


def failed(output: ReportForm | None, problem: Exception) -> int | None:
    """Say that there is no report, in the way of a form whose readers want to be told by it; None for any other."""
    say = FORMS[output].failed if output else None
    if say is None:
        return None
    if not isinstance(problem, VmstoreError):
        if os.environ.get("VMSTORE_DEBUG"):
            return None
        problem = unforeseen(problem)
    text, code = say(problem)
    ui.write(text)
    return code


def _form(file: Path) -> ReportForm:
    found = forms.by_ending(file)
    if found is None:
        endings = ", ".join(form.ending for form in FORMS.values() if form.ending)
        raise UsageError(f"how shall {file} be written?", why=f"it does not end in {endings}", hint="say so with -o")
    return found


def _file(file: Path, text: str) -> bool:
    """Write a file; that it cannot be written stops nothing else of the report."""
    try:
        ui_files.write(file, text)
    except ToolFailed as problem:
        ui.error(problem)
        return False
    return True


def _news(wish: Wish, sheet: Sheet, silent: dict[str, int]) -> dict[str, int]:
    """Say what is new, if anything is; give how many reports in a row each node is silent."""
    capacity = sheet.capacity
    new = news.lines(capacity)
    more, counts = news.silence(silent, capacity.silent, sheet.world.nodes, speaking=bool(new))
    if (new or more) and wish.output and not wish.files:
        ui.write(FORMS[wish.output].write(sheet))
    else:
        ui.write("".join(f"{line}\n" for line in (*new, *more)))
    return counts


def _speak(wish: Wish, sheet: Sheet) -> int | None:
    """Write to stdout what belongs there; give the exit code of a form that has its own."""
    capacity = sheet.capacity
    output = wish.output or ReportForm.table
    if any(form in _BARE for form in ([form for _, form in wish.files] or [output])):
        silent = (unheard(node, why) for node, why in capacity.silent.items())
        _notes([*silent, *capacity.notes, *(f"policy: {act}" for act in capacity.acted)])
    elif wish.files:
        _notes(capacity.notes)
    if wish.files:
        return None
    if output is ReportForm.table:
        # What colours costs 40 ms that only this pays.
        from vmstore import ui_plots

        ui_plots.show(forms.lines(sheet, ui_plots.width(), ui_plots.ink()))
    else:
        ui.write(FORMS[output].write(sheet))
    code = FORMS[output].code
    return code(capacity) if code else None


def _notes(notes: Sequence[object]) -> None:
    for note in notes:
        ui.say(f"vmstore: {note}")
