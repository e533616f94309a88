"""Say who runs this vmstore, and from where."""

import os
import pwd
from pathlib import Path

_CRON = ("cron", "crond", "anacron")


def who() -> dict[str, str]:
    """Give user, sudo's user, host, and terminal: "cron" below a cron, "" where there is none."""
    # Not getpass: it believes $LOGNAME.
    return {
        "user": _name(os.geteuid()),
        "sudo_user": os.environ.get("SUDO_USER", ""),
        "host": os.uname().nodename,
        "tty": _terminal() or _cron(),
    }


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _terminal() -> str:
    for number in (0, 2, 1):
        try:
            return os.ttyname(number)
        except OSError:
            continue
    return ""


def _cron() -> str:
    """Look among the processes that this one was started by."""
    process = os.getppid()
    while process > 1:
        try:
            # proc_pid_stat(5): "PID (NAME) STATE PPID …", where NAME may hold anything.
            told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        name, _, rest = told.partition("(")[2].rpartition(")")
        if name.lower() in _CRON:
            return "cron"
        process = int(rest.split()[1])
    return ""
