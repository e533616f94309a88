"""Run the programs behind the resources."""

import subprocess
from collections.abc import Sequence


def run(command: Sequence[str]) -> int:
    """Return a program's exit code; 127 where there is none, 126 where it cannot be run. What it prints is lost."""
    return quote(command)[0]


def quote(command: Sequence[str]) -> tuple[int, str]:
    """Return a program's exit code and what it printed."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, check=False
        )
    except FileNotFoundError:
        return 127, ""
    except OSError:
        return 126, ""
    return done.returncode & 0xFF, done.stdout
