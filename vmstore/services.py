"""Describe what a cluster manager says: its members, and the service of each VM."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class State(StrEnum):
    """What a service is doing; each manager's own words are mapped to these."""

    STARTED = "started"
    STARTING = "starting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DISABLED = "disabled"
    FAILED = "failed"
    RECOVERING = "recovering"
    UNKNOWN = "unknown"


# What the configuration calls it that there is no cluster manager.
NONE = "none"
SETTLED = frozenset({State.STARTED, State.STOPPED, State.DISABLED, State.FAILED})


class Service(msgspec.Struct, frozen=True):
    """The service of a VM.

    ``owner`` is the node it runs on, or "" where it runs nowhere; ``last_owner`` may be "". ``frozen`` tells that
    the manager neither checks, starts, stops nor fails it over. ``detail`` is the manager's own word for its state.
    """

    vm: str
    state: State
    owner: str = ""
    last_owner: str = ""
    frozen: bool = False
    detail: str = ""


class Member(msgspec.Struct, frozen=True):
    """A node as the manager sees it.

    ``online``: a member of the cluster; ``manages``: the manager runs there and may put services on it;
    ``unclean``: it was lost and is not fenced yet.
    """

    name: str
    online: bool
    manages: bool
    unclean: bool = False


class Cluster(msgspec.Struct, frozen=True):
    """What the manager said through one node, or, where there is none, what all nodes said of themselves.

    ``manager`` is rgmanager, pacemaker or none. ``trouble`` says why the states of the services are not known, and is
    "" where they are. ``services`` is keyed by VM, which is also the name of its service. ``locked``: the manager was
    told to start nothing.
    """

    manager: str
    reporter: str
    quorate: bool
    members: tuple[Member, ...] = ()
    services: Mapping[str, Service] = msgspec.field(default_factory=dict)
    trouble: str = ""
    locked: bool = False

    @property
    def speaker(self) -> str:
        """Name who says so, in a sentence."""
        return "the agent" if self.manager == NONE else self.manager

    def find(self, vm: str) -> Service | None:
        """Find a VM's service; without a manager, a VM that no node runs is a stopped one."""
        found = self.services.get(vm)
        return Service(vm, State.STOPPED) if found is None and self.manager == NONE else found

    def member(self, name: str) -> Member | None:
        """Find a node by name."""
        return next((member for member in self.members if member.name == name), None)
