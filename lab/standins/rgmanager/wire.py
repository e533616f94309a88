"""Carry requests and answers over a socket, one JSON object a line, in both directions.

A request is ``{"id": N, "op": NAME, "with": {…}}``, its answer ``{"re": N, "value": …}``; without ``id`` it is a notice
that nobody answers. Requests are handled each in a thread of its own, notices in the order in which they came.
"""

import itertools
import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any


class Gone(Exception):
    """The other side is not there any more."""


Handler = Callable[["Peer", str, dict[str, Any]], Any]


class _Waiting:
    """Hold the answer that a thread waits for."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.value: Any = None
        self.lost = True


class Peer:
    """Speak with the other end of a connection."""

    def __init__(
        self, connection: socket.socket, handle: Handler, gone: Callable[["Peer"], None] | None = None
    ) -> None:
        self.name = ""
        self.closed = threading.Event()
        self._connection = connection
        self._handle = handle
        self._gone = gone
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._sending = threading.Lock()

    def start(self) -> "Peer":
        """Begin to read."""
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def call(self, operation: str, **arguments: Any) -> Any:
        """Ask, and return the answer. Raises Gone."""
        number = next(self._numbers)
        waiting = self._waiting[number] = _Waiting()
        self._send({"id": number, "op": operation, "with": arguments})
        if self.closed.is_set():
            waiting.arrived.set()
        waiting.arrived.wait()
        self._waiting.pop(number, None)
        if waiting.lost:
            raise Gone(operation)
        return waiting.value

    def tell(self, operation: str, **arguments: Any) -> None:
        """Send a notice; one that cannot be sent is lost."""
        with suppress(Gone):
            self._send({"op": operation, "with": arguments})

    def close(self) -> None:
        """Hang up; whoever waits for an answer gets Gone."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _send(self, message: dict[str, Any]) -> None:
        try:
            with self._sending:
                self._connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            self.close()
            raise Gone(str(error)) from None

    def _read(self) -> None:
        with suppress(OSError, ValueError), self._connection.makefile("rb") as lines:
            for line in lines:
                self._take(json.loads(line))
        self.closed.set()
        with suppress(OSError):
            self._connection.close()
        for waiting in list(self._waiting.values()):
            waiting.arrived.set()
        if self._gone:
            self._gone(self)

    def _take(self, message: dict[str, Any]) -> None:
        if "re" in message:
            waiting = self._waiting.get(message["re"])
            if waiting:
                waiting.value, waiting.lost = message["value"], False
                waiting.arrived.set()
        elif "id" in message:
            threading.Thread(target=self._answer, args=(message,), daemon=True).start()
        else:
            self._handle(self, message["op"], message["with"])

    def _answer(self, message: dict[str, Any]) -> None:
        value = self._handle(self, message["op"], message["with"])
        with suppress(Gone):
            self._send({"re": message["id"], "value": value})


def serve(listener: socket.socket, handle: Handler, gone: Callable[[Peer], None] | None = None) -> None:
    """Take connections for ever."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        Peer(connection, handle, gone).start()
