"""Run a service's resources in order: a parent starts before what is nested in it, and stops after it.

As rgmanager/src/daemons/restree.c: what fails ends the walk, so that nothing is unmounted under a script that did not
stop.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from lab.standins.rgmanager import texts
from lab.standins.rgmanager.agent_fs import FileSystem
from lab.standins.rgmanager.agents import Log, Script, Volume
from lab.standins.rgmanager.conf import LEVELS, Resource
from lab.standins.rgmanager.settings import Settings


class Agent(Protocol):
    """Be one resource at work."""

    def start(self) -> int:
        """Start; 0 when it worked or it runs already."""

    def stop(self) -> int:
        """Stop; 0 when it worked or it does not run."""

    def status(self, depth: int) -> int:
        """Return 0 when it runs well."""


class Runner:
    """Walk through trees of resources; ``busy`` keeps two walks off one service."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings = settings
        self._log = log
        self.busy: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

    def start(self, resources: Iterable[Resource]) -> int:
        """Start resources and all that is nested in them; returns 1 at the first that fails."""
        for resource in resources:
            if self._do(resource, "start") or self.start(resource.children):
                return 1
        return 0

    def stop(self, resources: Iterable[Resource]) -> int:
        """Stop resources, the nested ones first; returns 1 at the first that fails."""
        for resource in sorted(resources, key=lambda each: LEVELS[each.kind][1]):
            if self.stop(resource.children) or self._do(resource, "stop"):
                return 1
        return 0

    def check(self, resource: Resource, depth: int) -> int:
        """Check one resource."""
        return self._told(resource, "status", self._agent(resource).status(depth))

    def _do(self, resource: Resource, action: str) -> int:
        agent = self._agent(resource)
        return self._told(resource, action, agent.start() if action == "start" else agent.stop())

    def _told(self, resource: Resource, action: str, code: int) -> int:
        if code:
            word = texts.OCF.get(code, "unspecified")
            self._log(f'{action} on {resource.kind} "{resource.name}" returned {code} ({word})')
        return code

    def _agent(self, resource: Resource) -> Agent:
        if resource.kind == "fs":
            return FileSystem(resource, self._settings, self._log)
        if resource.kind == "lvm":
            return Volume(resource, self._settings, self._log)
        return Script(resource, self._settings, self._log)
