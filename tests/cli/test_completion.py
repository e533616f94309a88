"""vmstore completion, and the names that commands leave for it."""

from pathlib import Path

import pytest

from tests.support.bench import Bench
from tests.support.san import G
from vmstore.errors import ExitCode

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(("shell", "file"), [("bash", "vmstore.bash"), ("zsh", "_vmstore"), ("fish", "vmstore.fish")])
def test_the_script_of_a_shell_is_printed_as_it_is(bench: Bench, shell: str, file: str) -> None:
    done = bench.vmstore("completion", shell)
    assert (done.code, done.err) == (ExitCode.DONE, "")
    assert done.out == (ROOT / "completions" / file).read_text(encoding="utf-8")
    assert bench.runner.asked == []


def test_zsh_finds_in_the_first_line_what_it_is_for(bench: Bench) -> None:
    assert bench.vmstore("completion", "zsh").out.startswith("#compdef vmstore\n")


@pytest.mark.parametrize("words", [("ksh",), ()])
def test_another_shell_is_told_which_there_are(bench: Bench, words: tuple[str, ...]) -> None:
    done = bench.vmstore("completion", *words)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert done.err.count("\n") == 3
    assert "vmstore completion --help" in done.err


def test_help_tells_where_each_shell_looks(bench: Bench) -> None:
    told = bench.vmstore("completion", "--help").out
    for place in ("/etc/bash_completion.d/vmstore", "site-functions/_vmstore", "/etc/fish/completions/vmstore.fish"):
        assert place in told


def names(bench: Bench, tmp_path: Path) -> list[str]:
    """Give the lines that were left for the configuration of the bench."""
    file = tmp_path / "cache" / "names" / str(bench.config).replace("/", "%")
    return file.read_text(encoding="ascii").splitlines()


def test_what_a_command_changes_is_known_at_its_end(bench: Bench, tmp_path: Path) -> None:
    assert bench.vmstore("create", "web01", "1G").code == ExitCode.DONE
    known = names(bench, tmp_path)
    assert {"vm web01", "node n1", "node n3", "class fc", "class iscsi"} <= set(known)
    assert any(line.startswith("pv /dev/") for line in known)
    assert bench.vmstore("remove", "web01", "--confirm", "web01").code == ExitCode.DONE
    assert names(bench, tmp_path) == [line for line in known if line != "vm web01"]


def test_a_command_that_reads_no_disks_forgets_no_pvs(bench: Bench, tmp_path: Path) -> None:
    bench.san.volume("web01", G, "fc1")
    bench.vmstore("list")
    known = names(bench, tmp_path)
    assert bench.vmstore("status").code == ExitCode.DONE
    assert names(bench, tmp_path) == known


def test_where_they_cannot_be_left_a_command_does_its_work(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VMSTORE_CACHE", str(tmp_path / "file"))
    done = bench.vmstore("create", "web01", "1G")
    assert (done.code, "cache" in done.err) == (ExitCode.DONE, False)
