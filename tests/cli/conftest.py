"""Fixtures of the cli tests."""

from pathlib import Path

import pytest

from tests.support import jobs, san
from tests.support.bench import Bench
from tests.support.growing import Admin, fill
from tests.support.reports import Reports
from tests.support.san import G
from vmstore.commands import policy_work, report_writing
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
def admin(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Admin:
    """Give web01, on n2, of 10 GiB and 90 % full, beside a VM that is not full and one that nobody uses."""
    bench.san.volume("web01", 10 * G, "fc1", active="n2", mounted=True)
    bench.san.volume("db01", 2 * G, "fc2", active="n1", mounted=True, used=G)
    bench.san.volume("idle", 1 * G, "fc2")
    fill(bench.san, 90, "web01")
    found = Admin(bench, tmp_path)
    for module in (policy_work, report_writing):
        monkeypatch.setattr(module, "clock", lambda: float(found.now))
    return found


@pytest.fixture
def reports(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reports:
    """Give the simulated cluster with one VM that is a quarter full, and a clock for its reports."""
    made = Reports(bench, tmp_path, monkeypatch)
    made.vm("web01", 8 * san.G, 2 * san.G)
    return made
