"""Run commands in a real terminal, tmux's, and draw what its screen shows."""

import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from lab.driver import ROOT

WIDTH, HEIGHT = 108, 40
COMPLETIONS = ROOT / "completions" / "vmstore.fish"
PROMPT = "\x1b[1m$\x1b[0m "


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal; ``server`` is the socket of a tmux of its own."""

    server: Path

    def type(self, command: str) -> None:
        """Run a command, shown as it was typed."""
        line = f"clear; printf '%s%s\\n' {shlex.quote(PROMPT)} {shlex.quote(command)}; {command}; tmux wait-for -S done"
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    def offer(self, command: str) -> None:
        """Begin a command and press TAB, in a fish that knows the completions; leave it with `dismiss`."""
        settings = f"function fish_prompt; printf '$ '; end; source {COMPLETIONS}"
        self._tmux("send-keys", "-l", f"clear; fish --no-config --init-command {shlex.quote(settings)}")
        self._tmux("send-keys", "Enter")
        self.wait_for(r"\A\$\s*\Z")
        self._tmux("send-keys", "-l", command)
        # What is typed too fast is pasted to fish, TAB included.
        time.sleep(2)
        self._tmux("send-keys", "Tab")

    def dismiss(self) -> None:
        """Leave what `offer` has begun."""
        for key in ("Escape", "C-c", "C-d"):
            self._tmux("send-keys", key)
            time.sleep(1)

    def wait(self) -> None:
        """Wait until the command has ended."""
        self._tmux("wait-for", "done", timeout=600)

    def wait_for(self, pattern: str, seconds: float = 300) -> None:
        """Wait until the screen shows something."""
        end = time.monotonic() + seconds
        while not re.search(pattern, screen := self._tmux("capture-pane", "-p")):
            assert time.monotonic() < end, f"waited {seconds:.0f} s for {pattern} in\n{screen}"
            time.sleep(0.2)

    def draw(self, file: Path, title: str) -> None:
        """Draw the screen into an SVG file that needs nothing from elsewhere."""
        lines = self._screen().rstrip("\n").splitlines()
        # Below what was said stands nothing but the shell that waits.
        while lines and not lines[-1].strip():
            lines.pop()
        console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
        console.print(Text.from_ansi("\n".join(lines)), soft_wrap=True)
        svg = console.export_svg(title=title, unique_id=file.stem)
        # The fonts of rich's own form lie on a server; what a reader has will do.
        svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
        file.write_text(re.sub(r"[ \t]+\n", "\n", svg), encoding="utf-8")

    def _screen(self) -> str:
        return self._tmux("capture-pane", "-e", "-p")

    def _tmux(self, *words: str, timeout: float = 30) -> str:
        argv = ["tmux", "-S", str(self.server), *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=timeout).stdout


@contextmanager
def opened(folder: Path) -> Iterator[Terminal]:
    """Open a terminal with a shell that says nothing by itself."""
    server = folder / "tmux"
    size = ["-x", str(WIDTH), "-y", str(HEIGHT)]
    begin = ["tmux", "-S", str(server), "-f", "/dev/null", "new-session", "-d", *size, "env PS1= ENV= sh"]
    subprocess.run(begin, check=True, timeout=30)
    try:
        yield Terminal(server)
    finally:
        subprocess.run(["tmux", "-S", str(server), "kill-server"], check=False, timeout=30)
