"""vmstore init: a configuration is proposed out of what is there, and none is ever overwritten."""

import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import Bench
from tests.support.history import without_roots_rights
from vmstore import config, session
from vmstore.commands import setting_up
from vmstore.errors import ExitCode

WANTED = {
    "vg": "vmstore",
    "nodes": ["n1", "n2", "n3"],
    "placement": {"classes": ["fc", "iscsi"]},
    "cluster": {"manager": "pacemaker", "hypervisor": "libvirt"},
}


@pytest.fixture
def bare(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Take the configuration away; root is at work."""
    monkeypatch.setattr(session, "is_root", lambda: True)
    bench.config.unlink()
    bench.host = "n1"
    return bench


def test_what_is_there_is_proposed_with_a_reason_for_each_line(bare: Bench) -> None:
    done = bare.vmstore("init")
    assert done.code == ExitCode.DONE, done.err
    assert tomllib.loads(done.out) == WANTED
    lines = done.out.splitlines()
    for number, line in enumerate(lines):
        if " = " in line and not line.startswith("#"):
            assert lines[number - 1].startswith("# "), line
    assert "shared under dlm, 4 PVs, 0 LVs" in done.out
    assert "/etc/corosync/corosync.conf" in done.out
    assert f"--write puts it into {bare.config}" in done.err
    assert not bare.config.exists()
    assert bare.changes() == []


def test_it_is_written_once_for_root_alone_to_change_and_is_good_as_it_is(bare: Bench) -> None:
    done = bare.vmstore("init", "--write")
    assert done.code == ExitCode.DONE, done.err
    assert "next: vmstore doctor" in done.err
    assert stat.S_IMODE(bare.config.stat().st_mode) == 0o644
    assert config.load(bare.config).nodes == ("n1", "n2", "n3")
    assert bare.vmstore("pv", "list").code == ExitCode.DONE
    text = bare.config.read_text(encoding="utf-8")
    again = bare.vmstore("init", "--write")
    assert again.code == ExitCode.REFUSED
    assert "is there already" in again.err
    assert bare.config.read_text(encoding="utf-8") == text
    # To look is allowed.
    assert bare.vmstore("init").out == text


def test_a_way_that_is_closed_is_named_with_what_opens_it(bare: Bench) -> None:
    bare.san.closed.add(("n3", "n2"))
    done = bare.vmstore("init")
    assert done.code == ExitCode.CLUSTER
    assert "n3 does not reach n2: root@n2: Permission denied (publickey)." in done.err
    assert "try on n3: ssh-copy-id root@n2" in done.err
    assert tomllib.loads(done.out) == WANTED


def test_a_node_that_is_off_and_another_lvm_are_named(bare: Bench) -> None:
    bare.san.nodes["n2"].up = False
    bare.san.nodes["n3"].lvm = "2.02.187"
    done = bare.vmstore("init")
    assert done.code == ExitCode.CLUSTER
    assert "n2 is not reached from here: ssh: connect to host n2 port 22: No route to host" in done.err
    assert "n1 does not reach n2" in done.err
    assert "2.03.16 on n1, 2.02.187 on n3" in done.err


def test_from_a_workstation_the_first_node_is_looked_at(bare: Bench) -> None:
    done = bare.vmstore("init", "--node", "n2", "--node", "n3", host="")
    assert done.code == ExitCode.DONE, done.err
    assert tomllib.loads(done.out)["nodes"] == ["n2", "n3"]
    assert "as they were named" in done.out


@pytest.mark.parametrize(
    ("groups", "words", "code", "said"),
    [
        (
            ["vmstore|4|0|99|wz--ns|dlm", "other|1|0|9|wz--ns|sanlock"],
            (),
            ExitCode.REFUSED,
            "vmstore init --vg vmstore",
        ),
        (["vmstore|4|0|99|wz--ns|dlm", "other|1|0|9|wz--n-|none"], (), ExitCode.DONE, ""),
        (["vmstore|4|0|99|wz--n-|none", "root|1|3|9|wz--n-|none"], (), ExitCode.DONE, ""),
        (["root|1|3|9|wz--n-|none"], (), ExitCode.NOT_FOUND, "on which the host itself lives"),
        ([], (), ExitCode.NOT_FOUND, "vgcreate --shared"),
        (["vmstore|4|0|99|wz--ns|dlm"], ("--vg", "nosuch"), ExitCode.NOT_FOUND, "there is no VG nosuch"),
        (["vmstore|4|0|99|wz--ns|dlm", "other|1|0|9|wz--ns|sanlock"], ("--vg", "vmstore"), ExitCode.DONE, ""),
        (["vmstore|4|0|99|wz--ns|dlm"], ("--node", "-oProxyCommand=x"), ExitCode.USAGE, "cannot name a node"),
    ],
)
def test_which_vg_it_is(bare: Bench, groups: list[str], words: tuple[str, ...], code: ExitCode, said: str) -> None:
    bare.san.nodes["n1"].told = {"vgs": groups, "own": ["root-var--lib", "root-home"]}
    done = bare.vmstore("init", *words)
    assert done.code == code, done.err
    assert said in done.err
    if code is ExitCode.DONE:
        assert tomllib.loads(done.out)["vg"] == "vmstore"
    else:
        assert done.out == ""


def test_only_root_is_told_by_lvm_what_there_is(bare: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """LVM shows nobody else a VG, and to make one on these LUNs would be the end of what they hold."""
    monkeypatch.setattr(session, "is_root", lambda: False)
    bare.san.nodes["n1"].told = {"vgs": []}
    done = bare.vmstore("init")
    assert done.code == ExitCode.REFUSED
    assert "sudo vmstore init" in done.err
    assert "vgcreate" not in done.err
    assert bare.vmstore("init", "--node", "n2", host="").code == ExitCode.DONE


def test_a_file_that_came_while_it_looked_is_not_overwritten(bare: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    look = setting_up.look

    def slowly(*words: Any) -> setting_up.Found:
        found = look(*words)
        bare.config.write_text("# mine\n", encoding="utf-8")
        return found

    monkeypatch.setattr(setting_up, "look", slowly)
    done = bare.vmstore("init", "--write")
    assert done.code == ExitCode.REFUSED
    assert bare.config.read_text(encoding="utf-8") == "# mine\n"


def test_a_link_that_leads_nowhere_is_left_alone(bare: Bench, tmp_path: Path) -> None:
    bare.config.symlink_to(tmp_path / "elsewhere.toml")
    assert bare.vmstore("init", "--write").code == ExitCode.REFUSED
    assert not (tmp_path / "elsewhere.toml").exists()


def test_a_folder_that_cannot_be_looked_into_is_said_in_three_lines(bare: Bench, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    with without_roots_rights():
        done = bare.vmstore("init", "--write", "--config", str(tmp_path / "closed" / "vmstore.toml"))
    assert done.code == ExitCode.TOOL, done.err
    assert len(done.err.splitlines()) == 3


def test_a_folder_that_cannot_be_written_is_said_in_three_lines(bare: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = bare.vmstore("init", "--write", "--config", str(tmp_path / "file" / "vmstore.toml"))
    assert done.code == ExitCode.TOOL, done.err
    assert len(done.err.splitlines()) == 3
    assert "name another file" in done.err
