"""Look at the jobs there are: PV tags name them, their locks tell which of them run, their records what was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from vmstore.errors import ClusterUnusable, NotFound
from vmstore.jobs import lease, record, where
from vmstore.jobs.control import Wish
from vmstore.jobs.record import Event
from vmstore.model import Inventory, PhysicalVolume
from vmstore.policies.pace import Pace, Part
from vmstore.tools.nodes import Nodes, Unreachable

# Arguments: the lock's file, the record's file.
_LOOK = """
if [ -e "$1" ] && ! flock -sn "$1" true; then echo "held $(cat "$1")"; else echo free; fi
echo "wish $(cat "$1.wish" 2>/dev/null)"
echo "rate $(cat "$1.rate" 2>/dev/null)"
cat "$2" 2>/dev/null
"""
State = Literal["running", "pausing", "paused", "aborting", "stopped", "unknown"]
# In which order they stand in a word: the run's own end comes last.
_ENDS = ("stopped", "failed")


@dataclass(frozen=True, slots=True)
class Job:
    """An evacuation that is under way or was cut off.

    ``state`` is running, pausing, paused, aborting, stopped (nobody works on it) or unknown (the node of its lock does
    not answer). ``holder`` says who runs it. ``left`` and ``total`` are bytes; ``total`` is None without a record.
    ``rate`` is bytes a second over the time in which it worked and ``eta`` the seconds that are left, both None before
    the first piece is there. ``limit`` are the bytes a second that it shall keep to, 0 for no limit.
    """

    tag: str
    pv: PhysicalVolume
    state: State
    holder: str
    since: datetime
    why: str
    left: int
    total: int | None
    rate: float | None = None
    eta: float | None = None
    limit: int = 0
    events: tuple[Event, ...] = ()

    @property
    def name(self) -> str:
        """Give the name that the admin uses."""
        return record.identity(self.tag)

    @property
    def node(self) -> str:
        """Name the node of its lock and record."""
        return lease.node_of(self.tag)

    @property
    def asked(self) -> Mapping[str, object]:
        """Give what was asked for when it was begun last; empty without a record."""
        return _asked(self.events)


def jobs(nodes: Nodes, world: Inventory) -> list[Job]:
    """List the jobs, oldest first."""
    found = [look(nodes, world, pv, tag) for pv in world.pvs for tag in pv.leases]
    return sorted(found, key=lambda job: (job.since, job.name))


def find(nodes: Nodes, world: Inventory, text: str) -> Job:
    """Find a job by its name or by its PV. Raises NotFound."""
    for pv in world.pvs:
        for tag in pv.leases:
            if text == record.identity(tag):
                return look(nodes, world, pv, tag)
    try:
        source = world.pv(where.find_pv(world, nodes.local, text))
    except NotFound:
        source = None
    if source is None or not source.leases:
        why = f"{source.name} is not being emptied" if source else "no PV bears its mark: it is done, or never was"
        hint = "`vmstore job list` shows what is under way" + (
            "" if source else f", `vmstore log {text}` what was done"
        )
        raise NotFound(f"there is no job {text}", why=why, hint=hint)
    return look(nodes, world, source, source.leases[0])


def look(nodes: Nodes, world: Inventory, pv: PhysicalVolume, tag: str) -> Job:
    """Look at one job."""
    left = _left(world, pv, {})
    since = _since(tag)
    node = lease.node_of(tag)
    if node in world.absent:
        return Job(tag, pv, "stopped", "", since, f"{node}, where it ran, is off", left, None)
    try:
        argv = ["sh", "-c", _LOOK, "look", lease.path(lease.evacuation(pv.uuid)), record.path(tag)]
        answer = nodes.run(node, argv, timeout=nodes.ssh.answer_timeout)
    except Unreachable as error:
        return Job(tag, pv, "unknown", "", since, f"{node} does not answer ({error.why})", left, None)
    lock, _, rest = answer.out.partition("\n")
    wish, _, rest = rest.partition("\n")
    rate, _, text = rest.partition("\n")
    if not lock or not wish.startswith("wish") or not rate.startswith("rate"):
        return Job(tag, pv, "unknown", "", since, f"{node}: {answer.reason()}", left, None)
    wished = (wish.removeprefix("wish").strip(), rate.removeprefix("rate").strip())
    events = record.parse(text)
    return judged(tag, pv, lock, wished, events, _left(world, pv, _asked(events)))


def _left(world: Inventory, pv: PhysicalVolume, asked: Mapping[str, object]) -> int:
    """Count the bytes that are still to go; of a relief without a record that is what is under way."""
    if not pv.relieved:
        excluded = asked.get("exclude")
        stay = excluded if isinstance(excluded, list) else []
        return pv.allocated - sum(lv.on(pv.uuid) for lv in world.lvs if lv.name in stay) * world.vg.extent
    moves = asked.get("moves")
    going = set(moves) if isinstance(moves, dict) else set()
    going |= {name for lv in world.lvs for name in lv.moving_in if lv.name in going or not going}
    return sum(lv.on(pv.uuid) for lv in world.lvs if lv.name in going) * world.vg.extent


def judged(tag: str, pv: PhysicalVolume, lock: str, wished: tuple[str, str], events: list[Event], left: int) -> Job:
    """Say from a job's lock, what is wished of it (a word and a rate) and its record what its state is. Pure."""
    held, _, holder = lock.partition(" ")
    wish, rate = wished
    last = events[-1] if events else None
    if held == "held":
        resting = last is not None and last.name == "paused"
        waits = last is not None and last.name in ("paused", "held back")
        states: dict[str, State] = {Wish.ABORT: "aborting", Wish.PAUSE: "paused" if resting else "pausing"}
        state = states.get(wish, "running")
        why = str(last.fields.get("why", "")) if waits and last else ""
    else:
        state, holder = "stopped", ""
        ended = last is not None and last.name in _ENDS
        why = str(last.fields.get("why", "")) if ended and last else "it was cut off"
    total = next((_number(event, "bytes") for event in events if event.name == "asked"), None)
    limit = int(rate) if held == "held" and rate.isdecimal() else _limit(events)
    return Job(tag, pv, state, holder, _since(tag), why, left, total, *_pace(events), limit, tuple(events))


