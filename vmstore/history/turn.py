"""Let one report after the other speak for cron: what was told of stands in the history that they share."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def alone(history: Path) -> Iterator[bool]:
    """Hold the turn as long as the report lasts; False where another report has it.

    It is a lock on a file beside the history, and falls with the process. Where there can be no such file, nobody's
    turn can be told from another's, and all may speak.
    """
    with suppress(OSError):
        if not history.parent.is_dir():
            history.parent.mkdir(parents=True)
            history.parent.chmod(0o755)
    try:
        file = os.open(history.with_name(f"{history.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        yield True
        return
    mine = True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        mine = False
    except OSError:
        # Some file systems on networks have no locks.
        pass
    try:
        yield mine
    finally:
        os.close(file)
