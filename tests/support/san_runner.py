"""The runner that carries vmstore's process starts to the simulated SAN, and can cut, fail or lie at each change."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.support import san_agent, san_checkup, san_copy, san_legs, san_manager, san_moves, san_survey
from tests.support.san import Node, San
from tests.support.san_copy import SanCopy
from tests.support.san_lvm import Answer, Lvm
from tests.support.san_report import legs, probe
from tests.support.san_tools import Tools
from tests.support.ssh import Call, decode
from vmstore.jobs import throttle
from vmstore.log import places
from vmstore.policies.throttle import WHOLE
from vmstore.run import Result
from vmstore.tools import far_logs, mirrors, quorum

READS = ("dd", "lvm", "lvs", "pvs", "sh", "wipefs", "cmp", "dumpe2fs", "blockdev", "cat", "test")
LVPOLL = ("lvm", "lvpoll")


class Cut(BaseException):
    """The run of vmstore ends here, as with kill -9: nothing in it may handle this."""


@dataclass(frozen=True)
class Change:
    """A command that changes something, and the node it ran on."""

    node: str
    argv: tuple[str, ...]


class SanHold:
    """A lock that is held, or not, in a shell on a node; that shell writes the job's record and hands wishes over."""

    def __init__(self, san: San, node: str, path: str, who: str, record: str) -> None:
        self._san = san
        self._key = (node, path)
        self._record = san.records.setdefault((node, record), []) if record else []
        self._who = san.leases.get(self._key, "")
        self._own = not self._who and san.nodes[node].up
        if self._own:
            san.leases[self._key] = who
            san.wishes.pop(self._key, None)
            san.rates.pop(self._key, None)

    def first_line(self) -> str:
        """Say what the lock script says."""
        return "held" if self._own else f"taken {self._who}" if self._who else ""

    def exchange(self, line: str) -> str:
        """Answer as the lock script does, as long as the lock is there."""
        if self._key not in self._san.leases:
            return ""
        if line:
            self._record.append(line)
        wish = self._san.wishes.get(self._key, "") or "none"
        if self._san.heard_once:
            self._san.wishes.pop(self._key, None)
        return f"heard {wish} {self._san.rates.get(self._key, '')}"

    def release(self) -> None:
        """Let the lock fall."""
        if self._own:
            self._san.leases.pop(self._key, None)
            self._own = False


class SanThrottle:
    """The shell that keeps a node's share of the time for copies, and puts it back."""

    def __init__(self, san: San, name: str, arguments: Sequence[str]) -> None:
        assert arguments[:2] == (throttle.FILE, throttle.KNOB)
        self._node = san.nodes[name]
        self._san = san
        self._source = arguments[3]
        self._looks = 0
        self._own = self._node.share == WHOLE

    def first_line(self) -> str:
        """Say whether it has it."""
        return "ready" if self._own else "taken"

    def exchange(self, line: str) -> str:
        """Set the share; tell of the load."""
        self._node.share = int(line)
        self._san.shares.append((self._node.name, self._node.share))
        self._looks += 1
        return f"{self._node.pressure} {self._source} 50 {self._looks * self._san.others} 100"

    def release(self) -> None:
        """Put it back."""
        if self._own:
            self._node.share = WHOLE


