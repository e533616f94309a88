"""The commands out of a process that has them loaded say what they say by themselves."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STANDINS = ROOT / "lab" / "standins"

pytestmark = pytest.mark.spawns("bash", "python3", "clustat", "clusvcadm", "cman_tool", "ccs_tool", sys.executable)


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Give the environment of a node whose stand-ins are loaded but whose rgmanager does not run."""
    folder = tmp_path_factory.mktemp("node")
    (folder / "node.json").write_text(json.dumps({"node": "n1", "state": "127.0.0.1:1", "run": str(folder)}))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {
        **os.environ, "RGMANAGER_STANDIN": str(folder / "node.json"), "STANDIN_PORT": str(port),
        "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(folder / "pycache"),
    }  # fmt: skip
    for name in ("clustat", "clusvcadm", "cman_tool", "ccs_tool"):
        (folder / name).symlink_to(STANDINS / "quick")
    server = subprocess.Popen([sys.executable, "-m", "lab.standins.forkserver"], env=env)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield {**env, "FOLDER": str(folder)}
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize(
    "words",
    [("clusvcadm", "-v"), ("clusvcadm", "-h"), ("clusvcadm", "-d", "web 01"), ("clusvcadm", "-S"),
     ("clustat", "-x"), ("clustat",), ("cman_tool", "version"), ("ccs_tool", "nosuch", "a\"b'c")],
)  # fmt: skip
def test_it_says_what_the_command_itself_says(env: dict[str, str], words: tuple[str, ...]) -> None:
    name, *rest = words
    quick = _run([str(Path(env["FOLDER"]) / name), *rest], env)
    alone = _run([str(STANDINS / "rgmanager" / name), *rest], env)
    assert quick == alone
    assert any(quick[1:])


def test_without_that_process_it_runs_by_itself(env: dict[str, str]) -> None:
    quick = str(Path(env["FOLDER"]) / "clusvcadm")
    assert _run([quick, "-v"], {**env, "STANDIN_PORT": "1"}) == _run([quick, "-v"], env)


def _run(argv: list[str], env: dict[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr
