"""Describe what is in the log, for eyes and for programs."""

import re
from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from vmstore.errors import ExitCode
from vmstore.log.reading import Kind, Row
from vmstore.report.json_types import Count, Seconds, Time

# A copy's command is a whole script; all of it is in the JSON and plain forms.
_LONG = 200
# A terminal would obey them, and for the shell they stand between columns and rows.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_WHAT: Mapping[Kind, Literal["asked", "command", "step"]] = {"run": "asked", "command": "command", "seen": "step"}


class LogRow(TypedDict):
    """A run of vmstore, one of its commands, or what was seen after a step; ``run`` is the same in all of a run.

    ``result`` is "done", "failed", "taken back" or "not taken back", and null of what has no end that is known. A run
    that was refused, with nothing changed, has "failed" and exit code 4.
    """

    time: Time
    kind: Kind
    run: str
    result: str | None
    exit: Count | None
    seconds: Seconds | None
    user: str | None
    sudo_user: str | None
    host: str | None
    tty: str | None
    asked: str | None
    job: str | None
    node: str | None
    step: str | None
    command: str | None
    why: str


def row(found: Row) -> LogRow:
    """Describe a row for programs."""
    told = found.told
    return {
        "time": found.time.isoformat(timespec="milliseconds"),
        "kind": found.kind,
        "run": told["run"],
        "result": found.result or None,
        "exit": told.get("exit"),
        "seconds": told.get("seconds"),
        "user": told.get("user") or None,
        "sudo_user": told.get("sudo_user") or None,
        "host": told.get("host") or None,
        "tty": told.get("tty") or None,
        "asked": told.get("asked") or None,
        "job": told.get("job") or None,
        "node": told.get("node") or None,
        "step": told.get("step") or None,
        "command": told.get("command") or None,
        "why": told.get("why", ""),
    }


def line(found: Row) -> dict[str, Any]:
    """Describe a row in one line; ``shown`` is what was done and why it failed, as eyes want it."""
    told = row(found)
    what = _visible(told[_WHAT[found.kind]] or "")
    why = _visible(" ".join(told["why"].split()))
    return {
        "time": told["time"],
        "by": told["sudo_user"] or told["user"],
        "where": told["node"] or (told["host"] if found.kind == "run" else ""),
        "result": _result(found, told["exit"]),
        "seconds": told["seconds"],
        "what": what,
        "why": why,
        "shown": f"{'' if found.kind == 'run' else '  '}{_short(what)}{f' ({why})' if why else ''}",
    }


def _result(found: Row, code: int | None) -> str:
    if found.kind == "run" and code == ExitCode.REFUSED:
        return f"refused ({code})"
    if found.kind == "seen":
        return {"done": "seen done", "failed": "seen failed"}.get(found.result, found.result)
    return f"{found.result or 'no end known'}{f' ({code})' if code else ''}"


def _visible(text: str) -> str:
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
