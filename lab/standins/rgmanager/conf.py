"""Read cluster.conf: nodes, failover domains, and services with their resources."""

from pathlib import Path
from typing import NamedTuple

from lab.standins.rgmanager.tree import BadXml, Element, parse

# Order in which siblings start, and stop (metadata of service.sh).
LEVELS = {"lvm": (1, 9), "fs": (2, 8), "script": (9, 1)}
_PRIMARY = "name"


class Resource(NamedTuple):
    """Hold one resource and those nested in it; ``kind`` is lvm, fs or script."""

    kind: str
    name: str
    attributes: dict[str, str]
    children: "tuple[Resource, ...]"

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells this resource from others."""
        return self.kind, self.name

    def get(self, name: str) -> str:
        """Return an attribute, empty where it is not given."""
        return self.attributes.get(name, "")

    def says_yes(self, name: str) -> bool:
        """Return whether a switch is on."""
        return self.get(name).lower() in {"1", "yes", "true", "on"}


class Service(NamedTuple):
    """Hold one service; ``name`` has the prefix ``service:``."""

    name: str
    attributes: dict[str, str]
    resources: tuple[Resource, ...]

    @property
    def autostart(self) -> bool:
        """Return whether it starts by itself the first time."""
        return self.attributes.get("autostart", "1").lower() not in {"0", "no", "false", "off"}

    @property
    def recovery(self) -> str:
        """Return what is done when it fails: restart, relocate or disable."""
        return self.attributes.get("recovery", "restart")


class Domain(NamedTuple):
    """Hold one failover domain; ``nodes`` with their priorities, 1 the best."""

    ordered: bool
    restricted: bool
    nofailback: bool
    nodes: dict[str, int]


class ClusterConf(NamedTuple):
    """Hold what a cluster.conf says; ``nodes`` maps names to ids."""

    name: str
    version: int
    nodes: dict[str, int]
    domains: dict[str, Domain]
    services: dict[str, Service]


def load(path: Path) -> ClusterConf:
    """Read a file. Raises OSError, BadXml, ValueError."""
    return read(parse(path.read_text(encoding="utf-8")))


def version_of(path: Path) -> int:
    """Return the version of a file, 0 for one that cannot be read."""
    try:
        return int(parse(path.read_text(encoding="utf-8")).get("config_version", "0"))
    except (OSError, BadXml, ValueError):
        return 0


def read(root: Element) -> ClusterConf:
    """Return what the document says. Raises ValueError for a version or an id that is no number."""
    section = root.find("clusternodes")
    members = section.all("clusternode") if section else []
    nodes = {each.get("name"): int(each.get("nodeid", str(place))) for place, each in enumerate(members, 1)}
    rm = root.find("rm")
    domains: dict[str, Domain] = {}
    services: dict[str, Service] = {}
    if rm:
        held = rm.find("failoverdomains")
        domains = {each.get("name"): _domain(each) for each in (held.all("failoverdomain") if held else [])}
        resources = rm.find("resources")
        shared = {(each.tag, each.get(_PRIMARY)): each for each in (resources.children if resources else [])}
        for each in rm.all("service"):
            name = f"service:{each.get('name')}"
            services[name] = Service(name, each.attributes, _resources(each, shared))
    return ClusterConf(root.get("name"), int(root.get("config_version", "0")), nodes, domains, services)


def _resources(parent: Element, shared: dict[tuple[str, str], Element]) -> tuple[Resource, ...]:
    found = []
    for each in parent.children:
        if each.tag not in LEVELS:
            continue
        ref = each.get("ref")
        attributes = dict(shared[each.tag, ref].attributes) if (each.tag, ref) in shared else {}
        attributes |= {key: value for key, value in each.attributes.items() if key != "ref"}
        name = attributes.get(_PRIMARY, ref)
        found.append(Resource(each.tag, name, attributes, _resources(each, shared)))
    return tuple(sorted(found, key=lambda resource: LEVELS[resource.kind][0]))


def _domain(element: Element) -> Domain:
    nodes = {each.get("name"): int(each.get("priority", "0")) for each in element.all("failoverdomainnode")}
    switches = [
        element.get(name, "0").lower() in {"1", "yes", "true"} for name in ("ordered", "restricted", "nofailback")
    ]
    return Domain(switches[0], switches[1], switches[2], nodes)
