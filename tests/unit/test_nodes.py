"""The way to nodes: quoting, one shared connection, and telling a failed command from a node that is gone."""

import shlex
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scripted import ScriptedHold, ScriptedRunner, UnexpectedCall, expect
from tests.support.ssh import decode
from vmstore.config import Ssh
from vmstore.errors import ClusterUnusable
from vmstore.run import Result
from vmstore.tools import nodes
from vmstore.tools.nodes import AND, Nodes, Unreachable


def reached(runner: ScriptedRunner | None = None, local: str = "n1", ssh: Ssh | None = None) -> Nodes:
    """Make the way to three nodes."""
    return Nodes(runner or ScriptedRunner(), ("n1", "n2", "n3"), local, ssh or Ssh(), Path("/run/vmstore/ssh"))


@given(st.lists(st.text(st.characters(blacklist_characters="\0")).filter(lambda word: word != AND), min_size=1))
def test_any_words_reach_the_far_side_as_they_are(words: list[str]) -> None:
    *options, command = reached().remote("n2", words)
    assert options[-1] == "--"
    setting, _, rest = command.partition("; ")
    assert setting.startswith("export LC_ALL=C PATH=/")
    assert shlex.split(rest) == words


@pytest.mark.parametrize(
    "word", ["; reboot", "$(reboot)", "`reboot`", "a\nb", "'", '"', "*", "~", "-rf", "", "&", "|", ">x", "\\"]
)
def test_hostile_words_are_quoted(word: str) -> None:
    assert decode(reached().remote("n2", ["echo", word])).parts == (("echo", word),)


def test_chains_are_joined_by_the_remote_shell() -> None:
    command = reached().remote("n2", ["touch", "a b", AND, "rm", "c"])[-1]
    assert command.endswith("; touch 'a b' && rm c")


def test_ssh_never_asks_and_shares_one_connection_a_node() -> None:
    argv = reached().remote("n2", ["true"])
    assert argv[0] == "ssh"
    assert argv[-4:-2] == ["root", "n2"]
    options = [argv[n + 1] for n, word in enumerate(argv) if word == "-o"]
    assert set(options) == {
        "BatchMode=yes",
        "ConnectTimeout=5",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=3",
        "ControlMaster=auto",
        "ControlPath=/run/vmstore/ssh/%C",
        "ControlPersist=60",
    }
    assert "-F" not in argv


def test_the_configuration_chooses_user_file_and_patience() -> None:
    argv = reached(ssh=Ssh("/etc/vmstore/ssh", "admin", 2, 9)).remote("n2", ["true"])
    assert argv[1:3] == ["-F", "/etc/vmstore/ssh"]
    assert argv[argv.index("-l") + 1] == "admin"
    assert "ConnectTimeout=2" in argv


def test_this_host_is_not_reached_over_ssh_and_chains_stop_at_the_first_failure() -> None:
    runner = ScriptedRunner([expect("", "a"), expect("", "b", rc=1, err="no\n")])
    result = reached(runner).run("n1", ["a", AND, "b", AND, "c"])
    assert (result.rc, result.argv) == (1, ("a", AND, "b", AND, "c"))
    runner.done()


def test_another_node_gets_the_whole_chain_in_one_connection() -> None:
    runner = ScriptedRunner([expect("n2", "a && b && c", out="x")])
    assert reached(runner).run("n2", ["a", AND, "b", AND, "c"]).out == "x"
    runner.done()


@pytest.mark.parametrize("node", ["n1", "n2"])
def test_a_stream_gives_lines_from_anywhere(node: str) -> None:
    lines: list[str] = []
    runner = ScriptedRunner([expect("" if node == "n1" else node, "a", out="1\n2\n")])
    assert reached(runner).stream(node, ["a"], lines.append).ok
    assert lines == ["1", "2"]


def test_a_stream_on_this_host_stops_at_the_first_failure() -> None:
    runner = ScriptedRunner([expect("", "a", rc=1)])
    assert reached(runner).stream("n1", ["a", AND, "b"], lambda _: None).rc == 1


def test_exit_code_255_means_that_ssh_failed() -> None:
    runner = ScriptedRunner([expect("n2", "a", rc=255, err="ssh: connect to host n2 port 22: Connection refused\n")])
    with pytest.raises(Unreachable, match="n2 does not answer") as caught:
        reached(runner).run("n2", ["a"])
    assert caught.value.why == "ssh: connect to host n2 port 22: Connection refused"
    assert caught.value.node == "n2"


def test_exit_code_255_of_a_command_on_this_host_is_its_own() -> None:
    assert reached(ScriptedRunner([expect("", "a", rc=255)])).run("n1", ["a"]).rc == 255


@pytest.mark.parametrize("node", ["n1", "n2"])
def test_no_answer_in_time_means_unreachable(node: str) -> None:
    runner = ScriptedRunner([expect("" if node == "n1" else node, "a", timed_out=True, rc=-1)])
    with pytest.raises(Unreachable, match="does not answer") as caught:
        reached(runner).run(node, ["a"], timeout=7)
    assert "no answer within" in caught.value.why
    assert runner.timeouts == [7]


