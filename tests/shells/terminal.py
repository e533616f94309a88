"""An interactive shell on a pseudo-terminal, and what it shows while one types."""

import codecs
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path

from vmstore.completions import FILES

COMPLETIONS = Path(__file__).parent.parent.parent / "completions"
PROMPT = "READY> "
PATIENCE = 30.0
# Nothing comes for so long when a shell has drawn all that it draws at once, and when it will not draw any more.
DRAWN, LOOK = 0.05, 0.3
_COLOUR = re.compile(r"\x1b\[[0-9;]*m|\x1b\(B|[\x07\x0f]")
_CONTROL = re.compile(r"\x1b\[[0-9;?>]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>A-Z]|\x08")
_TORN = re.compile(r"\x1b(?:\[[0-9;?>]*|\][^\x07]*|\()?$")
# Stands for vmstore: shows what it was called with.
_STUB = """#!/bin/sh
printf 'RAN'
[ $# = 0 ] || printf '<%s>' "$@"
echo :END
"""


@dataclass(frozen=True)
class Kind:
    """How a shell is started, where in its home it has the completion, and what it is told first."""

    start: tuple[str, ...]
    place: str
    begin: tuple[str, ...]


_BARE = ("bash", "--noprofile", "--norc", "-i")
_LIST = (f"PS1='{PROMPT}'", "bind 'set show-all-if-ambiguous on'", "bind 'set page-completions off'")
KINDS = {
    "bash": Kind(_BARE, "vmstore.bash", (". ./vmstore.bash", *_LIST, "PATH=$HOME/programs")),
    "bash-completion": Kind(
        _BARE,
        ".local/share/bash-completion/completions/vmstore",
        (". /usr/share/bash-completion/bash_completion", *_LIST, "PATH=$HOME/programs"),
    ),
    "zsh": Kind(
        ("zsh", "-f", "-i"),
        "functions/_vmstore",
        (
            f"PS1='{PROMPT}'",
            "setopt noautomenu nolistambiguous nopromptsp",
            "fpath=(~/functions $fpath)",
            "autoload -U compinit",
            "compinit -u -D",
            "PATH=$HOME/programs",
        ),
    ),
    "fish": Kind(
        ("fish", "-i"),
        ".config/fish/completions/vmstore.fish",
        (
            f"function fish_prompt; echo -n '{PROMPT}'; end",
            "set fish_autosuggestion_enabled 0",
            "set PATH $HOME/programs",
        ),
    ),
}


@dataclass(frozen=True)
class Typed:
    """What came of typing: ``shown`` since the TAB, and the ``words`` that vmstore was called with after Enter."""

    shown: str
    words: list[str]

    @property
    def offered(self) -> set[str]:
        """List the words of what was shown."""
        return set(self.shown.split())


class Terminal:
    """A shell with vmstore's completion, and with no program but a stub of vmstore in its PATH.

    ``kind`` is one of KINDS: bash-completion is a bash that has that package loaded.
    """

    def __init__(self, kind: str, home: Path) -> None:
        self.kind = kind
        self.home = home
        self._rest = self._torn = ""
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        how = KINDS[kind]
        stub = home / "programs" / "vmstore"
        place = home / how.place
        for file in (stub, place):
            file.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text(_STUB, encoding="utf-8")
        stub.chmod(0o755)
        shutil.copy(COMPLETIONS / FILES[how.start[0]], place)
        self._screen, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        self._process = subprocess.Popen(
            how.start,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            cwd=home,
            env={
                "HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8", "PATH": os.environ["PATH"],
                "VMSTORE_CACHE": str(home / "cache"),
            },
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # there is no other way
        )  # fmt: skip
        os.close(inner)
        for line in how.begin:
            self._send(f"{line}\r")
        self.run("vmstore")

    def know(self, names: str | bytes, config: str = "/etc/vmstore/vmstore.toml") -> Path:
        """Put names where completion looks for those of a configuration, in place of what was there."""
        folder = self.home / "cache" / "names"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        file = folder / config.replace("/", "%")
        file.write_bytes(names if isinstance(names, bytes) else names.encode())
        return file

    def set(self, variable: str, value: str) -> None:
        """Set a variable of the environment, which may be empty."""
        said = f"set -gx {variable} '{value}'" if self.kind == "fish" else f"export {variable}='{value}'"
        self.run(f"{said}; vmstore")

    def run(self, line: str) -> str:
        """Run a command line that ends with vmstore, and give all that was shown."""
        self._send(f"{line}\r")
        shown = self._until(":END")
        return shown + self._until(PROMPT)

    def type(self, line: str, until: str = "", *, look: bool = False) -> Typed:
        """Type a line and a TAB, then Enter, and see what vmstore is called with.

        What was shown before Enter is told where that is waited for: ``until`` something comes, or to ``look`` whether
        anything does.
        """
        self._send(f"vmstore {line}")
        if until or look:
            self._quiet(DRAWN)
        self._send("\t")
        shown = self._until(until) + self._quiet(DRAWN) if until else self._quiet(LOOK) if look else ""
        self._send("\r")
        ran = self._until(":END")
        words = re.findall(r"<(.*?)>(?=<|:END)", ran[ran.rindex("RAN") :], re.DOTALL)
        self._until(PROMPT)
        # The line is drawn again under what is offered.
        return Typed(shown.replace(f"vmstore {line}".rstrip() if line else PROMPT, " "), words)

    def close(self) -> None:
        """Hang up."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._screen)

    def _send(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def _until(self, text: str) -> str:
        shown, end = "", time.monotonic() + PATIENCE
        while text not in shown:
            more = self._read(end - time.monotonic())
            assert more is not None, f"{self.kind} did not show {text!r} but {shown!r}"
            shown += more
        shown, found, self._rest = shown.partition(text)
        return shown + found

    def _quiet(self, seconds: float) -> str:
        shown = ""
        while (more := self._read(seconds)) is not None:
            shown += more
        return shown

    def _read(self, seconds: float) -> str | None:
        if self._rest:
            rest, self._rest = self._rest, ""
            return rest
        ready, _, _ = select.select([self._screen], [], [], max(0.0, seconds))
        if not ready:
            return None
        text = self._torn + self._decode(os.read(self._screen, 65536))
        torn = _TORN.search(text)
        self._torn = torn.group() if torn else ""
        text = text.removesuffix(self._torn)
        return _CONTROL.sub("\n", _COLOUR.sub("", text))
