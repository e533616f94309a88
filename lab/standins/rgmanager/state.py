"""Run rgmanager-state: the one process that holds what the real daemons agree on, and orders them about."""

import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from lab.standins.rgmanager import settings, texts
from lab.standins.rgmanager.cluster import Node, Nodes
from lab.standins.rgmanager.core import Core, Lost, Outcome
from lab.standins.rgmanager.record import Record
from lab.standins.rgmanager.wire import Gone, Peer, serve


class Hands:
    """Reach the nodes over their connections."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes

    def run(self, node: str, service: str, action: str) -> int:
        """Have a node start or stop a service's resources."""
        peer = self.nodes.node(node).peer
        if peer is None:
            raise Lost(node)
        try:
            return int(peer.call("run", service=service, action=action))
        except Gone:
            raise Lost(node) from None

    def log(self, node: str, text: str) -> None:
        """Have a node write into its log."""
        peer = self.nodes.node(node).peer
        if peer:
            peer.tell("log", text=text)

    def candidates(self, service: str) -> list[str]:
        """Return the nodes that may run a service now, best first."""
        return self.nodes.candidates(service)

    def node_id(self, node: str) -> int:
        """Return a node's number."""
        return self.nodes.node(node).number

    def recovery(self, service: str) -> str:
        """Return a service's policy, as any node that knows it has it."""
        known = [node.services[service] for node in self.nodes.up() if service in node.services]
        return str(known[0]["recovery"]) if known else "restart"


