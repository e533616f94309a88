"""Bring the lab up once for all tests of a topology, and leave the VG as it was after each test."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.driver import LAB, Cluster, finish


@pytest.fixture(scope="session", autouse=True)
def own_state() -> Iterator[None]:
    """Keep the tests' lab apart from one that the developer may have up.

    Not in pytest's own temporary folder: later runs of pytest clear that, and with it the record of the emulators.
    """
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
    up: dict[str, Cluster] = {}
    yield up
    if up:
        finish([str(LAB), "down"])


@pytest.fixture
def lab(request: pytest.FixtureRequest, topologies: dict[str, Cluster]) -> Cluster:
    """Bring up the topology that the test module names in TOPOLOGY, unless it is up already."""
    wanted = request.module.TOPOLOGY
    if wanted not in topologies:
        if topologies:
            topologies.clear()
            finish([str(LAB), "down"])
        finish([str(LAB), "up", wanted])
        status = json.loads(finish([str(LAB), "status", "--json"]).out)
        nodes = tuple(machine["name"] for machine in status["machines"] if machine["role"] == "node")
        topologies[wanted] = Cluster(nodes, Path(status["vmstore_toml"]))
    return topologies[wanted]


@pytest.fixture
def cluster(lab: Cluster) -> Iterator[Cluster]:
    """Give the lab to one test, and remove the volumes it made."""
    yield lab
    for vm in lab.used:
        for node in lab.nodes:
            lab.sh(node, f"umount /vm/{vm}; lvchange -an vmstore/{vm}", check=False)
        lab.sh(lab.nodes[0], f"lvremove -y vmstore/{vm}", check=False)
    lab.used.clear()
    for pv in lab.pvs():
        if pv["state"] != "ok":
            lab.vmstore("", "pv", "uncordon", pv["wwid"])
