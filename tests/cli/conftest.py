"""Fixtures of the cli tests."""

from pathlib import Path

import pytest

from tests.support import san
from tests.support.bench import Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Give the simulated cluster of three nodes, vmstore on a workstation."""
    return Bench(san.cluster(), tmp_path, monkeypatch)


@pytest.fixture
def single(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Give the simulated single host, vmstore on it."""
    return Bench(san.single(), tmp_path, monkeypatch, host="host")
