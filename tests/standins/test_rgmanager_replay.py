"""Replay the recorded run of rgmanager 3.1.8 against the stand-ins, command by command."""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.standins.rgmanager_stage import PYTHON, SPEED, Answer, Stage, cluster_conf

pytestmark = pytest.mark.spawns(PYTHON)
RECORDS = Path(__file__).parent / "rgmanager"
_COMMAND = re.compile(r"\[(n\d) [\d:]+\] # (.*)")
_CODE = re.compile(r"\[rc=(\d+) ")
# Times; and what ext3 and the fake mount show differently.
_VOLATILE = (
    (re.compile(r"(Cluster Status for \S+ @) .*"), r"\1 NOW"),
    (re.compile(r'last_transition="[1-9]\d*" last_transition_str="[^"]*"'), "AT-A-TIME"),
    (re.compile(r"(Last Transition : )(?!Thu Jan  1 00:00:00 1970).*"), r"\1A-TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "JOINED"),
    (re.compile(r"relatime,|,relatime|,stripe=4"), ""),
)


class Step(NamedTuple):
    """Hold one command with its answer, or one directive."""

    record: str
    number: int
    node: str
    command: str
    answer: Answer


def read(path: Path) -> list[Step]:
    """Read a record."""
    steps: list[Step] = []
    lines = iter(path.read_text(encoding="utf-8").splitlines())
    for line in lines:
        command = _COMMAND.fullmatch(line)
        if line.startswith("@ "):
            steps.append(Step(path.stem, len(steps), "", line[2:], Answer(0, "", "")))
        elif command:
            out, err = "", ""
            for told in lines:
                code = _CODE.match(told)
                if code:
                    break
                if told.startswith("[stderr]"):
                    err += f"{told[9:]}\n"
                else:
                    out += f"{told}\n"
            out = out.replace("<no newline at end>\n", "")
            answer = Answer(int(code[1]) if code else -1, out, err)
            steps.append(Step(path.stem, len(steps), command[1], command[2], answer))
    return steps


def steady(text: str) -> str:
    """Put the same word for whatever differs from run to run."""
    for pattern, word in _VOLATILE:
        text = pattern.sub(word, text)
    return text


def begin_status(stage: Stage) -> None:
    """Have web01 start for ever on n2, after one failure there."""
    stage.run("n1", "clusvcadm", "-d", "web01")
    stage.run("n1", "clusvcadm", "-e", "web01", "-m", "n2")
    stage.flag("n2", "svc/s01.start.hold")
    stage.flag("n2", "svc/s01.status", "1")
    stage.wait_for("web01", state=111, restarts=1)


def begin_operations(stage: Stage) -> None:
    """Leave web01 out of it."""
    stage.run("n1", "clusvcadm", "-d", "web01")


def begin_disabled(stage: Stage) -> None:
    """Leave both disabled: web01 was on n2 last, web02 on n1."""
    stage.run("n1", "clusvcadm", "-r", "web01", "-m", "n2")
    stage.run("n1", "clusvcadm", "-d", "web01")
    stage.run("n1", "clusvcadm", "-e", "web02")
    stage.run("n1", "clusvcadm", "-d", "web02")


def begin_running(stage: Stage) -> None:
    """Run both on n1; web01 starts where rgmanager is up first."""
    stage.run("n1", "clusvcadm", "-r", "web01", "-m", "n1")
    stage.run("n1", "clusvcadm", "-e", "web02")


def begin_stopped(stage: Stage) -> None:
    """Leave web01 stopped on n1, web02 disabled on n2."""
    stage.run("n1", "clusvcadm", "-r", "web01", "-m", "n1")
    stage.run("n1", "clusvcadm", "-s", "web01")
    stage.run("n1", "clusvcadm", "-e", "web02", "-m", "n2")
    stage.run("n1", "clusvcadm", "-d", "web02")


def begin_failed_before(stage: Stage) -> None:
    """Have web01 failed twice on n1, web02 once there, so that it runs on n2."""
    begin_running(stage)
    stage.flag("n1", "svc/s02.status", "1")
    stage.wait_for("web02", state=112, owner="n2", restarts=1)
    stage.flag("n1", "svc/s02.status", None)
    for restarts in (1, 2):
        stage.flag("n1", "svc/s01.up", None)
        stage.wait_for("web01", state=112, owner="n1", restarts=restarts)


PRELUDES: dict[str, tuple[int, Callable[[Stage], None]]] = {
    "02-status-commands": (1, begin_status),
    "03-operations": (1, begin_operations),
    "04-first-update": (1, begin_disabled),
    "05-freezing": (2, begin_disabled),
    "06-lock-and-failures": (2, begin_running),
    "07-failing-status": (2, begin_stopped),
    "08-to-14-updates-and-losses": (2, begin_failed_before),
}


class Replay:
    """Play one record on a stage of its own."""

    def __init__(self, root: Path, record: str) -> None:
        version, prelude = PRELUDES[record]
        self.record = record
        self.stage = Stage(root, cluster_conf(str(root), version))
        self._marks = {"calls": 0, "log": 0}
        try:
            for number in range(2, 11):
                self._host(f"c{number}").write_text(cluster_conf(str(root), number), encoding="utf-8")
            broken = cluster_conf(str(root), 7)
            self._host("cbad").write_text(broken.replace('file="', 'fyle="', 1), encoding="utf-8")
            self._host("cxml").write_text(cluster_conf(str(root), 3).replace("  </rm>", ""), encoding="utf-8")
            self.stage.start("n1", "n2")
            prelude(self.stage)
        except BaseException:
            self.stage.close()
            raise

    def answer(self, node: str, line: str) -> Answer:
        """Run a recorded command line; its first parts change things, the last one answers."""
        *before, last = line.split("; ")
        for part in before:
            self._change(node, part)
        words = last.split()
        match words:
            case ["echo" | "rm" | "umount", *_]:
                self._change(node, last)
                return Answer(0, "", "")
            case ["mount", "|", "grep", _]:
                lines = (self.stage.root / node / "mounts").read_text(encoding="utf-8").splitlines()
                shown = [part.replace(str(self.stage.root), "").split() for part in lines]
                out = "".join(f"{p[0]} on {p[1]} type {p[2]} ({p[3]})\n" for p in shown)
                return Answer(0 if out else 1, out, "")
            case ["cat", "/var/log/svc.log"]:
                return Answer(0, "".join(f"{call}\n" for call in self.stage.calls(node)[self._marks["calls"] :]), "")
            case ["tail", *_]:
                return Answer(0, "".join(self.stage.log(node).splitlines(keepends=True)[self._marks["log"] :]), "")
            case ["timeout", seconds, command, *arguments]:
                return self.stage.run(node, command, *arguments, patience=max(int(seconds) / SPEED, 1.0))
            case [command, *arguments, "|", "grep", "group\\"]:
                told = self.stage.run(node, command, *arguments)
                out = "".join(line for line in told.out.splitlines(keepends=True) if "group " in line)
                return Answer(told.code, out, told.err)
            case [command, *arguments]:
                moved = [word.replace("/host/", f"{self.stage.root}/host/") for word in arguments]
                moved = [word.replace("/etc/cluster", f"{self.stage.root}/{node}") for word in moved]
                return self.stage.run(node, command, *moved)
        raise AssertionError(line)

    def direct(self, line: str) -> None:
        """Do what a directive says."""
        stage = self.stage
        match line.split():
            case ["copy", name, *nodes]:
                for node in nodes or stage.nodes:
                    shutil.copyfile(self._host(name), stage.conf(node))
                self._marks = {"calls": len(stage.calls("n1")), "log": stage.log("n1").count("\n")}
            case ["settle", *nodes]:
                time.sleep(0.1)
                stage.settle(*nodes)
            case ["pause", seconds]:
                time.sleep(int(seconds) / SPEED)
            case ["failed", service]:
                stage.wait(lambda: stage.record(service)["state"] != 112, f"{service} never failed")
                stage.flag("n1", f"svc/s{service[-2:]}.status", None)
            case ["unchecked", service]:
                stage.flag("n1", f"svc/s{service[-2:]}.up")
            case ["recovered", service, restarts, node]:
                stage.wait_for(service, state=112, restarts=int(restarts), owner=node)
            case ["lose", node, *how]:
                stage.lose(node, fenced=not how)
                stage.wait(lambda: node not in stage.states("n1")["members"], f"{node} is still a member")
            case ["fenced"]:
                stage.flag("n1", "run/fencing", None)
            case ["stop", node]:
                stage.stop(node)
            case ["start", node]:
                stage.boot(node)
            case _:
                raise AssertionError(line)

    def _host(self, name: str) -> Path:
        return self.stage.root / "host" / f"{name}.conf"

    def _change(self, node: str, part: str) -> None:
        match part.replace("/run/svc/", "svc/").split():
            case ["echo", number, ">", path]:
                self.stage.flag(node, path, number)
            case ["rm", *_, path]:
                self.stage.flag(node, path, None)
            case ["cp", source, _]:
                shutil.copyfile(f"{self.stage.root}{source}", self.stage.conf(node))
            case ["umount", _]:
                self.stage.flag(node, "mounts")
            case _:
                raise AssertionError(part)


@pytest.mark.parametrize("record", sorted(PRELUDES))
def test_answers_as_recorded(record: str, tmp_path: Path, subtests: pytest.Subtests) -> None:
    replay = Replay(tmp_path, record)
    try:
        for step in read(RECORDS / f"{record}.txt"):
            if not step.node:
                replay.direct(step.command)
                continue
            with subtests.test(f"{record[:2]}.{step.number}-{step.command[:40]}"):
                told, wanted = replay.answer(step.node, step.command), step.answer
                if step.command.startswith(("tail ", "cat ")):
                    wanted = Answer(wanted.code, without_clock(wanted.out), "")
                assert shown(told) == shown(wanted), f"{step.node} # {step.command}"
    finally:
        replay.stage.close()


def test_every_record_is_replayed() -> None:
    assert {path.stem for path in RECORDS.glob("*.txt")} == set(PRELUDES)


def shown(answer: Answer) -> str:
    """Return an answer in the form of the record, so that a difference is seen as lines."""
    errors = "".join(f"[stderr] {line}\n" for line in answer.err.splitlines())
    return f"{steady(answer.out)}{steady(errors)}[rc={answer.code}]"


def without_clock(text: str) -> str:
    """Take times, and what the clock makes happen, out of a recorded log."""
    kept = []
    for line in text.splitlines():
        if not re.search(r"Checking fs|Executing \S+ status|quotaon| status rc=", line):
            kept.append(re.sub(r"^(\w{3} \d+ [\d:]+ rgmanager|[\d:.]+) ", "", line) + "\n")
    return "".join(kept)
