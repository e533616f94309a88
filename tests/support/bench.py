"""Run whole commands of vmstore against the simulated SAN."""

import io
import json
import socket
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest
import typer.main

from tests.support import documents, san_report
from tests.support.san import San
from tests.support.san_runner import Cut, SanRunner
from vmstore import cli, inventory, session
from vmstore.jobs import lease, leg_sync
from vmstore.log import places
from vmstore.tools import nodes, udev

KILLED = -9
A = TypeVar("A")
T = TypeVar("T")


class Terminal(io.StringIO):
    """A stream that may say it is a terminal."""

    def __init__(self, text: str = "", *, terminal: bool = False) -> None:
        super().__init__(text)
        self.terminal = terminal

    def isatty(self) -> bool:
        """Say what the test wants."""
        return self.terminal


class Noon(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Noon":
        """Tell the one time."""
        return cls(2026, 1, 2, 12, 0, 0, tzinfo=tz or UTC)


class AtOnce:
    """Stands for ThreadPoolExecutor: does each thing when it is submitted, so that runs are alike and quick."""

    def __init__(self, max_workers: int) -> None:
        assert max_workers > 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def submit(self, function: Callable[..., T], *arguments: Any) -> "Future[T]":
        """Do it now."""
        future: Future[T] = Future()
        future.set_result(function(*arguments))
        return future

    def map(self, function: Callable[[A], T], items: Iterable[A]) -> list[T]:
        """Do it to each now."""
        return [function(item) for item in items]


_command = cache(typer.main.get_command)


@dataclass(frozen=True)
class Outcome:
    """What a command left on the terminal; ``code`` is KILLED where the run was cut off."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Read stdout as one JSON document."""
        return json.loads(self.out)


class Bench:
    """A simulated SAN and the way to run vmstore on it, from a node or from a workstation (``host=""``)."""

    def __init__(self, san: San, folder: Path, patch: pytest.MonkeyPatch, host: str = "") -> None:
        self.san = san
        self.host = host
        self.runner = SanRunner(san)
        self._patch = patch
        self.config = folder / "vmstore.toml"
        names = list(san.nodes) if len(san.nodes) > 1 else []
        self.config.write_text(f"nodes = {json.dumps(names)}\n", encoding="utf-8")
        self.config.chmod(0o600)
        patch.setenv("VMSTORE_CONFIG", str(self.config))
        patch.setattr(lease, "datetime", Noon)
        patch.setattr(inventory, "ThreadPoolExecutor", AtOnce)
        patch.setattr(nodes, "ThreadPoolExecutor", AtOnce)
        patch.setattr(leg_sync, "sleep", lambda seconds: None)
        # Building the tree of commands takes longer than most of them.
        patch.setattr(typer.main, "get_command", _command)

    def vmstore(self, *words: str, host: str | None = None, stdin: str | None = None, **tampering: Any) -> Outcome:
        """Run a command; ``stdin`` is what is typed on a terminal, None where there is none.

        ``tampering`` are fields of SanRunner.
        """
        at = self.host if host is None else host
        self.runner = SanRunner(self.san, at, **tampering)
        self._patch.setattr(session, "make_runner", lambda: self.runner)
        self._patch.setattr(udev, "blocks", lambda: tuple(san_report.raw_blocks(self.san, at)))
        self._patch.setattr(socket, "gethostname", lambda: at or "desk.example.org")
        self._patch.setattr(sys, "stdin", Terminal(stdin or "", terminal=stdin is not None))
        out, err = Terminal(), Terminal()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                cli.main(list(words))
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
            except Cut:
                code = KILLED
        if out.getvalue().startswith("{"):
            documents.check(out.getvalue())
        return Outcome(code, out.getvalue(), err.getvalue())

    def changes(self) -> list[tuple[str, tuple[str, ...]]]:
        """List the changing commands of the last run, in order."""
        return [(change.node, change.argv) for change in self.runner.changes]

    def log(self) -> list[dict[str, Any]]:
        """Read what is in the log, whatever vmstore makes of it."""
        path = places.file("auto")
        assert path is not None
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
