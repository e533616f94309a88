"""Read the keys of vmstore.toml with their types and defaults, and write them as Markdown."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import inspect

from vmstore.config import Config
from vmstore.policies import growth

# The name of the keys that stand before any table.
TOP = "top level"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a table; ``default`` as TOML has it, "" where what is not set is as of another table."""

    kind: str
    default: str


def tables() -> dict[str, dict[str, Key]]:
    """List all tables with their keys; NAME stands for that of a class or VM."""
    shipped = growth.Rules.of(Config().growth)
    found = dict(_walk(inspect.type_info(Config), Config(), ""))
    rules = {setting.key: setting.value for setting in shipped.settings("", "").values()}
    found["growth"] = {name: Key(key.kind, _toml(rules[name])) for name, key in found["growth"].items()}
    return found


def names(heading: str) -> Sequence[str]:
    """Name the tables that a heading such as ``[ssh], [move]`` is of."""
    if heading == TOP:
        return [TOP]
    return [word.strip("[]") for word in heading.split(", ")] if heading.startswith("[") else []


def tag(name: str, among: Mapping[str, Mapping[str, Key]]) -> str:
    """Write a key's line in the list of the keys of these tables: name, type, default."""
    having = {table: keys[name] for table, keys in among.items() if name in keys}
    by_default: dict[str, list[str]] = {}
    for table, key in having.items():
        if key.default:
            by_default.setdefault(key.default, []).append(table.rpartition(".")[2])
    everywhere = len(by_default) == 1 and len(having) == len(among)
    told = ", ".join(f"`{value}`" + ("" if everywhere else f" for {', '.join(of)}") for value, of in by_default.items())
    return f"**{name}** = *{next(iter(having.values())).kind}*; default {told}"


def _walk(struct: inspect.Type, value: object, name: str) -> Iterator[tuple[str, dict[str, Key]]]:
    """List a table and those below it; the value holds the defaults, which a table may have of its own."""
    assert isinstance(struct, inspect.StructType)
    keys, below = {}, []
    for field in struct.fields:
        inner = f"{name}.{field.encode_name}".removeprefix(".")
        held = getattr(value, field.name)
        if isinstance(field.type, inspect.StructType):
            below.append((field.type, held, inner))
        elif isinstance(field.type, inspect.DictType) and isinstance(field.type.value_type, inspect.StructType):
            below.append((field.type.value_type, field.type.value_type.cls(), f"{inner}.NAME"))
        else:
            keys[field.encode_name] = Key(_kind(field.type), "" if held is None else _toml(held))
    if keys:
        yield name or TOP, keys
    for each in below:
        yield from _walk(*each)


def _kind(of: inspect.Type) -> str:
    match of:
        case inspect.UnionType(types=types):
            return _kind(next(each for each in types if not isinstance(each, inspect.NoneType)))
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType():
            return "string"
        case inspect.IntType(ge=least, le=most):
            return f"number, {least} to {most}"
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(map(_toml, values))
        case inspect.VarTupleType(item_type=inspect.VarTupleType()):
            return "list of lists of strings"
        case inspect.VarTupleType():
            return "list of strings"
        case inspect.DictType():
            return "table of strings"
    raise NotImplementedError(f"no words for {of}")


def _toml(value: Any) -> str:
    # JSON and TOML write alike what settings hold.
    return json.dumps(msgspec.to_builtins(value))
