"""Read the how-tos: the blocks marked ``sh`` are what is typed and tried, those marked ``text`` are only shown."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "howto"


def typed(howto: Path) -> list[str]:
    """List the blocks that are to be run, in order; LUNs and classes in them are variables, such as ``"$LUN"``."""
    return re.findall(r"^```sh\n(.*?)^```$", howto.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
