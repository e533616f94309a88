"""Ask a daemon one thing, from a command; kept small, since a command's start is most of the time that it takes."""

import json
import socket
from typing import Any

from lab.standins.rgmanager.settings import Settings


class NoDaemon(Exception):
    """Nobody listens there, or the answer did not come."""


class TimedOut(NoDaemon):
    """The answer did not come in time."""


def local(settings: Settings, operation: str, patience: float | None = None, **arguments: Any) -> Any:
    """Ask this node's rgmanager. Raises NoDaemon, TimedOut after ``patience`` seconds."""
    with socket.socket(socket.AF_UNIX) as connection:
        return _ask(connection, settings.socket, operation, patience, arguments)


def cluster(settings: Settings, operation: str, **arguments: Any) -> Any:
    """Ask rgmanager-state, which stands for cman on a node where rgmanager does not run. Raises NoDaemon."""
    with socket.socket(socket.AF_INET) as connection:
        return _ask(connection, settings.address, operation, 30.0, arguments)


def _ask(
    connection: socket.socket,
    address: str | tuple[str, int],
    operation: str,
    patience: float | None,
    arguments: dict[str, Any],
) -> Any:
    try:
        connection.connect(address)
        connection.sendall(json.dumps({"id": 1, "op": operation, "with": arguments}).encode() + b"\n")
        connection.settimeout(patience)
        with connection.makefile("rb") as lines:
            line = lines.readline()
    except TimeoutError:
        raise TimedOut(operation) from None
    except OSError as error:
        raise NoDaemon(str(error)) from None
    if not line:
        raise NoDaemon("no answer")
    return json.loads(line)["value"]
