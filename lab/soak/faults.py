"""The faults that a round of the soak may meet, each as shell text that runs on this machine at one point of the work.

The text knows ``$vmstore``, the process of the run, ``$node``, where the work is done, and ``$lab``, the lab's command.
"""

from dataclasses import dataclass

_JOBS = "/var/lib/vmstore/jobs"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is broken, and what mends it before the next run, if anything must. ``crash``: the node is gone."""

    name: str
    breaks: str
    mends: str = ""
    crash: bool = False


FAULTS = (
    Fault("vmstore is killed", 'kill -KILL "$vmstore"'),
    Fault("vmstore is told to stop", 'kill -INT "$vmstore"'),
    Fault("vmstore is told twice to stop", 'kill -INT "$vmstore"; sleep 0.3; kill -INT "$vmstore"'),
    Fault("the terminal is lost", 'kill -HUP "$vmstore"'),
    Fault("the connections to the nodes are cut", "pkill -KILL -f 'ssh: .*vmstore/ssh/'"),
    Fault(
        "lvmpolld is killed",
        '"$lab" ssh "$node" "pkill -KILL lvmpolld"',
        '"$lab" ssh "$node" "pgrep -x lvmpolld >/dev/null || lvmpolld -t 0"',
    ),
    Fault("pvmove is killed", '"$lab" ssh "$node" "pkill -KILL -x pvmove"'),
    Fault("an iSCSI link is cut for 8 s", '"$lab" cut "$node" san; sleep 8; "$lab" mend "$node" san'),
    Fault("the node loses power", '"$lab" crash "$node"', '"$lab" start "$node"', crash=True),
    Fault(
        "the disk of the record is full",
        f'"$lab" ssh n1 "mkdir -p {_JOBS}; mount -t tmpfs -o size=4k none {_JOBS}; yes >{_JOBS}/full 2>&1; true"',
        f'"$lab" ssh n1 "umount {_JOBS}"',
    ),
)


def program(fault: Fault, at: int, folder: str, lab: str, state: str) -> str:
    """Write the program that vmstore's hook calls: it breaks things at point ``at``, and notes which one that was.

    vmstore hands its own environment on to nobody, so the program is told where the lab is. "broken" is made once the
    fault is there, "void" where there was nothing to break, such as no pvmove.
    """
    return f"""#!/bin/sh
[ "$1" = {at} ] || exit 0
export vmstore=$PPID node=$3 lab={lab} VMSTORE_LAB_STATE={state}
echo "$2 $4" >{folder}/met
echo "$3" >{folder}/node
if {fault.breaks}; then echo >{folder}/broken; else echo >{folder}/void; fi
"""
