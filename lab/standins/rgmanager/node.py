"""Run a node's rgmanager: carry out what rgmanager-state decides, check what runs, follow cluster.conf."""

import os
import shutil
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lab.standins.rgmanager import conf, members
from lab.standins.rgmanager.checks import POLL, Clock
from lab.standins.rgmanager.conf import ClusterConf, Resource
from lab.standins.rgmanager.delta import between
from lab.standins.rgmanager.journal import Journal
from lab.standins.rgmanager.runner import Runner
from lab.standins.rgmanager.settings import Settings
from lab.standins.rgmanager.wire import Gone, Peer, serve

_REPORT = 3.0
_AT_ONCE = 5
_DISCONNECT = 15.0


class Daemon:
    """Be rgmanager on one node."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.journal = Journal(settings.log)
        self.cman = Journal(settings.log.with_name("corosync.log"), "corosync [CMAN  ]")
        self.runner = Runner(settings, self.journal.log)
        self.clock = Clock(settings.speed)
        self.conf = self._join()
        self.state: Peer | None = None
        self.wanted = 0
        self._follows = threading.Condition()
        self._checking: set[str] = set()
        self.ending = threading.Event()

    def run(self) -> None:
        """Stop everything, join the others, and serve until the end."""
        log, pause = self.journal.log, self.settings.pause
        log(f"I am node #{self.conf.nodes.get(self.settings.node, 0)}")
        log("Resource Group Manager Starting")
        log("Failed to initialize DBus; notifications disabled")
        log("Loading Service Data")
        pause(self.settings.loading)
        log("Initializing Services")
        # What fails to stop is in the log; nothing else comes of it.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self.runner.stop, [each.resources for each in self.conf.services.values()]))
        log("Services Initialized")
        self._connect()
        for work in (self._report_for_ever, self._check_for_ever, self._follow_for_ever):
            threading.Thread(target=work, daemon=True).start()
        self._listen()
        self.ending.wait()
        self._end()

    def handle(self, peer: Peer, operation: str, arguments: dict[str, Any]) -> Any:
        """Answer rgmanager-state, and the commands of this node; what is not known here is passed on to the former."""
        own = getattr(self, f"do_{operation}", None)
        if own:
            return own(**arguments)
        assert peer is not self.state
        return self._call(operation, **arguments)

    def do_run(self, service: str, action: str) -> int:
        """Start or stop a service's resources."""
        known = self.conf.services.get(service)
        if not known:
            return 1
        with self.runner.busy[service]:
            code = self.runner.start(known.resources) if action == "start" else self.runner.stop(known.resources)
            self.clock.begin(service, time.monotonic())
        return code

    def do_log(self, text: str) -> None:
        """Write a line of rgmanager-state's into this node's log."""
        self.journal.log(text)

    def do_follow(self, version: int) -> None:
        """Hear of a newer configuration."""
        with self._follows:
            self.wanted = max(self.wanted, version)
            self._follows.notify_all()

    def do_write(self, text: str) -> None:
        """Replace cluster.conf, as ccsd does."""
        beside = self.settings.conf.with_name(self.settings.conf.name + ".new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(self.settings.conf)

    def _join(self) -> ClusterConf:
        """Keep the configuration that the node runs since it joined, whatever becomes of the file."""
        self.settings.run.mkdir(parents=True, exist_ok=True)
        if not self.settings.running_conf.exists():
            _copy(self.settings.conf, self.settings.running_conf)
        return conf.load(self.settings.running_conf)

    def _loaded(self) -> dict[str, Any]:
        services = {
            name: {"autostart": each.autostart, "recovery": each.recovery, "domain": each.attributes.get("domain", "")}
            for name, each in self.conf.services.items()
        }
        return {"services": services, "domains": {name: each._asdict() for name, each in self.conf.domains.items()}}

    def _seen(self) -> dict[str, Any]:
        return members.look(self.settings, self.conf.nodes)._asdict()

    def _connect(self) -> None:
        while True:
            try:
                connection = socket.create_connection(self.settings.address, timeout=10)
                break
            except OSError:
                time.sleep(0.5)
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        first = self.state is None
        peer = Peer(connection, self.handle).start()
        node = self.settings.node
        if first:
            self.state = peer
            peer.call("hello", node=node, number=self.conf.nodes.get(node, 0), **self._loaded(), **self._seen())
        elif not peer.call("rejoin", node=node):
            # The others have taken over what runs here; the real one has the node fenced.
            self.journal.log("#67: Shutting down uncleanly")
            os._exit(1)
        else:
            self.state = peer

    def _call(self, operation: str, **arguments: Any) -> Any:
        assert self.state
        return self.state.call(operation, **arguments)

    def _listen(self) -> None:
        path = Path(self.settings.socket)
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(64)
        threading.Thread(target=serve, args=(listener, self.handle), daemon=True).start()

    def _report_for_ever(self) -> None:
        while not self.ending.is_set():
            try:
                version = self._call("report", **self._seen())
                if version < 0:
                    raise Gone("superseded")
                self.do_follow(version)
                self.settings.pause(_REPORT)
            except Gone:
                if not self.ending.is_set():
                    self._connect()

    def _check_for_ever(self) -> None:
        while True:
            self.settings.pause(POLL)
            try:
                mine = self._call("mine")
            except Gone:
                continue
            for service in mine:
                if service not in self._checking and service in self.conf.services:
                    self._checking.add(service)
                    threading.Thread(target=self._check, args=(service,), daemon=True).start()

    def _check(self, service: str) -> None:
        try:
            with self.runner.busy[service]:
                good = self._check_all(service, self.conf.services[service].resources)
            if not good:
                self._call("failed", service=service)
        except (Gone, KeyError):
            return
        finally:
            self._checking.discard(service)

    def _check_all(self, service: str, resources: tuple[Resource, ...]) -> bool:
        for resource in resources:
            depth = self.clock.due(service, resource, time.monotonic())
            if depth is not None:
                code = self.runner.check(resource, depth)
                self.clock.checked(service, resource, depth, time.monotonic())
                if code:
                    return False
            if not self._check_all(service, resource.children):
                return False
        return True

    def _follow_for_ever(self) -> None:
        while True:
            with self._follows:
                self._follows.wait(1 / self.settings.speed)
            running = conf.version_of(self.settings.running_conf)
            if running < self.wanted:
                if conf.version_of(self.settings.conf) >= self.wanted:
                    _copy(self.settings.conf, self.settings.running_conf)
                else:
                    self.cman.log("Activity suspended on this node")
                    self.cman.log("Error reloading the configuration, will retry every second")
                    self.settings.pause(1)
                    continue
            if running > self.conf.version or conf.version_of(self.settings.running_conf) > self.conf.version:
                try:
                    self._reload()
                except Gone:
                    continue

    def _reload(self) -> None:
        """Apply a new configuration: stop what has changed, frozen or not, then start it; stop once what is new."""
        log = self.journal.log
        log("Reconfiguring")
        log("Loading Service Data")
        self.settings.pause(self.settings.loading)
        new = conf.load(self.settings.running_conf)
        change = between(self.conf, new)
        log("Stopping changed resources.")
        for service in change.removed:
            self._call("removed", service=service)
        running = set(self._call("owned")) & change.changed.keys()
        for service in running:
            # Held until it is started again, so that no check comes in between.
            self.runner.busy[service].acquire()
        try:
            for service in running:
                self.runner.stop(change.changed[service][0])
            log("Restarting changed resources.")
            log("Starting changed resources.")
            self.conf = new
            for service in running:
                self.runner.start(change.changed[service][1])
        finally:
            for service in running:
                self.runner.busy[service].release()
        for service in change.added:
            log(f"Initializing {service}")
            self.runner.stop(new.services[service].resources)
        self._call("loaded", **self._loaded())

    def _end(self) -> None:
        """Leave: what is frozen is left running, though the table will call it stopped."""
        self.journal.log("Shutting down")
        try:
            self._call("leave")
            self.journal.log("Disconnecting from CMAN")
            Path(self.settings.socket).unlink(missing_ok=True)
            self._call("left")
        except Gone:
            self.journal.log("#67: Shutting down uncleanly")
        self.settings.pause(_DISCONNECT)
        self.journal.log("Exiting")


def _copy(source: Path, target: Path) -> None:
    beside = target.with_name(target.name + ".new")
    shutil.copyfile(source, beside)
    beside.replace(target)
