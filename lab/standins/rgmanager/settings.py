"""Read where the stand-ins of a node find each other: the JSON file that RGMANAGER_STANDIN names."""

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

VARIABLE = "RGMANAGER_STANDIN"
DEFAULT = "/etc/rgmanager-standin.json"


class Settings(NamedTuple):
    """Hold the file's keys.

    ``node``        this node's name in cluster.conf
    ``state``       HOST:PORT of rgmanager-state
    ``run``         folder of the sockets and of the configuration that this node runs
    ``conf``        cluster.conf
    ``log``         rgmanager's log; cman's lines go into corosync.log beside it
    ``speed``       divides all waits
    ``generation``  3 for RHEL 6, 2 for RHEL 5 with ccs_tool update
    ``notifies``    generation 2: ccs_tool update activates the new version, too, as it did from about 2008 on
    ``loading``     seconds that rgmanager takes to read all agents' metadata, at its start and at each change
    ``mounts``      what is mounted, as /proc/mounts
    """

    node: str = ""
    state: str = "127.0.0.1:7790"
    run: Path = Path("/run/rgmanager")
    conf: Path = Path("/etc/cluster/cluster.conf")
    log: Path = Path("/var/log/cluster/rgmanager.log")
    speed: float = 1.0
    generation: int = 3
    notifies: bool = False
    loading: float = 20.0
    mounts: Path = Path("/proc/mounts")

    @property
    def address(self) -> tuple[str, int]:
        """Return where rgmanager-state listens."""
        host, _, port = self.state.rpartition(":")
        return host, int(port)

    @property
    def socket(self) -> str:
        """Return where this node's daemon listens."""
        return str(self.run / "rgmanager.sock")

    @property
    def running_conf(self) -> Path:
        """Return the configuration that this node runs, a copy of the file that was activated last."""
        return self.run / "cluster.conf"

    def pause(self, seconds: float) -> None:
        """Wait as long as the real one would, divided by ``speed``."""
        time.sleep(seconds / self.speed)


def read() -> Settings:
    """Return this node's settings; raises OSError or ValueError where there are none."""
    given = json.loads(Path(os.environ.get(VARIABLE) or DEFAULT).read_text(encoding="utf-8"))
    paths = {key: Path(given[key]) for key in ("run", "conf", "log", "mounts") if key in given}
    return Settings(**(given | paths))
