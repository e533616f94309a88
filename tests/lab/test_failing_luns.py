"""LUNs that are gone in the middle of an evacuation: what could not be copied is never taken for copied."""

from collections.abc import Iterator

import pytest

from lab import topology, wiring
from lab.driver import HOST, LAB, Cluster, finish
from tests.lab.conftest import USE_RUNNING

TOPOLOGY = "default"
SOURCE, TARGET = "iscsi1", "fc2"
WWIDS = {lun.name: wiring.wwid(lun) for lun in topology.load(TOPOLOGY).luns}


@pytest.fixture(scope="module", autouse=True)
def own_lab(lab: Cluster, topologies: dict[str, Cluster]) -> Iterator[None]:
    """Leave no lab behind: the kernel's FC target keeps a command of a LUN that was masked, and so a node's login."""
    del lab
    yield
    if not USE_RUNNING:
        topologies.clear()
        finish([str(LAB), "down"])


@pytest.fixture
def shown(cluster: Cluster) -> Iterator[Cluster]:
    """Show all LUNs to all nodes again in the end."""
    yield cluster
    for lun in (SOURCE, TARGET):
        cluster.lab("unmask", lun)


@pytest.mark.parametrize(
    ("lun", "engine"),
    [
        pytest.param(SOURCE, "mirror", marks=pytest.mark.long),
        (TARGET, "mirror"),
        pytest.param(SOURCE, "raid1", marks=pytest.mark.long),
        pytest.param(TARGET, "raid1", marks=pytest.mark.long),
    ],
)
def test_a_lun_that_is_gone_for_a_while_costs_no_data(shown: Cluster, lun: str, engine: str) -> None:
    cluster = shown
    source, target = WWIDS[SOURCE], WWIDS[TARGET]
    cluster.create("dying01", "160M", "--pv", source)
    cluster.mount("n2", "dying01")
    data = cluster.fill("n2", "dying01", 32)
    words = ("evacuate", source, "--to", target, "--engine", engine, "--yes")
    run = cluster.vmstore_start(HOST, *words, "--rate", "8M")
    begun = "dmsetup status | grep -Eq ' (mirror|raid) .* [1-9][0-9]*/[0-9]+ '"
    cluster.wait(lambda: cluster.sh("n2", begun, check=False).rc == 0, 150, "the copy to begin", run)
    cluster.lab("mask", lun)
    _, told = run.communicate(timeout=300)
    assert run.returncode == 8, told
    assert "LUN" in told or "leg" in told
    if lun == TARGET:
        # The VM goes on with the side that is there.
        assert cluster.data_sum("n2", "dying01") == data
    cluster.lab("unmask", lun)
    cluster.sh("n2", "umount /vm/dying01")
    done = cluster.vmstore("n3", "evacuate", source, "--to", target, "--yes", check=False)
    if engine == "raid1":
        cluster.sh("n2", "lvchange --refresh vmstore/dying01", check=False)
        done = cluster.vmstore("n3", "evacuate", source, "--to", target, "--yes", check=False)
    assert done.rc == 0, done.err
    pv = cluster.pv(source)
    assert pv["free"] == pv["size"]
    # A file system that could not write its journal wants to be checked; its file is as it was.
    cluster.sh("n2", "e2fsck -fy /dev/vmstore/dying01 || [ $? -le 1 ]; mount /dev/vmstore/dying01 /vm/dying01")
    assert cluster.data_sum("n2", "dying01") == data, (told, done.err)
    cluster.unmount("n2", "dying01")


@pytest.mark.long
def test_a_target_that_is_gone_for_good_is_given_up_and_the_volume_goes_elsewhere(cluster: Cluster) -> None:
    """The last of this module: the VG has a PV less afterwards."""
    source, gone = WWIDS["fc1"], WWIDS[SOURCE]
    cluster.create("dying02", "160M", "--pv", source)
    cluster.mount("n2", "dying02")
    data = cluster.fill("n2", "dying02", 32)
    run = cluster.vmstore_start(HOST, "evacuate", source, "--to", gone, "--engine", "mirror", "--yes", "--rate", "8M")
    cluster.wait(lambda: cluster.moves("n2"), 150, "the copy to begin", run)
    cluster.lab("mask", SOURCE)
    _, told = run.communicate(timeout=300)
    assert run.returncode == 8, told
    refused = cluster.vmstore("n3", "evacuate", source, "--to", "fc", "--yes", check=False)
    assert refused.rc == 4, refused.err
    assert "vgreduce --removemissing" in refused.err
    cluster.sh("n3", "vgreduce -q --removemissing vmstore")
    cluster.vmstore("n3", "evacuate", source, "--to", "fc", "--yes")
    pv = cluster.pv(source)
    assert pv["free"] == pv["size"]
    assert cluster.data_sum("n2", "dying02") == data
    cluster.unmount("n2", "dying02")
    cluster.fsck("n1", "dying02")
