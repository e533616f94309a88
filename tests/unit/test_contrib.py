"""The files for cron and systemd, as far as they can be checked without either running."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vmstore.cli import app
from vmstore.tools import checkup

CONTRIB = Path(__file__).parents[2] / "contrib"
SERVICE = CONTRIB / "systemd" / "vmstore-report.service"
CRON = CONTRIB / "cron" / "vmstore"
# Minutes, hours, days, months, weekdays.
_TIMES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_ENTRY = re.compile(r"#?((?:[0-9*,/-]+ ){5})(\S+) (vmstore .+)")


def entries() -> list[tuple[str, str, str]]:
    """List what is set and what is only suggested: times, user and command."""
    found = [_ENTRY.fullmatch(line) for line in CRON.read_text(encoding="utf-8").splitlines()]
    return [(match[1], match[2], match[3]) for match in found if match]


def test_cron_finds_vmstore_with_its_own_path_and_runs_it_as_root() -> None:
    text = CRON.read_text(encoding="utf-8")
    settings = dict(re.findall(r"^([A-Z]+)=(.*)$", text, re.MULTILINE))
    assert {"/usr/local/bin", "/usr/bin", "/usr/sbin", "/sbin"} <= set(settings["PATH"].split(":"))
    assert settings["SHELL"] == "/bin/sh"
    assert len(entries()) == 2
    for times, user, command in entries():
        assert user == "root"
        # An unescaped per cent sign is a line end to cron.
        assert "%" not in command
        for field, (least, most) in zip(times.split(), _TIMES, strict=True):
            assert field == "*" or least <= int(field) <= most
    assert [line for line in text.splitlines() if line and not line.startswith("#")][-1] == (
        "17 * * * * root vmstore report --cron"
    )


def test_what_they_run_is_understood_by_vmstore() -> None:
    """Every option is one that the command has."""
    commands = [command for _, _, command in entries()]
    commands += re.findall(r"^ExecStart=(.+)$", SERVICE.read_text(encoding="utf-8"), re.MULTILINE)
    shown = CliRunner().invoke(app, ["report", "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    for command in commands:
        words = command.replace(" $REPORT_OPTIONS", "").split()
        assert words[:2] == ["vmstore", "report"]
        for option in (word for word in words if word.startswith("--")):
            assert f"{option} " in shown, option


def test_cron_reads_it_by_name_and_to_its_last_line() -> None:
    """Debian's cron leaves files with a dot in their name out, and a last line without an end."""
    assert re.fullmatch(r"[A-Za-z0-9_-]+", CRON.name)
    assert CRON.read_text(encoding="utf-8").endswith("\n")


@pytest.mark.spawns("systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    """The program of the service must be there for that, so it is named by a path, and so must the target."""
    shutil.copytree(CONTRIB / "systemd", tmp_path, dirs_exist_ok=True)
    (tmp_path / "resource-agents-deps.target").write_text("[Unit]\nDescription=A part of resource-agents\n")
    program = tmp_path / SERVICE.name
    program.write_text(program.read_text().replace("ExecStart=vmstore ", f"ExecStart={shutil.which('true')} "))
    units = sorted(str(place) for place in tmp_path.iterdir() if place.is_file())
    assert [Path(f"{unit}.d").is_dir() for unit in units] == [True, False, False]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_order_at_shutdown_has_all_that_doctor_looks_for() -> None:
    drop_in = (CONTRIB / "systemd" / "resource-agents-deps.target.d" / "vmstore.conf").read_text()
    ordered = {unit for units in re.findall(r"^After=(.+)$", drop_in, re.MULTILINE) for unit in units.split()}
    [needed] = re.findall(r"^readonly needed=\((.+?)\)$", checkup.script(), re.MULTILINE | re.DOTALL)
    assert "libvirt-guests.service" in needed
    assert set(needed.split()) <= ordered


@pytest.mark.spawns("systemd-analyze")
def test_systemd_would_report_a_wrong_unit(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.service"
    wrong.write_text(SERVICE.read_text(encoding="utf-8").replace("Type=oneshot", "Type=sometimes"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(wrong)], capture_output=True, text=True, check=False)
    assert "sometimes" in done.stderr


@pytest.mark.spawns("systemd-analyze")
def test_the_timer_fires_every_hour() -> None:
    timer = (CONTRIB / "systemd" / "vmstore-report.timer").read_text(encoding="utf-8")
    [calendar] = re.findall(r"^OnCalendar=(.+)$", timer, re.MULTILINE)
    done = subprocess.run(["systemd-analyze", "calendar", calendar], capture_output=True, text=True, check=True)
    assert "Normalized form: *-*-* *:00:00" in done.stdout


def test_a_crossed_threshold_is_no_failure_of_the_service() -> None:
    text = SERVICE.read_text(encoding="utf-8")
    assert "\nSuccessExitStatus=10\n" in text
    assert "\nExecStart=vmstore report --cron $REPORT_OPTIONS\n" in text


def test_what_keeps_the_service_from_writing_leaves_it_what_it_must_write() -> None:
    """The history is in /var/lib/vmstore and ssh's sockets are in /run; both stay writable."""
    text = SERVICE.read_text(encoding="utf-8")
    assert "\nStateDirectory=vmstore\n" in text
    assert "ProtectSystem=strict" not in text
    assert "PrivateDevices" not in text
    assert "PrivateNetwork" not in text
