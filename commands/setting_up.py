"""Look at a host and its cluster, make a first configuration of it, and try the ways between the nodes."""

import os.path
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vmstore import config as configuration
from vmstore import names, session, ui_files
from vmstore.config import Config, Ssh
from vmstore.errors import Refused, VmstoreError
from vmstore.policies import proposal
from vmstore.policies.proposal import Choice
from vmstore.report import first_settings
from vmstore.report.first_settings import Proposal
from vmstore.session import Session
from vmstore.tools import nodes, reach, survey
from vmstore.tools.reach import Reached


@dataclass(frozen=True, slots=True)
class Found:
    """The proposed file, and what stands between it and its use."""

    text: str
    troubles: tuple[str, ...]


def place(config: Path | None, *, write: bool) -> Path:
    """Say where the configuration belongs. Raises Refused where one is that would be overwritten."""
    file = configuration.file_of(config)
    # A link that leads nowhere is somebody's, too, and what cannot be looked at will be told when it is written.
    if write and os.path.lexists(file):
        raise Refused(
            f"{file} is there already",
            why="vmstore overwrites no configuration",
            hint="without --write it shows what it would propose; --config FILE writes it elsewhere",
        )
    return file


def look(vg: str, wanted: tuple[str, ...]) -> Found:
    """Look at this host, or at the first node that was named, then at all nodes. Raises what makes that impossible."""
    for name in wanted:
        names.node(name)
    first = nodes.connect(session.make_runner(), wanted, Ssh())
    if first.local and not session.is_root():
        raise Refused(
            "init has to be run by root here",
            why=f"it looks at LVM on {first.local}, which tells only root what there is",
            hint="sudo vmstore init; from a workstation: vmstore init --node NODE",
        )
    told = survey.ask(first, first.local or wanted[0])
    group = proposal.vg(told, vg)
    chosen = proposal.nodes(told, wanted)
    run = _session(group.name, tuple(chosen.value))
    found, troubles = Choice((), ""), list[str]()
    try:
        world = run.inventory(blocks=True)
        found = proposal.classes(pv.storage_class for pv in world.pvs)
    except VmstoreError as error:
        troubles.append(f"the classes of the PVs are not known: {error.what} ({error.why}); try: {error.hint}")
    troubles += _ways(run)
    offered = Proposal(
        Choice(group.name, proposal.why_vg(group)), chosen, found, proposal.manager(told), proposal.hypervisor(told)
    )
    return Found(first_settings.text(offered), tuple(troubles))


def write(file: Path, text: str) -> None:
    """Write the file in one stroke, for root to change alone. Raises ToolFailed, Refused where one came meanwhile."""
    configuration.parse(text, str(file))
    with suppress(OSError):
        file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    # Looking takes seconds.
    place(file, write=True)
    ui_files.write(file, text)


def next_step(file: Path, found: Found, *, written: bool) -> str:
    """Say what to type next."""
    if not written:
        return f"nothing was written; --write puts it into {file}"
    if found.troubles:
        return "mend that, then: vmstore doctor"
    return "next: vmstore doctor, then vmstore pv list"


def _session(vg: str, members: tuple[str, ...]) -> Session:
    made = Config(vg=vg, nodes=members)
    return Session(made, nodes.connect(session.make_runner(), members, made.ssh))


def _ways(run: Session) -> Iterator[str]:
    """Try each way between the nodes, and tell of those that fail and how to open them."""
    if len(run.nodes.names) < 2:
        return
    said, silent = reach.ask(run.nodes, run.nodes.names)
    user = run.nodes.ssh.user
    for node, why in silent.items():
        yield f"{node} is not reached from here: {why}; try: ssh {user}@{node} true"
    for node, reached in said.items():
        for other, why in reached.fails.items():
            yield f"{node} does not reach {other}: {why}; try on {node}: ssh-copy-id {user}@{other}"
    yield from _versions(said)


def _versions(said: Mapping[str, Reached]) -> Iterator[str]:
    versions = {node: reached.lvm for node, reached in said.items()}
    if len(set(versions.values())) > 1:
        told = ", ".join(f"{version or 'none'} on {node}" for node, version in versions.items())
        yield f"the nodes have different versions of LVM: {told}"
