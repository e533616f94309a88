"""A terminal for each shell, kept for all tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shells.terminal import Terminal

# What an inventory leaves: see vmstore/known_names.py.
NAMES = """\
vg vmstore
class fc
class iscsi
pv 36001405a /dev/sdb fc
pv /dev/sdb 36001405a fc
pv 36001405b /dev/sdc iscsi
vm db01
vm web01
vm web02
node n1
node n2
job n1-20260102T120000Z-a1b2c3 /dev/sdb
"""


@pytest.fixture(scope="module", params=["bash", "bash-completion", "zsh", "fish"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """Give a shell with completion."""
    terminal = Terminal(request.param, tmp_path_factory.mktemp(request.param))
    yield terminal
    terminal.close()


@pytest.fixture
def shell(opened: Terminal) -> Terminal:
    """Give it with the names of a small cluster."""
    opened.know(NAMES)
    return opened


@pytest.fixture
def home(opened: Terminal) -> Path:
    """Give the folder in which the shell is, and its user's home."""
    return opened.home
