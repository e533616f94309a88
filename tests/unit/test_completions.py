"""The table of what can be typed, and the scripts that are made of it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest
import typer

from vmstore.cli import app
from vmstore.completions import bash, fish, table, zsh
from vmstore.policies import checkup_codes, codes

ROOT = Path(__file__).parent.parent.parent
TABLE = table.read(app)
COMMANDS = {command.path: command for command in TABLE.walk()}
# Of these nobody can say beforehand what they will be.
FREE = {"SIZE", "+SIZE|SIZE", "HH:MM-HH:MM", "TIME", "SHARE", "N"}


@pytest.mark.spawns(Path(sys.executable).name)
def test_the_scripts_are_what_the_table_of_commands_makes() -> None:
    made = [sys.executable, str(ROOT / "script" / "completions"), "--check"]
    done = subprocess.run(made, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def offers(path: str, spelling: str) -> tuple[str, ...]:
    """Give what is offered as the value of an option."""
    value = next(option.value for option in COMMANDS[path].options if spelling in option.spellings)
    assert value is not None
    return value.offers


def test_every_command_is_in_the_table_with_its_verbs() -> None:
    assert {info.name for info in app.registered_commands} <= set(COMMANDS)
    assert {verb.name for verb in COMMANDS["pv"].verbs} == {"list", "add", "remove", "cordon", "uncordon"}
    assert all(command.help for command in COMMANDS.values())


@pytest.mark.parametrize("path", COMMANDS)
def test_whatever_has_a_value_has_it_offered_or_is_free(path: str) -> None:
    command = COMMANDS[path]
    values = {option.spellings[-1]: option.value for option in command.options if option.value}
    values |= {f"argument {number}": value for number, value in enumerate(command.arguments)}
    silent = {(path, where) for where, value in values.items() if not value.offers and value.name not in FREE}
    assert silent <= {("create", "argument 0"), ("remove", "--confirm")}


def test_what_is_offered_where() -> None:
    assert COMMANDS["relocate"].entries == ["@vm", "@node"]
    assert COMMANDS["create"].entries == ["", ""]
    assert COMMANDS["explain"].entries == ["*@code"]
    assert COMMANDS["job rate"].entries == ["@job", ""]
    assert offers("evacuate", "--to") == ("@class", "@pv")
    assert offers("evacuate", "--engine") == ("mirror", "raid1", "used")
    assert offers("report", "-o") == ("table", "json", "plain", "csv", "html", "prometheus", "nagios")
    assert set(table.LISTS["code"]) == {*codes.CODES, *checkup_codes.CODES}


def odd() -> table.Command:
    """Give the table of a command whose help and names hold what means something to a shell."""
    other = typer.Typer()

    @other.command()
    def one(
        way: Annotated[list[str] | None, typer.Option("--way", "-w", help='It\'s [a] $(x) `y` \\ "z": done.')] = None,
        hidden: Annotated[bool, typer.Option("--hidden", hidden=True)] = False,
    ) -> None:
        """Don't: 'quote' $HOME."""

    @other.command(hidden=True)
    def two() -> None:
        """Hidden."""

    @other.command()
    def three() -> None:
        """Three."""

    return table.read(other)


def test_what_is_hidden_is_not_offered() -> None:
    assert [command.path for command in odd().walk()] == ["", "one", "three"]
    assert [option.spellings for option in odd().verbs[0].options] == [("-w", "--way"), ("-h", "--help")]


@pytest.mark.spawns("bash", "zsh", "fish")
@pytest.mark.parametrize(
    ("shell", "write"), [("bash", bash.write), ("zsh", zsh.write), ("fish", fish.write)], ids=["bash", "zsh", "fish"]
)
def test_no_help_text_breaks_out_of_its_quotes(
    shell: str, write: Callable[[table.Command, str], str], tmp_path: Path
) -> None:
    file = tmp_path / "made"
    file.write_text(write(odd(), ""), encoding="utf-8")
    done = subprocess.run([shell, "-n", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
