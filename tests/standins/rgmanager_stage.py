"""Run the stand-ins of rgmanager as real processes: one rgmanager-state, and daemons on two nodes with fake storage."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import lab.standins.rgmanager
from lab.standins.rgmanager import client
from lab.standins.rgmanager.settings import Settings
from tests.standins.conftest import PYTHON, Answer

__all__ = ["PYTHON", "Answer", "Stage", "cluster_conf"]

WRAPPERS = Path(lab.standins.rgmanager.__file__).parent
TOOLS = Path(__file__).parent / "rgmanager" / "bin"
# No site packages: the stand-ins need none, and looking for them is most of a start.
PROGRAM = (sys.executable, "-S")
SPEED = 50
PATIENCE = 20.0
# What happens by the clock alone.
_BY_THE_CLOCK = re.compile(r'Checking fs|\] Executing \S+ status|State change|quotaon|status on fs "fs01" returned 0')


def cluster_conf(root: str, version: int) -> str:
    """Return the configurations of the recorded run: what each version changed is what the record's diffs show."""
    device = "loop0" if version == 1 else "ram0"
    point = f"{root}/srv/web01"
    options = {5: ' options="noatime"'}.get(version, ' options="noatime,nodiratime"' if version > 5 else "")
    recovery = "relocate" if version >= 7 else "restart"
    more = ""
    for name, since in (("web03", 3), ("web04", 4)):
        there = version >= since and (version < 10 if name == "web03" else version not in {8, 9})
        number = name[-2:]
        autostart = int(name == "web04")
        if there:
            more += f"""    <service name="{name}" domain="fd1" autostart="{autostart}" recovery="relocate">
      <script name="sc{number}" file="{root}/svc/s{number}"/>
    </service>
"""
    fence = '<fence><method name="1"><device name="lab" port="{0}"/></method></fence>'
    return f"""<?xml version="1.0"?>
<cluster name="vmclu" config_version="{version}">
  <cman two_node="1" expected_votes="1"/>
  <totem token="10000"/>
  <clusternodes>
    <clusternode name="n1" nodeid="1">{fence.format("n1")}</clusternode>
    <clusternode name="n2" nodeid="2">{fence.format("n2")}</clusternode>
  </clusternodes>
  <fencedevices><fencedevice name="lab" agent="fence_lab"/></fencedevices>
  <rm>
    <failoverdomains>
      <failoverdomain name="fd1" ordered="1" restricted="0" nofailback="1"><failoverdomainnode name="n1" \
priority="1"/><failoverdomainnode name="n2" priority="2"/></failoverdomain>
    </failoverdomains>
    <resources/>
    <service name="web01" domain="fd1" autostart="1" recovery="{recovery}">
      <fs name="fs01" device="{root}/dev/{device}" mountpoint="{point}" fstype="ext3" force_unmount="1"{options}>
        <script name="sc01" file="{root}/svc/s01"/>
      </fs>
    </service>
    <service name="web02" domain="fd1" autostart="0" recovery="relocate">
      <script name="sc02" file="{root}/svc/s02"/>
    </service>
{more}  </rm>
</cluster>
"""


