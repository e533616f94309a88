"""Turn Ctrl-C, SIGTERM and SIGHUP into one exception, held back while a process is started and recorded."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """End the command, after it has tidied up."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.exit_code = 128 + number


class _Hold:
    depth = 0
    pending: int | None = None


def _handle(number: int, _frame: FrameType | None) -> None:
    if _Hold.depth:
        _Hold.pending = number
    else:
        raise Interrupted(number)


def install() -> None:
    """Take over the signals that ask this command to stop."""
    for number in _SIGNALS:
        signal.signal(number, _handle)


@contextmanager
def held_back() -> Iterator[None]:
    """Let the block finish before a signal takes effect: what it starts is recorded, what it ends is ended."""
    _Hold.depth += 1
    try:
        yield
    finally:
        _Hold.depth -= 1
    if not _Hold.depth and (number := _Hold.pending) is not None:
        _Hold.pending = None
        raise Interrupted(number)
