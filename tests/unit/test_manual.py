"""The manual pages say what the program does, and are shown as they are meant."""

import re
import subprocess
from pathlib import Path
from typing import Annotated

import pytest
import typer

from script.manual import keys, pages, roff, verbs
from vmstore.cli import app
from vmstore.completions.table import Option
from vmstore.errors import ExitCode

ROOT = Path(__file__).parents[2]
VERBS, SETTINGS = pages.NAMES
_HEADER = "# x 8 2026-01-01\n\n"


def _source(name: str) -> str:
    return (pages.FOLDER / f"{name}.md").read_text(encoding="utf-8")


def _shown(file: Path) -> str:
    """Show a page as man does on a terminal of 80 columns, and hold that it complains of nothing."""
    done = subprocess.run(
        ["man", "--warnings", "-E", "ascii", "-l", file],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "MANWIDTH": "80", "MAN_KEEP_FORMATTING": ""},
    )
    assert done.stderr == ""
    return done.stdout


def _squeezed(text: str) -> str:
    """Leave out what only lays out a page."""
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("name", pages.NAMES)
def test_the_pages_are_made_of_their_sources(name: str) -> None:
    made = (pages.FOLDER / name).read_text(encoding="utf-8")
    assert made == pages.build(name), "run `make manual`"
    # So it is the same whatever the locale is.
    assert made.isascii()


def test_a_new_verb_without_a_section_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "registered_commands", [*app.registered_commands])
    app.command("mend")(lambda: None)
    with pytest.raises(pages.Wrong, match=r"vmstore\.8\.md: `### vmstore mend` is missing"):
        pages.build(VERBS)


def test_an_option_without_a_help_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def mend(quick: Annotated[bool, typer.Option("--quick")] = False) -> None:
        """Mend all."""

    monkeypatch.setattr(app, "registered_commands", [*app.registered_commands])
    app.command("mend")(mend)
    source = _source(VERBS).replace("### vmstore thaw", "### vmstore mend\n\nMends all.\n\n### vmstore thaw")
    with pytest.raises(pages.Wrong, match="nothing is said of `vmstore mend --quick`"):
        pages.with_verbs(source)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("### vmstore pv cordon\n", "### Cordon\n", "`### vmstore pv cordon` is missing"),
        ("### vmstore thaw\n", "### vmstore melt\n", "`### vmstore thaw` is missing"),
        (
            "### vmstore thaw\n",
            "### vmstore melt\n\nNo such verb.\n\n### vmstore thaw\n",
            "`### vmstore melt` is told of",
        ),
        (
            "### vmstore thaw\n",
            "### vmstore stop\n\nOnce more.\n\n### vmstore thaw\n",
            "`### vmstore stop` is told of twice",
        ),
        ("### vmstore thaw\n\nHas the manager look after the VM again.\n", "### vmstore thaw\n", "`vmstore thaw`"),
        ("<!-- exit codes -->", "<!-- exit cods -->", "exit cods"),
    ],
)
def test_a_manual_that_does_not_agree_with_the_verbs_is_refused(old: str, new: str, says: str) -> None:
    source = _source(VERBS)
    assert source.count(old) == 1
    with pytest.raises(pages.Wrong, match=re.escape(says)):
        pages.with_verbs(source.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("- `together`\n", "- Together\n", "`move.together` is missing"),
        ("- `warn`\n", "- Warn\n", "`thresholds.class.warn` is missing"),
        ("- `together`\n", "- `together`\n\n  Once.\n\n- `together`\n", "`move.together` is told of twice"),
        ("- `together`\n", "- `alone`\n", "`alone` is no key of move"),
        (", [growth.vms.NAME]", "", "`[growth.vms.NAME]` is missing"),
        ("### [load]\n", "### [load], [strain]\n", "`[strain]` is told of"),
    ],
)
def test_a_manual_that_does_not_agree_with_the_settings_is_refused(old: str, new: str, says: str) -> None:
    source = _source(SETTINGS)
    assert source.count(old) == 1
    with pytest.raises(pages.Wrong, match=re.escape(says)):
        pages.with_keys(source.replace(old, new))


def test_keys_are_told_of_with_their_true_defaults() -> None:
    page = pages.with_keys(_source(SETTINGS))
    told = (
        '- **vg** = *string*; default `"vmstore"`',
        "- **piece_mib** = *number, 0 to 1073741824*; default `8192`",
        '- **engine** = *one of "auto", "mirror", "raid1", "used"*; default `"auto"`',
        "- **autostart** = *true or false*; default `true`",
        '- **block** = *string*; default `"95%"` for class, vm, vg, lock, `"none"` for pv, `"90%"` for metadata',
        "- **cordon_days** = *number, 0 to 3650*; default `7` for pv",
        # What is shipped for growth stands in policies/growth.toml.
        '- **step** = *string*; default `"10%"`',
    )
    assert [line for line in told if f"{line}\n" not in page] == []


