"""Bring the lab up, run what the documentation shows, and draw it into docs/pictures."""

import os
import sys
import tempfile
from pathlib import Path

from lab.driver import LAB, ROOT, Cluster, finish, running
from lab.pictures.terminal import Terminal, opened

FOLDER = ROOT / "docs" / "pictures"
VMSTORE = f"{sys.executable} -m vmstore"


def main() -> int:
    """Draw all pictures."""
    with tempfile.TemporaryDirectory(prefix="vmstore-pictures.") as place:
        os.environ["VMSTORE_LAB_STATE"] = place
        finish([str(LAB), "up", "default"])
        try:
            settings = Path(place) / "settings"
            settings.mkdir()
            cluster = running().with_settings(f'[report]\nhistory = "{place}/history.db"', settings)
            # What is typed is short; the shell knows which vmstore it is, and of which lab.
            os.environ["VMSTORE_CONFIG"] = str(cluster.config)
            os.environ["VMSTORE_CACHE"] = place
            bin_folder = Path(place) / "bin"
            bin_folder.mkdir()
            program = bin_folder / "vmstore"
            program.write_text(f'#!/bin/sh\nexec {VMSTORE} "$@"\n', encoding="utf-8")
            program.chmod(0o755)
            os.environ["PATH"] = f"{bin_folder}:{os.environ['PATH']}"
            FOLDER.mkdir(exist_ok=True)
            _fill(cluster)
            with opened(Path(place)) as terminal:
                _draw(cluster, terminal)
        finally:
            finish([str(LAB), "down"])
    return 0


def _fill(cluster: Cluster) -> None:
    source = cluster.wwid("iscsi", 1)
    for vm, size, node in (("db01", "96M", "n2"), ("web01", "256M", "n1"), ("old01", "128M", "")):
        cluster.create(vm, size, "--pv", source)
        if node:
            cluster.mount(node, vm)
            cluster.fill(node, vm, 24)
    cluster.create("mail01", "192M", "--class", "fc")
    cluster.mount("n3", "mail01")


def _draw(cluster: Cluster, terminal: Terminal) -> None:
    source = cluster.wwid("iscsi", 1)
    _ended(terminal, "vmstore report", "report")
    terminal.offer("vmstore evacuate ")
    terminal.wait_for(source)
    terminal.draw(FOLDER / "completion.svg", "vmstore evacuate TAB")
    terminal.dismiss()
    terminal.type(f"vmstore evacuate {source} --to fc --yes --rate 16M")
    terminal.wait_for(r"[4-9]\d%")
    terminal.draw(FOLDER / "evacuate.svg", "vmstore evacuate")
    terminal.wait()
    cluster.sh("n3", "kill $(cat /run/lvmpolld.pid); sleep 1")
    _ended(terminal, "vmstore doctor", "doctor")


def _ended(terminal: Terminal, command: str, name: str) -> None:
    terminal.type(command)
    terminal.wait()
    terminal.draw(FOLDER / f"{name}.svg", f"vmstore {name}")


if __name__ == "__main__":
    sys.exit(main())
