"""Turn what SQLite and the system say of the history's file into a note for the admin."""

import errno
import sqlite3
from pathlib import Path

from vmstore.history.values import Fault, Note

NOT_ADDED = "this report is not added to it, and alerts that were told of before may be told of again"
NOT_READ = "this report tells of now alone, without growth and forecast"

_BY_ERRNO = {
    errno.ENOSPC: Fault.FULL,
    errno.EDQUOT: Fault.FULL,
    errno.EROFS: Fault.READ_ONLY,
    errno.EACCES: Fault.READ_ONLY,
    errno.EPERM: Fault.READ_ONLY,
    errno.ENOENT: Fault.ABSENT,
    errno.ENOTDIR: Fault.ABSENT,
}
_BY_CODE = {
    sqlite3.SQLITE_BUSY: Fault.LOCKED,
    sqlite3.SQLITE_LOCKED: Fault.LOCKED,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
}
_TOLD = {
    Fault.LOCKED: "another report holds the history {path}",
    Fault.DAMAGED: "the history {path} is damaged",
    Fault.READ_ONLY: "the history {path} may not be written",
    Fault.FULL: "there is no room for the history {path}",
    Fault.ABSENT: "there is no folder for the history {path}",
    Fault.FAILED: "the history {path} cannot be used",
}


class Unusable(Exception):
    """The file may be sound, but it is not for this version of vmstore; the note says why."""

    def __init__(self, note: Note) -> None:
        super().__init__(str(note))
        self.note = note


def fault(error: Exception) -> Fault:
    """Name what an error of SQLite or of the system is a case of."""
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, Fault.FAILED)
    # The low byte is the error; the rest says where in SQLite it arose.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return _BY_CODE.get(code, Fault.FAILED)


def explain(error: Exception, path: Path, means: str) -> Note:
    """Tell of an error in the admin's words; ``means`` is what it costs the report."""
    if isinstance(error, Unusable):
        return error.note
    found = fault(error)
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Note(found, f"{_TOLD[found].format(path=path)} ({said})", means)


def newer(path: Path, version: int, known: int) -> Note:
    """Tell that a later vmstore has written the file."""
    what = f"the history {path} is of a newer vmstore (its form is {version}, this one knows {known})"
    return Note(Fault.NEWER, what, f"it is left as it is: {NOT_READ}; {NOT_ADDED}")


def foreign(path: Path) -> Note:
    """Tell that the file is a database of something else."""
    what = f"{path} is a database, but not a history of vmstore"
    return Note(Fault.FOREIGN, what, f"it is left as it is: {NOT_READ}; {NOT_ADDED}")


def read_only(path: Path) -> Note:
    """Tell that the file can be read and no more."""
    return Note(Fault.READ_ONLY, f"the history {path} or its folder may not be written", NOT_ADDED)


def set_aside(path: Path, aside: Path) -> Note:
    """Tell that a damaged file was put away and a new one begun."""
    what = f"the history {path} was damaged and is now {aside} (sqlite3 {aside} .recover may save what was in it)"
    return Note(Fault.DAMAGED, what, f"a new one is begun: {NOT_READ}, until there is enough history again")
