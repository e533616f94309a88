"""Speak with rgmanager of Red Hat Cluster Suite: clustat and clusvcadm (RHEL 4 to 6).

What is said here of its behaviour was seen in a real run of rgmanager 3.1.8, or stands in its source
(rgmanager/src/utils, rgmanager/include/resgroup.h).
"""

from collections.abc import Mapping
from xml.etree import ElementTree

from vmstore.errors import ClusterUnusable, Locked, NotFound, Refused, ToolFailed, VmstoreError
from vmstore.run import Result
from vmstore.services import Cluster, Member, Service, State
from vmstore.tools import managers
from vmstore.tools.managers import Order, shell
from vmstore.tools.sections import Section

# resgroup.h; 118 "recovering" and 117 "recoverable" lead to a stop and a start.
_STATES = {
    110: State.STOPPED, 111: State.STARTING, 112: State.STARTED, 113: State.STOPPING, 114: State.FAILED,
    115: State.UNKNOWN, 116: State.UNKNOWN, 117: State.RECOVERING, 118: State.RECOVERING, 119: State.DISABLED,
    120: State.STARTING,
}  # fmt: skip
_FROZEN = 1
# clusvcadm's exit code is the error's number as a byte (rg_strings.c).
_CODES = {
    237: "the stop script failed: it is called disabled, but parts of it may still be in use",
    239: "the target could not start it: it runs where it ran",
    241: "no node of its failover domain can run it",
    243: "a fencing operation is pending",
    244: "the target node is dead or does not exist",
    245: "the service is frozen",
    247: "the cluster has no quorum",
    250: "rgmanager is busy or its services are locked",
    252: "rgmanager knows no such service",
    254: "the service has failed",
    255: "rgmanager refused it",
}
_NOT_USABLE = (243, 247)
_REFUSED = (245, 254, 237)


class Rgmanager:
    """rgmanager as a manager of services."""

    name = "rgmanager"
    # With a fence pending clustat takes 10.7 s and clusvcadm never ends.
    question = shell("clustat", ["clustat", "-x"]) + shell("lock", ["clusvcadm", "-S"], 3)

    def parse(self, node: str, sections: Mapping[str, Section]) -> Cluster:
        """Turn the answer to the question into facts."""
        told = sections["clustat"]
        # "Service states unavailable" comes before the document, so that it is none as it stands.
        root = managers.document(told.text, "<?xml")
        if root is None:
            return Cluster("rgmanager", node, quorate=False, trouble=_why(told))
        quorum = root.find("quorum")
        members = tuple(_member(each) for each in root.iterfind("nodes/node"))
        # Without the list of services nothing is known of them; exit code 0 does not mean that there are none.
        unknown = root.find("groups") is None or "Timed out" in told.text or "unavailable" in told.text
        local = root.find("nodes/node[@local='1']")
        if local is not None and local.get("rgmanager") == "0":
            unknown = True
        return Cluster(
            manager="rgmanager",
            reporter=node,
            quorate=quorum is not None and quorum.get("quorate") == "1",
            members=members,
            services={} if unknown else {s.vm: s for s in map(_service, root.iterfind("groups/group")) if s},
            trouble=_why(told) if unknown else "",
            locked="groups locked" in sections["lock"].text,
        )

    def freeze(self, vm: str) -> list[list[str]]:
        """Have rgmanager neither check, start, stop nor fail over a service."""
        return [["clusvcadm", "-Z", vm]]

    def thaw(self, vm: str) -> list[list[str]]:
        """Take a freeze back."""
        return [["clusvcadm", "-U", vm]]

    def start(self, vm: str, node: str = "") -> list[Order]:
        """Start a service, on a node where one is named; it may still land on another, with exit code 0."""
        return [Order(("clusvcadm", "-e", vm, *(["-m", node] if node else [])))]

    def stop(self, vm: str, node: str) -> list[Order]:
        """Stop a service, until it is started again or the whole cluster is.

        One without an owner, such as a failed one, is stopped on the node that is asked: it must be where parts are.
        """
        return [Order(("clusvcadm", "-d", vm), node)]

    def relocate(self, vm: str, source: str, node: str) -> list[Order]:
        """Move a running service to a node."""
        del source
        return [Order(("clusvcadm", "-r", vm, "-m", node))]

    def recover(self, vm: str, source: str, node: str) -> list[Order]:
        """Leave it to rgmanager, which starts it where it ran."""
        del vm, source, node
        return []

    def settle(self, vm: str, node: str) -> list[list[str]]:
        """Take back nothing: start and relocate leave nothing in the configuration."""
        del vm, node
        return []

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a command that failed, by its exit code."""
        why = f"{node}: {_CODES.get(result.rc, result.reason())}"
        vm = result.argv[2] if len(result.argv) > 2 else "VM"
        if result.rc == 252:
            return NotFound(what, why=why, hint=f"see what rgmanager has: clustat on {node}")
        if result.rc in _NOT_USABLE:
            return ClusterUnusable(what, why=why, hint=f"see clustat and fence_tool ls on {node}")
        if result.rc == 250:
            return Locked(what, why=why, hint="see `vmstore status`; clusvcadm -S tells whether services are locked")
        if result.rc in _REFUSED:
            hint = f"`vmstore thaw {vm}`" if result.rc == 245 else f"see rgmanager's log, then `vmstore stop {vm}`"
            return Refused(what, why=why, hint=hint)
        return ToolFailed(what, why=why, hint=f"run it on {node} to see all it says: {' '.join(result.argv)}")


def _why(section: Section) -> str:
    if section.rc == 124:
        return "clustat gave no answer in time"
    plain = [line.strip() for line in section.text.splitlines() if line.strip() and not line.strip().startswith("<")]
    return plain[-1] if plain else "clustat lists no services: rgmanager does not run there, or is starting"


def _member(node: ElementTree.Element) -> Member:
    online = node.get("state") == "1"
    return Member(node.get("name", ""), online, online and node.get("rgmanager", "1") == "1")


def _service(group: ElementTree.Element) -> Service | None:
    kind, _, name = group.get("name", "").rpartition(":")
    if kind not in ("", "service"):
        return None
    state = _STATES.get(int(group.get("state", "115")), State.UNKNOWN)
    # While it recovers, the owner is where it ran.
    return Service(
        vm=name,
        state=state,
        owner=_node(group.get("owner")) if state not in (State.STOPPED, State.DISABLED, State.FAILED) else "",
        last_owner=_node(group.get("last_owner")),
        frozen=bool(int(group.get("flags", "0")) & _FROZEN),
        detail="" if state is State.STARTED else group.get("state_str", ""),
    )


def _node(name: str | None) -> str:
    return "" if name in (None, "none", "unknown") else name
