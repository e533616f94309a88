"""Put into the Markdown of the pages what the program itself knows, and refuse what is missing or too much."""

import re
from collections.abc import Iterable
from pathlib import Path

from script.manual import keys, roff, verbs

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "man"
NAMES = ("vmstore.8", "vmstore.toml.5")
_VERB = re.compile(r"### vmstore ([a-z -]+)")


class Wrong(ValueError):
    """A page does not agree with the program."""


def build(name: str) -> str:
    """Give a page as roff. Raises Wrong, with the file to mend."""
    source = FOLDER / f"{name}.md"
    markdown = source.read_text(encoding="utf-8")
    try:
        whole = with_keys(markdown) if name.endswith(".5") else with_verbs(markdown)
        return roff.page(whole, "vmstore")
    except (Wrong, roff.Odd) as problem:
        raise Wrong(f"docs/man/{source.name}: {problem}") from None


def with_verbs(markdown: str) -> str:
    """Add to each section `### vmstore VERB` its usage above and its options below, and fill the marks.

    Raises Wrong for a verb without a section and a section without a verb.
    """
    table = verbs.verbs()
    known = {verb.path: verb for verb in table}
    often = verbs.shared(table)
    begin, *sections = re.split(r"^(?=##)", markdown, flags=re.MULTILINE)
    found, parts = [], [begin]
    for section in sections:
        heading, _, prose = section.partition("\n")
        match = _VERB.fullmatch(heading)
        if not match:
            parts.append(section)
            continue
        found.append(match[1])
        verb = known.get(match[1])
        if verb:
            silent = [verbs.names(said)[-1] for said in verbs.takes(verb) if not said.help]
            if silent or not prose.strip():
                raise Wrong(f"nothing is said of `{' '.join(['vmstore', verb.path, *silent])}`")
            parts.append(f"### {verbs.usage(verb)}\n{prose}{verbs.described(verb, often)}\n")
    _compare(known, found, "### vmstore {}")
    marks = {
        "commands": verbs.overview(table),
        "general options": "\n".join(map(verbs.item, verbs.general())),
        "shared options": "\n".join(often),
        "exit codes": exit_codes(),
    }
    return re.sub(r"<!-- (.*) -->", lambda match: _filled(marks, match[1]), "".join(parts))


def with_keys(markdown: str) -> str:
    """Add to each key, an item of its own name alone, its type and default.

    Raises Wrong for a key or table that is not told of and for one that does not exist.
    """
    tables = keys.tables()
    among: dict[str, dict[str, keys.Key]] = {}
    lines: list[str] = []
    told: list[str] = []
    headings: list[str] = []
    for line in markdown.splitlines():
        if line.startswith("##"):
            named = keys.names(line.lstrip("# "))
            headings += named
            among = {name: tables[name] for name in named if name in tables}
        match = re.fullmatch(r"- `([a-z_]+)`", line)
        if match:
            told += [f"{table}.{match[1]}" for table, known in among.items() if match[1] in known]
            if not any(match[1] in known for known in among.values()):
                raise Wrong(f"`{match[1]}` is no key of {', '.join(among) or 'a table'}")
            lines.append(f"- {keys.tag(match[1], among)}")
        else:
            lines.append(line)
    _compare(tables, headings, "[{}]")
    _compare([f"{table}.{key}" for table, known in tables.items() for key in known], told, "{}")
    return "".join(f"{line}\n" for line in lines)


def exit_codes() -> str:
    """Give the table of exit codes, of which there is one alone."""
    lines = (DOCS / "exit-codes.md").read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("|"))


def _compare(wanted: Iterable[str], found: list[str], form: str) -> None:
    expected = list(wanted)
    for name in expected:
        if name not in found:
            raise Wrong(f"`{form.format(name)}` is missing: say there what it is for")
    for name in found:
        if name not in expected:
            raise Wrong(f"`{form.format(name)}` is told of, which vmstore does not know")
        if found.count(name) > 1:
            raise Wrong(f"`{form.format(name)}` is told of twice")


def _filled(marks: dict[str, str], name: str) -> str:
    if name not in marks:
        raise Wrong(f"nothing is known as <!-- {name} -->")
    return marks[name]
