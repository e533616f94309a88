"""Write data to files so that whoever reads one finds the old content or the new, and never a part."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from vmstore.errors import ToolFailed


def write(file: Path, text: str, *, private: bool = False) -> None:
    """Put text into a file in one stroke, with the mode that it had; a new one others may read. Raises ToolFailed.

    ``private``: nobody else may read it, whatever mode it had.
    """
    try:
        target = file.resolve()
        if target.exists() and not target.is_file():
            raise IsADirectoryError(0, "it is no file")
        # Not with the ending of the file itself: readers look for all files with that.
        half = target.with_name(f".{target.name}.{os.getpid()}.new")
        half.unlink(missing_ok=True)
        try:
            mode = 0o600 if private else stat.S_IMODE(target.stat().st_mode) if target.exists() else None
            _fill(half, text.encode("utf-8", "replace"), mode)
            half.replace(target)
        except BaseException:
            with suppress(OSError):
                half.unlink()
            raise
    except OSError as error:
        raise ToolFailed(
            f"cannot write {file}",
            why=error.strerror or str(error),
            hint="what was there before is as it was; mend the folder or its disk, or name another file",
        ) from None


def _fill(file: Path, content: bytes, mode: int | None) -> None:
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "wb") as open_file:
        if mode is not None:
            os.fchmod(open_file.fileno(), mode)
        open_file.write(content)
        open_file.flush()
        # Else a crash right after may leave an empty file under the name.
        os.fsync(open_file.fileno())
