"""Read and change a .vmx file, VMware's settings of one VM: lines ``key = "value"``."""

import os
import re
from pathlib import Path

_LINE = re.compile(r'^\s*(?P<key>[^\s=#]+)\s*=\s*"(?P<value>.*)"\s*$')


class Vmx:
    """Hold the lines of one file; unknown lines and their order stay as they are."""

    def __init__(self, path: Path) -> None:
        """Read ``path``; raises OSError."""
        self.path = path
        self._lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()

    def get(self, key: str) -> str:
        """Return the value of ``key``, of whatever case; "" where there is none."""
        for line in self._lines:
            match = _LINE.match(line)
            if match and match["key"].lower() == key.lower():
                return match["value"]
        return ""

    def names(self) -> list[str]:
        """Return all keys in the order of the file."""
        return [match["key"] for line in self._lines if (match := _LINE.match(line))]

    def set(self, key: str, value: str) -> None:
        """Set ``key`` in place, or add it at the end; nothing is written before ``save``."""
        text = f'{key} = "{value}"'
        for number, line in enumerate(self._lines):
            match = _LINE.match(line)
            if match and match["key"].lower() == key.lower():
                self._lines[number] = text
                return
        self._lines.append(text)

    def save(self) -> None:
        """Replace the file as a whole and keep its mode; raises OSError."""
        new = self.path.with_name(self.path.name + "~")
        new.write_text("\n".join(self._lines) + "\n", encoding="utf-8", errors="surrogateescape")
        new.chmod(self.path.stat().st_mode & 0o7777)
        new.replace(self.path)

    @property
    def state_file(self) -> Path | None:
        """Return the file of the suspended state, or None where the VM is not suspended."""
        name = self.get("checkpoint.vmState")
        if not name:
            return None
        path = self.path.parent / name
        return path if path.is_file() else None


def registrable(path: Path) -> bool:
    """Return whether the product takes ``path``: a file its owner may read and execute.

    The bits are looked at, not the access itself, which root always has. Source: administrators' scripts that
    chmod 0755 a .vmx before they register it.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return path.is_file() and path.is_absolute() and mode & 0o500 == 0o500 and os.access(path, os.R_OK)
