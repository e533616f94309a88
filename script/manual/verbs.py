"""Read the command table, and write it as Markdown: each verb with its arguments and options."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from vmstore.cli import app

# What so many verbs say in the same words is said once, for all of them.
OFTEN = 3


@dataclass(frozen=True, slots=True)
class Said:
    """An argument or option: its names as they are typed, and what its help says."""

    names: tuple[str, ...]
    tag: str
    text: str
    option: bool

    def markdown(self) -> str:
        """Write it as an item of a list."""
        return f"- {self.tag}\n\n  {self.text}\n"


@dataclass(frozen=True, slots=True)
class Verb:
    """A command that can be typed: its words after ``vmstore``, what it takes, and the first line of its help."""

    words: str
    usage: str
    summary: str
    takes: tuple[Said, ...]


def verbs() -> list[Verb]:
    """List the verbs in the order of the command table."""
    return list(_walk(typer.main.get_command(app), ()))


def general() -> list[Said]:
    """List the options that stand before the verb."""
    return [_said(each) for each in typer.main.get_command(app).params]


def shared(table: Sequence[Verb]) -> list[Said]:
    """List what many verbs take, arguments first."""
    counted = Counter(said for verb in table for said in verb.takes)
    return sorted((said for said, times in counted.items() if times >= OFTEN), key=lambda said: said.option)


def described(verb: Verb, often: Sequence[Said]) -> str:
    """Write what a verb takes: what is its own in full, what many take by name."""
    own = "\n".join(said.markdown() for said in verb.takes if said not in often)
    also = [f"`{said.names[-1]}`" for said in verb.takes if said in often and said.option]
    return own + (f"\nAlso {', '.join(also)}: see OPTIONS.\n" if also else "")


def overview(table: Sequence[Verb]) -> str:
    """Write the verbs as a table, each with the first line of its help."""
    rows = "".join(f"| `{verb.words}` | {_escaped(verb.summary)} |\n" for verb in table)
    return f"| command | does |\n|---|---|\n{rows}"


def _walk(command: Any, words: tuple[str, ...]) -> Iterator[Verb]:
    below = getattr(command, "commands", None)
    if below is not None:
        for name, each in below.items():
            if not each.hidden:
                yield from _walk(each, (*words, name))
        return
    takes = tuple(_said(each) for each in command.params if not getattr(each, "hidden", False))
    arguments = "".join(f" {said.tag}" for said in takes if not said.option)
    summary = (command.help or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")
    yield Verb(" ".join(words), f"vmstore {' '.join(words)}{arguments} [*OPTION*]...", summary, takes)


def _said(parameter: Any) -> Said:
    text = _escaped(" ".join((parameter.help or "").split()))
    if parameter.param_type_name == "argument":
        word = parameter.metavar or parameter.name.upper()
        bare = word.strip("[].")
        return Said((bare,), word.replace(bare, f"*{bare}*"), text, option=False)
    names = tuple(sorted((*parameter.opts, *parameter.secondary_opts), key=lambda name: name.startswith("--")))
    choices = getattr(parameter.type, "choices", None)
    value = "" if parameter.is_flag else f" *{'|'.join(choices) if choices else parameter.metavar}*"
    if not parameter.is_flag and parameter.show_default and parameter.default:
        text += f" Default: `{parameter.default}`."
    if parameter.secondary_opts:
        text += f" Default: `{(parameter.opts if parameter.default else parameter.secondary_opts)[0]}`."
    return Said(names, ", ".join(f"**{name}**" for name in names) + value, text, option=True)


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*").replace("<", r"\<")