def test_all_nodes_are_asked_at_once_each_with_its_own_question() -> None:
    class Meeting(ScriptedRunner):
        """Answers nobody before all have asked."""

        meeting = threading.Barrier(3, timeout=5)

        def run(self, argv: Sequence[str], *, stdin: str = "", timeout: float = 60) -> Result:
            """Wait for the others."""
            self.meeting.wait()
            if "n3" in argv:
                return Result(tuple(argv), 255, "", "gone\n", 1.0)
            return Result(tuple(argv), 0, f"{decode(argv).parts[0][0]} {stdin} {timeout}", "", 1.0)

    answers = reached(Meeting()).ask({"n1": ["a"], "n2": ["b"], "n3": ["c"]}, "in")
    assert list(answers) == ["n1", "n2", "n3"]
    first, second, third = answers.values()
    assert isinstance(first, Result)
    assert isinstance(second, Result)
    assert (first.out, second.out) == ("a in 30", "b in 30")
    assert isinstance(third, Unreachable)
    assert third.why == "gone"


def test_nobody_is_asked_where_there_is_no_question() -> None:
    assert reached().ask({}, "") == {}


@pytest.mark.parametrize(("node", "where"), [("n1", ""), ("n2", "n2")])
def test_what_is_held_is_held_on_its_node(node: str, where: str) -> None:
    runner = ScriptedRunner(holds=[ScriptedHold("held")])
    assert reached(runner).hold(node, ["bash", "x"]).first_line() == "held"
    assert [(call.node, call.parts) for call in runner.held] == [(where, (("bash", "x"),))]


@pytest.mark.parametrize(
    ("names", "host", "local"),
    [
        (("n1", "n2"), "n2", "n2"),
        (("n1.example.org", "n2.example.org"), "n2.other.net", "n2.example.org"),
        (("n1", "n2"), "desk", ""),
        ((), "alone.example.org", "alone"),
    ],
)
def test_this_host_is_known_among_the_nodes_by_its_first_name(names: tuple[str, ...], host: str, local: str) -> None:
    connected = nodes.connect(ScriptedRunner(), names, Ssh(), host)
    assert connected.local == local
    assert connected.names == (names or (local,))


def test_connections_are_kept_where_only_their_owner_may_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    place = nodes.connect(ScriptedRunner(), (), Ssh(), "h").sockets
    assert place == tmp_path / "vmstore" / "ssh"
    assert place.stat().st_mode & 0o777 == 0o700
    assert len(str(place)) + 1 + 40 < 108 or len(str(tmp_path)) > 40


def test_a_place_for_connections_where_a_file_stands_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "vmstore").write_text("")
    with pytest.raises(ClusterUnusable, match="cannot keep ssh connections"):
        nodes.connect(ScriptedRunner(), (), Ssh(), "h")


@pytest.mark.parametrize("foreign", ["vmstore-1000", "vmstore", "ssh"])
def test_a_place_for_connections_below_what_is_somebody_elses_is_refused(
    foreign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(Path, "mkdir", lambda self, **named: None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(nodes, "_owner", lambda folder: 1000)
    assert nodes.connect(ScriptedRunner(), (), Ssh(), "h").sockets == Path("/tmp/vmstore-1000/vmstore/ssh")
    monkeypatch.setattr(nodes, "_owner", lambda folder: 666 if folder.name == foreign else 1000)
    with pytest.raises(ClusterUnusable, match="cannot keep ssh connections"):
        nodes.connect(ScriptedRunner(), (), Ssh(), "h")


@pytest.mark.parametrize("runtime", ["", "somebody else's", "not there"])
@pytest.mark.parametrize(("user", "start"), [(0, "/run/vmstore"), (1000, "/tmp/vmstore-1000/vmstore")])
def test_without_a_runtime_directory_of_their_own_root_takes_run_and_others_tmp(
    user: int, start: str, runtime: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[str] = []

    def mkdir(self: Path, **named: object) -> None:
        made.append(str(self))
        raise PermissionError

    monkeypatch.setenv(
        "XDG_RUNTIME_DIR", str(tmp_path / "none") if runtime == "not there" else runtime and str(tmp_path)
    )
    monkeypatch.setattr(nodes, "_owner", lambda folder: 666 if folder == tmp_path else None)
    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr("os.geteuid", lambda: user)
    with pytest.raises(ClusterUnusable):
        nodes.connect(ScriptedRunner(), (), Ssh(), "h")
    assert made == [f"{start}/ssh"]


def test_the_scripted_runner_refuses_what_is_not_in_its_script() -> None:
    runner = ScriptedRunner([expect("n2", "a"), expect("n2", "b")])
    with pytest.raises(UnexpectedCall, match="still expected:\n  n2: a\n  n2: b"):
        reached(runner).run("n2", ["b"])
    loose = ScriptedRunner([expect("n2", "a"), expect("n2", "b")], ordered=False)
    reached(loose).run("n2", ["b"])
    with pytest.raises(AssertionError, match="never called:\n  n2: a"):
        loose.done()


def test_a_chain_is_shown_as_a_shell_reads_it() -> None:
    assert nodes.shown(["a", "b c", AND, "d"]) == "a 'b c' && d"


@pytest.mark.spawns("sh")
def test_what_runs_on_a_node_goes_on_when_the_line_is_cut(tmp_path: Path) -> None:
    said = ["sh", "-c", f"read -r line; echo heard; echo end >{tmp_path}/end"]
    *_, line = reached().remote("n2", said)
    pipe = subprocess.PIPE
    process = subprocess.Popen(["sh", "-c", line], stdin=pipe, stdout=pipe, stderr=pipe)
    assert process.stdin and process.stdout and process.stderr
    process.stdout.close()
    process.stderr.close()
    process.stdin.write(b"go on\n")
    process.stdin.close()
    process.wait(10)
    assert (tmp_path / "end").exists()
