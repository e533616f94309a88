"""Name the reasons for which the product refuses an operation; each command line words them in its own way."""

from enum import StrEnum


class Reason(StrEnum):
    """Say why; the command lines map each to a number and a text."""

    STATE = "state"
    TOOLS = "tools"
    UNREGISTERED = "unregistered"
    MISSING = "missing"
    NOT_REGISTRABLE = "not registrable"
    EXISTS = "exists"
    TIMEOUT = "timeout"
    LOCKED = "locked"
    FULL = "full"
    NO_SERVER = "no server"
    UNKNOWN = "unknown"


class Refused(Exception):
    """Carry one refusal: the reason, the operation, the state the VM was in, and a detail such as a file."""

    def __init__(self, reason: Reason, operation: str = "", state: str = "", detail: str = "") -> None:
        super().__init__(f"{reason}: {operation} {state} {detail}")
        self.reason = reason
        self.operation = operation
        self.state = state
        self.detail = detail


class BrokenStandIn(Exception):
    """Report that the stand-in itself, or the hypervisor behind it, does not work; the product has no such error."""
