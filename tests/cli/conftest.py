"""Fixtures of the cli tests."""

from pathlib import Path

import pytest

from tests.support import jobs, san
from tests.support.bench import Bench
from tests.support.reports import Reports
from vmstore.jobs import control, lease


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Give the simulated cluster of three nodes, vmstore on a workstation."""
    return Bench(san.cluster(), tmp_path, monkeypatch)


@pytest.fixture
def single(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Give the simulated single host, vmstore on it."""
    return Bench(san.single(), tmp_path, monkeypatch, host="host")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a job's signs of life, and its looks at what is wanted of it, at once."""
    monkeypatch.setattr(lease, "BEAT", 0.001)
    monkeypatch.setattr(control, "EVERY", 0.001)


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """Put two running VMs and an idle volume on iscsi1; one is moved in two pieces."""
    jobs.fill(bench.san)
    return bench


@pytest.fixture
def reports(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reports:
    """Give the simulated cluster with one VM that is a quarter full, and a clock for its reports."""
    made = Reports(bench, tmp_path, monkeypatch)
    made.vm("web01", 8 * san.G, 2 * san.G)
    return made
