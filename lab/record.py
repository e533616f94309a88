"""Keep what the running lab is made of: one JSON file in the state folder, and a lock against a second command."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.places import socket_folder, state_folder
from lab.process import Identity
from lab.topology import Lun, Topology


@dataclass(slots=True)
class Record:
    """Remember a lab that was started; `cut` holds the pulled links, which QEMU cannot be asked for."""

    topology: Topology
    image: Path
    accelerator: str
    ports: dict[str, int]
    processes: dict[str, Identity] = field(default_factory=dict)
    cut: dict[str, list[str]] = field(default_factory=dict)
    complete: bool = False
    state: Path = field(default_factory=state_folder)

    @property
    def sockets(self) -> Path:
        """Name the folder of the sockets of QEMU and ssh."""
        return socket_folder(self.state)

    @property
    def ssh_config(self) -> Path:
        """Name the ssh configuration for the host."""
        return self.state / "ssh_config"

    @property
    def vmstore_toml(self) -> Path:
        """Name the configuration of vmstore for the host."""
        return self.state / "vmstore.toml"

    def console(self, machine: str) -> Path:
        """Name the log of a machine's console."""
        return self.state / "logs" / f"{machine}.console"

    def qmp(self, machine: str) -> Path:
        """Name the QMP socket of a machine."""
        return self.sockets / f"qmp-{machine}"

    def save(self) -> None:
        """Write the record as a whole or not at all."""
        values = asdict(self)
        del values["state"]
        values["image"] = str(self.image)
        part = _file(self.state).with_suffix(".part")
        part.write_text(json.dumps(values, indent=1))
        part.rename(_file(self.state))

    def forget(self) -> None:
        """Remove the record: there is no lab any more."""
        _file(self.state).unlink(missing_ok=True)


def _file(state: Path) -> Path:
    return state / "lab.json"


def load() -> Record | None:
    """Read the record of the lab, None when there is none."""
    try:
        text = _file(state_folder()).read_text()
    except FileNotFoundError:
        return None
    try:
        return _decode(json.loads(text))
    except (KeyError, TypeError, ValueError) as error:
        raise LabError(
            "the record of the lab cannot be read",
            why=f"{_file(state_folder())}: {error!r}",
            hint="end the emulators it names by hand, then remove it",
        ) from error


def _decode(values: dict[str, Any]) -> Record:
    topology = values.pop("topology")
    luns = tuple(Lun(**lun) for lun in topology.pop("luns"))
    values["topology"] = Topology(**{**topology, "nodes": tuple(topology["nodes"])}, luns=luns)
    values["image"] = Path(values["image"])
    values["processes"] = {name: Identity(**identity) for name, identity in values["processes"].items()}
    return Record(**values)


def existing() -> Record:
    """Read the record of the lab; raise LabError when nothing is up."""
    if record := load():
        return record
    raise LabError("nothing is up", why=f"{_file(state_folder())} is not there", hint="start it: ./lab/lab up")


@contextmanager
def exclusive() -> Iterator[None]:
    """Keep a second command out that changes the lab; readers need not ask."""
    state = state_folder()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError(
                "another command is changing the lab",
                why=f"{state / 'lock'} is locked",
                hint="wait for it to end, then look: ./lab/lab status",
            ) from None
        yield
