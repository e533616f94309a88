"""Write the completion for fish."""

from collections.abc import Iterable

from vmstore.completions.table import LISTS, Command, line

_END = "complete -c vmstore -f -a '(__vmstore_complete)'\n"


def write(table: Command, engine: str) -> str:
    """Put the table of commands, with what each is for, behind the functions that read it."""
    codes = " \\\n        ".join(_told(*item) for item in LISTS["code"].items())
    cases = "".join(_case(command) for command in table.walk())
    return f"""{engine}
# COMMAND: sets its verbs, or its arguments, and its options.
function __vmstore_table --no-scope-shadowing
    set verbs
    set arguments
    set options
    set codes \\
        {codes}
    switch $argv[1]
{cases}    end
end

{_END}"""


def _case(command: Command) -> str:
    sets = (
        _set("verbs", (_told(verb.name, line(verb.help)) for verb in command.verbs)),
        _set("arguments", map(_quoted, command.entries)),
        _set("options", (_told(option.entry, line(option.help)) for option in command.options)),
    )
    return f"        case {_quoted(command.path)}\n{''.join(sets)}"


def _set(name: str, words: Iterable[str]) -> str:
    found = list(words)
    return " \\\n                ".join((f"            set {name}", *found)) + "\n" if found else ""


def _told(word: str, about: str) -> str:
    return f"{_quoted(word)}\\t{_quoted(about)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
