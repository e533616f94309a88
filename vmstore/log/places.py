"""Where the log goes: a file that is only ever appended to, and syslog, of which journald keeps what it hears."""

import errno
import os
import stat
import time
from pathlib import Path

SYSTEM = Path("/var/log/vmstore.log")
SOCKET = "/dev/log"
# What admins type is for their eyes only, as what they do by sudo is: syslog(3), LOG_AUTHPRIV.
_FACILITY = 10
_WARNING, _NOTICE = 4, 5


def file(wanted: str) -> Path | None:
    """Give the file that the setting means: none, a path, or auto for the one of root or the user's own.

    Raises RuntimeError for a user that has no home.
    """
    if wanted == "none":
        return None
    if wanted != "auto":
        return Path(wanted)
    if os.geteuid() == 0:
        return SYSTEM
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (state if state.is_absolute() else Path("~/.local/state").expanduser()) / "vmstore" / "vmstore.log"


def append(path: Path, line: str) -> None:
    """Append a line. Raises OSError.

    It is opened each time, so that one that was rotated or removed under a long run is made anew, and written by one
    write(2), so that the lines of runs at the same time do not mix. What was torn before stays a line by itself.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A pipe in its place must not keep the work waiting for somebody who reads.
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    descriptor = os.open(path, flags, 0o600)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no file", str(path))
        torn = status.st_size > 0 and os.pread(descriptor, 1, status.st_size - 1) != b"\n"
        content = f"{chr(10) if torn else ''}{line}\n".encode()
        if os.write(descriptor, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


def to_syslog(line: str, *, failed: bool) -> None:
    """Hand a line to syslog, a failure as a warning, in the form of syslog(3) itself. Raises OSError."""
    import socket  # noqa: PLC0415

    priority = _FACILITY * 8 + (_WARNING if failed else _NOTICE)
    head = f"<{priority}>{time.strftime('%b %e %H:%M:%S')} vmstore[{os.getpid()}]: "
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        # Whoever listens may hang; the work does not wait for it.
        sender.setblocking(False)
        sender.connect(SOCKET)
        sender.send(f"{head}{line}".encode())
