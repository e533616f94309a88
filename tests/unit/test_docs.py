"""What the documentation has to be typed can be typed, and what it points to is there."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from script.manual import verbs
from tests.support import howtos

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
HOWTOS = sorted(howtos.FOLDER.glob("*.md"))
_VERBS = {verb.path: {name for option in verb.options for name in option.spellings} for verb in verbs.verbs()}
_GROUPS = {words.split(" ", maxsplit=1)[0] for words in _VERBS if " " in words}
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
    return [*lines, *re.findall(r"`(vmstore [a-z-][^`]*)`", rest)]


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
    return ", ".join(option for option in options if option not in known)


@pytest.mark.parametrize("file", PAGES, ids=_id)
def test_every_command_in_the_documentation_is_known(file: Path) -> None:
    assert [f"{line}: {what}" for line in _typed(file) if (what := wrong(line))] == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("vmstore nosuch web01", "no verb nosuch"),
        ("vmstore pv nosuch", "no verb pv"),
        ("vmstore evacuate /dev/sdb --too fc", "--too"),
        ("vmstore list --dry-run", "--dry-run"),
        ("vmstore evacuate /dev/sdb --to fc | tee log --append", ""),
        ("vmstore --version", ""),
    ],
)
def test_what_is_not_known_is_found(line: str, what: str) -> None:
    assert wrong(line) == what


def test_commands_are_found_wherever_they_stand() -> None:
    assert len(_typed(ROOT / "docs" / "howto" / "emergency-a-lun-is-dying.md")) > 10
    assert "vmstore grow web01 +20G" in _typed(ROOT / "docs" / "man" / "vmstore.8.md")
    assert "vmstore report --cron" in _typed(ROOT / "docs" / "capacity.md")


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
    runs = howtos.typed(file)
    assert runs
    for script in runs:
        done = subprocess.run(["sh", "-nu"], input=script, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), script
        for line in script.splitlines():
            words = shlex.split(line)
            if words[:2] == ["vmstore", "evacuate"] or words[1:3] in (["pv", "add"], ["pv", "remove"]):
                assert {"--yes", "--dry-run"} & set(words), line
            if words[:2] == ["vmstore", "remove"]:
                assert "--confirm" in words, line
