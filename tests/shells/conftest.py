"""A terminal for each shell, kept for all tests of a module."""

from collections.abc import Iterator

import pytest

from tests.shells.terminal import KINDS, Terminal
from tests.support.worlds import G, World
from vmstore import known_names
from vmstore.config import Config

WORLD = (
    World(nodes="n1 n2")
    .pv("sdb", cls="fc", lease="n1:20260102T120000Z-a1b2c3")
    .pv("sdc", cls="iscsi")
    .lv("web02", G, "sdb")
    .lv("web01", G, "sdb")
    .lv("db01", G, "sdc")
)


@pytest.fixture(scope="module", params=KINDS)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """Give a shell with completion."""
    terminal = Terminal(request.param, tmp_path_factory.mktemp(request.param))
    yield terminal
    terminal.close()


@pytest.fixture
def shell(opened: Terminal) -> Terminal:
    """Give it with the names of a small cluster."""
    opened.know(known_names.text(WORLD.inventory(), Config()))
    return opened
