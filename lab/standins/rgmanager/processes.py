"""Run the programs behind the resources."""

import os
import subprocess
from collections.abc import Mapping, Sequence


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> int:
    """Return a program's exit code; 127 where there is none, 126 where it cannot be run. What it prints is lost."""
    return quote(command, env)[0]


def quote(command: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Return a program's exit code and what it printed; ``env`` is added to the environment."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            check=False,
            env={**os.environ, **(env or {})},
        )
    except FileNotFoundError:
        return 127, ""
    except OSError:
        return 126, ""
    return done.returncode & 0xFF, done.stdout
