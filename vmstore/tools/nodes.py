"""Reach nodes: this host directly, the others over plain OpenSSH with one shared connection each."""

import os
import shlex
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vmstore.config import Ssh
from vmstore.errors import ClusterUnusable
from vmstore.run import PATH, Held, Result, Runner

# An element of an argument list that stands for the shell's own &&: what follows runs if what went before succeeded.
AND = "&&"
# ssh(1): "ssh exits with the exit status of the remote command or with 255 if an error occurred."
SSH_FAILED = 255


class Unreachable(ClusterUnusable):
    """A node did not answer over ssh, or not in time."""

    def __init__(self, node: str, why: str) -> None:
        super().__init__(f"{node} does not answer", why=why, hint=f"try `ssh {node} true`, then this command again")
        self.node = node


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes of the cluster and the way to each.

    ``local`` is this host's own name among them, or "" on an admin's workstation.
    """

    runner: Runner
    names: tuple[str, ...]
    local: str
    ssh: Ssh
    sockets: Path

    @property
    def others(self) -> list[str]:
        """List the nodes but this host."""
        return [node for node in self.names if node != self.local]

    def remote(self, node: str, argv: Sequence[str]) -> list[str]:
        """Give the ssh command that runs ``argv`` on a node. The remote shell's quoting is done here alone.

        What it runs goes on where the line is cut, also when it says something that nobody hears any more.
        """
        options = [
            *(["-F", self.ssh.config] if self.ssh.config else []),
            "-o", "BatchMode=yes",
            "-o", f"ConnectTimeout={self.ssh.connect_timeout}",
            "-o", "ServerAliveInterval=5",
            "-o", "ServerAliveCountMax=3",
            "-o", "ControlMaster=auto",
            "-o", f"ControlPath={self.sockets}/%C",
            "-o", "ControlPersist=60",
            "-l", self.ssh.user,
        ]  # fmt: skip
        return ["ssh", *options, node, "--", f"export LC_ALL=C PATH={PATH} && trap '' PIPE; {shown(argv)}"]

    def run(self, node: str, argv: Sequence[str], *, stdin: str = "", timeout: float = 60) -> Result:
        """Run on a node. Raises Unreachable when ssh itself failed or the time ran out."""
        if node != self.local:
            return self._answer(node, argv, self.runner.run(self.remote(node, argv), stdin=stdin, timeout=timeout))
        for part in _parts(argv):
            result = self._answer(node, argv, self.runner.run(part, stdin=stdin, timeout=timeout))
            if not result.ok:
                break
        return result

    def stream(
        self,
        node: str,
        argv: Sequence[str],
        on_line: Callable[[str], None],
        on_quiet: Callable[[], None] = lambda: None,
    ) -> Result:
        """Run on a node without a limit, each line of output as it comes, as a runner does. Raises Unreachable."""
        if node != self.local:
            return self._answer(node, argv, self.runner.stream(self.remote(node, argv), on_line, on_quiet))
        for part in _parts(argv):
            result = self._answer(node, argv, self.runner.stream(part, on_line, on_quiet))
            if not result.ok:
                break
        return result

    def hold(self, node: str, argv: Sequence[str]) -> Held:
        """Start on a node what shall live while vmstore does."""
        return self.runner.hold(list(argv) if node == self.local else self.remote(node, argv))

    def ask(self, questions: Mapping[str, Sequence[str]], stdin: str) -> Mapping[str, Result | Unreachable]:
        """Run on each node its argument list, all at once, each within the time set for an answer."""

        def one(node: str) -> Result | Unreachable:
            try:
                return self.run(node, questions[node], stdin=stdin, timeout=self.ssh.answer_timeout)
            except Unreachable as error:
                return error

        with ThreadPoolExecutor(max_workers=max(1, len(questions))) as pool:
            return dict(zip(questions, pool.map(one, questions), strict=True))

    def _answer(self, node: str, argv: Sequence[str], result: Result) -> Result:
        told = Result(tuple(argv), result.rc, result.out, result.err, result.seconds, result.timed_out)
        if result.timed_out:
            raise Unreachable(node, f"it gave no answer within {result.seconds:.0f} s")
        if node != self.local and result.rc == SSH_FAILED:
            raise Unreachable(node, told.reason())
        return told


def connect(runner: Runner, names: tuple[str, ...], ssh: Ssh, hostname: str = "") -> Nodes:
    """Make the way to the nodes; a host that names none is its own only node."""
    whole = hostname or socket.gethostname()
    host = whole.split(".")[0]
    if not names:
        return Nodes(runner, (host,), host, ssh, _socket_directory())
    local = next((name for name in (whole, *names) if name in names and name.split(".")[0] == host), "")
    return Nodes(runner, names, local, ssh, _socket_directory())


def shown(argv: Sequence[str]) -> str:
    """Write an argument list as a POSIX shell reads it."""
    return f" {AND} ".join(shlex.join(part) for part in _parts(argv))


def _parts(argv: Sequence[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in argv:
        if word == AND:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _socket_directory() -> Path:
    user, base = os.geteuid(), os.environ.get("XDG_RUNTIME_DIR")
    # Root by way of su has that of somebody else, who could put sockets of his own there.
    if not base or _owner(Path(base)) != user:
        base = "/run" if user == 0 else f"/tmp/vmstore-{user}"  # noqa: S108
    # Unix socket paths end at 107 characters, so it must be short; and only its owner may enter it.
    directory = Path(base) / "vmstore" / "ssh"
    with suppress(OSError):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(_owner(folder) != user for folder in (directory, *directory.parents[:2])):
        raise ClusterUnusable(
            f"cannot keep ssh connections in {directory}",
            why="it cannot be made or belongs to somebody else",
            hint="set XDG_RUNTIME_DIR to a directory of your own",
        )
    return directory


def _owner(folder: Path) -> int | None:
    try:
        return folder.lstat().st_uid
    except OSError:
        return None
