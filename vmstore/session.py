"""One command's view of the system: settings, nodes, and the inventory it plans against."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vmstore import config as configuration
from vmstore import inventory, known_names, names
from vmstore.config import Config
from vmstore.errors import ConfigError, NoSuchNode, UsageError
from vmstore.inventory import Wanted
from vmstore.jobs import freezing, lease
from vmstore.jobs.hook import Hook, nothing
from vmstore.jobs.step import Read, Reporter, Step, Work
from vmstore.log import writing
from vmstore.log.writing import Log
from vmstore.model import Inventory
from vmstore.policies import growth
from vmstore.policies.thresholds import Rules
from vmstore.policies.window import Window
from vmstore.run import LocalRunner, Runner
from vmstore.tools import nodes
from vmstore.tools.nodes import Nodes
from vmstore.tools.unmanaged import Unmanaged


@dataclass(frozen=True, slots=True)
class Session:
    """Settings and nodes of one run; ``absent`` are the nodes that the admin said are off.

    ``known`` is where the names that each inventory finds are left for completion, None for nowhere.
    """

    config: Config
    nodes: Nodes
    absent: frozenset[str] = field(default=frozenset())
    log: Log = field(default_factory=Log)
    known: Path | None = None

    def inventory(
        self, *, blocks: bool = False, devices: bool = False, services: bool = False, anyhow: bool = False
    ) -> Inventory:
        """Read the world; ``services`` has the agents tell which VMs run where there is no cluster manager.

        ``anyhow``: also where LVM of some nodes, or of all, cannot read the VG.
        """
        return self.reader(blocks=blocks, devices=devices, services=services, anyhow=anyhow)()

    def reader(
        self, *, blocks: bool = False, devices: bool = False, services: bool = False, anyhow: bool = False
    ) -> Read:
        """Give what reads the world again: all of it, or what a step on some nodes may have changed."""
        config, alone = self.config, Unmanaged.of(self.config) if services else None
        wanted = Wanted(blocks, devices, config.cluster.manager, alone, anyhow=anyhow)

        def again(known: Inventory | None = None, touched: Collection[str] = (), *, services: bool = True) -> Inventory:
            if known is None:
                world = self._knows(inventory.read(self.nodes, config.vg, wanted, self.absent))
            else:
                world = inventory.read_again(self.nodes, config.vg, wanted, known, touched, services=services)
            if self.known and not world.unread:
                known_names.keep(self.known, world, config)
            return world

        return again

    def _knows(self, world: Inventory) -> Inventory:
        """Raise NotFound for a node that was called off, is in no list, and has left no work that names it."""
        left = {lease.node_of(tag) for pv in world.pvs for tag in pv.leases}
        left |= {note.node for _, note in freezing.notes(world)}
        unknown = sorted(self.absent - set(self.nodes.names) - left)
        if unknown:
            hint = "use a name from `nodes` in the configuration, or one that `vmstore job list` shows"
            raise NoSuchNode(unknown[0], self.nodes.names, hint)
        return world

    def work(self, reporter: Reporter) -> Work:
        """Give steps what they need."""
        hook = Hook.wanted(self.nodes.runner)
        return Work(self.nodes, self.config, reporter, hook=hook or nothing, log=self.log)

    def silent_work(self) -> Work:
        """Give what only reads need, with nobody to report to."""
        return Work(self.nodes, self.config, Silent(), log=self.log)


class Silent:
    """Report to nobody."""

    def began(self, step: Step) -> None:
        """A step starts."""

    def moved(self, step: Step, done: int) -> None:
        """So many bytes of a step that copies are there."""

    def ended(self, step: Step) -> None:
        """A step is done and was seen to be."""

    def note(self, text: str) -> None:
        """Something the admin should know."""

    def rested(self, seconds: float) -> None:
        """Nothing was to be done for so long."""


def is_root() -> bool:
    """Tell whether this process may look at LVM on this host; the tests say so here."""
    return os.geteuid() == 0


def make_runner() -> Runner:
    """Make what starts processes; the tests put theirs here."""
    return LocalRunner()


def rules(config: Config) -> Rules:
    """Read the thresholds, those of classes with what placement keeps free of them. Raises ConfigError."""
    return Rules.read(config.thresholds, config.placement.reserve)


def window(config: Config) -> Window | None:
    """Read at which time of the day volumes move. Raises ConfigError."""
    try:
        return Window.of(config.move.window)
    except UsageError as error:
        raise ConfigError(f"move.window: {error.what}", why=error.why, hint=error.hint) from None


def start(config_file: Path | None, absent: Sequence[str] = (), *, changes: bool = False) -> Session:
    """Read the configuration and make the way to the nodes. Raises ConfigError, UsageError for what names no node.

    ``changes``: the run is logged from here on, also where it comes to nothing; else from its first change on.
    """
    config = configuration.load(config_file)
    log = writing.current()
    log.open(config.log)
    if changes:
        log.begin()
    rules(config)
    growth.Rules.of(config.growth)
    window(config)
    reached = nodes.connect(make_runner(), config.nodes, config.ssh)
    for node in absent:
        names.node(node)
    known = known_names.file(configuration.file_of(config_file))
    return Session(config, reached, frozenset(absent), log, known)
