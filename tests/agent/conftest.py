"""A node with an agent on it: its tools are stand-ins, its state a folder."""

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest

from vmstore import agent

BIN = Path(__file__).parent / "bin"
VMWARE = Path(__file__).parents[2] / "lab" / "standins" / "vmware"
SHELLS = {"dash": ["dash"], "bash": ["bash"], "posix": ["bash", "--posix"], "busybox": ["busybox", "sh"]}
TOOLS = ("lvchange", "vgchange", "mount", "umount", "e2fsck", "lvs", "sync", "logger")


@dataclass
class Node:
    """A node; ``fake`` holds its state, ``directory`` is where the VM's volume is mounted."""

    shell: list[str]
    program: Path
    fake: Path
    directory: Path
    env: dict[str, str]

    def run(
        self, action: str, /, *, ocf: bool = True, given: Mapping[str, str] = MappingProxyType({})
    ) -> "subprocess.CompletedProcess[str]":
        """Run an action, as Pacemaker or as rgmanager does."""
        name = self.program if ocf else self.program.with_name("web01")
        if not ocf and not name.exists():
            name.symlink_to(self.program)
        parameters = {f"OCF_RESKEY_{key}": value for key, value in given.items()}
        own = {"OCF_RESKEY_vm": "web01", "OCF_RESKEY_directory": str(self.directory)}
        if not ocf:
            # What rgmanager has script.sh told (rgmanager/src/daemons/restree.c).
            own = {"OCF_RESOURCE_TYPE": "script", "OCF_RESOURCE_INSTANCE": "script:web01-vm", "OCF_RESKEY_file": "x"}
        return subprocess.run(
            [*self.shell, str(name), action], env={**self.env, **own, **parameters}, capture_output=True, text=True,
            timeout=30, check=False,
        )  # fmt: skip

    def mounted(self, source: str = "/dev/vmstore/web01") -> None:
        """Have the volume mounted."""
        (self.fake / "mounts").write_text(f"{source} {self.directory} ext4 rw 0 0\n")
        (self.fake / "active").touch()

    @property
    def is_mounted(self) -> bool:
        """Tell whether the volume is mounted."""
        return bool((self.fake / "mounts").read_text())

    def says(self, name: str, text: str = "") -> None:
        """Put a file that the stand-ins look for."""
        (self.fake / name).write_text(text)

    def has(self, name: str) -> str | None:
        """Read a file of the node's state; None where there is none."""
        path = self.fake / name
        return path.read_text() if path.exists() else None

    def saved(self, suffix: str = "state", counter: str = "41", *, whole: bool = True) -> Path:
        """Put a saved state on the volume, whole or as libvirt leaves it when it is cut off."""
        path = self.directory / f"web01.{suffix}"
        path.write_text(f"LibvirtQemud{'Save' if whole else 'Part'}\n{counter}\n")
        return path

    def calls(self) -> list[str]:
        """List what was called, oldest first."""
        return (self.has("calls") or "").splitlines()


@pytest.fixture(params=SHELLS)
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Node:
    """Give a node under each shell."""
    return make_node(request.param, tmp_path)


def make_node(shell: str, tmp_path: Path) -> Node:
    """Make a node whose agent runs under a shell."""
    binaries, fake, directory = tmp_path / "bin", tmp_path / "fake", tmp_path / "vms" / "web01"
    for folder in (binaries, fake, directory):
        folder.mkdir(parents=True)
    (binaries / "virsh").symlink_to(BIN / "virsh")
    for tool in TOOLS:
        (binaries / tool).symlink_to(BIN / "host-tool")
    program = tmp_path / "vm"
    # The device node is looked for where the test can make it.
    program.write_text(agent.text().replace("device=/dev/$vg/$vm", "device=$FAKE/active").replace(
        '[ "$source" = "$device" ] ||', '[ "$source" = "$FAKE/active" ] || [ "$source" = "/dev/$vg/$vm" ] ||'
    ))  # fmt: skip
    (fake / "mounts").touch()
    (tmp_path / "agent.conf").write_text(
        f"vg=vmstore\nroot={tmp_path}/vms\nhypervisor=libvirt\nlimit=2\nlong=15\nretries=2"
    )
    env = {
        "PATH": f"{binaries}:/usr/bin:/bin",
        "FAKE": str(fake),
        "VMSTORE_AGENT_CONF": str(tmp_path / "agent.conf"),
        "VMSTORE_AGENT_MOUNTS": str(fake / "mounts"),
        "VMSTORE_AGENT_PAUSE": "0.2",
        "TMPDIR": str(tmp_path),
        "HOME": os.environ.get("HOME", "/"),
    }
    return Node(SHELLS[shell], program, fake, directory, env)


def seconds(began: float) -> float:
    """Count the seconds since a moment."""
    return time.monotonic() - began


@pytest.fixture
def ready(node: Node) -> Node:
    """Give a node on which the VM's files lie."""
    (node.directory / "web01.xml").write_text("<domain><name>web01</name></domain>")
    return node