@dataclass
class SanRunner:
    """Run what vmstore asks for on the node it names; ``host`` is the node vmstore runs on, "" for a workstation.

    Moments are counted over all changes: after each command that changes something, and twice within a pvmove.
    ``cut_at`` ends the run at that moment, ``call_at`` calls ``on_moment`` there. Changes are counted by
    themselves: ``fail`` has one fail undone, ``fail_done`` fail though it took effect, ``lie`` succeed undone.
    """

    san: San
    host: str = ""
    cut_at: int | None = None
    on_moment: Callable[[int], None] | None = None
    fail: int | None = None
    fail_done: int | None = None
    lie: int | None = None
    changes: list[Change] = field(default_factory=list)
    asked: list[Change] = field(default_factory=list)
    moments: int = 0
    _dead: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def run(self, argv: Sequence[str], *, stdin: str = "", timeout: float = 60) -> Result:
        """Run to the end."""
        return self._run(argv, stdin, timeout, lambda _: None)

    def stream(
        self, argv: Sequence[str], on_line: Callable[[str], None], on_quiet: Callable[[], None] = lambda: None
    ) -> Result:
        """Run, each line of output as it comes; nothing is ever quiet."""
        del on_quiet
        return self._run(argv, "", 0, on_line)

    def hold(self, argv: Sequence[str]) -> "SanHold | SanThrottle | SanCopy":
        """Take a lock, or the throttle, on a node, or start a copy."""
        with self._lock:
            self._check()
            call = decode(argv)
            if call.parts[0][3] == "throttle":
                return SanThrottle(self.san, call.node or self.host, call.parts[0][4:])
            if call.parts[0][3] == "copy":
                return self._copy(self.san.nodes[call.node or self.host], call.parts[0])
            bash, _, script, _, path, who, record = call.parts[0]
            assert bash == "bash"
            assert "flock" in script
            return SanHold(self.san, call.node or self.host, path, who, record)

    def _copy(self, node: Node, argv: tuple[str, ...]) -> SanCopy:
        """Start a copy; one that is made to fail, or that lies, does so at its comparing."""
        number = len(self.changes)
        self.changes.append(Change(node.name, argv))
        return SanCopy(self.san, node, argv[4:], self._moment, fails=number in (self.fail, self.fail_done, self.lie))

    def _check(self) -> None:
        if self._dead:
            raise Cut("the run was cut off earlier")

    def _run(self, argv: Sequence[str], stdin: str, timeout: float, on_line: Callable[[str], None]) -> Result:
        with self._lock:
            self._check()
            call = decode(argv)
            assert call.node != self.host or not self.host, f"a node needs no ssh to itself: {call}"
            if call.node and call.node not in self.san.nodes:
                text = f"ssh: Could not resolve hostname {call.node}: Name or service not known\n"
                return Result(tuple(argv), 255, "", text, 0.1)
            node = self.san.nodes[call.node or self.host]
            if node.hangs:
                return Result(tuple(argv), -1, "", "", timeout, timed_out=True)
            if not node.up:
                text = f"ssh: connect to host {node.name} port 22: No route to host\n"
                return Result(tuple(argv), 255, "", text, 3.0)
            rc, out, err = self._parts(node, call, stdin, on_line)
            if not self.san.nodes[node.name].up:
                return Result(tuple(argv), 255, out, f"Connection to {node.name} closed by remote host.\n", 3.0)
            return Result(tuple(argv), rc, out, err, 0.1)

    def _parts(self, node: Node, call: Call, stdin: str, on_line: Callable[[str], None]) -> Answer:
        out = err = ""
        for part in call.parts:
            rc, more, worse = self._one(node, part, stdin, on_line)
            out += more
            err += worse
            if rc:
                return rc, out, err
        return 0, out, err

    def _one(self, node: Node, argv: tuple[str, ...], stdin: str, on_line: Callable[[str], None]) -> Answer:
        self.asked.append(Change(node.name, argv))
        if argv[:2] == ("sh", "-s"):
            assert stdin.startswith("#!/bin/sh")
            if not argv[2:]:
                return 0, san_survey.answer(self.san, node), ""
            if argv[2].startswith(("manager:", "agent:")):
                return 0, san_manager.answer(self.san, node, argv[2:]), ""
            told = probe(self.san, node, argv[3:]) + san_manager.answer(self.san, node, argv[3:])
            return 0, node.answer if node.answer is not None else told, ""
        if argv[:2] == ("bash", "-s"):
            assert stdin.startswith("#!/bin/bash")
            if "ssh -n" in stdin:
                return 0, san_survey.ways(self.san, node, argv[2:]), ""
            return 0, san_checkup.answer(self.san, node, argv[2:]), ""
        if argv[:2] == ("sh", "-c") and argv[3:4] in (("look",), ("wish",)):
            return self._job(node, argv)
        if argv[:2] == ("sh", "-c") and argv[3:4] == ("agent-look",):
            return san_agent.look(self.san, node, list(argv[4:]))
        if argv[:2] == ("sh", "-c") and argv[3:4] == ("peek",):
            return san_copy.peek(self.san, node, argv[4:])
        if argv[:2] == ("sh", "-c") and argv[3:4] == ("able",):
            return (0, "", "") if node.knob else (1, f"{argv[4]}\n", "")
        if argv[:2] == ("sh", "-c") and "flock -sn" in argv[2]:
            return int((node.name, argv[4]) in self.san.leases), "", ""
        lvm = Lvm(self.san, node)
        if argv[0] == "env" and argv[-1] == "warm":
            return san_agent.run(self.san, node, argv)
        if argv[:2] == ("sh", "-c") and argv[2].startswith("for program in"):
            return 0, "".join(f"/usr/bin/{program}\n" for program in sorted(self.san.programs)), ""
        if list(argv) == far_logs.command(places.SYSTEM):
            return 0, node.typed, ""
        if argv == mirrors.LOOK:
            return self._kernel(node)
        if argv == mirrors.KEEP:
            node.seen = stdin.splitlines()
            return 0, "", ""
        if argv == quorum.ARGV:
            return 0, f"Quorate:          {'Yes' if self.san.quorate else 'No'}\n", ""
        if argv[:2] == ("dmsetup", "status"):
            assert argv[2:] == ("--target", "raid")
            told, copied = legs(self.san, node)
            if copied:
                self._moment()
            return 0, told, ""
        reads = (argv[0] in READS and argv[:2] not in (("sh", "-c"), LVPOLL)) or tuple(argv) == ("cman_tool", "version")
        if reads:
            return san_manager.run(self.san, node, argv, stdin) or lvm.run(argv) or Tools(self.san, node).run(argv)
        number = len(self.changes)
        self.changes.append(Change(node.name, argv))
        if number == self.fail:
            return 5, "", f"  {argv[0]}: this failure was asked for by the test\n"
        if number == self.lie:
            return 0, "", ""
        answer = san_agent.file(node, argv, stdin)
        if answer is not None:
            pass
        elif argv[0] == "env":
            answer = san_agent.run(self.san, node, argv)
        elif argv[:2] == LVPOLL:
            answer = san_moves.poll(lvm, argv[2:])
        elif argv[0] == "lvconvert":
            answer = lvm.guarded(lambda: san_legs.lvconvert(lvm, argv[1:]))
        else:
            answer = self._move(lvm, argv, on_line) if argv[0] == "pvmove" else lvm.run(argv)
        answer = answer or san_manager.run(self.san, node, argv, stdin) or Tools(self.san, node).run(argv)
        self._moment()
        if number == self.fail_done:
            return 5, "", f"  {argv[0]}: this failure was asked for by the test\n"
        return answer

    def _kernel(self, node: Node) -> Answer:
        """Tell what the kernel says of mirrors."""
        if node.log is None:
            return 1, "", "dmesg: read kernel buffer failed: Operation not permitted\n"
        moving = [lv for lv in self.san.lvs.values() if lv.move and lv.uuid in node.active]
        status = f"vmstore-pvmove0: 0 819200 mirror 2 8:48 8:0 12/25 1 {self.san.legs} 1 core\n" if moving else ""
        seen = "".join(f"{line}\n" for line in node.seen or [])
        return 0, f"{status}--\n{seen}--\n" + "".join(f"{line}\n" for line in node.log), ""

    def _job(self, node: Node, argv: tuple[str, ...]) -> Answer:
        """Look at a job's lock, wish and record, or leave a wish there."""
        if argv[3] == "wish":
            lock, _, kind = argv[4].rpartition(".")
            if kind == "rate":
                self.san.rates[node.name, lock] = argv[5]
            else:
                self.san.wishes[node.name, lock] = argv[5]
            return 0, "", ""
        key = (node.name, argv[4])
        lock = f"held {self.san.leases[key]}" if key in self.san.leases else "free"
        record = "".join(f"{line}\n" for line in self.san.records.get((node.name, argv[5]), []))
        return 0, f"{lock}\nwish {self.san.wishes.get(key, '')}\nrate {self.san.rates.get(key, '')}\n{record}", ""

    def _move(self, lvm: Lvm, argv: tuple[str, ...], on_line: Callable[[str], None]) -> Answer:
        if "--abort" in argv:
            return san_moves.abort(lvm, argv[1:])
        for item in san_moves.pvmove(lvm, argv[1:]):
            if not isinstance(item, str):
                return item
            on_line(item)
            if not item.endswith(" 100.00%"):
                self._moment()
        raise AssertionError("pvmove ends with an answer")

    def _moment(self) -> None:
        number = self.moments
        self.moments += 1
        if number == self.cut_at:
            self._dead = True
            raise Cut(f"cut off at moment {number}, after {self.changes[-1]}")
        if self.on_moment:
            self.on_moment(number)
