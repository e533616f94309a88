"""Write the completion for zsh."""

import shlex

from vmstore.completions.table import LISTS, Command, Option, Value, line

_END = """
# The first TAB loads this file as the body of _vmstore; what is sourced is told by its name.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _vmstore "$@"
else
  compdef _vmstore vmstore
fi
"""


def write(table: Command, engine: str) -> str:
    """Put a function for each command behind those that offer names."""
    lists = "".join(_list(name, words) for name, words in LISTS.items())
    return engine + lists + "".join(map(_function, table.walk())) + _END


def _list(name: str, words: dict[str, str]) -> str:
    lines = "".join(f"    {shlex.quote(f'{word}:{about}')}\n" for word, about in words.items())
    return f"\n_vmstore_list_{name}() {{\n  local -a found=(\n{lines}  )\n  _describe -t {name} {name} found\n}}\n"


def _function(command: Command) -> str:
    specs = [_option(option) for option in command.options]
    if not command.verbs:
        specs += [_argument(number, value) for number, value in enumerate(command.arguments, 1)]
        return f"\n{_called(command)}() {{\n  _arguments -S \\\n{_lines(specs)}}}\n"
    specs += ["': :->verb'", "'*:: :->rest'"]
    verbs = "".join(f"        {shlex.quote(f'{verb.name}:{line(verb.help)}')}\n" for verb in command.verbs)
    cases = "".join(f"        ({verb.name}) {_called(verb)} ;;\n" for verb in command.verbs)
    return f"""
{_called(command)}() {{
  local curcontext=$curcontext state line
  local -a verbs
  _arguments -C -S \\
{_lines(specs)}  case $state in
    (verb)
      verbs=(
{verbs}      )
      _describe -t commands command verbs
      ;;
    (rest)
      case $words[1] in
{cases}      esac
      ;;
  esac
}}
"""


def _called(command: Command) -> str:
    return "_".join(("_vmstore", *command.path.split())).replace("-", "_")


def _lines(specs: list[str]) -> str:
    return " \\\n".join(f"    {spec}" for spec in specs) + "\n"


def _option(option: Option) -> str:
    about = f"[{_escaped(line(option.help), '[]')}]"
    if option.value:
        about += f":{_offers(option.value)}"
    spellings = [_spelt(name, option) for name in option.spellings]
    if option.repeats:
        return " ".join(shlex.quote(f"*{name}{about}") for name in spellings)
    excluded = "(- : *)" if "--help" in option.spellings else f"({' '.join(option.spellings)})"
    return " ".join(shlex.quote(f"{excluded}{name}{about}") for name in spellings)


def _spelt(name: str, option: Option) -> str:
    if option.value is None:
        return name
    return f"{name}=" if name.startswith("--") else f"{name}+"


def _argument(number: int, value: Value) -> str:
    place = "*:" if value.repeats else f"{number}:" if value.required else f"{number}::"
    return shlex.quote(place + _offers(value))


def _offers(value: Value) -> str:
    kinds = [offer[1:] for offer in value.offers if offer.startswith("@")]
    name = _escaped(value.name, ":")
    if not kinds:
        return f"{name}:({' '.join(value.offers)})" if value.offers else f"{name}: "
    if kinds == ["file"]:
        return f"{name}:_files"
    # The blank keeps _arguments from adding arguments of its own.
    if kinds[0] in LISTS:
        return f"{name}: _vmstore_list_{kinds[0]}"
    return f"{name}: _vmstore_names {' '.join(kinds)}"


def _escaped(text: str, special: str) -> str:
    return "".join(f"\\{letter}" if letter in f"\\{special}" else letter for letter in text)
