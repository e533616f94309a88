"""Speak with Pacemaker: crm_mon, crm_resource and cibadmin, in XML (Pacemaker 2.0 and later).

A VM's service is the resource that bears its name: a primitive of the bundled agent (ocf:vmstore:vm), or a group in
which that agent stands behind stock ones. Freezing is the meta attribute ``maintenance`` on it: unlike is-managed=false
it also stops the recurring monitors (Pacemaker Explained, "Resource Meta-Attributes").
"""

from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from vmstore.errors import ClusterUnusable, NotFound, ToolFailed, VmstoreError
from vmstore.run import Result
from vmstore.services import Cluster, Member, Service, State
from vmstore.tools import managers
from vmstore.tools.managers import Order, shell
from vmstore.tools.sections import Section

AGENT = "ocf:vmstore:vm"
# crm_error --list --exit (Pacemaker 2.1.5).
_NO_SUCH = 105
_NOT_CONNECTED = 102
_NO_QUORUM = 106
_STATES = {"Started": State.STARTED, "Stopped": State.STOPPED, "Starting": State.STARTING, "Stopping": State.STOPPING}
_PENDING = {"Starting": State.STARTING, "Stopping": State.STOPPING, "Migrating": State.STARTING}


class Pacemaker:
    """Pacemaker as a manager of services."""

    name = "pacemaker"
    question = shell("crm_mon", ["crm_mon", "-1", "--inactive", "--output-as=xml"]) + shell(
        "cib", ["cibadmin", "--query", "--local", "--scope", "resources"]
    )

    def parse(self, node: str, sections: Mapping[str, Section]) -> Cluster:
        """Turn the answer to the question into facts."""
        told, cib = sections["crm_mon"], sections["cib"]
        status = managers.document(told.text)
        if told.rc or status is None:
            return Cluster("pacemaker", node, quorate=False, trouble=_why(told, status, "crm_mon"))
        resources = managers.document(cib.text)
        if cib.rc or resources is None:
            return Cluster("pacemaker", node, quorate=False, trouble=_why(cib, None, "cibadmin"))
        current = status.find("summary/current_dc")
        return Cluster(
            manager="pacemaker",
            reporter=node,
            quorate=current is not None and current.get("with_quorum") == "true",
            members=tuple(_member(each) for each in status.iterfind("nodes/node")),
            services={service.vm: service for service in _services(status, resources)},
            trouble="" if current is not None and current.get("present") == "true" else "it has no coordinator yet",
        )

    def freeze(self, vm: str) -> list[list[str]]:
        """Have Pacemaker neither check, start, stop nor fail over a service."""
        return [[*_meta(vm), "--set-parameter", "maintenance", "--parameter-value", "true"]]

    def thaw(self, vm: str) -> list[list[str]]:
        """Take a freeze back."""
        return [[*_meta(vm), "--delete-parameter", "maintenance"]]

    def start(self, vm: str, node: str = "") -> list[Order]:
        """Start a service, on a node where one is named; failures of before are forgotten first."""
        prefer = self.relocate(vm, "", node) if node else []
        return [
            _forget(vm),
            *prefer,
            Order((*_meta(vm), "--set-parameter", "target-role", "--parameter-value", "Started")),
        ]

    def stop(self, vm: str, node: str) -> list[Order]:
        """Stop a service until it is started again, and forget its failures, which may keep it from being stopped."""
        del node
        return [
            Order((*_meta(vm), "--set-parameter", "target-role", "--parameter-value", "Stopped")),
            _forget(vm),
            # Right after that, what runs is shown as stopped until it is probed anew: wait for probes and stop.
            Order(("crm_resource", "--wait", "--timeout", "120s")),
        ]

    def relocate(self, vm: str, source: str, node: str) -> list[Order]:
        """Move a running service to a node; the preference that this leaves is taken back by ``settle``.

        It expires by itself, or a run that is cut off before that would pin the VM to the node for good.
        """
        del source
        return [Order(("crm_resource", "--resource", vm, "--move", "--node", node, "--lifetime", "PT2H"))]

    def recover(self, vm: str, source: str, node: str) -> list[Order]:
        """Leave it to Pacemaker, which starts it where it can run."""
        del vm, source, node
        return []

    def settle(self, vm: str, node: str) -> list[list[str]]:
        """Take back the preference for a node that start and relocate leave as a constraint.

        Without the node it would take along where else the admin has banned it from.
        """
        return [["crm_resource", "--resource", vm, "--clear", "--node", node]]

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a command that failed, by its exit code."""
        told = f"{node}: {result.reason()}"
        if result.rc == _NO_SUCH:
            return NotFound(what, why=told, hint=f"see what Pacemaker has: crm_mon -1 on {node}")
        if result.rc == _NOT_CONNECTED:
            return ClusterUnusable(what, why=told, hint=f"Pacemaker does not run on {node}; start it there")
        if result.rc == _NO_QUORUM:
            return ClusterUnusable(what, why=told, hint="bring nodes back until there is a majority")
        return ToolFailed(what, why=told, hint=f"run it on {node} to see all it says: {' '.join(result.argv)}")


def _forget(vm: str) -> Order:
    return Order(("crm_resource", "--resource", vm, "--cleanup"))


def _meta(vm: str) -> list[str]:
    return ["crm_resource", "--resource", vm, "--meta"]


def _why(section: Section, status: ElementTree.Element | None, program: str) -> str:
    if section.rc == 124:
        return f"{program} gave no answer in time"
    said = status.find("status") if status is not None else None
    if said is not None and said.get("message"):
        return f"{program}: {said.get('message')}"
    last = section.text.strip().splitlines()[-1:] or [f"exit code {section.rc}"]
    return f"{program}: {last[0]}"


def _member(node: ElementTree.Element) -> Member:
    online = node.get("online") == "true"
    idle = "true" in (node.get("standby"), node.get("standby_onfail"), node.get("maintenance"), node.get("shutdown"))
    pending = node.get("pending") == "true"
    return Member(
        node.get("name", ""), online, online and not idle and not pending, unclean=node.get("unclean") == "true"
    )


def _services(status: ElementTree.Element, cib: ElementTree.Element) -> Iterator[Service]:
    failures = _failures(status)
    frozen = {vm for vm, attributes in _attributes(cib) if _says_frozen(attributes)}
    disabled = {vm for vm, attributes in _attributes(cib) if attributes.get("target-role") == "Stopped"}
    options = status.find("summary/cluster_options")
    everything = options is not None and options.get("maintenance-mode") == "true"
    for element in status.iterfind("resources/*"):
        parts = [element] if element.tag == "resource" else element.findall("resource")
        if not any(part.get("resource_agent") == AGENT for part in parts):
            continue
        vm = element.get("id", "")
        detail = "; ".join(failures.get(part.get("id", ""), "") for part in parts if part.get("id") in failures)
        service = _service(vm, parts, disabled=vm in disabled, detail=detail)
        yield _with_freeze(service, frozen=everything or vm in frozen)


def _with_freeze(service: Service, *, frozen: bool) -> Service:
    if not frozen:
        return service
    return Service(service.vm, service.state, service.owner, service.last_owner, frozen, service.detail)


def _service(vm: str, parts: list[ElementTree.Element], *, disabled: bool, detail: str) -> Service:
    states = {_state(part) for part in parts}
    owners = sorted({node.get("name", "") for part in parts for node in part.iterfind("node")})
    state = states.pop() if len(states) == 1 else State.FAILED if State.FAILED in states else State.STARTING
    if len(owners) > 1:
        return Service(vm, State.UNKNOWN, "", detail=f"active on {', '.join(owners)}")
    if state is State.STOPPED and disabled:
        state = State.DISABLED
    return Service(vm, state, owners[0] if owners else "", detail=detail)


def _state(part: ElementTree.Element) -> State:
    if part.get("blocked") == "true":
        return State.FAILED
    pending = part.get("pending")
    if pending in _PENDING:
        return _PENDING[pending]
    if part.get("failed") == "true":
        # Pacemaker recovers it by itself: stop, then start.
        return State.RECOVERING
    return _STATES.get(part.get("role", ""), State.UNKNOWN)


def _failures(status: ElementTree.Element) -> dict[str, str]:
    """Say of each resource how it last failed; failed starts stay listed until they are cleaned up."""
    found: dict[str, str] = {}
    for failure in status.iterfind("failures/failure"):
        resource, _, rest = failure.get("op_key", "").rpartition("_")
        name, _, task = resource.rpartition("_")
        reason = failure.get("exitreason") or failure.get("exitstatus") or "failed"
        found[name] = f"{task} failed on {failure.get('node')}: {reason}" if rest.isdigit() else reason
    return found


def _attributes(cib: ElementTree.Element) -> Iterator[tuple[str, dict[str, str]]]:
    for element in cib:
        pairs = element.iterfind("meta_attributes/nvpair")
        yield element.get("id", ""), {pair.get("name", ""): pair.get("value", "") for pair in pairs}


def _says_frozen(attributes: Mapping[str, str]) -> bool:
    return attributes.get("maintenance") == "true" or attributes.get("is-managed") == "false"
