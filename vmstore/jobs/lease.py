"""Keep two runs of vmstore apart: a lock on a node that falls by itself when the run that holds it is gone.

The lock is flock(2) in a shell on the node, fed with a sign of life through its standard input. When the run
ends in any way, kill -9 included, the input closes and the lock falls; when its machine or line is lost, the
shell hears nothing for 30 s and gives up.

With each answer that shell hands over what somebody, from whatever node, wants of the run, and it appends to the job's
record what the run has to say.
"""

import getpass
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from vmstore import moments
from vmstore.errors import ClusterUnusable, Locked, LockLost
from vmstore.jobs.engine import AGAIN
from vmstore.model import LEASE_TAG, RELIEF_TAG
from vmstore.run import Held
from vmstore.tools.nodes import Nodes

FOLDER = "/run/vmstore/lock"
BEAT = 2.0
# Two seconds are for those who look whether it is free, who hold it shared for a moment.
# bash, because POSIX read has no time limit. Arguments: the file, who wants it, and the record to append to, if any.
# The record's last line may be torn: a new one begins behind it. Records of more than 400 days go.
_HOLD = """
mkdir -p "${1%/*}" && exec 9>>"$1" || { echo "error cannot lock $1"; exit 1; }
flock -w 2 9 || { echo "taken $(cat "$1")"; exit 1; }
printf '%s' "$2" >"$1"; rm -f "$1.wish" "$1.rate"
if [ -n "$3" ]; then
    mkdir -p "${3%/*}" && find "${3%/*}" -name '*.jsonl' -mtime +400 -exec rm -f {} +
    [ -s "$3" ] && [ -n "$(tail -c 1 "$3")" ] && echo >>"$3"
fi 2>/dev/null
echo held
while read -r -t 30 line; do
    said=heard
    [ -z "$line" ] || { printf '%s\\n' "$line" >>"$3" && sync "$3"; } 2>/dev/null || said=deaf
    wish= rate=
    { read -r wish <"$1.wish"; read -r rate <"$1.rate"; } 2>/dev/null
    echo "$said ${wish:-none} $rate"
done
"""


class Taken(Locked):
    """Another run of vmstore holds the lock: ``holder`` says who and where, ``since`` when, None if it does not."""

    def __init__(self, what: str, node: str, holder: str) -> None:
        super().__init__(
            f"another vmstore is at work on {what}",
            why=f"it was started by {holder or 'somebody'} and still runs (lock on {node})",
            hint="wait until it is done; `vmstore job list` shows evacuations and how far they are",
        )
        self.holder = holder
        self.since = moments.read(holder.rpartition(" at ")[2])


class Lease:
    """A lock that is held on a node for as long as this object's run lives.

    ``wish`` is what is wanted of that run, ``rate`` the bytes a second that it shall keep to, None where nobody said.
    """

    def __init__(self, held: Held, what: str, node: str) -> None:
        self.wish = ""
        self.rate: int | None = None
        self._held = held
        self._what = what
        self._node = node
        self._over = threading.Event()
        self._lost = False
        self._heard = time.monotonic()
        self._talking = threading.Lock()
        threading.Thread(target=self._beat, daemon=True).start()

    def _beat(self) -> None:
        while not self._over.wait(BEAT) and not self._lost:
            self._exchange("")

    def _exchange(self, line: str) -> str:
        with self._talking:
            said, wish, rate, *_ = [*self._held.exchange(line).split(), "", "", ""]
        self._lost = self._lost or not said
        self._heard = time.monotonic()
        self.wish = "" if wish == "none" else wish
        self.rate = int(rate) if rate.isdecimal() else None
        return said

    def note(self, line: str) -> bool:
        """Append a line to the job's record; tell whether it is on the node's disk."""
        return self._exchange(line) == "heard"

    def check(self) -> None:
        """Raise LockLost when the lock was lost, so that nothing more is begun."""
        # This process may have been asleep for longer than its shell waits.
        if time.monotonic() - self._heard > 3 * BEAT:
            self._exchange("")
        if self._lost:
            raise LockLost(
                f"lost the lock of {self._what} on {self._node}", why=f"{self._node} does not answer", hint=AGAIN
            )

    def release(self) -> None:
        """Let go."""
        self._over.set()
        with self._talking:
            self._held.release()


@contextmanager
def hold(nodes: Nodes, node: str, name: str, what: str, record: str = "") -> Iterator[Lease]:
    """Hold the lock ``name`` on a node; ``record`` is the path of the job's record there.

    Raises Taken where another run has it, ClusterUnusable where the node cannot lock.
    """
    held = nodes.hold(node, ["bash", "-c", _HOLD, "lock", path(name), who(), record])
    answer = held.first_line()
    if answer != "held":
        held.release()
        raise _refusal(answer, node, what)
    lease = Lease(held, what, node)
    try:
        yield lease
    finally:
        lease.release()


def free(nodes: Nodes, node: str, name: str) -> bool:
    """Tell whether nobody holds the lock ``name`` on a node."""
    return nodes.run(node, ["sh", "-c", 'test ! -e "$1" || flock -sn "$1" true', "lock", path(name)]).ok


def path(name: str) -> str:
    """Give the file of a lock; what is wanted of its holder lies beside it, with ``.wish`` and ``.rate`` at its end."""
    return f"{FOLDER}/{name}"


def _refusal(answer: str, node: str, what: str) -> Taken | ClusterUnusable:
    state, _, detail = answer.partition(" ")
    if state == "taken":
        return Taken(what, node, detail)
    return ClusterUnusable(
        f"cannot lock {what}",
        why=f"{node}: {detail or 'no answer'}",
        hint=f"bash and flock must work there: ssh {node} flock --version",
    )


def who() -> str:
    """Say who runs this, where and since when."""
    now = moments.show(datetime.now(UTC).timestamp())
    return f"{getpass.getuser()} on {socket.gethostname()} (process {os.getpid()}) at {now}"


def tag(node: str, pv: str, kind: str = LEASE_TAG) -> str:
    """Make the PV tag that says a PV, by UUID, is being emptied, under a lock on which node, and since when.

    It is also the job's name; a part of the UUID keeps apart two that begin in one second. ``kind`` is one of
    model.JOB_TAGS: a PV may also be relieved of some volumes only.
    """
    return f"{kind}{node}:{datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}-{pv[:4]}"


def job(tag: str) -> str:
    """Give what a tag says of its job, whatever its kind: ``NODE:TIME-PV``."""
    return tag.partition("=")[2]


def of_kind(tag: str, kind: str) -> str:
    """Give the tag of the same job, under the same lock and with the same record, when it is of another kind."""
    return kind + job(tag)


def opens(tag: str) -> bool:
    """Tell whether the PV takes new extents again when the job is over."""
    return tag.startswith(RELIEF_TAG)


def evacuation(pv: str) -> str:
    """Name the lock under which a PV, by UUID, is emptied."""
    return f"evacuate.{pv}"


def volume(vm: str) -> str:
    """Name the lock under which a VM's volume is worked on."""
    return f"volume.{vm}"


def node_of(tag: str) -> str:
    """Name the node on which the lock behind a tag is held."""
    return job(tag).partition(":")[0]