class Stage:
    """Be the two machines; everything of node nN lies in ROOT/nN."""

    def __init__(self, root: Path, conf: str, nodes: tuple[str, ...] = ("n1", "n2"), **settings: object) -> None:
        self.root = root
        self.nodes = nodes
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.others: list[subprocess.Popen[str]] = []
        for folder in ("svc", "srv", "dev", "host"):
            (root / folder).mkdir(parents=True)
        for number in range(1, 6):
            (root / "svc" / f"s{number:02}").symlink_to(TOOLS / "service-script")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        for node in nodes:
            home = root / node
            (home / "svc").mkdir(parents=True)
            (home / "run").mkdir()
            (home / "mounts").touch()
            self.conf(node).write_text(conf, encoding="utf-8")
            self.see(node, *nodes)
            own = {"node": node, "state": f"127.0.0.1:{port}", "speed": SPEED, "mounts": f"{home}/mounts"}
            own |= {"run": f"{home}/run", "conf": f"{home}/cluster.conf", "log": f"{home}/rgmanager.log"} | settings
            (home / "standin.json").write_text(json.dumps(own), encoding="utf-8")
        self.processes["state"] = self._spawn("rgmanager-state", nodes[0])

    def conf(self, node: str) -> Path:
        """Return a node's cluster.conf."""
        return self.root / node / "cluster.conf"

    def settings(self, node: str) -> Settings:
        """Return a node's settings, as the stand-ins read them."""
        given = json.loads((self.root / node / "standin.json").read_text(encoding="utf-8"))
        return Settings(**(given | {key: Path(given[key]) for key in ("run", "conf", "log", "mounts")}))

    def see(self, node: str, *members: str) -> None:
        """Have a node's cluster stack show these members."""
        (self.root / node / "run" / "members").write_text("\n".join(members), encoding="utf-8")

    def flag(self, node: str, name: str, text: str | None = "") -> None:
        """Set what directs the fakes of a node, or take it away."""
        path = self.root / node / name
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(text, encoding="utf-8")

    def start(self, *nodes: str) -> None:
        """Boot rgmanager on nodes, and wait until all show it."""
        for node in nodes:
            self.processes[node] = self._spawn("rgmanager", node)
        for node in nodes:
            self.wait(partial(self._shows, node, nodes), f"{node} does not come up")
        self.settle()

    def _shows(self, node: str, others: tuple[str, ...]) -> bool:
        return set(others) <= set(self.states(node).get("up", ()))

    def stop(self, node: str) -> None:
        """End rgmanager on a node in order."""
        self.processes[node].terminate()
        assert self.processes.pop(node).wait(PATIENCE) == 0

    def lose(self, node: str, fenced: bool = True) -> None:
        """Cut a node's power."""
        for other in self.nodes:
            if not fenced:
                self.flag(other, "run/fencing")
        self._kill(self.processes.pop(node))
        for other in self.nodes:
            self.see(other, *(name for name in self.nodes if name in self.processes))
        # Memory is lost, and with it what was mounted.
        for name in ("run/cluster.conf", "run/rgmanager.sock", "run/fencing"):
            self.flag(node, name, None)
        self.flag(node, "mounts")

    def boot(self, node: str) -> None:
        """Bring a lost or stopped node back."""
        for other in self.nodes:
            self.see(other, *(name for name in self.nodes if name in self.processes or name == node))
        self.start(node)

    def run(self, node: str, command: str, *words: str, patience: float = PATIENCE) -> Answer:
        """Run a command; code 124 when it was killed for being late, as timeout(1) has it."""
        process = self.begin(node, command, *words)
        code = None
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            code = 124
        out, err = process.communicate()
        return Answer(process.returncode if code is None else code, self._canonical(out), self._canonical(err))

    def begin(self, node: str, command: str, *words: str) -> subprocess.Popen[str]:
        """Start a command and go on."""
        process = subprocess.Popen(
            [*PROGRAM, str(WRAPPERS / command), *words],
            env=self._environment(node),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.others.append(process)
        return process

    def states(self, node: str) -> dict[str, Any]:
        """Return what the node's daemon knows; nothing where there is none."""
        try:
            told: dict[str, Any] = client.local(self.settings(node), "states", PATIENCE, asker=node)
        except client.NoDaemon:
            return {}
        return told

    def record(self, service: str) -> Mapping[str, Any]:
        """Return one service as the first node that answers has it."""
        for node in self.nodes:
            for record in self.states(node).get("records", ()):
                if record["name"] == f"service:{service}":
                    return dict(record)
        return {}

    def wait_for(self, service: str, **wanted: object) -> None:
        """Wait until a service is so."""
        self.wait(lambda: wanted.items() <= self.record(service).items(), f"{service} never became {wanted}")

    def wait(self, true: Callable[[], bool], complaint: str) -> None:
        """Wait until something is true."""
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, f"{complaint}\n{self.logs()}"
            time.sleep(0.02)

    def settle(self, *nodes: str) -> None:
        """Wait until nothing more happens but checks, and every configuration is applied."""
        names = nodes or tuple(name for name in self.nodes if name in self.processes)
        quiet_since, before = time.monotonic(), ""
        deadline = quiet_since + PATIENCE
        while time.monotonic() - quiet_since < 0.5:
            logs = [self.log(name) for name in self.nodes]
            applied = all(
                log.count("Loading Service Data") == log.count("Starting changed") + log.count("Services Initialized")
                for log in (self.log(name) for name in names)
            )
            if not applied or "".join(logs) != before:
                quiet_since, before = time.monotonic(), "".join(logs)
            assert time.monotonic() < deadline, f"it never settled\n{self.logs()}"
            time.sleep(0.02)

    def log(self, node: str) -> str:
        """Return a node's log without times and without what the clock makes happen."""
        path = self.root / node / "rgmanager.log"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        kept = [self._canonical(line.partition(" rgmanager ")[2]) for line in lines if not _BY_THE_CLOCK.search(line)]
        return "".join(f"{line}\n" for line in kept)

    def calls(self, node: str, *, checks: bool = False) -> list[str]:
        """Return the calls of the scripts, or those that are no checks."""
        path = self.root / node / "svc.log"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [line for line in lines if checks or " status " not in line]

    def logs(self) -> str:
        """Return all logs, for a message."""
        return "\n".join(f"--- {node}\n{self.log(node)}" for node in self.nodes)

    def close(self) -> None:
        """End every process that was started here."""
        for node in self.nodes:
            for hold in (self.root / node / "svc").glob("*.hold"):
                hold.unlink()
        for process in self.others:
            self._kill(process)
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()
        for daemon in self.processes.values():
            self._kill(daemon)

    def _spawn(self, command: str, node: str) -> subprocess.Popen[bytes]:
        with (self.root / f"{command}-{node}.err").open("ab") as errors:
            return subprocess.Popen(
                [*PROGRAM, str(WRAPPERS / command), "run"],
                env=self._environment(node),
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )

    def _kill(self, process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
        """End a process, and a daemon's scripts with it."""
        with suppress(ProcessLookupError):
            if os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(PATIENCE)

    def _environment(self, node: str) -> dict[str, str]:
        home = self.root / node
        path = f"{TOOLS}:{os.environ['PATH']}"
        own = {"FAKE": str(home), "RGMANAGER_STANDIN": str(home / "standin.json"), "TZ": "UTC", "PATH": path}
        compiled = {"PYTHONPYCACHEPREFIX": str(self.root.parent / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
        return os.environ | own | compiled

    def _canonical(self, text: str) -> str:
        """Put the recorded run's folders in place of this test's."""
        text = re.sub(rf"{self.root}/n\d/cluster\.conf", "/etc/cluster/cluster.conf", text)
        text = text.replace(f"{self.root}/svc", "/opt/svc")
        return text.replace(f"{self.root}/", "/")