class State:
    """Answer the daemons and the commands."""

    def __init__(self, speed: float) -> None:
        self.nodes = Nodes(speed)
        self.core = Core(Hands(self.nodes))
        self.wanted = 0
        # Closed while a node is being fenced: nothing is decided then, and who asks waits.
        self.gate = threading.Event()
        self.gate.set()
        self._burying = threading.Lock()

    def handle(self, peer: Peer, operation: str, arguments: dict[str, Any]) -> Any:
        """Answer one request."""
        answer = getattr(self, f"do_{operation.replace('-', '_')}")
        return answer(peer, **arguments)

    def do_hello(self, peer: Peer, node: str, number: int, **loaded: Any) -> None:
        """Take a daemon in that has just started and stopped everything on its node."""
        peer.name = node
        known = self.nodes.node(node, number)
        if known.peer and known.peer is not peer:
            known.peer.close()
        if not [each for each in self.nodes.up() if each is not known]:
            # Where no rgmanager ran, nobody remembers anything.
            self.core.forget()
        self._release_all(known)
        self._loaded(known, **loaded)
        with self.nodes.lock:
            known.peer = peer
            known.absences = 0
        self._report(known, **loaded)
        others = [each.name for each in self.nodes.up() if each.name != node]
        for name in ["Local", *others]:
            self.core.hands.log(node, f"State change: {name} UP")
        for name in others:
            self.core.hands.log(name, f"State change: {node} UP")
        threading.Thread(target=self._after_join, args=(node,), daemon=True).start()

    def do_rejoin(self, peer: Peer, node: str) -> bool:
        """Take a daemon in again whose connection was lost; not one that was declared dead meanwhile."""
        known = self.nodes.node(node)
        if known.peer is None:
            return False
        peer.name, known.peer = node, peer
        return True

    def do_report(self, peer: Peer, **report: Any) -> int:
        """Hear what a node sees; return the version of the configuration that it should run."""
        node = self.nodes.node(peer.name)
        if node.peer is not peer:
            return -1
        self._report(node, **report)
        up = self.nodes.up()
        # One node's reports decide, so that two absences are an interval apart.
        first = bool(up) and up[0] is node
        lost = self.nodes.lost() if first else []
        if self.nodes.fencing():
            self.gate.clear()
        elif lost:
            self.gate.clear()
            threading.Thread(target=self._bury, daemon=True).start()
        elif first and not self._burying.locked():
            self.gate.set()
        return self.wanted

    def do_operate(self, _peer: Peer, action: str, asker: str, service: str, target: str, by_domain: bool) -> Outcome:
        """Do what clusvcadm asks for; the end of the command does not end it."""
        self.gate.wait()
        node = self.nodes.node(asker)
        if not node.quorate:
            return texts.QUORUM, ""
        if service not in node.services:
            return texts.NO_SERVICE, ""
        with self.core.busy[service]:
            try:
                return self._operate(action, asker, service, target, by_domain)
            except Lost:
                return texts.FAIL, ""

    def _operate(self, action: str, asker: str, service: str, target: str, by_domain: bool) -> Outcome:
        core = self.core
        match action:
            case "e":
                return core.enable(asker, service, target, by_domain)
            case "d":
                return core.disable(asker, service)
            case "s":
                return core.halt(asker, service)
            case "R":
                return core.restart(asker, service)
            case "r":
                return core.relocate(asker, service, target)
            case "Z" | "U":
                return core.freeze(service, action == "Z")
            case "c":
                return core.convalesce(service)
        # -M: none of these resources can migrate, frozen or not.
        return texts.INVALID, ""

    def do_lock(self, _peer: Peer, action: str) -> bool:
        """Lock, unlock, or tell."""
        self.gate.wait()
        if action != "S":
            self.core.locked = action == "l"
            for node in self.nodes.up():
                self.core.hands.log(node.name, f"Resource Groups {'Locked' if self.core.locked else 'Unlocked'}")
        return self.core.locked

    def do_states(self, peer: Peer, asker: str = "") -> dict[str, Any]:
        """Tell everything that clustat shows."""
        del peer
        node = self.nodes.node(asker)
        records = [self.core.records[name].plain() for name in node.services if name in self.core.records]
        return {
            "pending": not self.gate.is_set(),
            "quorate": node.quorate,
            "up": [each.name for each in self.nodes.up()],
            "records": records,
            **self.do_membership(None),
        }

    def do_membership(self, _peer: Peer | None) -> dict[str, Any]:
        """Tell what cman knows."""
        members = sorted(self.nodes.members())
        joined = {name: list(when) for name, when in self.nodes.joined.items()}
        return {"members": members, "generation": self.nodes.generation, "joined": joined}

    def do_mine(self, peer: Peer) -> list[str]:
        """Name the services that a node is to check now."""
        if not self.gate.is_set():
            return []
        mine = [record for record in list(self.core.records.values()) if record.owner == peer.name]
        return [record.name for record in mine if record.state == texts.STARTED and not record.frozen]

    def do_owned(self, peer: Peer) -> list[str]:
        """Name the services that run on a node, frozen or not."""
        found = [record for record in list(self.core.records.values()) if record.owner == peer.name]
        return [record.name for record in found if record.state == texts.STARTED]

    def do_failed(self, peer: Peer, service: str) -> None:
        """Recover a service whose status failed."""
        self.gate.wait()
        with self.core.busy[service]:
            self._quietly(self.core.recover, peer.name, service)

    def do_removed(self, peer: Peer, service: str) -> None:
        """Stop a service that is in the configuration no more. The record is kept, and a frozen one is not stopped."""
        with self.core.busy[service]:
            record = self.core.records.get(service)
            if record and record.owner == peer.name and record.state == texts.STARTED and not record.frozen:
                self._quietly(self.core.stop, peer.name, record, texts.DISABLED)

    def do_loaded(self, peer: Peer, **loaded: Any) -> None:
        """Hear that a node has applied a configuration; start what is new and shall start by itself."""
        self._loaded(self.nodes.node(peer.name), **loaded)
        threading.Thread(target=self._evaluate, args=(True,), daemon=True).start()

    def do_activate(self, _peer: Peer, version: int) -> None:
        """Have all nodes run a configuration as soon as they have its file."""
        self.wanted = max(self.wanted, version)
        for node in self.nodes.up():
            if node.peer:
                node.peer.tell("follow", version=self.wanted)

    def do_distribute(self, _peer: Peer, text: str) -> None:
        """Have all nodes write a cluster.conf, as ccsd of generation 2 does."""
        for node in self.nodes.up():
            if node.peer:
                self._quietly(node.peer.call, "write", text=text)

    def do_leave(self, peer: Peer) -> None:
        """Stop what is not frozen on a node that ends, and start it elsewhere afterwards."""
        node = self.nodes.node(peer.name)
        for record in list(self.core.records.values()):
            with self.core.busy[record.name]:
                if record.owner == node.name and not record.frozen:
                    self._quietly(self.core.stop, node.name, record, texts.STOPPED)

    def do_left(self, peer: Peer) -> None:
        """See a node off."""
        node = self.nodes.node(peer.name)
        node.peer = None
        self._announce_down(node.name)
        self._release_all(node)
        threading.Thread(target=self._evaluate, daemon=True).start()

    def gone(self, peer: Peer) -> None:
        """Do nothing for a lost connection but tell the others; membership decides what becomes of its services."""
        if peer.name and self.nodes.node(peer.name).peer is peer:
            self._announce_down(peer.name)

    def _report(self, node: Node, members: list[str], fencing: bool, quorate: bool, **_: Any) -> None:
        with self.nodes.lock:
            node.members, node.fencing, node.quorate = frozenset(members), fencing, quorate
            node.heard = time.monotonic()
            self.nodes.members()

    def _loaded(self, node: Node, services: dict[str, Any], domains: dict[str, Any], **_: Any) -> None:
        with self.nodes.lock:
            node.services, node.domains = services, domains
            for name, about in services.items():
                if name not in self.core.records:
                    self.core.records[name] = Record(name, bool(about["autostart"]))

    def _announce_down(self, name: str) -> None:
        for node in self.nodes.up():
            self.core.hands.log(node.name, f"State change: {name} DOWN")

    def _release_all(self, node: Node) -> list[Record]:
        """Take a node's services from it; they are stopped now, and a frozen one stays frozen."""
        released = []
        for record in list(self.core.records.values()):
            if record.owner == node.name:
                with self.core.busy[record.name]:
                    record.release(texts.STOPPED)
                    released.append(record)
        return released

    def _bury(self) -> None:
        """Take over the services of lost nodes, now that they are fenced; then let the others go on."""
        if not self._burying.acquire(blocking=False):
            return
        try:
            for node in self.nodes.lost():
                if node.peer:
                    node.peer.close()
                node.peer = None
                self._start_all(self._release_all(node), dead=node.name)
            self._evaluate()
        finally:
            self._burying.release()
            if not self.nodes.fencing():
                self.gate.set()

    def _after_join(self, node: str) -> None:
        self._evaluate()
        for record in list(self.core.records.values()):
            with self.core.busy[record.name]:
                free = record.state == texts.STARTED and not record.frozen and not self.core.locked
                if free and record.owner != node and self.nodes.prefers(record.name, node, record.owner):
                    self.core.hands.log(record.owner, f"Relocating {record.name} to better node {node}")
                    self._quietly(self.core.relocate, record.owner, record.name, node)

    def _evaluate(self, only_new: bool = False) -> None:
        """Start what is stopped: at a transition everything, after a new configuration what has never run."""
        self._start_all([each for each in list(self.core.records.values()) if each.transition == 0 or not only_new])

    def _start_all(self, records: list[Record], dead: str = "") -> None:
        """Start those that are stopped, all at once, and wait until that is done."""

        def start(record: Record) -> None:
            with self.core.busy[record.name]:
                targets = self.nodes.candidates(record.name)
                # A new one waits for the best node, which may be slower to load the configuration.
                waits = (
                    record.transition == 0
                    and targets != self.nodes.candidates(record.name, ready=False)[: len(targets)]
                )
                free = record.state == texts.STOPPED and not record.frozen and not self.core.locked
                if targets and free and not waits:
                    self._quietly(self.core.start, targets[0], record, dead)

        stopped = [record for record in records if record.state == texts.STOPPED]
        threads = [threading.Thread(target=start, args=(record,), daemon=True) for record in stopped]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @staticmethod
    def _quietly(work: Any, *arguments: Any, **named: Any) -> None:
        """Do work that may lose its node; what becomes of its services is decided when it is buried."""
        try:
            work(*arguments, **named)
        except (Lost, Gone):
            return


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM."""
    if list(arguments) != ["run"]:
        print("usage: rgmanager-state run", file=sys.stderr)
        return 2
    try:
        own = settings.read()
        listener = socket.create_server(own.address, backlog=64)
    except (OSError, ValueError) as error:
        print(f"rgmanager-state (stand-in): {error}", file=sys.stderr)
        return texts.BROKEN
    state = State(own.speed)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serve(listener, state.handle, state.gone)
    return 0
