"""Help, versions, wrong usage, and the exit codes that scripts rely on."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.bench import Bench
from tests.support.san import G
from tests.support.san_lvm import Answer, Lvm
from vmstore import __version__, inventory
from vmstore.errors import ExitCode, VmstoreError

VERBS = (
    (),
    ("list",),
    ("show",),
    ("create",),
    ("grow",),
    ("evacuate",),
    ("remove",),
    ("report",),
    ("pv",),
    ("pv", "list"),
    ("pv", "add"),
    ("pv", "remove"),
    ("pv", "cordon"),
    ("pv", "uncordon"),
    ("policy",),
    ("policy", "show"),
    ("policy", "check"),
    ("policy", "apply"),
    ("agent",),
    ("agent", "check"),
    ("agent", "deploy"),
    ("inventory",),
    ("inventory", "export"),
)
GROUPS = ((), ("pv",), ("policy",), ("agent",), ("inventory",))
READS = (
    *GROUPS,
    ("list",),
    ("show",),
    ("report",),
    ("pv", "list"),
    ("policy", "show"),
    ("policy", "check"),
    ("agent", "check"),
    ("inventory", "export"),
)
HEAVY = ("rich", "msgspec", "pyudev", "concurrent.futures", "humanize", "vmstore.inventory", "vmstore.session")
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_verb_has_help(bench: Bench, verb: tuple[str, ...], flag: str) -> None:
    outcome = bench.vmstore(*verb, flag)
    assert outcome.code == ExitCode.DONE
    assert outcome.out.startswith("Usage: vmstore")
    assert outcome.err == ""
    assert bench.runner.asked == []


def test_every_verb_that_changes_something_has_the_same_options(bench: Bench) -> None:
    for verb in VERBS:
        text = bench.vmstore(*verb, "--help").out
        changing = verb not in READS
        assert ("--dry-run" in text) == changing, verb
        assert ("--yes" in text) == changing, verb
        if verb not in GROUPS:
            # What is exported is of one form.
            assert "--output" in text or verb == ("inventory", "export")
            assert "--offline" in text
            assert "--config" in text


@pytest.mark.parametrize("group", [(), ("pv",), ("job",), ("policy",), ("agent",), ("inventory",)])
def test_no_summary_of_a_verb_is_cut_off_at_80_columns(
    bench: Bench, group: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, _, verbs = bench.vmstore(*group, "--help").out.partition("Commands:\n")
    assert verbs
    assert "..." not in verbs


@pytest.mark.parametrize("group", ["pv", "job", "policy", "agent", "inventory"])
def test_the_summary_of_a_group_names_each_of_its_verbs(bench: Bench, group: str) -> None:
    [summary] = [line for line in bench.vmstore("--help").out.splitlines() if line.split()[:1] == [group]]
    _, _, verbs = bench.vmstore(group, "--help").out.partition("Commands:\n")
    assert [verb for line in verbs.splitlines() if (verb := line.split()[0]) not in summary] == []


def test_help_names_the_manual(bench: Bench) -> None:
    assert "man vmstore" in bench.vmstore("--help").out


def test_help_lists_what_looks_before_what_changes(bench: Bench) -> None:
    _, _, verbs = bench.vmstore("--help").out.partition("Commands:\n")
    listed = [line.split()[0] for line in verbs.split("\n\n")[0].splitlines()]
    places = [listed.index(verb) for verb in ("list", "status", "doctor", "create", "start", "evacuate", "init")]
    assert places == sorted(places)


EXAMPLES = (
    ("create",), ("grow",), ("start",), ("relocate",), ("evacuate",), ("rebalance",), ("log",), ("pv", "add"),
    ("job", "rate"),
)  # fmt: skip


@pytest.mark.parametrize("verb", EXAMPLES, ids=" ".join)
def test_the_examples_in_help_are_understood(bench: Bench, verb: tuple[str, ...]) -> None:
    _, _, shown = bench.vmstore(*verb, "--help").out.partition("Example: ")
    lines = [shlex.split(line)[1:] for line in shown.splitlines()]
    assert lines
    for words in lines:
        assert tuple(words[: len(verb)]) == verb
        told = bench.vmstore(*words)
        assert told.code != ExitCode.USAGE, told.err


def test_help_names_every_verb(bench: Bench) -> None:
    text = bench.vmstore("--help").out
    assert all(verb[0] in text for verb in VERBS if verb)


@pytest.mark.spawns(Path(sys.executable).name)
@pytest.mark.parametrize("verb", ["", "evacuate", "pv", "policy"])
def test_help_imports_nothing_heavy(verb: str) -> None:
    program = f"""
import sys
from vmstore.cli import main
try:
    main({[*verb.split(), "--help"]!r})
except SystemExit as end:
    assert end.code == 0
