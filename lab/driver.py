"""Drive the lab from tests and benchmarks: run things in nodes, run vmstore anywhere, keep writers that verify."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LAB = ROOT / "lab" / "lab"
HOST = ""
LONG = 900


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left."""

    rc: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Read stdout as JSON."""
        return json.loads(self.out)


@dataclass(slots=True)
class Cluster:
    """The running lab; ``nodes`` are its names, ``config`` the workstation's configuration.

    ``used`` are volumes to be removed after a test, ``started`` the runs of vmstore that may still be at work;
    ``cordons`` tells that PVs may be cordoned since.
    """

    nodes: tuple[str, ...]
    config: Path
    used: list[str] = field(default_factory=list)
    started: "list[subprocess.Popen[str]]" = field(default_factory=list)
    cordons: bool = False

    def lab(self, *words: str, check: bool = True) -> Done:
        """Run a verb of the lab."""
        return finish([str(LAB), *words], check=check)

    def sh(self, node: str, script: str, *, check: bool = True, timeout: int = LONG) -> Done:
        """Run shell text in a node."""
        return finish([str(LAB), "ssh", node, f"set -e; {script}"], check=check, timeout=timeout)

    def copy(self, file: Path, node: str, place: str) -> None:
        """Copy a file of this machine to a node."""
        finish(["scp", "-q", "-F", str(self.config.with_name("ssh_config")), str(file), f"{node}:{place}"])

    def vmstore(self, where: str, *words: str, check: bool = True) -> Done:
        """Run vmstore in a node, or with HOST on this machine as from a workstation."""
        return finish(self.vmstore_argv(where, *words), check=check)

    def vmstore_start(self, where: str, *words: str) -> "subprocess.Popen[str]":
        """Start vmstore and go on."""
        run = subprocess.Popen(
            self.vmstore_argv(where, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self.started.append(run)
        return run

    def vmstore_argv(self, where: str, *words: str) -> list[str]:
        """Give the argument list that runs vmstore there."""
        self.cordons |= words[0] == "evacuate" or words[:2] == ("pv", "cordon")
        if where == HOST:
            return [sys.executable, "-m", "vmstore", *words, "--config", str(self.config)]
        return [str(LAB), "ssh", where, shlex.join(["vmstore", *words])]

    def with_settings(self, text: str, folder: Path) -> "Cluster":
        """Give the same lab with more settings on the workstation, written to a file in a folder."""
        config = folder / "vmstore.toml"
        config.write_text(f"{self.config.read_text(encoding='utf-8')}\n{text}\n", encoding="utf-8")
        config.chmod(0o600)
        return replace(self, config=config)

    def uncordon(self) -> None:
        """Open every PV again."""
        for pv in self.pvs():
            if pv["state"] != "ok":
                self.vmstore(HOST, "pv", "uncordon", pv["wwid"])

    def pvs(self) -> list[dict[str, Any]]:
        """List the PVs as the first node names them."""
        return list(self.vmstore(HOST, "pv", "list", "-o", "json").json["items"])

    def wwid(self, transport: str, paths: int = 1, nth: int = 0) -> str:
        """Find a PV's WWID by how its LUN is reached."""
        found = sorted(pv["wwid"] for pv in self.pvs() if pv["transport"] == transport and pv["paths"] == paths)
        return str(found[nth])

    def pv(self, wwid: str) -> dict[str, Any]:
        """Show one PV."""
        return next(pv for pv in self.pvs() if pv["wwid"] == wwid)

    def volume(self, vm: str) -> dict[str, Any]:
        """Show one volume."""
        return dict(self.vmstore(HOST, "show", vm, "-o", "json").json)

    def seqno(self) -> int:
        """Read how often the VG's metadata was changed."""
        return int(self.sh(self.nodes[0], "vgs --noheadings --readonly -o vg_seqno vmstore").out)

    def create(self, vm: str, size: str, *words: str, where: str = HOST) -> None:
        """Make a volume that is removed at the end of the test."""
        self.used.append(vm)
        self.vmstore(where, "create", vm, size, *words)

    def moves(self, node: str) -> bool:
        """Tell whether pvmove is at work in a node; asked of device-mapper, which answers while LVM commands wait."""
        return self.sh(node, "dmsetup info vmstore-pvmove0", check=False).rc == 0

    def mount(self, node: str, vm: str) -> None:
        """Mount a volume as a cluster manager would."""
        self.sh(node, f"{self._wake(vm)}; mkdir -p /vm/{vm}; mount /dev/vmstore/{vm} /vm/{vm}")

    def _wake(self, vm: str) -> str:
        """Give the command that activates a volume, exclusively where the VG is shared."""
        return f"lvchange -a{'ey' if len(self.nodes) > 1 else 'y'} vmstore/{vm}"

    def unmount(self, node: str, vm: str) -> None:
        """Let go of a volume as a cluster manager would."""
        self.sh(node, f"umount /vm/{vm}; lvchange -an vmstore/{vm}")

    def make_guest(self, node: str, vm: str) -> None:
        """Put the files of a small guest that counts on a mounted volume."""
        self.sh(node, f"/opt/vmstore-src/lab/guest/make-vm {vm}")

    def counter(self, node: str, vm: str) -> int:
        """Read how far the guest has counted; the last line may be half written."""
        lines = self.sh(node, f"tail -n 3 /vm/{vm}/serial.log 2>/dev/null || true").out.split("\n")[:-1]
        return int(lines[-1]) if lines and lines[-1].isdigit() else 0

    def fill(self, node: str, vm: str, mib: int) -> str:
        """Write random data to a mounted volume; give its checksum."""
        data = f"/vm/{vm}/data"
        self.sh(node, f"dd if=/dev/urandom of={data} bs=1M count={mib} conv=fsync status=none")
        return self.data_sum(node, vm)

    def fill_idle(self, vm: str, mib: int) -> str:
        """Write random data to a volume that nobody uses; give its checksum."""
        node = self.nodes[0]
        self.mount(node, vm)
        found = self.fill(node, vm, mib)
        self.unmount(node, vm)
        return found

    def data_sum(self, node: str, vm: str) -> str:
        """Checksum the data of a mounted volume, read from the LUN and not from memory."""
        return self.sh(node, f"echo 3 >/proc/sys/vm/drop_caches; sha256sum </vm/{vm}/data").out

    def device_sum(self, vm: str, node: str = "") -> str:
        """Checksum a whole volume that nobody uses."""
        lv = f"vmstore/{vm}"
        script = f"{self._wake(vm)}; size=$(blockdev --getsize64 /dev/{lv}); sha256sum </dev/{lv}; lvchange -an {lv}"
        return self.sh(node or self.nodes[0], script).out

    def content_sum(self, vm: str, node: str = "") -> str:
        """Check the file system of a volume that nobody uses, without a change, and checksum its file."""
        lv = f"vmstore/{vm}"
        script = (
            f"{self._wake(vm)}; e2fsck -fn /dev/{lv} >/dev/null; mkdir -p /vm/{vm}; "
            f"mount -o ro,noload /dev/{lv} /vm/{vm}; sha256sum </vm/{vm}/data; umount /vm/{vm}; lvchange -an {lv}"
        )
        return self.sh(node or self.nodes[0], script).out

    def fsck(self, node: str, vm: str) -> None:
        """Check an unmounted volume without a change; e2fsck's exit code 0 means clean."""
        self.sh(node, f"{self._wake(vm)}; e2fsck -fn /dev/vmstore/{vm}; lvchange -an vmstore/{vm}")

    def start_writer(self, node: str, vm: str, mib: int = 4, iops: int = 25) -> None:
        """Start fio on a mounted volume: random writes that are read back and verified, as fast as it can with 0."""
        bound = f"--rate_iops={iops} " if iops else ""
        fio = (
            f"fio --name={vm} --filename=/vm/{vm}/fio --size={mib}M --bs=16k --rw=randwrite --direct=1 "
            "--verify=crc32c --verify_backlog=64 --verify_fatal=1 --time_based --runtime=900 "
            f"{bound}--output-format=json --output=/tmp/fio.{vm}"
        )
        self.sh(node, f"(setsid {fio} >/dev/null 2>&1 </dev/null & echo $! >/tmp/fio.{vm}.pid)")
        self.wait(lambda: self.sh(node, f"test -s /vm/{vm}/fio", check=False).rc == 0, 60, "the writer to start")

    def stop_writer(self, node: str, vm: str) -> int:
        """End the writer; assert that it found no difference, and give how many blocks it verified."""
        stop = (
            f"pid=$(cat /tmp/fio.{vm}.pid); kill -0 $pid; kill -INT $pid; "
            "while kill -0 $pid 2>/dev/null; do sleep 0.2; done"
        )
        self.sh(node, stop)
        told = self.sh(node, f"cat /tmp/fio.{vm}").out
        job = json.loads(told[told.index("{") :])["jobs"][0]
        assert job["error"] == 0
        return int(job["read"]["total_ios"])

    @staticmethod
    def wait(condition: Any, seconds: float, what: str, run: "subprocess.Popen[str] | None" = None) -> None:
        """Wait until a condition holds; fail with what was waited for, or with what a run that ended early said."""
        end = time.monotonic() + seconds
        while not condition():
            assert run is None or run.poll() is None, f"it ended before {what}: {run.communicate()}"
            assert time.monotonic() < end, f"waited {seconds} s for {what}"
            time.sleep(0.5)


def status() -> dict[str, Any]:
    """Ask the lab what is up."""
    return dict(finish([str(LAB), "status", "--json"]).json)


def running() -> Cluster:
    """Give the lab that is up."""
    told = status()
    nodes = tuple(machine["name"] for machine in told["machines"] if machine["role"] == "node")
    return Cluster(nodes, Path(told["vmstore_toml"]))


def finish(argv: Sequence[str], *, check: bool = True, timeout: int = LONG) -> Done:
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, check=False, cwd=ROOT,
        env={**os.environ, "VMSTORE_CONFIG": "", "VMSTORE_CACHE": os.environ.get("VMSTORE_LAB_STATE", "")},
    )  # fmt: skip
    if check and done.returncode != 0:
        raise AssertionError(f"{shlex.join(argv)}\nexit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return Done(done.returncode, done.stdout, done.stderr)
