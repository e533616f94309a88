"""Hold a copy back on the node that does it: to a rate, and while the storage is too busy for it.

The kernel's knob is a parameter of its module dm_mirror and holds for all mirrors of the node. So a shell on that node
keeps it, with the value from before, and puts that back when it hears nothing more, vmstore killed or cut off included.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from vmstore.errors import Refused
from vmstore.log.writing import Log
from vmstore.policies.courtesy import Courtesy
from vmstore.policies.load import Judge, Limits, Look, Served
from vmstore.policies.throttle import WHOLE, Share
from vmstore.run import Held
from vmstore.tools.nodes import Nodes, shown

FILE = "/run/vmstore/throttle"
# Seconds: until a shell that hears nothing puts the old value back; until one that another job has is asked for again.
SILENCE = 30
AGAIN = 10.0
# Per cent. With none at all the kernel still copies, at the same pace, but longer at each region that writes wait for.
STAND_BACK = 1
# Seconds.
SHORT = 2.0
# drivers/md/dm-raid1.c: DECLARE_DM_KCOPYD_THROTTLE_WITH_MODULE_PARM(raid1_resync_throttle, ...), per cent of the time.
KNOB = "/sys/module/dm_mirror/parameters/raid1_resync_throttle"
PRESSURE = "/proc/pressure/io"
# The value from before lies in a file, for a shell that could not put it back itself. Arguments: that file, the knob,
# the seconds after which silence is the end, devices.
# It answers each share with the node's I/O pressure and, by device, reads and writes so far and their milliseconds
# (kernel Documentation: accounting/psi.rst, admin-guide/iostats.rst).
_KEEP = """
mkdir -p "${1%/*}" && exec 9>>"$1.lock" || { echo none; exit 1; }
flock -n 9 || { echo taken; exit 1; }
modprobe -q dm_mirror 2>/dev/null
[ -w "$2" ] || { echo none; exit 1; }
was=$1 knob=$2 patience=$3; shift 3
[ -s "$was" ] || cat "$knob" >"$was"
trap 'cat "$was" >"$knob"; rm -f "$was"' EXIT
echo ready
while read -r -t "$patience" share; do
    echo "$share" >"$knob"
    some=; said=-
    { read -r _ some _; } 2>/dev/null </proc/pressure/io && said=${some#avg10=}
    for device; do
        file=$(readlink -f "$device")
        file=/sys/class/block/${file##*/}/stat
        { read -r reads _ _ read_ms writes _ _ write_ms _; } 2>/dev/null <"$file" || continue
        said="$said $device $reads $writes $((read_ms + write_ms))"
    done
    echo "$said"
done
"""


@dataclass(frozen=True, slots=True)
class Throttle:
    """Keep copies to a rate, in bytes a second as it is wished at each moment (0 for none), and to limits of load.

    ``beside`` is the share of its time, in per cent, that a copy takes while others use the same PVs. ``poll`` are the
    seconds between two looks. ``tell`` is told why a copy stands back, and "" when it goes on; ``note`` what the admin
    should know. ``unable`` are the nodes of which was said that it cannot be done there.
    ``log`` is told of the knob.
    """

    nodes: Nodes
    poll: int
    rate: Callable[[], int]
    limits: Limits
    beside: int
    tell: Callable[[str], None]
    note: Callable[[str], None]
    unable: set[str] = field(default_factory=set)
    log: Log = field(default_factory=Log)

    @contextmanager
    def over(self, node: str, devices: Sequence[str], grain: int) -> Iterator[Callable[[int], None]]:
        """Hold back what is copied on a node; give what is told the bytes that are there, about once a second."""
        courtesy = Courtesy(self.beside, devices[0], devices[1:])
        keeper = _Keeper(self, node, devices, Share(grain), Judge(node, self.limits), courtesy)
        try:
            keeper.look(0)
            yield keeper.look
        finally:
            keeper.release()


@dataclass(slots=True)
class _Keeper:
    """Hold the knob of one node during one copy, from the first time that there is something to hold back."""

    throttle: Throttle
    node: str
    devices: Sequence[str]
    share: Share
    judge: Judge
    courtesy: Courtesy
    held: Held | None = None
    again: float = 0.0
    began: float = field(default_factory=time.monotonic)
    beside: int = WHOLE
    logged: ExitStack = field(default_factory=ExitStack)

    def look(self, done: int) -> None:
        """Set the share by the bytes that are there, by the load and by what others do."""
        rate, now = self.throttle.rate(), time.monotonic()
        wanted = bool(rate or self.throttle.limits)
        # Of a copy that is over in a moment nobody has to be spared.
        if not (wanted or self.held or (self.courtesy and now - self.began >= SHORT)) or not self._hold(wanted):
            return
        assert self.held is not None
        before = self.judge.why
        share = STAND_BACK if before else min(self.beside, self.share.percent(now, done, rate))
        answer = self.held.exchange(str(share))
        if not answer:
            self.release()
            return
        look = parse(answer)
        self.beside = self.courtesy.percent(now, look)
        why = self.judge.judge(look)
        if bool(why) != bool(before):
            self.share.restart()
            self.throttle.tell(why)

    def _hold(self, wanted: bool) -> bool:
        if self.held is None:
            if time.monotonic() < self.again:
                return False
            patience = str(SILENCE + 2 * self.throttle.poll)
            argv = ["bash", "-c", _KEEP, "throttle", FILE, KNOB, patience, *self.devices]
            self.held = self.throttle.nodes.hold(self.node, argv)
            said = self.held.first_line()
            if said != "ready":
                self.release()
                self.again = time.monotonic() + AGAIN
                if wanted and said in ("taken", "none") and self.node not in self.throttle.unable:
                    self.throttle.unable.add(self.node)
                    why = "another job does" if said == "taken" else "its kernel cannot"
                    self.throttle.note(f"copies on {self.node} are not held back by this run: {why}")
                return False
            self.logged.enter_context(self.throttle.log.change(self.node, shown(argv)))
        return True

    def release(self) -> None:
        """Let the node put its own value back."""
        if self.held is not None:
            self.held.release()
            self.held = None
            self.logged.close()


def parse(answer: str) -> Look:
    """Read what the shell on the node said; what makes no sense is left out."""
    pressure, *rest = answer.split()
    served = {}
    for device, *numbers in zip(rest[::4], rest[1::4], rest[2::4], rest[3::4], strict=False):
        if all(number.isdecimal() for number in numbers):
            served[device] = Served(*map(int, numbers))
    try:
        return Look(float(pressure), served)
    except ValueError:
        return Look(None, served)


def able(nodes: Nodes, names: Iterable[str], limits: Limits) -> None:
    """Raise Refused where a node's kernel has no way to hold a copy back, or does not tell what is limited."""
    script = 'modprobe -q dm_mirror 2>/dev/null; for file; do test -r "$file" || { echo "$file"; exit 1; }; done'
    files = [KNOB, *([PRESSURE] if limits.pressure else [])]
    for node in sorted(set(names)):
        result = nodes.run(node, ["sh", "-c", script, "able", *files])
        if not result.ok:
            raise Refused(
                f"{node} cannot hold a copy back",
                why=f"its kernel has no {result.out.strip() or KNOB}",
                hint="without a rate and without limits of load ([move] and [load] in vmstore.toml)",
            )