print(" ".join(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.split() == []
    assert "Usage: vmstore" in done.stdout


@pytest.mark.spawns(Path(sys.executable).name)
def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vmstore", "--version"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"vmstore {__version__}\n", "")


FLOOD = """
from vmstore import cli, ui

@cli.app.command("flood")
def flood() -> None:
    for _ in range(10000):
        ui.write("x" * 100)

cli.main(["flood"])
"""


@pytest.mark.spawns(Path(sys.executable).name)
@pytest.mark.parametrize("program", [("-m", "vmstore", "--version"), ("-c", FLOOD)], ids=["little", "much"])
def test_it_ends_well_and_quietly_when_nobody_reads_on(program: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, *program], stdout=writing, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [("--version",), ("--version", "list"), ("--debug", "--version", "list")])
def test_the_version_is_told_without_asking_any_node(bench: Bench, words: tuple[str, ...]) -> None:
    outcome = bench.vmstore(*words)
    assert (outcome.code, outcome.out) == (ExitCode.DONE, f"vmstore {__version__}\n")
    assert bench.runner.asked == []


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("create", "web01"), "vmstore create --help"),
        (("pv", "add"), "vmstore pv add --help"),
        (("pv", "nosuch"), "vmstore pv --help"),
        (("policy", "chekc"), "vmstore policy --help"),
        (("nosuch",), "vmstore --help"),
        (("grow", "web01", "--nosuch"), "vmstore grow --help"),
    ],
)
def test_wrong_usage_points_to_the_help_of_the_verb(bench: Bench, words: tuple[str, ...], hint: str) -> None:
    outcome = bench.vmstore(*words)
    assert outcome.code == ExitCode.USAGE
    assert outcome.err.splitlines()[-1].endswith(hint)
    assert outcome.err.startswith(f"vmstore: not understood: vmstore {' '.join(words)}\n")


def test_the_exit_codes_are_fixed() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0,
        "BUG": 1,
        "USAGE": 2,
        "NOT_FOUND": 3,
        "REFUSED": 4,
        "NO_ROOM": 5,
        "LOCKED": 6,
        "CLUSTER": 7,
        "TOOL": 8,
        "RESUMABLE": 9,
        "THRESHOLD": 10,
        "INTERRUPTED": 130,
    }


def test_a_vg_that_does_not_exist_is_not_found(bench: Bench) -> None:
    bench.config.write_text('vg = "nosuch"\nnodes = ["n1", "n2", "n3"]\n', encoding="utf-8")
    outcome = bench.vmstore("list")
    assert outcome.code == ExitCode.NOT_FOUND
    assert "there is no VG nosuch" in outcome.err


@pytest.mark.parametrize(("text", "says"), [("vq = 1\n", "vmstore.toml:1: vq"), ("vg = \n", "is not TOML")])
def test_a_bad_configuration_is_refused_by_its_line(bench: Bench, text: str, says: str) -> None:
    bench.config.write_text(text, encoding="utf-8")
    outcome = bench.vmstore("list")
    assert outcome.code == ExitCode.USAGE
    assert says in outcome.err


def test_the_option_names_another_configuration(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('vg = "nosuch"\nnodes = ["n1", "n2", "n3"]\n', encoding="utf-8")
    other.chmod(0o600)
    assert bench.vmstore("list", "--config", str(other)).code == ExitCode.NOT_FOUND
    assert bench.vmstore("list", "--config", str(tmp_path / "none.toml")).code == ExitCode.USAGE


def test_a_bug_is_told_as_one_and_raised_for_whoever_looks_for_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(inventory, "read", broken)
    outcome = bench.vmstore("list")
    assert outcome.code == ExitCode.BUG
    assert "why: RuntimeError: broken" in outcome.err
    with pytest.raises(RuntimeError):
        bench.vmstore("--debug", "list")


def test_debug_raises_a_refusal_where_it_came_from(bench: Bench) -> None:
    with pytest.raises(VmstoreError):
        bench.vmstore("--debug", "show", "nosuch")


def test_warnings_of_lvm_disturb_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Lvm.run

    def warned(self: Lvm, argv: tuple[str, ...]) -> Answer | None:
        answer = plain(self, argv)
        return answer and (answer[0], answer[1], "  WARNING: Device /dev/sdz has size of 0 sectors.\n" + answer[2])

    monkeypatch.setattr(Lvm, "run", warned)
    assert bench.vmstore("create", "web01", "1G").code == ExitCode.DONE
    assert bench.vmstore("grow", "web01", "2G").code == ExitCode.DONE
    assert bench.vmstore("list", "-o", "json").json["items"][0]["size"] == 2 * G


def test_an_lvm_that_cannot_be_read_is_a_failed_tool(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in (
        (5, "", "  Can't open /dev/mapper/control\n"),
        (0, "  no JSON at all\n", ""),
        (0, '{"report": []}', ""),
    ):
        monkeypatch.setattr(Lvm, "run", lambda self, argv, answer=answer: answer)
        outcome = bench.vmstore("list")
        assert outcome.code == ExitCode.TOOL
        assert "  why: " in outcome.err


@pytest.mark.parametrize("group", [(), ("pv",), ("job",), ("policy",), ("agent",), ("inventory",)])
def test_a_command_without_its_verb_shows_what_there_is(bench: Bench, group: tuple[str, ...]) -> None:
    done = bench.vmstore(*group)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert done.err.startswith(f"Usage: {' '.join(('vmstore', *group))} ")
    assert done.err.count("\n") > 8
