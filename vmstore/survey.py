"""What a node tells of itself before there is a configuration: the types, without a way to ask."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """A VG: ``locks`` is "" for none; ``own`` tells that the host itself lives on it."""

    name: str
    locks: str
    pvs: int
    lvs: int
    size: int
    own: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """What a node told; ``members`` are the nodes of its cluster, as the file ``source`` has them.

    ``manager`` is rgmanager, pacemaker or none, ``programs`` are the commands of hypervisors.
    """

    host: str
    groups: tuple[Group, ...]
    members: tuple[str, ...]
    source: str
    manager: str
    programs: frozenset[str]
