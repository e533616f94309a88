"""Write the command table as Markdown: each verb with its arguments and options."""

from collections import Counter
from collections.abc import Sequence

from vmstore.cli import app
from vmstore.completions import table
from vmstore.completions.table import HELP, Command, Option, Value

# What so many verbs say in the same words is said once, for all of them.
OFTEN = 3

Said = Value | Option


def verbs() -> list[Command]:
    """List the verbs in the order of the command table."""
    return [command for command in table.read(app).walk() if not command.verbs]


def general() -> list[Said]:
    """List the options that stand before the verb."""
    return takes(table.read(app))


def takes(verb: Command) -> list[Said]:
    """List what a verb takes, arguments first."""
    return [*verb.arguments, *(option for option in verb.options if option != HELP)]


def names(said: Said) -> tuple[str, ...]:
    """List the names of an argument or option as they are typed."""
    return said.spellings if isinstance(said, Option) else (said.name,)


def shared(verbs: Sequence[Command]) -> list[str]:
    """Write the items of what many verbs take, arguments first."""
    # An option is in bold.
    counted = Counter(item(said) for verb in verbs for said in takes(verb))
    return sorted((text for text, times in counted.items() if times >= OFTEN), key=lambda text: text.startswith("- **"))


def usage(verb: Command) -> str:
    """Write how a verb is typed."""
    return f"vmstore {' '.join((verb.path, *map(_tag, verb.arguments)))} [*OPTION*]..."


def item(said: Said) -> str:
    """Write an argument or option as an item of a list."""
    return f"- {_tag(said)}\n\n  {about(said)}\n"


def about(said: Said) -> str:
    """Write what an argument or option is for."""
    default = f" Default: `{said.default}`." if isinstance(said, Option) and said.default else ""
    return _escaped(" ".join(said.help.split())) + default


def described(verb: Command, often: Sequence[str]) -> str:
    """Write what a verb takes: what is its own in full, what many take by name."""
    own = "\n".join(text for said in takes(verb) if (text := item(said)) not in often)
    also = [f"`{option.spellings[-1]}`" for option in verb.options if item(option) in often]
    return own + (f"\nAlso {', '.join(also)}: see OPTIONS.\n" if also else "")


def overview(verbs: Sequence[Command]) -> str:
    """Write the verbs as a table, each with the first paragraph of its help."""
    told = ((verb.path, verb.help.partition("\n\n")[0].replace("\n", " ")) for verb in verbs)
    rows = "".join(f"| `{path}` | {_escaped(text)} |\n" for path, text in told)
    return f"| command | does |\n|---|---|\n{rows}"


def _tag(said: Said) -> str:
    if isinstance(said, Option):
        value = f" *{_value(said.value)}*" if said.value else ""
        return ", ".join(f"**{name}**" for name in said.spellings) + value
    word = f"*{said.name}*" if said.required else f"[*{said.name}*]"
    return f"{word}..." if said.repeats else word


def _value(value: Value) -> str:
    return "|".join(word for word in value.offers if not word.startswith("@")) or value.name


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*").replace("<", r"\<")
