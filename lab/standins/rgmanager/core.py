"""Decide what becomes of services: what is refused, what runs where, what the state is then, what the logs say.

Follows rgmanager/src/daemons/rg_state.c and the recorded run. Knows neither sockets nor processes: ``Hands`` does what
is to be done on a node, so that tests can do without nodes.
"""

import threading
from collections import defaultdict
from typing import Protocol

from lab.standins.rgmanager import texts
from lab.standins.rgmanager.record import Record

Outcome = tuple[int, str]
_RUNS = frozenset({texts.STARTED, texts.STARTING, texts.STOPPING, texts.RECOVERABLE, texts.RECOVERING})
_IDLE = frozenset({texts.STOPPED, texts.DISABLED})


class Lost(Exception):
    """The node was lost while it was at work."""


class Hands(Protocol):
    """Reach the nodes."""

    def run(self, node: str, service: str, action: str) -> int:
        """Start or stop a service's resources; 0 when it worked. Raises Lost."""

    def log(self, node: str, text: str) -> None:
        """Write a line into a node's log."""

    def candidates(self, service: str) -> list[str]:
        """Return the nodes that may run a service now, best first."""

    def node_id(self, node: str) -> int:
        """Return a node's number."""

    def recovery(self, service: str) -> str:
        """Return what is done when the service fails."""


