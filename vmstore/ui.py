"""Talk to the admin: data on stdout, everything else on stderr; the only place besides ui_progress that draws."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from vmstore import sizes
from vmstore.errors import Refused, ToolFailed, UsageError, VmstoreError
from vmstore.jobs.step import Step
from vmstore.output import Output
from vmstore.report import plans
from vmstore.report.json_types import SCHEMA

# Lines of a plan before a question.
SCREEN = 18


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list: its heading, the key of the item, and how a value is shown to eyes.

    A table leaves an ``optional`` one out where no item has anything there. Where a terminal is too narrow for it, it
    leaves a ``spare`` one out, too, and what may go ``below`` stands in a line of its own.
    """

    heading: str
    key: str
    show: Callable[[Any], str] = lambda value: "-" if value in (None, "") else str(value)
    right: bool = False
    optional: bool = False
    spare: bool = False
    below: bool = False


def note_column(key: str) -> Column:
    """Make the column for what is not as usual."""
    return Column("NOTE", key, optional=True, below=True)


def size_column(heading: str, key: str) -> Column:
    """Make a column of bytes."""
    return Column(heading, key, lambda value: "-" if value is None else sizes.show(value), right=True)


def items(output: Output, kind: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a list: as a table, as versioned JSON with integer bytes, or one line an item with tabs between."""
    if output is Output.json:
        document(kind, {"items": list(rows)})
    elif output is Output.plain:
        lines = ("\t".join(_bare(row[column.key]) for column in columns) for row in rows)
        write("".join(f"{line}\n" for line in lines))
    else:
        write(_table(columns, rows, shutil.get_terminal_size().columns if sys.stdout.isatty() else None))


def _table(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], width: int | None = None) -> str:
    """Draw a table, so that it fits a terminal of that width as far as its columns allow."""
    columns = [c for c in columns if not (c.optional and rows and all(row[c.key] in (None, "") for row in rows))]
    lines = _lines(columns, rows)
    if width is not None and max(map(len, lines)) > width:
        lines = _lines([column for column in columns if not column.spare], rows)
    if width is not None and max(map(len, lines)) > width:
        lines = _folded([column for column in columns if not column.spare], rows)
    return "".join(f"{line}\n" for line in lines)


def _folded(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    under = [column for column in columns if column.below]
    cells = [[c.heading for c in under], *([c.show(row[c.key]) for c in under] for row in rows)]
    below = ["  ".join(cell for cell in line if cell != "-") for line in cells]
    above = _lines([column for column in columns if not column.below], rows)
    return [line for pair in zip(above, below, strict=True) for line in (pair[0], f"  {pair[1]}") if line.strip()]


def _lines(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    # Made by hand and column by column: 5,000 rows take 30 ms, and over a second in rich's table.
    padded = []
    for column in columns:
        cells = [column.heading, *(column.show(row[column.key]) for row in rows)]
        width = max(map(len, cells))
        padded.append([cell.rjust(width) if column.right else cell.ljust(width) for cell in cells])
    return ["  ".join(line).rstrip() for line in zip(*padded, strict=True)]


def tell_items(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> None:
    """Show a list on stderr, before a question."""
    say(_table(columns, rows).rstrip("\n"))


def document(kind: str, content: Mapping[str, Any]) -> None:
    """Write one JSON document."""
    write(json.dumps({"schema": SCHEMA, "kind": kind, **content}, indent=2) + "\n")


def facts(output: Output, kind: str, content: Mapping[str, Any], shown: Sequence[tuple[str, str]]) -> None:
    """Write what is known of one thing: ``content`` for programs, ``shown`` for eyes."""
    if output is Output.json:
        document(kind, content)
    elif output is Output.plain:
        write("".join(f"{key}\t{_bare(value)}\n" for key, value in content.items()))
    else:
        width = max(len(heading) for heading, _ in shown)
        write("".join(f"{heading.ljust(width)}  {text}\n" for heading, text in shown))


def result(output: Output, kind: str, content: Mapping[str, Any], sentence: str) -> None:
    """Say what is true now: a sentence for eyes, a document for programs."""
    if output is Output.json:
        document(kind, content)
    else:
        say(sentence)


def plan(output: Output, steps: Sequence[Step]) -> None:
    """Show what would be done, with the exact command lines and where they run."""
    if output is Output.json:
        document("plan", plans.plan(steps))
        return
    if output is Output.plain:
        write("".join(f"{command}\n" for step in steps for command in step.commands()))
        return
    if not steps:
        write("nothing to do\n")
    for number, step in enumerate(steps, 1):
        write(f"{number}. {step.title}\n")
        for command in step.commands():
            write(f"     {command}\n")
        write("".join(f"     | {line}\n" for line in step.detail.splitlines()))


def outline(steps: Sequence[Step]) -> None:
    """Say on stderr what is about to be done, before a question, which shall stand on the same screen.

    What only goes around a step, such as freezing a service, is summed up.
    """
    lines = [f"{number}. {step.title}" for number, step in enumerate((step for step in steps if not step.aside), 1)]
    if len(lines) > SCREEN:
        lines = [*lines[: SCREEN - 3], f"… {len(lines) - SCREEN + 1} more steps, which --dry-run shows …", *lines[-2:]]
    if any(step.aside for step in steps):
        lines.append("each service is frozen only while its own volume is worked on")
    say("\n".join(lines))


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that takes long or is felt. Raises Refused on no, UsageError where nobody can answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to confirm", why="standard input is no terminal", hint="add --yes")
    if ask(f"{question} [y/N] ").lower() not in ("y", "yes"):
        raise Refused("nothing was done", why="you did not say yes", hint="add --dry-run to see the plan first")


def confirm_name(name: str, given: str | None) -> None:
    """Have the name of what is about to be lost typed. Raises Refused for another one, UsageError without one."""
    if given is None:
        if not sys.stdin.isatty():
            raise UsageError(
                "nobody is there to confirm",
                why="removing cannot be undone and standard input is no terminal",
                hint=f"add --confirm {name}",
            )
        given = ask(f"this cannot be undone; type {name} to remove it: ")
    if given != name:
        raise Refused("nothing was done", why=f"{given!r} is not {name!r}", hint=f"type {name} to confirm")


def ask(question: str) -> str:
    """Read a line from the terminal, the question on stderr."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def say(text: str) -> None:
    """Write a line to stderr; where nobody reads it any more, or it cannot be kept, the work goes on untold."""
    try:
        sys.stderr.write(f"{text}\n")
    except OSError:
        _give_up(sys.stderr)


def write(text: str) -> None:
    """Write data to stdout; a reader who has seen enough, such as ``head``, ends it without an error."""
    try:
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:
            # The locale has fewer characters than a node may use in what it says.
            known = sys.stdout.encoding or "ascii"
            sys.stdout.write(text.encode(known, "replace").decode(known))
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up(sys.stdout)
    except OSError as problem:
        _give_up(sys.stdout)
        raise ToolFailed(
            "cannot write to stdout", why=problem.strerror or str(problem), hint="is the disk that it goes to full?"
        ) from None


def _give_up(stream: TextIO) -> None:
    # Python would complain once more when it closes the stream at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def error(problem: VmstoreError) -> None:
    """Write the three lines of an error; each stays one line whatever a tool said."""
    lines = (("vmstore: ", problem.what), ("  why: ", problem.why), ("  try: ", problem.hint))
    for label, text in lines:
        say(label + " ".join(text.split()))


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal that can redraw."""
    return stream.isatty()


def _bare(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ",".join(_bare(part) for part in value)
    return str(value)
