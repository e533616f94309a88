"""Give tests two hosts with VMware Server that share one folder of VMs, as two nodes share a SAN."""

import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.standins.vmware import server1, server2

WRAPPERS = Path(server1.__file__).parent
PYTHON = Path(sys.executable).name
VMX = """displayName = "vm01"
guestOS = "otherlinux"
scsi0:0.fileName = "vm01.vmdk"
ide1:0.deviceType = "cdrom-raw"
ethernet0.addressType = "generated"
ethernet0.generatedAddress = "00:0c:29:11:22:33"
ethernet1.address = "00:50:56:00:00:01"
"""


@dataclass(frozen=True)
class Answer:
    """Hold what a command line gave back."""

    code: int
    out: str
    err: str


class VmwareHost:
    """Run both command lines on one host."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        folder.mkdir()

    def configure(self, **values: object) -> None:
        """Replace the settings of this host."""
        text = "".join(f"{key} = {value}\n" for key, value in values.items())
        (self.folder / "settings").write_text(text, encoding="utf-8")

    def cmd(self, *words: object, stdin: str = "") -> Answer:
        """Run vmware-cmd."""
        return self._run(server1.main, [str(word) for word in words], stdin)

    def vim(self, *words: object) -> Answer:
        """Run vmware-vim-cmd."""
        return self._run(server2.main, [str(word) for word in words], "")

    def _run(self, main: Callable[[list[str]], int], words: list[str], stdin: str) -> Answer:
        out, err = io.StringIO(), io.StringIO()
        self._monkeypatch.setenv("VMWARE_STANDIN_STATE", str(self.folder))
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with redirect_stdout(out), redirect_stderr(err):
            code = main(words)
        return Answer(code, out.getvalue(), err.getvalue())

    def pids(self) -> list[int]:
        """Return the processes of the guests that were started here and not ended."""
        runs = [json.loads(path.read_text(encoding="utf-8")) for path in self.folder.glob("vms/*.json")]
        return [int(run["pid"]) for run in runs if "pid" in run]

    def crash(self) -> None:
        """End the guests as a crash does, and wait until they are gone."""
        for pid in self.pids():
            with suppress(ProcessLookupError, FileNotFoundError):
                os.kill(pid, signal.SIGKILL)
                while "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8"):
                    time.sleep(0.005)


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[VmwareHost, VmwareHost]]:
    """Return two hosts; guests still counting at the end are ended."""
    monkeypatch.setenv("VMWARE_STANDIN_TICK", "0.02")
    monkeypatch.delenv("VMWARE_STANDIN_GUEST", raising=False)
    both = VmwareHost(tmp_path / "host-a", monkeypatch), VmwareHost(tmp_path / "host-b", monkeypatch)
    yield both
    for host in both:
        host.crash()


@pytest.fixture
def host(hosts: tuple[VmwareHost, VmwareHost]) -> VmwareHost:
    """Return the first of the two hosts."""
    return hosts[0]


@pytest.fixture
def vmx(tmp_path: Path) -> Path:
    """Return the .vmx of a VM that was never on."""
    path = tmp_path / "vm" / "vm01" / "vm01.vmx"
    path.parent.mkdir(parents=True)
    path.write_text(VMX, encoding="utf-8")
    path.chmod(0o755)
    return path
