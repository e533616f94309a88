"""Gather what clustat shows, from this node's daemon or, where none runs, from the cluster stack alone."""

from typing import Any

from lab.standins.rgmanager import client, conf, members
from lab.standins.rgmanager.settings import Settings

# How long clustat waits for an answer of rgmanager.
PATIENCE = 10.0


class View:
    """Hold it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        known = settings.running_conf if settings.running_conf.exists() else settings.conf
        self.conf = conf.load(known)
        self.local = settings.node
        self.members: list[str] = []
        self.up: list[str] = []
        self.records: list[dict[str, Any]] | None = None
        self.generation = 0
        self.joined: dict[str, list[float]] = {}
        self.quorate = True
        self.pending = False

    def ask(self, services: bool = True) -> "View":
        """Fill it in; without ``services`` only the membership."""
        try:
            told = client.local(self._settings, "states", PATIENCE, asker=self.local) if services else None
        except client.NoDaemon:
            told = None
        if told is None:
            seen = members.look(self._settings, self.conf.nodes)
            self.members, self.quorate = seen.members, seen.quorate
            self._ask_cluster()
            return self
        self._take(told)
        self.pending = told["pending"]
        self.quorate = told["quorate"]
        self.up = [name for name in told["up"] if not self.pending]
        self.records = None if self.pending else told["records"]
        return self

    def _ask_cluster(self) -> None:
        """Add what only rgmanager-state counts; without it, it is left at nothing."""
        try:
            told = client.cluster(self._settings, "membership")
        except client.NoDaemon:
            return
        self.generation, self.joined = told["generation"], told["joined"]

    def _take(self, told: dict[str, Any]) -> None:
        self.members, self.generation, self.joined = told["members"], told["generation"], told["joined"]