def test_the_example_of_the_settings_has_every_key_too() -> None:
    example = (ROOT / "vmstore" / "vmstore.toml.example").read_text(encoding="utf-8")
    for table, known in keys.tables().items():
        if table.endswith(".NAME"):
            continue
        begin = 0 if table == keys.TOP else example.index(f"\n[{table}]")
        part = example[begin + 1 :].split("\n[", maxsplit=1)[0]
        for key, meant in known.items():
            assert re.search(rf"^{key} = {re.escape(meant.default)}( |$)", part, re.MULTILINE), (table, key)


@pytest.mark.spawns("man")
def test_every_argument_and_option_is_shown_in_the_section_of_its_verb() -> None:
    page = _shown(pages.FOLDER / VERBS)
    often = verbs.shared(verbs.verbs())
    sections = re.split(r"^   (?=vmstore )", page, flags=re.MULTILINE)
    for verb in verbs.verbs():
        section = next(part for part in sections if part.startswith(f"vmstore {verb.path} "))
        for said in verbs.takes(verb):
            heard = page if verbs.item(said) in often else section
            about = verbs.about(said).replace("`", "").replace("\\", "")
            assert _squeezed(about) in _squeezed(heard), (verb.path, said)
            if isinstance(said, Option):
                assert all(name in section or name in page for name in said.spellings)
                assert said.spellings[-1] in section
    assert {"-h", "--help", "--debug", "--version"} <= set(re.findall(r"--?[a-z]+", page))


@pytest.mark.spawns("man")
@pytest.mark.parametrize("name", pages.NAMES)
def test_man_shows_a_page_without_a_warning_and_cuts_nothing_at_80_columns(name: str) -> None:
    page = _shown(pages.FOLDER / name)
    assert max(map(len, page.splitlines())) <= 80
    source = (pages.FOLDER / f"{name}.md").read_text(encoding="utf-8")
    whole = pages.with_keys(source) if name == SETTINGS else pages.with_verbs(source)
    cells = [cell for line in whole.splitlines() if line.startswith("| ") for cell in re.split(r"(?<!\\)\|", line)]
    assert [cell for cell in cells if _squeezed(re.sub(r"[`\\]", "", cell)) not in _squeezed(page)] == []
    assert bool(cells) == (name == VERBS)


@pytest.mark.spawns("mandoc")
@pytest.mark.parametrize("name", pages.NAMES)
def test_mandoc_has_nothing_to_say(name: str) -> None:
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "style", pages.FOLDER / name], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("markdown", "says"),
    [
        ("1. one\n2. two\n", "ordered_list"),
        ("> quoted\n", "blockquote"),
        ("#### deep\n", "no heading of that depth"),
        ("[a link](x.md)\n", "link"),
        (f"    {'x' * 69}\n", "1 columns wider"),
        (f"| a | b |\n|---|---|\n| c | {'x' * 80} |\n", "too wide"),
    ],
)
def test_what_a_page_cannot_show_is_refused(markdown: str, says: str) -> None:
    with pytest.raises(roff.Odd, match=re.escape(says)):
        roff.page(_HEADER + markdown, "x 1")


@pytest.mark.spawns("mandoc")
def test_what_roff_would_take_for_its_own_is_shown_as_it_was_written(tmp_path: Path) -> None:
    text = "'quoted' and .dotted, a back\\\\slash, `--option='~^'`\n\n    .TH 'x' \\n `y` -z\n"
    file = tmp_path / "x.8"
    page = roff.page(_HEADER + text, "x 1")
    # Debian's own settings show these as they are; elsewhere groff makes typographic ones of them.
    assert r".TH \(aqx\(aq \en \(gay\(ga \-z" in page
    assert r"\(aq\(ti\(ha\(aq" in page
    file.write_text(page, encoding="utf-8")
    done = subprocess.run(["mandoc", "-T", "ascii", file], capture_output=True, text=True, check=True)
    shown = re.sub(".\b", "", done.stdout)
    assert "'quoted' and .dotted, a back\\slash, --option='~^'" in shown
    assert ".TH 'x' \\n `y` -z\n" in shown


def test_there_is_one_table_of_exit_codes_and_it_has_all() -> None:
    told = re.findall(r"^\| (\d+) \| \S", pages.exit_codes(), re.MULTILINE)
    assert [int(code) for code in told] == sorted(ExitCode)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "docs/exit-codes.md" in readme
    assert not re.search(r"^\| \d+ \|", readme, re.MULTILINE)
