"""Read from the table of commands what can be typed, for the shells and the manual. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import typer
import typer.main

from vmstore.policies import checkup_codes, codes

# What stands where a name of an argument or of an option's value says so; "@" are lists, not words.
_OFFERED = {
    "VM": ("@vm",),
    "PV": ("@pv",),
    "NODE": ("@node",),
    "JOB": ("@job",),
    "CLASS": ("@class",),
    "CLASS|PV": ("@class", "@pv"),
    "NAME": ("@vg", "@class", "@pv", "@vm"),
    "VM|PV|JOB": ("@vm", "@pv", "@job"),
    "VG": ("@vg",),
    "CODE": ("@code",),
    "FILE": ("@file",),
    "DEVICE": ("@file",),
}
# A VM to be made has no name yet; a name that is asked for once more is to be typed.
_TYPED = {("create", "vm"), ("remove", "confirm")}
# Lists that are known before anything is read.
LISTS = {"code": {code: about.title for code, about in (codes.CODES | checkup_codes.CODES).items()}}


@dataclass(frozen=True, slots=True)
class Value:
    """What an argument, or the value of an option, may be: ``offers`` are words and "@" lists, if there are any."""

    name: str
    offers: tuple[str, ...] = ()
    required: bool = True
    repeats: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """An option with all its spellings; ``value`` is None for one that takes none.

    ``default`` is "" where there is nothing to say of it.
    """

    spellings: tuple[str, ...]
    help: str
    value: Value | None = None
    repeats: bool = False
    default: str = ""

    @property
    def entry(self) -> str:
        """Write it in a word, as the scripts for bash and fish read it: ``*--to=@class|@pv``."""
        value = "" if self.value is None else f"={'|'.join(self.value.offers)}"
        return f"{'*' if self.repeats else ''}{','.join(self.spellings)}{value}"


HELP = Option(("-h", "--help"), "Show this message and exit")


@dataclass(frozen=True, slots=True)
class Command:
    """A command with its options, and its verbs or its arguments; ``path`` is "" for vmstore itself, or "pv add"."""

    path: str
    help: str
    options: tuple[Option, ...]
    arguments: tuple[Value, ...]
    verbs: tuple["Command", ...] = ()

    @property
    def name(self) -> str:
        """Give its own name."""
        return self.path.rpartition(" ")[2]

    @property
    def entries(self) -> list[str]:
        """Write its arguments in a word each: ``@vm``, or ``*@code`` for one that repeats."""
        return [f"{'*' if value.repeats else ''}{'|'.join(value.offers)}" for value in self.arguments]

    def walk(self) -> Iterator["Command"]:
        """Give it and all that are below it."""
        yield self
        for verb in self.verbs:
            yield from verb.walk()


def read(app: typer.Typer) -> Command:
    """Read the whole table."""
    return _command(typer.main.get_command(app), ())


# The classes of what get_command gives are not public, so what is asked of it is the little that all of them have.
def _command(found: Any, path: tuple[str, ...]) -> Command:
    verbs = [(name, verb) for name, verb in getattr(found, "commands", {}).items() if not verb.hidden]
    options = [_option(path, each) for each in found.params if each.param_type_name == "option" and not each.hidden]
    return Command(
        " ".join(path),
        found.help or "",
        (*options, HELP),
        tuple(_value(path, each) for each in found.params if each.param_type_name == "argument"),
        tuple(_command(verb, (*path, name)) for name, verb in verbs),
    )


def _option(path: tuple[str, ...], found: Any) -> Option:
    spellings = (*sorted(found.opts, key=len), *found.secondary_opts)
    default = str(found.default or "") if found.show_default and not found.is_flag else ""
    if found.secondary_opts:
        default = (found.opts if found.default else found.secondary_opts)[0]
    return Option(spellings, found.help or "", None if found.is_flag else _value(path, found), found.multiple, default)


def _value(path: tuple[str, ...], found: Any) -> Value:
    name = (found.metavar or found.name.upper()).strip("[].")
    choices = tuple(str(getattr(choice, "value", choice)) for choice in getattr(found.type, "choices", ()))
    offers = () if (*path, found.name) in _TYPED else choices or _OFFERED.get(name, ())
    return Value(name, offers, required=found.required, repeats=found.nargs == -1, help=found.help or "")


def line(help_text: str) -> str:
    """Give the first line of a help, as a shell shows it."""
    return help_text.partition("\n")[0].removesuffix(".")
