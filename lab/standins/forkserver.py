"""Run the stand-ins' commands out of a process that has them loaded: on an emulated node Python takes 2 s to load them.

The wrapper ``quick`` sends a line each for the working folder, COLUMNS, the command, the number of its words, and the
words. It is sent lines in return: ``o`` or ``e`` and a line of standard output or error, ``p`` and a part of a line of
output that may stay unfinished, ``r`` and the exit code. A wrapper that is killed cancels nothing, as with the real
commands, whose request is in the daemon's hands by then.
"""

import importlib
import io
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

PORT = int(os.environ.get("STANDIN_PORT", "7791"))
COMMANDS = ("clustat", "clusvcadm", "cman_tool", "ccs_tool", "ccs_config_validate")
Main = Callable[[Sequence[str]], int]


def main() -> int:
    """Serve for ever; a process for each command."""
    mains: dict[str, Main] = {name: importlib.import_module(f"lab.standins.rgmanager.{name}").main for name in COMMANDS}
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.create_server(("127.0.0.1", PORT), backlog=64) as listener:
        while True:
            connection, _ = listener.accept()
            if not os.fork():
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _serve(connection, mains)
                os._exit(0)
            connection.close()


def _serve(connection: socket.socket, mains: dict[str, Main]) -> None:
    with connection.makefile("r", encoding="utf-8") as lines:
        folder, columns, name, count = (lines.readline().rstrip("\n") for _ in range(4))
        words = [lines.readline().rstrip("\n") for _ in range(int(count))]
    out, err = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(out[1], 1)
        os.dup2(err[1], 2)
        os.chdir(folder)
        if columns:
            os.environ["COLUMNS"] = columns
        sys.stdout, sys.stderr = io.TextIOWrapper(io.FileIO(1, "w")), io.TextIOWrapper(io.FileIO(2, "w"))
        code = mains[name](words)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    os.close(out[1])
    os.close(err[1])
    with suppress(OSError):
        _relay(connection, {out[0]: b"o", err[0]: b"e"})
    # Where nobody listens any more, it ends all the same.
    _, status = os.waitpid(pid, 0)
    with suppress(OSError):
        connection.sendall(b"r%d\n" % os.waitstatus_to_exitcode(status))


def _relay(connection: socket.socket, kinds: dict[int, bytes]) -> None:
    with selectors.DefaultSelector() as ready:
        for pipe in kinds:
            ready.register(pipe, selectors.EVENT_READ)
        while ready.get_map():
            for key, _ in ready.select():
                data = os.read(key.fd, 65536)
                if not data:
                    ready.unregister(key.fd)
                for line in data.splitlines(keepends=True):
                    kind = kinds[key.fd] if line.endswith(b"\n") else b"p"
                    connection.sendall(kind + line.rstrip(b"\n") + b"\n")


if __name__ == "__main__":
    sys.exit(main())
