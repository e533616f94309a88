"""The commands that put the agent on a node, run for real in a folder."""

import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.works import Remembered
from vmstore import agent
from vmstore.config import Config, Ssh
from vmstore.errors import ToolFailed
from vmstore.jobs import agent_deploy
from vmstore.jobs.agent_deploy import State
from vmstore.jobs.step import Work
from vmstore.run import LocalRunner
from vmstore.tools import agent as tools
from vmstore.tools.nodes import Nodes

TEXT = agent.text()
pytestmark = pytest.mark.spawns("sh", "cp", "mv", "sync")


@pytest.fixture
def work() -> Work:
    """Give the work on this host."""
    return Work(Nodes(LocalRunner(), ("host",), "host", Ssh(), Path("/nowhere")), Config(), Remembered())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of the agent, whose folder is not there yet."""
    return tmp_path / "resource.d" / "vmstore" / "vm"


def deploy(work: Work, path: Path, text: str = TEXT) -> None:
    """Look and put it there."""
    for step in agent_deploy.plan(agent_deploy.look(work.nodes, ["host"], text, str(path)), text, str(path)):
        step.run(work)


def state(work: Work, path: Path) -> agent_deploy.Agent:
    """Look."""
    return agent_deploy.look(work.nodes, ["host"], TEXT, str(path))[0]


def test_it_is_put_where_there_is_none(work: Work, path: Path) -> None:
    assert state(work, path).state is State.MISSING
    deploy(work, path)
    assert path.read_text() == TEXT
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert [each.name for each in path.parent.iterdir()] == ["vm"]
    found = state(work, path)
    assert (found.state, found.installed) == (State.SAME, tools.Installed("1.2", tools.checksum(TEXT), True, 0))


def test_the_old_one_is_kept_and_comes_back_by_the_command_that_is_told(work: Work, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\nagent_version=0.9\n")
    path.chmod(0o750)
    (step,) = agent_deploy.plan([state(work, path)], TEXT, str(path))
    assert step.title == "put the agent 1.2 on host in place of 0.9"
    step.run(work)
    assert path.read_text() == TEXT
    assert step.back == f"host: mv {step.kept} {path}"
    Path(step.kept).rename(path)
    assert path.read_text() == "#!/bin/sh\nagent_version=0.9\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o750


def test_nothing_that_is_left_beside_it_is_taken_for_an_agent(work: Work, path: Path) -> None:
    """Pacemaker lists the executable files of the folder whose names do not begin with a dot (services_linux.c)."""
    deploy(work, path, "#!/bin/sh\n")
    deploy(work, path)
    assert sorted(each.name for each in path.parent.iterdir()) == [".vm.old", "vm"]


def test_a_shell_that_runs_the_old_one_runs_it_to_its_end(work: Work, path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(parents=True)
    # Longer than what a shell reads at once.
    path.write_text("#!/bin/sh\necho begun; read -r go\n" + "# filling\n" * 20_000 + "echo ended\n")
    path.chmod(0o755)
    with subprocess.Popen(["sh", str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        deploy(work, path)
        out, _ = running.communicate("go\n", timeout=20)
    assert (out, running.returncode) == ("ended\n", 0)


def test_one_that_is_the_same_but_cannot_be_run_is_put_right(work: Work, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(TEXT)
    path.chmod(0o644)
    assert state(work, path).state is State.NOT_EXECUTABLE
    deploy(work, path)
    assert state(work, path).state is State.SAME


def test_what_differs_in_one_letter_or_in_line_ends_differs(work: Work, path: Path) -> None:
    path.parent.mkdir(parents=True)
    for text in (TEXT.replace("retries", "Retries", 1), TEXT.replace("\n", "\r\n"), TEXT[:-1], ""):
        path.write_bytes(text.encode())
        path.chmod(0o755)
        assert state(work, path).state is State.DIFFERS


def test_what_came_in_part_is_not_put_in_place(work: Work, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("old")
    write, place = agent_deploy.PutAgent("host", TEXT, "", str(path)).commands()
    assert work.run(write).ok
    new = path.with_name(".vm.new")
    new.write_text(TEXT[: len(TEXT) // 2])
    with pytest.raises(ToolFailed, match="did NOT match"):
        work.do(place, "placing")
    assert path.read_text() == "old"


def test_scripts_that_lead_to_it_are_counted(
    work: Work, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = tmp_path / "vm.d"
    scripts.mkdir()
    monkeypatch.setattr(agent_deploy, "FOLDER", str(scripts))
    deploy(work, path)
    for vm in ("web01", "db01"):
        (scripts / vm).symlink_to(path)
    (scripts / "gone").symlink_to(tmp_path / "nowhere")
    (scripts / "other").write_text("")
    found = state(work, path).installed
    assert found is not None
    assert found.scripts == 2


def test_a_folder_that_cannot_be_written_is_said(work: Work, path: Path) -> None:
    path.parent.parent.mkdir(parents=True)
    path.parent.write_text("a file")
    with pytest.raises(ToolFailed) as failure:
        deploy(work, path)
    assert "host" in failure.value.why
    assert [each.name for each in path.parent.parent.iterdir()] == ["vmstore"]
