"""What the documentation has to be typed can be typed, and what it points to is there."""

import ast
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main

from script.manual import verbs
from tests.support import howtos
from vmstore.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
# What an admin copies, and the program's own words: errors say what to type next, codes what helps.
COPIED = sorted(
    [
        *filter(Path.is_file, (ROOT / "contrib").rglob("*")),
        *ROOT.glob("vmstore/**/*.example"),
        *ROOT.glob("vmstore/**/*.sh"),
    ]
)
PROGRAM = sorted(file for room in ("vmstore", "commands", "policies") for file in (ROOT / room).rglob("*.py"))
HOWTOS = sorted(howtos.FOLDER.glob("*.md"))
_VERBS = {verb.path: {name for option in verb.options for name in option.spellings} for verb in verbs.verbs()}
_GROUPS = {words.split(" ", maxsplit=1)[0] for words in _VERBS if " " in words}
_TABLE: Any = typer.main.get_command(app)
_GENERAL = {"-h", "--help", *(name for option in verbs.general() for name in verbs.names(option))}
# What ends a command, in a line of shell or in prose.
_END = re.compile(r"\s*(\||;|#|&&|\|\||>|<|$)")


def _id(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _typed(file: Path) -> list[str]:
    """List what is written as commands of vmstore: in code within a line, and in blocks of code."""
    text = file.read_text(encoding="utf-8")
    fenced = re.findall(r"^```.*?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^    .*$", rest, re.MULTILINE)
    code = [*(line for block in fenced for line in block.splitlines()), *indented]
    lines = [match for line in code for match in re.findall(r"(?:^|[#$;|] |root )\s*(vmstore [a-z-].*)", line)]
    spans = re.findall(r"`([a-z][^`]*)`", rest)
    # What is clear is written without the name: `policy show web01`.
    short = [f"vmstore {span}" for span in spans if span.split()[0] in _GROUPS and " " in span]
    return [*lines, *(span for span in spans if re.match(r"vmstore [a-z-]", span)), *short]


def _copied(file: Path) -> list[str]:
    """List the commands in what is no page: those that are run, and those in its comments."""
    text = file.read_text(encoding="utf-8")
    return re.findall(r"(?:root |ExecStart=|`)(vmstore [a-z-][^`\n]*)", text)


def _said(file: Path) -> list[str]:
    """List the commands that a module has people type, with a word for each value in them."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        texts = [str(part.value) if isinstance(part, ast.Constant) else "1" for part in parts]
        if any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in parts):
            text = "".join(texts)
            found += re.findall(r"`(vmstore [a-z-][^`]*)`", text)
            found += re.findall(r"\A(vmstore [a-z-]+(?: [a-z]+)* [A-Z1-9-].*)\Z", text)
    return found


def wrong(line: str) -> str:
    """Say what of a command is not known; "" for nothing."""
    words = re.split(_END, line)[0].split()[1:]
    if words[0] in _GENERAL:
        return ""
    name = next((name for name in (" ".join(words[:2]), words[0]) if name in _VERBS), "")
    if not name:
        # A group, or several of its verbs at once: `vmstore pv list | add`.
        return "" if words[0] in _GROUPS and (len(words) == 1 or words[1] in "|") else f"no verb {words[0]}"
    known = _VERBS[name] | _GENERAL
    options = [word.split("=")[0].rstrip(",.:)") for word in words if re.match(r"--?[a-z]", word)]
    return ", ".join(option for option in options if option not in known) or _unfit(name, line)


def _unfit(name: str, line: str) -> str:
    """Say what the program would not take of a command; one that is only mentioned may lack things."""
    # A comment or another program may stand behind it; a value may have spaces.
    words = shlex.split(re.split(r" (?:#|\||\|\||&&|>|<) ?|;", line)[0])[1 + len(name.split()) :]
    if any(re.match(r"[…|\[(]|[,.:]$", word) for word in words):
        return ""
    command = _TABLE
    for word in name.split():
        command = command.commands[word]
    try:
        command.make_context(name, words)
    except Exception as error:
        if type(error).__name__ not in ("MissingParameter", "BadOptionUsage"):
            return str(getattr(error, "message", error))
    return ""


@pytest.mark.parametrize("file", PAGES, ids=_id)
def test_every_command_in_the_documentation_is_known(file: Path) -> None:
    assert [f"{line}: {what}" for line in _typed(file) if (what := wrong(line))] == []


def test_every_command_in_what_is_copied_is_known() -> None:
    found = [line for file in COPIED for line in _copied(file)]
    assert len(found) > 5
    assert [f"{line}: {what}" for line in found if (what := wrong(line))] == []


def test_every_command_that_the_program_has_people_type_is_known() -> None:
    found = [line for file in PROGRAM for line in _said(file)]
    assert len(found) > 100
    assert [f"{line}: {what}" for line in found if (what := wrong(line))] == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("vmstore nosuch web01", "no verb nosuch"),
        ("vmstore pv nosuch", "no verb pv"),
        ("vmstore evacuate /dev/sdb --too fc", "--too"),
        ("vmstore list --dry-run", "--dry-run"),
        ("vmstore evacuate /dev/sdb --to fc | tee log --append", ""),
        ("vmstore list web01", "Got unexpected extra argument(s) (web01)"),
        ("vmstore list -o jsn", "'jsn' is not one of 'table', 'json', 'plain'."),
        ("vmstore remove --wipe", ""),
        ("vmstore --version", ""),
    ],
)
def test_what_is_not_known_is_found(line: str, what: str) -> None:
    assert wrong(line) == what


def test_commands_are_found_wherever_they_stand() -> None:
    assert len(_typed(ROOT / "docs" / "howto" / "emergency-a-lun-is-dying.md")) > 10
    assert "vmstore grow web01 +20G" in _typed(ROOT / "docs" / "man" / "vmstore.8.md")
    assert "vmstore report --cron" in _typed(ROOT / "docs" / "capacity.md")
    assert "vmstore policy show web01" in _typed(ROOT / "README.md")
    assert "vmstore report --cron $REPORT_OPTIONS" in _copied(ROOT / "contrib" / "systemd" / "vmstore-report.service")
    assert "vmstore thaw 1" in _said(ROOT / "policies" / "checkup_cluster.py")


@pytest.mark.parametrize("file", PAGES, ids=_id)
def test_every_link_leads_to_what_is_there(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)):
        if target.startswith("https://"):
            continue
        name, _, heading = target.partition("#")
        place = (file.parent / name).resolve() if name else file
        assert place.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.*)$", place.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in [re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings], target


@pytest.mark.spawns("sh")
@pytest.mark.parametrize("file", HOWTOS, ids=_id)
def test_what_a_how_to_has_the_lab_run_is_shell_that_asks_nothing(file: Path) -> None:
    runs = howtos.steps(file)
    assert runs
    for _, script in runs:
        done = subprocess.run(["sh", "-nu"], input=script, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), script
        for line in script.splitlines():
            words = shlex.split(line) if line.startswith("vmstore") else []
            if words[:2] == ["vmstore", "evacuate"] or words[1:3] in (["pv", "add"], ["pv", "remove"]):
                assert {"--yes", "--dry-run"} & set(words), line
            if words[:2] == ["vmstore", "remove"]:
                assert "--confirm" in words, line