class Core:
    """Hold all records, and do the operations on them, one at a time for each service."""

    def __init__(self, hands: Hands) -> None:
        self.hands = hands
        self.records: dict[str, Record] = {}
        self.locked = False
        self.busy: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

    def forget(self) -> None:
        """Begin anew."""
        self.records.clear()
        self.locked = False

    def enable(self, asker: str, service: str, target: str, by_domain: bool) -> Outcome:
        """Start a service on the asking node, on ``target``, or where its failover domain says."""
        record = self.records[service]
        # Recorded twice: asked from the owner for another node, the request is sent back to where it came from.
        if target not in {"", asker} and record.owner == asker and record.state in _RUNS:
            self.hands.log(asker, "BUG! Attempt to forward to myself!")
            return texts.AGAIN, ""
        if record.frozen:
            return texts.FROZEN, ""
        if record.state in _RUNS:
            return texts.RUNNING, ""
        if record.state == texts.STATE_FAILED:
            return texts.ABORT, ""
        if self.locked:
            return texts.AGAIN, ""
        allowed = self.hands.candidates(service)
        node = target or asker
        if by_domain and allowed:
            node = allowed[0]
        if node not in allowed:
            return (texts.DOMAIN if not target or target == asker else texts.DEAD_NODE), ""
        if self.start(node, record, quiet=by_domain):
            return texts.SUCCESS, node
        return self._elsewhere(node, record, quiet=by_domain)

    def disable(self, asker: str, service: str) -> Outcome:
        """Stop a service until it is enabled; of one that does not run, the stop scripts are run all the same."""
        record = self.records[service]
        if record.frozen:
            return texts.FROZEN, ""
        if record.state == texts.DISABLED:
            self.hands.log(asker, f"Disabling disabled service {service}")
        return self.stop(record.owner or asker, record, texts.DISABLED), ""

    def halt(self, _asker: str, service: str) -> Outcome:
        """Stop a service until the next transition."""
        record = self.records[service]
        if record.frozen:
            return texts.FROZEN, ""
        if record.state == texts.STATE_FAILED:
            return texts.FAIL, ""
        if record.state in _IDLE:
            return texts.SUCCESS, ""
        return self.stop(record.owner, record, texts.STOPPED), ""

    def restart(self, asker: str, service: str) -> Outcome:
        """Stop and start a service in place. While services are locked it is stopped before that is noticed."""
        record = self.records[service]
        if record.frozen:
            return texts.FROZEN, ""
        if record.state == texts.DISABLED:
            return texts.INVALID, ""
        if record.state == texts.STATE_FAILED:
            return texts.FAIL, ""
        node = record.owner or asker
        if record.state != texts.STOPPED and self.stop(node, record, texts.STOPPED) != texts.SUCCESS:
            return texts.FAIL, ""
        if self.locked:
            return texts.AGAIN, ""
        if self.start(node, record):
            return texts.SUCCESS, ""
        return self._elsewhere(node, record)

    def relocate(self, asker: str, service: str, target: str) -> Outcome:
        """Stop a service and start it on ``target`` or another node; back where it ran if that fails."""
        record = self.records[service]
        if record.frozen:
            return texts.FROZEN, ""
        if record.state == texts.DISABLED:
            return texts.INVALID, ""
        if record.state == texts.STATE_FAILED:
            return texts.ABORT, ""
        if self.locked:
            return texts.FAIL, ""
        origin = record.owner
        # Whether the target is there is looked at only when the service is stopped.
        if origin and self.stop(origin, record, texts.STOPPED) != texts.SUCCESS:
            return texts.ABORT, ""
        allowed = self.hands.candidates(service)
        tries = [target] if target in allowed else []
        if tries or not target:
            tries += [node for node in allowed if node not in {origin, target}]
        for node in tries:
            if self.start(node, record):
                return texts.SUCCESS, node
            if record.state == texts.STATE_FAILED:
                return texts.ABORT, ""
        back = origin or asker
        self.hands.log(back, f"#70: Failed to relocate {service}; restarting locally")
        if self.start(back, record):
            return texts.RELOCATED_BACK, ""
        self._give_up(back, record)
        return texts.FAIL, ""

    def freeze(self, service: str, frozen: bool) -> Outcome:
        """Set or take away the flag."""
        record = self.records[service]
        if record.state not in {texts.STOPPED, texts.STARTED, texts.DISABLED}:
            return texts.AGAIN, ""
        record.frozen = frozen
        return texts.SUCCESS, ""

    def convalesce(self, service: str) -> Outcome:
        """Refuse for a frozen one; nothing here can be partly failed."""
        record = self.records[service]
        if record.frozen:
            return texts.FROZEN, ""
        return (texts.SUCCESS if record.state == texts.STARTED else texts.INVALID), ""

    def recover(self, node: str, service: str) -> None:
        """Stop a service whose status failed, and start it again as its policy says."""
        record = self.records[service]
        if record.frozen or record.state != texts.STARTED or record.owner != node:
            return
        record.enter(texts.RECOVERABLE)
        policy = self.hands.recovery(service)
        end = texts.DISABLED if policy == "disable" else texts.RECOVERING
        if self.stop(node, record, end) != texts.SUCCESS or policy == "disable":
            return
        if self.locked:
            self._give_up(node, record)
        elif policy != "relocate":
            if not self.start(node, record):
                self._elsewhere(node, record)
        elif not self._others(node, record):
            self.hands.log(node, f"#70: Failed to relocate {service}; restarting locally")
            if not self.start(node, record):
                self._give_up(node, record)

    def start(self, node: str, record: Record, dead: str = "", quiet: bool = False) -> bool:
        """Start a service on a node; where that fails, stop it again and leave it recovering."""
        verb = {
            texts.DISABLED: "Starting disabled service {}",
            texts.STOPPED: "Starting stopped service {}",
            texts.RECOVERING: "Recovering failed service {}",
        }.get(record.state, "Starting stopped service {}")
        if dead:
            verb = f"Taking over service {{}} from down member {dead}"
        if not quiet:
            self.hands.log(node, verb.format(record.name))
        record.restarts = record.restarts + 1 if record.state == texts.RECOVERING else 0
        record.owner = node
        record.enter(texts.STARTING)
        if self.hands.run(node, record.name, "start") == 0:
            record.state = texts.STARTED
            self.hands.log(node, f"Service {record.name} started")
            return True
        self.hands.log(node, f"#68: Failed to start {record.name}; return value: 1")
        record.enter(texts.RECOVERABLE)
        self.stop(node, record, texts.RECOVERING)
        return False

    def stop(self, node: str, record: Record, end: int) -> int:
        """Stop a service on a node and leave it in the state ``end``, or failed."""
        before = record.state
        self.hands.log(node, f"Stopping service {record.name}")
        if before in {texts.STARTED, texts.STARTING}:
            record.enter(texts.STOPPING)
        failed = self.hands.run(node, record.name, "stop") != 0
        result = texts.SUCCESS
        if failed and end == texts.DISABLED and before in {texts.DISABLED, texts.STATE_FAILED}:
            text = f"Marking {record.name} as 'disabled', but some resources may still be allocated!"
            self.hands.log(node, text)
            result = texts.WARNING
        elif failed:
            self.hands.log(node, f"#12: RG {record.name} failed to stop; intervention required")
            end, result = texts.STATE_FAILED, texts.FAIL
        record.release(end)
        if end == texts.DISABLED:
            record.restarts = 0
        self.hands.log(node, f"Service {record.name} is {texts.STATES[end]}")
        return result

    def _elsewhere(self, node: str, record: Record, quiet: bool = False) -> Outcome:
        """Start what could not start on a node on another one."""
        if record.state != texts.RECOVERING:
            return (texts.ABORT if record.state == texts.STATE_FAILED else texts.FAIL), ""
        if not quiet:
            self.hands.log(node, f"#71: Relocating failed service {record.name}")
        if self._others(node, record, quiet):
            return texts.SUCCESS, record.owner
        self._give_up(node, record)
        return texts.FAIL, ""

    def _others(self, node: str, record: Record, quiet: bool = False) -> bool:
        for other in self.hands.candidates(record.name):
            if other != node and record.state == texts.RECOVERING and self.start(other, record):
                if not quiet:
                    text = f"Service {record.name} is now running on member {self.hands.node_id(other)}"
                    self.hands.log(node, text)
                return True
        return False

    def _give_up(self, node: str, record: Record) -> None:
        if record.state == texts.RECOVERING:
            record.release(texts.STOPPED)
            self.hands.log(node, f"Service {record.name} is stopped")
