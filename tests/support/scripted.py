"""A runner that follows a script: each process start is expected, in order, or the test fails with the whole script."""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.ssh import Call, decode
from vmstore.run import Result

HOSTS = Path(__file__).parent.parent / "hosts"


class UnexpectedCall(BaseException):
    """A process was started that the script does not have; no handler in vmstore may swallow this."""


@dataclass
class Expected:
    """One line of the script: a call and what it answers."""

    call: Call
    rc: int = 0
    out: str = ""
    err: str = ""
    timed_out: bool = False


def expect(node: str, command: str, *, rc: int = 0, out: str = "", err: str = "", timed_out: bool = False) -> Expected:
    """Write a line of a script; ``command`` is split as a shell does, "&&" between parts, node "" is this host."""
    return Expected(decode(["ssh", node, "--", f"export LC_ALL=C PATH=; {command}"]), rc, out, err, timed_out)


@dataclass
class ScriptedHold:
    """A held process that answers one line and lives until the test ends it."""

    answer: str
    alive: bool = True
    lines: list[str] = field(default_factory=list)
    answers: str = "heard none "
    released: bool = False

    def first_line(self) -> str:
        """Give the scripted answer."""
        return self.answer

    def exchange(self, line: str) -> str:
        """Take note of a line, or of a sign of life, and answer."""
        self.lines.append(line)
        return self.answers if self.alive else ""

    def release(self) -> None:
        """Note that it was let go."""
        self.released = True


@dataclass
class ScriptedRunner:
    """Follow a script in order, or in any order with ``ordered=False``.

    ``situation`` maps a node to a folder of tests/hosts (or to text, by program) from which reads are answered
    any number of times: ``lvm fullreport`` from fullreport.json and .err, probe.sh from probe.txt. ``holds``
    are the answers of held processes, one after the other.
    """

    script: list[Expected] = field(default_factory=list)
    ordered: bool = True
    situation: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    holds: list[ScriptedHold] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    held: list[Call] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)
    stdins: list[str] = field(default_factory=list)

    def run(self, argv: Sequence[str], *, stdin: str = "", timeout: float = 60) -> Result:
        """Answer as the script says."""
        call = decode(argv)
        self.timeouts.append(timeout)
        self.stdins.append(stdin)
        read = self._read(call, argv)
        if read is not None:
            return read
        found = self._take(call)
        return Result(tuple(argv), found.rc, found.out, found.err, 0.1, found.timed_out)

    def stream(
        self, argv: Sequence[str], on_line: Callable[[str], None], on_quiet: Callable[[], None] = lambda: None
    ) -> Result:
        """Answer as the script says, line by line, and never be quiet."""
        del on_quiet
        result = self.run(argv)
        for line in result.out.splitlines():
            on_line(line)
        return result

    def hold(self, argv: Sequence[str]) -> ScriptedHold:
        """Answer with the next held process."""
        call = decode(argv)
        self.held.append(call)
        if not self.holds:
            raise UnexpectedCall(f"no held process is left for\n  {call}")
        return self.holds.pop(0)

    def done(self) -> None:
        """Fail unless the whole script was followed."""
        assert not self.script, f"never called:\n{self._queue()}"

    def _take(self, call: Call) -> Expected:
        choice = self.script[:1] if self.ordered else self.script
        found = next((line for line in choice if line.call == call), None)
        if found is None:
            raise UnexpectedCall(f"not in the script{' at this place' if self.ordered else ''}:\n  {call}\n"
                                 f"still expected:\n{self._queue()}")  # fmt: skip
        self.script.remove(found)
        self.calls.append(call)
        return found

    def _queue(self) -> str:
        return "\n".join(f"  {line.call}" for line in self.script) or "  nothing"

    def _read(self, call: Call, argv: Sequence[str]) -> Result | None:
        told = self.situation.get(call.node)
        if told is None:
            return None
        first = call.parts[0]
        name = {"lvm": "fullreport.json", "sh": "probe.txt"}.get(first[0])
        if name is None or first[:2] not in (("lvm", "fullreport"), ("sh", "-s")):
            return None
        texts = told if isinstance(told, Mapping) else captured(told)
        return Result(tuple(argv), 0, texts[name], texts.get(name.replace(".json", ".err"), ""), 0.1)


def captured(situation: str) -> dict[str, str]:
    """Read the outputs captured on a real host in a situation, by file name."""
    return {file.name: file.read_text(encoding="utf-8") for file in (HOSTS / situation).iterdir()}


def captured_report(situation: str) -> Result:
    """Give the captured answer of ``lvm fullreport`` as it came from the process."""
    texts = captured(situation)
    assert json.loads(texts["fullreport.json"])
    return Result(("lvm", "fullreport"), 0, texts["fullreport.json"], texts["fullreport.err"], 0.1)


def words(text: str) -> list[str]:
    """Split a command line for an assertion."""
    return shlex.split(text)
