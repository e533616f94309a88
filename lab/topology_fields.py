"""Take typed values out of a TOML table, naming the key of whatever is wrong."""

import re
from collections.abc import Sequence

UNITS = {"MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


class TopologyProblem(ValueError):
    """Name the key that is wrong, and why."""


class Table:
    """Read one TOML table and remember which of its keys were read."""

    def __init__(self, values: dict[str, object], path: str) -> None:
        self._values = values
        self._path = path
        self._read: set[str] = set()

    def key(self, name: str) -> str:
        """Write a key as the reader of the file would name it."""
        return f"{self._path}.{name}" if self._path else name

    def _value(self, name: str) -> object:
        self._read.add(name)
        if name not in self._values:
            raise TopologyProblem(f"{self.key(name)}: is missing")
        return self._values[name]

    def refuse_unknown(self) -> None:
        """Raise for a key that nothing read: most likely a slip of the pen."""
        for name in self._values:
            if name not in self._read:
                raise TopologyProblem(f"{self.key(name)}: unknown key; known are {', '.join(sorted(self._read))}")

    def has(self, name: str) -> bool:
        """Tell whether an optional key is there."""
        self._read.add(name)
        return name in self._values

    def table(self, name: str) -> "Table":
        """Read a sub-table."""
        value = self._value(name)
        if not isinstance(value, dict):
            raise TopologyProblem(f"{self.key(name)}: must be a table [{name}]")
        return Table(value, self.key(name))

    def given(self, name: str) -> bool:
        """Tell whether a key that has to be there has a value: JSON's null is none."""
        return self._value(name) is not None

    def tables(self, name: str, *, least: int = 1) -> list["Table"]:
        """Read an array of so many tables at least."""
        value = self._value(name)
        if not isinstance(value, list) or len(value) < least or not all(isinstance(item, dict) for item in value):
            raise TopologyProblem(f"{self.key(name)}: must be a list of tables [[{name}]], {least} or more")
        return [Table(item, f"{self.key(name)}[{index}]") for index, item in enumerate(value)]

    def name(self, name: str, pattern: re.Pattern[str]) -> str:
        """Read a string that matches the pattern as a whole."""
        value = self._value(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise TopologyProblem(f"{self.key(name)}: must be a name like {pattern.pattern}, not {value!r}")
        return value

    def names(self, name: str, pattern: re.Pattern[str], *, least: int = 1) -> list[str]:
        """Read a list of so many different names at least."""
        value = self._value(name)
        if not isinstance(value, list) or len(value) < least:
            raise TopologyProblem(f"{self.key(name)}: must be a list of names")
        for item in value:
            if not isinstance(item, str) or not pattern.fullmatch(item):
                raise TopologyProblem(f"{self.key(name)}: must hold names like {pattern.pattern}, not {item!r}")
        if len(set(value)) != len(value):
            raise TopologyProblem(f"{self.key(name)}: holds a name twice")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Read one of a few words."""
        value = self._value(name)
        if not isinstance(value, str) or value not in choices:
            raise TopologyProblem(f"{self.key(name)}: must be one of {', '.join(choices)}, not {value!r}")
        return value

    def integer(self, name: str, low: int, high: int) -> int:
        """Read an integer between two limits; a TOML boolean is none."""
        value = self._value(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise TopologyProblem(f"{self.key(name)}: must be a whole number from {low} to {high}, not {value!r}")
        return value

    def boolean(self, name: str) -> bool:
        """Read true or false."""
        value = self._value(name)
        if not isinstance(value, bool):
            raise TopologyProblem(f"{self.key(name)}: must be true or false, not {value!r}")
        return value

    def size(self, name: str) -> int:
        """Read a size such as "2GiB", in bytes, of at least 64 MiB."""
        value = self._value(name)
        match = re.fullmatch(r"([1-9][0-9]{0,5}) ?(MiB|GiB|TiB)", value) if isinstance(value, str) else None
        if not match:
            raise TopologyProblem(f'{self.key(name)}: must be a size like "2GiB" or "512MiB", not {value!r}')
        size = int(match[1]) * UNITS[match[2]]
        if size < 64 << 20:
            raise TopologyProblem(f'{self.key(name)}: must be at least "64MiB", for the LVM metadata alone takes 16')
        return size
