"""Know the nodes: which are members, where rgmanager runs, what each has loaded, and whether a fence is pending."""

import threading
import time

from lab.standins.rgmanager.wire import Peer

# A node that has not reported for so long shows no rgmanager; as corosync's token in the recorded run.
SILENCE = 10.0
_SECONDS_AT_LEAST = 3.0


class Node:
    """Hold one node that has a daemon, or had one."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.peer: Peer | None = None
        self.services: dict[str, dict[str, object]] = {}
        self.domains: dict[str, dict[str, object]] = {}
        self.members: frozenset[str] = frozenset()
        self.fencing = False
        self.quorate = True
        self.heard = 0.0
        self.absences = 0

    def there(self, patience: float) -> bool:
        """Return whether its daemon is up and reports."""
        return self.peer is not None and not self.peer.closed.is_set() and time.monotonic() - self.heard < patience


class Nodes:
    """Hold all nodes, and combine what they report."""

    def __init__(self, speed: float) -> None:
        self.lock = threading.RLock()
        self.by_name: dict[str, Node] = {}
        self.generation = 0
        self._members: frozenset[str] = frozenset()
        self.joined: dict[str, tuple[int, float]] = {}
        self._patience = max(SILENCE / speed, _SECONDS_AT_LEAST)

    def node(self, name: str, number: int = 0) -> Node:
        """Return a node, a new one when it was never heard of."""
        with self.lock:
            return self.by_name.setdefault(name, Node(name, number))

    def up(self) -> list[Node]:
        """Return the nodes where rgmanager runs, by number."""
        with self.lock:
            found = [node for node in self.by_name.values() if node.there(self._patience)]
        return sorted(found, key=lambda node: node.number)

    def members(self) -> frozenset[str]:
        """Return the members, as all see them who report; each change is a new generation of the cluster."""
        with self.lock:
            up = self.up()
            seen = frozenset[str]().union(*(node.members for node in up)) if up else self._members
            if seen != self._members:
                # Corosync raises the ring's number by four; each node joins in a ring of its own at first.
                for name in sorted(seen - self._members):
                    self.generation += 4
                    self.joined[name] = (self.generation, time.time())
                if self._members - seen:
                    self.generation += 4
                self._members = seen
            return seen

    def fencing(self) -> bool:
        """Return whether somebody still waits for a node to be fenced."""
        return any(node.fencing for node in self.up())

    def lost(self) -> list[Node]:
        """Count for how many reports each node with a past has been no member; return those twice absent."""
        with self.lock:
            members = self.members()
            found = []
            for node in self.by_name.values():
                gone = node.peer is not None and node.name not in members and bool(self.up())
                node.absences = node.absences + 1 if gone else 0
                # A member that corosync drops may be reported before dlm knows that it is to be fenced.
                if node.absences >= 2:
                    found.append(node)
            return found

    def candidates(self, service: str, ready: bool = True) -> list[str]:
        """Return the nodes that may run a service, best first, by its failover domain.

        Unless ``ready``, with those that have not loaded the configuration yet that has it.
        """
        up = [node for node in self.up() if node.name in self.members()]
        loaded = [node for node in up if service in node.services]
        if not loaded:
            return []
        about, domains = loaded[0].services[service], loaded[0].domains
        domain = domains.get(str(about.get("domain", "")))
        up = loaded if ready else up
        if not domain:
            return [node.name for node in up]
        priorities = domain["nodes"]
        assert isinstance(priorities, dict)
        ordered, restricted = bool(domain["ordered"]), bool(domain["restricted"])
        allowed = [node for node in up if node.name in priorities or not restricted]

        def rank(node: Node) -> tuple[bool, int, int]:
            outside = node.name not in priorities
            return outside, 0 if outside or not ordered else int(priorities[node.name]), node.number

        return [node.name for node in sorted(allowed, key=rank)]

    def prefers(self, service: str, node: str, owner: str) -> bool:
        """Return whether an ordered domain with failback wants a service on ``node`` rather than on its owner."""
        holder = self.by_name[node]
        domain = holder.domains.get(str(holder.services.get(service, {}).get("domain", "")))
        if not domain or not domain["ordered"] or domain["nofailback"]:
            return False
        priorities = domain["nodes"]
        assert isinstance(priorities, dict)
        return node in priorities and int(priorities[node]) < int(priorities.get(owner, 1 << 20))
