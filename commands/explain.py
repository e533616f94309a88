"""vmstore explain: what an alert of a report, or a finding of doctor, means, and what to do."""

from typing import Annotated

import typer

from vmstore.commands.options import Format
from vmstore.output import Output


def explain(
    codes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CODE]...", help="Such as VMS-C01, or C01; else all.", show_default=False),
    ] = None,
    output: Format = Output.table,
) -> None:
    """Explain the code of an alert or a finding, and what helps."""
    import textwrap

    from vmstore import ui
    from vmstore.errors import NotFound
    from vmstore.policies import checkup_codes
    from vmstore.policies.codes import CODES
    from vmstore.report import explanations

    known = CODES | checkup_codes.CODES
    wanted = []
    for word in codes or known:
        found = known.get(word.upper()) or known.get(f"VMS-{word.upper()}")
        if found is None:
            raise NotFound(
                f"there is no code {word}", why="no alert or finding has it", hint="`vmstore explain` lists them all"
            )
        wanted.append(found)
    if codes and output is Output.table:
        for code in wanted:
            ui.write(f"{code.code}: {code.title}\n{textwrap.fill(code.meaning, 80)}\n")
            ui.write("".join(f"    {line}\n" for line in code.help))
        ui.write("What is written in capitals is yours to fill in.\n")
        return
    shown = ("CODE", "code"), ("TITLE", "title"), ("MEANING", "meaning")
    columns = [ui.Column(*each) for each in (shown[:2] if output is Output.table else shown)]
    ui.items(output, "codes", columns, list(map(explanations.row, wanted)))
