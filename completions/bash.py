"""Write the completion for bash."""

from collections.abc import Iterable

from vmstore.completions.table import LISTS, Command

_END = "complete -F _vmstore vmstore\n"


def write(table: Command, engine: str) -> str:
    """Put the table of commands behind the functions that read it."""
    cases = "".join(_case(command) for command in table.walk())
    # shellcheck cannot see that the caller, which has these, reads them.
    return f"""{engine}
# COMMAND: sets its verbs, or its arguments, and its options.
# shellcheck disable=SC2034
_vmstore_table() {{
    verbs=() arguments=() options=() codes=({_words(LISTS["code"])})
    case $1 in
{cases}    esac
}}

{_END}"""


def _case(command: Command) -> str:
    sets = (
        ("verbs", [verb.name for verb in command.verbs]),
        ("arguments", command.entries),
        ("options", [option.entry for option in command.options]),
    )
    lines = "".join(f"        {name}=({_words(words)})\n" for name, words in sets if words)
    return f"    {_quoted(command.path)})\n{lines}        ;;\n"


def _words(words: Iterable[str]) -> str:
    return " ".join(map(_quoted, words))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
