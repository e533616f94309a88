"""Show what report/plot.py draws: in colours and blocks where the terminal has them, plainly where it does not."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from vmstore import ui
from vmstore.report.plot import ASCII, UNICODE, Ink, Line

_STYLES = {"good": "green", "warning": "yellow", "critical": "bold red", "dim": "dim", "bold": "bold"}
# The kernel's console has no eighths of a block in its fonts.
_POOR = ("dumb", "linux", "")


def ink(encoding: str | None = None, environment: Mapping[str, str] = os.environ) -> Ink:
    """Choose what to draw with, by what stdout takes and the terminal shows."""
    taken = (encoding or sys.stdout.encoding or "ascii").lower().replace("-", "").replace("_", "")
    return UNICODE if taken == "utf8" and environment.get("TERM", "") not in _POOR else ASCII


def width() -> int:
    """Give the width to draw in: the terminal's, but no more than reads well."""
    return min(shutil.get_terminal_size().columns, 100)


def show(lines: Sequence[Line]) -> None:
    """Write lines to stdout; rich leaves colours out where there is no terminal or NO_COLOR is set."""
    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)
    with console.capture() as drawn:
        for line in lines:
            console.print(Text.assemble(*((part.text, _STYLES.get(part.style, "")) for part in line)))
    ui.write(drawn.get())
