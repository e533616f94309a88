"""The record of a job: what was asked, what was begun and what came of it, one JSON object a line.

It lies on the node of the job's lock and is written by the shell that holds the lock, fsynced line by line. It holds
intentions and what is good to know; what is true say LVM and the PV's tag. So a record that is torn, full or lost with
its node costs no more than what it tells.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vmstore.jobs import lease
from vmstore.jobs.step import Reporter, Step

FOLDER = "/var/lib/vmstore/jobs"
VERSION = 1


def identity(tag: str) -> str:
    """Give the job's name, made of the tag that it bears on its PV: node and time of its beginning."""
    return lease.job(tag).replace(":", "-")


def path(tag: str) -> str:
    """Give the file of a job's record on the node of its lock."""
    return f"{FOLDER}/{identity(tag)}.jsonl"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a record: when (UTC), what, and what is to be said of it."""

    time: datetime
    name: str
    fields: Mapping[str, Any]


def parse(text: str) -> list[Event]:
    """Read a record; lines that are torn or of a later version are left out."""
    found = []
    for line in text.splitlines():
        try:
            told = json.loads(line)
            if told.pop("v") == VERSION:
                found.append(Event(datetime.fromisoformat(told.pop("time")), str(told.pop("event")), told))
        except (ValueError, KeyError, AttributeError, TypeError):
            continue
    return found


class Record:
    """Write a job's record; a line that cannot be written is told of once, and the work goes on."""

    def __init__(self, held: lease.Lease, complain: Callable[[str], None]) -> None:
        self._held = held
        self._complain = complain
        self._deaf = False

    def add(self, event: str, **fields: object) -> None:
        """Append an event."""
        time = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps({"v": VERSION, "time": time, "event": event, **fields}, separators=(",", ":"))
        if not self._held.note(line) and not self._deaf:
            self._deaf = True
            self._complain(
                "the job's record cannot be written (is that node's disk full?); the work goes on without it"
            )


class Recorded:
    """Report as another reporter does, and write down what is copied."""

    def __init__(self, reporter: Reporter, record: Record) -> None:
        self._reporter = reporter
        self._record = record

    def began(self, step: Step) -> None:
        """A step starts."""
        self._reporter.began(step)
        if step.copies:
            self._record.add("began", what=step.subject, bytes=step.bytes, commands=_shown(step))

    def moved(self, step: Step, done: int) -> None:
        """So many bytes of a step that copies are there."""
        self._reporter.moved(step, done)

    def ended(self, step: Step) -> None:
        """A step is done and was seen to be."""
        self._reporter.ended(step)
        if step.copies:
            self._record.add("moved", what=step.subject, bytes=step.bytes)

    def note(self, text: str) -> None:
        """Something the admin should know."""
        self._reporter.note(text)

    def rested(self, seconds: float) -> None:
        """Nothing was to be done for so long."""
        self._reporter.rested(seconds)


def _shown(step: Step) -> Sequence[str]:
    return [str(command) for command in step.commands()]
