"""Bring the lab up once for all tests of a topology, and leave the VG as it was after each test."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.driver import LAB, Cluster, Done, finish, running, status
from tests.lab import services
from tests.lab.services import Vm
from tests.support import documents

# For work on the tests themselves: run them on the lab that is up (in $VMSTORE_LAB_STATE) and leave it up.
USE_RUNNING = bool(os.environ.get("VMSTORE_TEST_RUNNING_LAB"))


@dataclass(slots=True)
class Held(Cluster):
    """The lab, where all JSON that vmstore writes is held against its schema."""

    def vmstore(self, where: str, *words: str, check: bool = True) -> Done:
        """Run vmstore and look at what it wrote."""
        done = Cluster.vmstore(self, where, *words, check=check)
        if "json" in words and done.out:
            documents.check(done.out)
        return done


def _up() -> Cluster:
    lab = running()
    return Held(lab.nodes, lab.config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as long what a module names in LONG."""
    for item in items:
        if isinstance(item, pytest.Function) and item.originalname in getattr(item.module, "LONG", ()):
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session", autouse=True)
def own_state() -> Iterator[None]:
    """Keep the tests' lab apart from one that the developer may have up, unless that one is to be used.

    Not in pytest's own temporary folder: later runs of pytest clear that, and with it the record of the emulators.
    """
    if USE_RUNNING:
        yield
        return
    before = os.environ.get("VMSTORE_LAB_STATE")
    with tempfile.TemporaryDirectory(prefix="vmstore-lab-") as folder:
        os.environ["VMSTORE_LAB_STATE"] = folder
        yield
    if before is None:
        del os.environ["VMSTORE_LAB_STATE"]
    else:
        os.environ["VMSTORE_LAB_STATE"] = before


@pytest.fixture(scope="session")
def topologies(own_state: None) -> Iterator[dict[str, Cluster]]:
    """Remember which topology is up; it comes down when another one is wanted, and at the end."""
    up = {status()["topology"]: _up()} if USE_RUNNING else {}
    yield up
    if up and not USE_RUNNING:
        finish([str(LAB), "down"])


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, topologies: dict[str, Cluster]) -> Cluster:
    """Bring up the topology that the test module names in TOPOLOGY, unless it is up already."""
    wanted = request.module.TOPOLOGY
    if wanted not in topologies:
        assert not USE_RUNNING, f"the running lab is {status()['topology']}, not {wanted}"
        if topologies:
            topologies.clear()
            finish([str(LAB), "down"])
        finish([str(LAB), "up", wanted])
        topologies[wanted] = _up()
    return topologies[wanted]


@pytest.fixture(scope="session")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the Debian package."""
    return Path(finish(["./script/build-deb", str(tmp_path_factory.mktemp("deb"))]).out.split()[-1])


@pytest.fixture
def cluster(lab: Cluster) -> Iterator[Cluster]:
    """Give the lab to one test, and remove the volumes it made."""
    yield lab
    for run in lab.started:
        with run:
            run.kill()
    lab.started.clear()
    for vm in lab.used:
        for node in lab.nodes:
            lab.sh(node, f"umount /vm/{vm}; lvchange -an vmstore/{vm}", check=False)
        lab.sh(lab.nodes[0], f"lvremove -y vmstore/{vm}", check=False)
    lab.used.clear()
    if lab.cordons:
        lab.uncordon()
        lab.cordons = False


@pytest.fixture(scope="class")
def made(lab: Cluster) -> Iterator[Vm]:
    """Give a VM with its volume, its service and its files to a class of tests; take all of it away in the end."""
    made = services.make(lab, "web01")
    yield made
    services.unmake(made)


@pytest.fixture
def vm(cluster: Cluster, made: Vm) -> Vm:
    """Give that VM to one test."""
    del cluster
    return made
