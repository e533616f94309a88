"""Hold what is written as JSON against the schemas as they are shipped, by a validator that is not ours."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
_FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER
# What a job wrote down has fields of its own, event by event.
_OPEN = ("EventRow",)


def schema(kind: str) -> dict[str, Any]:
    """Read the schema of a kind of document."""
    found: dict[str, Any] = json.loads((FOLDER / f"{kind}.schema.json").read_text(encoding="utf-8"))
    return found


@cache
def _validator(kind: str) -> Any:
    """Make a validator for which a field that the schema does not name is wrong."""
    strict = schema(kind)
    for name, each in (("", strict), *strict["$defs"].items()):
        if each.get("type") == "object" and name not in _OPEN:
            each["additionalProperties"] = False
    return jsonschema.Draft202012Validator(strict, format_checker=_FORMATS)


def wrong(document: Any) -> list[str]:
    """Say what of a document is not as its schema says."""
    return [f"{error.json_path}: {error.message}" for error in _validator(document["kind"]).iter_errors(document)]


def check(text: str) -> None:
    """Hold one document, as a command wrote it, against its schema."""
    assert wrong(json.loads(text)) == []
