"""Write rgmanager.log and corosync.log in the form of the recorded run."""

import threading
import time
from pathlib import Path


class Journal:
    """Append lines to a log file."""

    def __init__(self, path: Path, program: str = "rgmanager") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._program = program
        self._lock = threading.Lock()

    def log(self, text: str) -> None:
        """Write one line."""
        line = f"{time.strftime('%b %d %H:%M:%S')} {self._program} {text}\n"
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(line)
