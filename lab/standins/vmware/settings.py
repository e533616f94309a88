"""Read what a host's stand-in shall do: the file ``settings`` in its state folder, KEY = VALUE a line."""

import os
from dataclasses import dataclass, fields
from pathlib import Path

from lab.standins.vmware.refusal import BrokenStandIn

STATE_VARIABLE = "VMWARE_STANDIN_STATE"
DEFAULT_STATE = Path("/var/lib/vmware-standin")
FOREVER = "forever"


@dataclass(frozen=True)
class Settings:
    """Hold one value per key of the file; all are text as written there, the methods below read numbers.

    ``question``           wording and numbering of the UUID question, a name of ``questions.UUID_QUESTIONS``;
                           ``default`` = server1-gsx for vmware-cmd, server2-altered for vmware-vim-cmd
    ``pending_start``      what start does while a question is open: ``block`` (until ``pending_wait``), ``fail`` or
                           ``return`` (power.on of Server 2 comes back at once, as the heartbeat/vmware agent expects);
                           ``default`` = block for vmware-cmd, return for vmware-vim-cmd
    ``pending_wait``       seconds a blocked start waits before error -7, or ``forever``
    ``resume_question``    ``yes``: a resume asks about the file that holds the state; 0 throws that file away
    ``unregister_fails``   the first N calls of unregister fail (Server 2 "randomly fails to unregister VMs")
    ``suspend_fails``      the first N calls of suspend fail as on a full file system; the VM goes on running
    ``start_fails``        the first N calls of start fail with an unknown error
    ``hang``               seconds every command of ``hang_on`` waits before it does anything, or ``forever``
    ``hang_on``            operations (comma separated: getstate, start, …) that hang; ``all``
    ``authd``              ``down``: vmware-serverd does not answer, error -14
    ``tools``              ``yes``: VMware Tools run in the guests, so that soft operations succeed
    ``exists_error``       number of the error for a second register: -20 or -999
    ``shows_mode``         operations (comma separated) that show their mode, ``stop(hard) = 1``; the others show
                           ``start() = 1``. Both were seen for start and stop
    ``stuck_shows``        what power.getstate of Server 2 shows while a question is open: on or off (not confirmed)
    ``list_blank_line``    ``yes``: an empty line comes first in the output of -l, as on some versions
    ``guest``              ``file`` or ``virsh`` where VMWARE_STANDIN_GUEST says nothing: cluster managers start agents
                           with an environment of their own
    ``uri``                libvirt's, where VMWARE_STANDIN_URI says nothing
    ``datastore``          NAME=FOLDER of Server 2, for ``[NAME] vm/vm.vmx``
    """

    question: str = "default"
    pending_start: str = "default"
    pending_wait: str = "30"
    resume_question: str = "no"
    unregister_fails: str = "0"
    suspend_fails: str = "0"
    start_fails: str = "0"
    hang: str = "0"
    hang_on: str = "all"
    authd: str = "up"
    tools: str = "no"
    exists_error: str = "-20"
    shows_mode: str = "stop"
    stuck_shows: str = "on"
    list_blank_line: str = "no"
    guest: str = "file"
    uri: str = "qemu:///system"
    datastore: str = "standard=/vm"

    def seconds(self, key: str) -> float:
        """Return ``key`` in seconds; infinity for ``forever``."""
        text = str(getattr(self, key))
        return float("inf") if text == FOREVER else float(text)

    def says_yes(self, key: str) -> bool:
        """Return whether ``key`` is ``yes``."""
        return bool(getattr(self, key) == "yes")

    def names(self, key: str) -> set[str]:
        """Return the words of a comma separated list."""
        return {word.strip() for word in str(getattr(self, key)).split(",")}

    def hangs_on(self, operation: str) -> bool:
        """Return whether ``operation`` is one of those that hang."""
        return self.seconds("hang") > 0 and bool(self.names("hang_on") & {"all", operation})


def state_folder() -> Path:
    """Return this host's state folder; two folders stand for two hosts."""
    return Path(os.environ.get(STATE_VARIABLE) or DEFAULT_STATE)


def read(folder: Path) -> Settings:
    """Return the settings of the host whose state lies in ``folder``; raises BrokenStandIn for an unknown key."""
    try:
        lines = (folder / "settings").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return Settings()
    known = {item.name for item in fields(Settings)}
    values = {}
    for line in lines:
        text = line.partition("#")[0].strip()
        if not text:
            continue
        key, sign, value = text.partition("=")
        if not sign or key.strip() not in known:
            raise BrokenStandIn(f"{folder}/settings: not a setting: {line}")
        values[key.strip()] = value.strip()
    return Settings(**values)
