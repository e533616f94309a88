"""Find what a new cluster.conf changes in a service, as rgmanager/src/daemons/restree.c marks resources. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from lab.standins.rgmanager.conf import ClusterConf, Resource


class Delta(NamedTuple):
    """Hold the services that come, go, and change; a changed service has the subtrees to stop and those to start."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: dict[str, tuple[tuple[Resource, ...], tuple[Resource, ...]]]


def between(old: ClusterConf, new: ClusterConf) -> Delta:
    """Compare two configurations; attributes of a service itself change nothing that runs."""
    changed = {}
    for name in old.services.keys() & new.services.keys():
        before, after = old.services[name].resources, new.services[name].resources
        stop, start = tuple(_differing(before, after)), tuple(_differing(after, before))
        if stop or start:
            changed[name] = (stop, start)
    added = tuple(name for name in new.services if name not in old.services)
    removed = tuple(name for name in old.services if name not in new.services)
    return Delta(added, removed, changed)


def _differing(mine: Iterable[Resource], others: Iterable[Resource]) -> Iterable[Resource]:
    """Yield the topmost resources that are not the same on the other side; a nested one goes with its parent."""
    there = {resource.key: resource for resource in others}
    for resource in mine:
        other = there.get(resource.key)
        if other is None or other.attributes != resource.attributes:
            yield resource
        else:
            yield from _differing(resource.children, other.children)
