"""Read the command lines of simulated tools."""

from collections.abc import Sequence


class UnknownCommand(BaseException):
    """The simulation has no such command or option; the real tool may, so this is no failure of the tool."""


def options_of(
    argv: Sequence[str], *, flags: Sequence[str] = (), valued: Sequence[str] = (), many: Sequence[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Tell options from arguments; ``many`` may be repeated and are joined by blanks."""
    options: dict[str, str] = {}
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word in flags:
            options[word] = ""
        elif word in many:
            options[word] = f"{options.get(word, '')} {next(words)}".strip()
        elif word in valued:
            options[word] = next(words)
        elif word.startswith("-"):
            raise UnknownCommand(f"option {word} in {argv}")
        else:
            rest.append(word)
    return options, rest
