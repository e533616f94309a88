"""Let one report after the other speak for cron: what was told of stands in the history that they share."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vmstore.history import place


@contextmanager
def alone(history: Path, now: float) -> Iterator[bool]:
    """Hold the turn as long as the report of ``now`` lasts; False where another report has it.

    It is a lock on a file beside the history, and falls with the process. Where there can be no such file, nobody's
    turn can be told from another's, and all may speak.
    """
    with suppress(OSError):
        place.make_folder(history.parent)
    try:
        file = os.open(_file(history), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
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
    if mine:
        _note(file, f"{int(now)}\n")
    try:
        yield mine
    finally:
        if mine:
            _note(file, "")
        os.close(file)


def began(history: Path) -> int | None:
    """Tell when the report began that has the turn; None where it does not say."""
    try:
        return int(_file(history).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _file(history: Path) -> Path:
    return history.with_name(f"{history.name}.lock")


def _note(file: int, text: str) -> None:
    """Have it in the file of the lock; where there is no room for it, the lock must do."""
    with suppress(OSError):
        os.ftruncate(file, 0)
        os.pwrite(file, text.encode("ascii"), 0)
