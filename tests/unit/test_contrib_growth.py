"""The file that has cron let volumes grow."""

import re
from pathlib import Path

from typer.testing import CliRunner

from tests.unit.test_contrib import CRON
from vmstore.cli import app

GROWTH = CRON.with_name("vmstore-growth")


def set_in(file: Path) -> list[str]:
    """List what a file sets, without its comments."""
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def test_it_has_the_same_surroundings_as_reports_and_a_command_that_vmstore_knows() -> None:
    *settings, entry = set_in(GROWTH)
    assert settings == set_in(CRON)[:-1]
    assert entry == "*/5 * * * * root vmstore policy apply --cron"
    shown = CliRunner().invoke(app, ["policy", "apply", "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    assert "--cron " in shown


def test_cron_reads_it_by_name_and_to_its_last_line() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]+", GROWTH.name)
    assert GROWTH.read_text(encoding="utf-8").endswith("\n")
