"""Start vmstore, by its name or with ``python -m vmstore``."""

import os
import sys
from pathlib import Path
from typing import NoReturn

_LISTING = (["list"], ["show"], ["pv", "list"], ["report"])


def main() -> NoReturn:
    """Begin what can begin, load the rest, and go."""
    _fill()
    words = sys.argv[1:]
    # Of two reports for cron at a time, the later one asks nobody anything.
    if (words[:1] in _LISTING or words[:2] in _LISTING) and "--cron" not in words:
        from vmstore import ahead

        ahead.begin(words)
    from vmstore.cli import main as go

    go()


def _fill() -> None:
    """Have input and output that were closed lead nowhere: the next file to be opened would take their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - as long as we run


if __name__ == "__main__":
    main()
