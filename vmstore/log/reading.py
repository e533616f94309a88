"""Read the log: the file and those that it was rotated to, joined to one row for each run, command and look."""

import glob
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from vmstore import durations
from vmstore.errors import UsageError
from vmstore.log.writing import VERSION

# Of these a name may consist (vmstore.names), so that web01 is not found in web01-b; "+" ends it in web01+new.
_NAME = r"A-Za-z0-9_.\-"
_RUNS = ("begin", "end")
Kind = Literal["run", "command", "seen"]


@dataclass(frozen=True, slots=True)
class Row:
    """A run, a command that changes something, or what was seen of a step (``kind``: run, command, seen).

    ``result`` is done, failed, taken back or not taken back, and "" of what has no end: it is at work or was cut off.
    """

    kind: Kind
    time: datetime
    told: Mapping[str, Any]
    result: str

    @property
    def failed(self) -> bool:
        """Tell whether it has not come to a good end."""
        return self.result != "done"

    def about(self, name: str) -> bool:
        """Tell whether it names a VM or a PV, or is of a job."""
        if self.told.get("job") == name:
            return True
        word = re.compile(rf"(?<![{_NAME}/]){re.escape(name)}(?![{_NAME}])|/{re.escape(name)}(?![{_NAME}/])")
        return any(word.search(str(self.told.get(key, ""))) for key in ("asked", "command", "step"))


def since(text: str, now: datetime) -> datetime:
    """Read from when on: a date, a date and a time, or how long ago, such as 90m, 2h or 7d. Raises UsageError."""
    days = re.fullmatch(r"([1-9][0-9]{0,3})d", text)
    if days:
        return now - timedelta(days=int(days[1]))
    try:
        # A time without an offset is one of this host.
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        pass
    try:
        return now - timedelta(seconds=durations.parse(text))
    except UsageError:
        raise UsageError(
            f"{text!r} is no time",
            why="it is neither a date nor how long ago",
            hint="2027-01-15, '2027-01-15 08:00', 2h",
        ) from None


def files(path: Path) -> list[Path]:
    """List the log and those that it was rotated to (logrotate(8): NAME.1, NAME.2.gz, NAME-DATE), the oldest first."""
    rotated = [
        each for each in path.parent.glob(f"{glob.escape(path.name)}[.-]*") if re.search(r"[.-]\d+(\.gz)?\Z", each.name)
    ]
    return [*sorted(rotated, key=_changed), path]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        # It was rotated at this moment.
        return 0.0


def lines(text: str) -> Iterator[dict[str, Any]]:
    """Read entry by entry what another host has in its log; what is torn is left out."""
    yield from filter(None, map(_entry, text.splitlines()))


def in_turn(found: Iterable[Row]) -> list[Row]:
    """Put the rows of each run together, the runs of several hosts in the order in which they began."""
    rows = sorted(found, key=lambda row: row.time)
    began: dict[object, tuple[datetime, int]] = {}
    for number, row in enumerate(rows):
        began.setdefault(row.told["run"], (row.time, number))
    return sorted(rows, key=lambda row: began[row.told["run"]])


def rows(entries: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Join the entries to rows, in the order in which things began."""
    found: dict[tuple[object, ...], Row] = {}
    for number, entry in enumerate(entries):
        event, run, time = entry["event"], entry["run"], datetime.fromisoformat(entry["time"])
        if event == "seen":
            found[run, "seen", number] = Row("seen", time, entry, str(entry.get("result", "")))
            continue
        kind: Kind = "run" if event in _RUNS else "command"
        key = run, kind, entry.get("n")
        result = "" if event in ("begin", "start") else "failed" if entry.get("exit") or entry.get("why") else "done"
        before = found.get(key)
        found[key] = replace(before, told=entry, result=result) if before else Row(kind, time, entry, result)
    return list(found.values())


def entries(path: Path, complain: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Read entry by entry; what is torn is left out, and a file that is damaged is complained of.

    Raises PermissionError.
    """
    for each in files(path):
        try:
            with gzip.open(each, "rb") if each.suffix == ".gz" else each.open("rb") as lines:
                yield from filter(None, map(_entry, lines))
        except FileNotFoundError:
            continue
        except PermissionError:
            raise
        except (OSError, EOFError, zlib.error) as error:
            complain(f"vmstore: {each} cannot be read to its end: {error}")


def _entry(line: bytes | str) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
        if told["v"] == VERSION and datetime.fromisoformat(told["time"]).tzinfo and told["event"] and told["run"]:
            return dict(told)
    except (ValueError, KeyError, TypeError):
        pass
    return None
