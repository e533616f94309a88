"""Make and look for the lock files beside a running VM: *.WRITELOCK of Server 1, *.lck of Server 2.

A crash of the host leaves them. Source of *.lck: heartbeat/vmware of ClusterLabs/resource-agents, which removes them
before a start; *.WRITELOCK is GSX's name. The real product takes over a lock of its own host whose process is gone;
whether Server 1 always did is not confirmed, and here any lock refuses a start.
"""

from pathlib import Path

from lab.standins.vmware.vmx import Vmx

SUFFIXES = {"server1": ".WRITELOCK", "server2": ".lck"}


def _locked_files(vmx: Vmx) -> list[Path]:
    disks = [vmx.get(key) for key in vmx.names() if key.lower().endswith(".filename")]
    names = [vmx.path.name, *(name for name in disks if name.endswith(".vmdk") and "/" not in name)]
    return [vmx.path.parent / name for name in names]


def found(vmx: Vmx) -> list[Path]:
    """Return the lock files in the VM's folder, whoever made them."""
    return sorted(p for suffix in SUFFIXES.values() for p in vmx.path.parent.glob(f"*{suffix}"))


def make(vmx: Vmx, edition: str, owner: str) -> None:
    """Lock the settings file and the disks as ``edition`` does; ``owner`` is written into each."""
    for path in _locked_files(vmx):
        path.with_name(path.name + SUFFIXES[edition]).write_text(f"{owner}\n", encoding="utf-8")


def remove(vmx: Vmx) -> None:
    """Remove the locks at the end of a run."""
    for path in found(vmx):
        path.unlink(missing_ok=True)