def _pace(events: list[Event]) -> tuple[float | None, float | None]:
    """Give bytes a second and the seconds that are left, without the time in which the job rested.

    Several pieces are proven, and written down as moved, together: each has ended when the next one began.
    """
    moved, seconds, pace = 0, 0.0, Pace(0, 0)
    begun: list[tuple[datetime, int]] = []
    for event in events:
        if event.name == "asked":
            pace = Pace(_number(event, "parts"), _number(event, "work") or _number(event, "bytes"))
        if event.name == "began":
            begun.append((event.time, _number(event, "bytes")))
        elif event.name == "moved" and begun:
            (since, size), *begun = begun
            part = Part(size, ((begun[0][0] if begun else event.time) - since).total_seconds())
            moved, seconds = moved + part.size, seconds + part.seconds
            pace.took(part)
        elif event.name in ("paused", "resumed", "asked", *_ENDS):
            begun.clear()
    return (moved / seconds if moved and seconds > 0 else None), pace.left()


def _asked(events: Sequence[Event]) -> Mapping[str, object]:
    return next((event.fields for event in reversed(events) if event.name == "asked"), {})


def _limit(events: list[Event]) -> int:
    rates = [_number(event, "rate") for event in events if event.name in ("asked", "rate")]
    return rates[-1] if rates else 0


def _number(event: Event, key: str) -> int:
    value = event.fields.get(key, 0)
    return value if isinstance(value, int) else 0


def _since(tag: str) -> datetime:
    try:
        return datetime.strptime(tag.rpartition(":")[2].partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def wish(nodes: Nodes, job: Job, word: str) -> None:
    """Leave a wish beside a job's lock, or take it away with "". Raises Unreachable, ClusterUnusable."""
    _leave(nodes, job, "wish", word)


def limit(nodes: Nodes, job: Job, rate: int) -> None:
    """Have a job keep to a rate, in bytes a second, 0 for none. Raises Unreachable, ClusterUnusable."""
    _leave(nodes, job, "rate", str(rate))


def _leave(nodes: Nodes, job: Job, kind: str, word: str) -> None:
    file = f"{lease.path(lease.evacuation(job.pv.uuid))}.{kind}"
    # A wish to end stays: nobody waits for ever for a job that was told to rest after that.
    script = """
[ "$(cat "$1" 2>/dev/null)" != abort ] || exit 0
if [ -n "$2" ]; then printf "%s\\n" "$2" >"$1.new" && mv "$1.new" "$1"; else rm -f "$1"; fi
"""
    result = nodes.run(job.node, ["sh", "-c", script, "wish", file, word])
    if not result.ok:
        raise ClusterUnusable(
            f"{job.name} cannot be told", why=f"{job.node}: {result.reason()}", hint=f"look at {lease.FOLDER} there"
        )
