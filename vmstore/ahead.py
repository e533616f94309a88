"""Have LVM asked while Python still loads the rest: for what only lists, loading takes as long as LVM's answer."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from vmstore import config
from vmstore.errors import VmstoreError
from vmstore.run import LocalRunner, Result, Runner
from vmstore.tools import lvm_fields, lvm_report, nodes
from vmstore.tools.nodes import Nodes, Unreachable

# How often a VG is asked for that changes meanwhile.
_TRIES = 3


class Asked:
    """A question to LVM on a node, on its way in a thread."""

    def __init__(self, reached: Nodes, node: str, vg: str) -> None:
        self.about = (node, vg)
        self._answer: list[Result | Unreachable] = []
        self._thread = threading.Thread(target=lambda: self._answer.append(ask(reached, node, vg)), daemon=True)
        self._thread.start()

    def wait(self) -> Result | Unreachable:
        """Wait for the answer."""
        self._thread.join()
        return self._answer[0]


_begun: list[Asked] = []


def begin(words: Sequence[str], runner: Runner | None = None) -> None:
    """Begin with a command line that only lists; whatever is wrong with it, the command itself will say."""
    if any(word.startswith(("-h", "--help", "--offline")) for word in words):
        return
    file = _value(words, "--config")
    try:
        settings = config.load(Path(file) if file else None)
        reached = nodes.connect(runner or LocalRunner(), settings.nodes, settings.ssh)
    except VmstoreError:
        return
    _begun.append(Asked(reached, reached.local or reached.names[0], settings.vg))


def take(node: str, vg: str) -> Callable[[], Result | Unreachable] | None:
    """Give what waits for the answer that was asked for ahead, once, if it is the right one."""
    asked = _begun.pop() if _begun else None
    return asked.wait if asked and asked.about == (node, vg) else None


def ask(reached: Nodes, node: str, vg: str) -> Result | Unreachable:
    """Ask LVM on a node for the report on a VG; one that knows no report of all, again and for each kind of row."""
    try:
        result = reached.run(node, lvm_report.argv(vg), timeout=reached.ssh.answer_timeout)
        if not lvm_fields.wanted(result):
            return result
        for _ in range(_TRIES):
            result = reached.run(node, lvm_fields.argv(vg), timeout=reached.ssh.answer_timeout)
            if not lvm_fields.torn(result.out):
                break
    except Unreachable as error:
        return error
    return result


def _value(words: Sequence[str], option: str) -> str:
    for number, word in enumerate(words):
        if word == option:
            return words[number + 1] if number + 1 < len(words) else ""
        if word.startswith(f"{option}="):
            return word.removeprefix(f"{option}=")
    return ""
