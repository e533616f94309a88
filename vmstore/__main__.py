"""Start vmstore, by its name or with ``python -m vmstore``."""

import sys
from typing import NoReturn

_LISTING = (["list"], ["show"], ["pv", "list"], ["report"])


def main() -> NoReturn:
    """Begin what can begin, load the rest, and go."""
    words = sys.argv[1:]
    # Of two reports for cron at a time, the later one asks nobody anything.
    if (words[:1] in _LISTING or words[:2] in _LISTING) and "--cron" not in words:
        from vmstore import ahead

        ahead.begin(words)
    from vmstore.cli import main as go

    go()


if __name__ == "__main__":
    main()
