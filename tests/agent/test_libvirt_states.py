"""A saved state serves once, and is never offered where it may be spent or dropped where it may be the only one."""

from pathlib import Path

import pytest

from tests.agent.conftest import Node

pytestmark = pytest.mark.spawns("dash", "bash", "busybox")


@pytest.mark.parametrize("node", ["dash", "busybox"], indirect=True)
def test_a_resume_without_an_answer_spends_the_state(ready: Node) -> None:
    # The guest may run yet, once its storage answers: the state must not be offered beside it.
    ready.saved()
    ready.says("hang-resume")
    assert ready.run("start", given={"CRM_meta_timeout": "2500"}).returncode == 1
    assert not (ready.directory / "web01.state").exists()


def test_a_state_that_was_spent_before_is_not_offered_again(ready: Node) -> None:
    ready.mounted()
    ready.says("domain", "paused\n")
    ready.saved("state.used")
    ready.says("fail-resume", "internal error: unable to execute QEMU command 'cont'")
    assert ready.run("start").returncode == 1
    assert not (ready.directory / "web01.state").exists()


def test_a_state_beside_a_guest_that_is_shut_down_is_spent(ready: Node) -> None:
    ready.run("start")
    ready.saved()
    assert ready.run("stop", given={"stop_mode": "shutdown"}).returncode == 0
    assert ready.run("start").returncode == 0
    assert ready.calls()[-1] == "create"


def test_an_old_libvirt_restores_from_what_is_out_of_reach(ready: Node) -> None:
    ready.says("old")
    ready.saved(whole=False)
    saved = ready.directory / "web01.state"
    assert ready.run("start").returncode == 1
    assert saved.exists()
    ready.saved()
    ready.says("dies")
    assert ready.run("start").returncode == 1
    assert not saved.exists()


def test_a_late_state_of_which_nothing_can_be_told_is_kept(ready: Node, tmp_path: Path) -> None:
    late = ready.saved("state.part")
    broken = tmp_path / "bin" / "dd"
    broken.write_text("#!/bin/sh\necho 'dd: error reading: Input/output error' >&2\nexit 1\n")
    broken.chmod(0o755)
    done = ready.run("start")
    assert done.returncode == 1
    assert "cannot be told" in done.stderr
    assert late.exists()
    assert "create" not in ready.calls()


def test_a_definition_of_another_name_is_not_started(ready: Node) -> None:
    (ready.directory / "web01.xml").write_text("<domain><name>template</name></domain>")
    done = ready.run("start")
    assert done.returncode == 1
    assert "does not define a domain of the name web01" in done.stderr
    assert "create" not in ready.calls()


def test_a_number_is_no_name_of_a_libvirt_domain(ready: Node) -> None:
    done = ready.run("stop", given={"vm": "3"})
    assert done.returncode == 6
    assert "id of a domain" in done.stderr
    assert ready.calls() == []
