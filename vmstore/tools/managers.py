"""Say what every cluster manager must be able to do; rgmanager, Pacemaker and none each have a module that does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from xml.etree import ElementTree

from vmstore.errors import VmstoreError
from vmstore.run import Result
from vmstore.services import Cluster
from vmstore.tools.sections import Section


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """What the service of a VM is made of.

    ``directory`` is where the volume is mounted, ``script`` the VM's init-like script on each node. ``stock``
    asks for the manager's own agents for volume and mount in place of the bundled one.
    """

    vm: str
    vg: str
    fstype: str
    directory: str
    script: str
    hypervisor: str
    stock: bool = False
    autostart: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """A command that starts, stops or moves a service; ``node`` is "" where any node of the cluster will do."""

    argv: tuple[str, ...]
    node: str = ""


class Manager(Protocol):
    """Speak with a cluster manager by argument lists, each run on one node; exit codes decide, texts explain."""

    @property
    def name(self) -> str:
        """Name it as the configuration does."""

    @property
    def question(self) -> str:
        """Write shell text that only reads; each command's output stands between "@NAME" and "@end RC"."""

    def parse(self, node: str, sections: Mapping[str, Section]) -> Cluster:
        """Turn the answer to the question into facts."""

    def freeze(self, vm: str) -> list[list[str]]:
        """Have the manager neither check, start, stop nor fail over a service."""

    def thaw(self, vm: str) -> list[list[str]]:
        """Take a freeze back."""

    def start(self, vm: str, node: str = "") -> list[Order]:
        """Start a service, on a node where one is named."""

    def stop(self, vm: str, node: str) -> list[Order]:
        """Stop a service until it is started again; ``node`` has it or parts of it, "" for none that is known."""

    def relocate(self, vm: str, source: str, node: str) -> list[Order]:
        """Move a running service from one node to another."""

    def recover(self, vm: str, source: str, node: str) -> list[Order]:
        """Bring back to ``source``, if it ran, what did not start on a node; nothing where the manager does it."""

    def settle(self, vm: str, node: str) -> list[list[str]]:
        """Take back what start or relocate to a node left in the configuration; nothing where they leave nothing."""

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a command that failed."""


def document(text: str, begins: str = "<") -> ElementTree.Element | None:
    """Read the XML document in what a tool printed, which may warn before and behind it; None where there is none."""
    begin, end = text.find(begins), text.rfind(">")
    if begin < 0:
        return None
    try:
        return ElementTree.fromstring(text[begin : end + 1])  # noqa: S314  # from the cluster's own tools
    except ElementTree.ParseError:
        return None


def shell(name: str, argv: Sequence[str], seconds: int = 20) -> str:
    """Write shell text that runs a command of a question within a time limit, as a section.

    The words are written by this program alone, so they need no quoting.
    """
    return f'echo @{name}; timeout {seconds} {" ".join(argv)} 2>&1; echo "@end $?"\n'
