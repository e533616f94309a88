"""Describe what is in the log, for eyes and for programs."""

from typing import Any

from vmstore.log.reading import Row

# A copy's command is a whole script; all of it is in the JSON and plain forms.
_LONG = 200
_WHAT = {"run": "asked", "command": "command", "seen": "step"}
_WORDS = ("user", "sudo_user", "host", "tty", "asked", "job", "node", "step", "command", "why")


def row(found: Row) -> dict[str, Any]:
    """Describe a row for programs; what has no end that is known has no result."""
    return {
        "time": found.time.isoformat(timespec="milliseconds"),
        "kind": found.kind,
        "run": found.told["run"],
        "result": found.result or None,
        "exit": found.told.get("exit"),
        "seconds": found.told.get("seconds"),
        **{key: found.told.get(key, "") for key in _WORDS},
    }


def line(found: Row) -> dict[str, Any]:
    """Describe a row in one line; ``shown`` is what was done and why it failed, as eyes want it."""
    told = row(found)
    what = str(told[_WHAT[found.kind]]).replace("\n", "\\n")
    why = " ".join(told["why"].split())
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
    if found.kind == "seen":
        return {"done": "seen done", "failed": "seen failed"}.get(found.result, found.result)
    return f"{found.result or 'no end known'}{f' ({code})' if code else ''}"


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
