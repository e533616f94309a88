"""Say of each job how far it is, who works on it and why it rests. Pure."""

from datetime import UTC, datetime
from typing import Literal, NotRequired, TypedDict, cast

from vmstore import moments, sizes
from vmstore.jobs.joblook import Job, State
from vmstore.report.json_types import Count, Size, Time


class JobRow(TypedDict):
    """A job, and the verb that began it; ``bytes_per_second`` is null before the first piece is there."""

    job: str
    verb: Literal["evacuate", "rebalance"]
    pv: str
    wwid: str | None
    uuid: str
    state: State
    moved: Size | None
    total: Size | None
    left: Size
    bytes_per_second: Size | None
    eta_seconds: Count | None
    rate_limit: Size | None
    node: str
    since: Time
    by: str | None
    why: str


class EventRow(TypedDict):
    """What a job wrote down; which fields there are beside these depends on the event."""

    time: Time
    event: str
    what: NotRequired[str]
    why: NotRequired[str]
    by: NotRequired[str]
    bytes: NotRequired[Size]


class JobFacts(JobRow):
    """A job with its record."""

    events: list[EventRow]


def row(job: Job) -> JobRow:
    """Describe a job."""
    moved = None if job.total is None else max(0, job.total - job.left)
    working = job.state == "running" and job.eta is not None
    return {
        "job": job.name,
        "verb": "rebalance" if job.pv.relieved else "evacuate",
        "pv": job.pv.name,
        "wwid": (job.pv.device.wwid if job.pv.device else "") or None,
        "uuid": job.pv.uuid,
        "state": job.state,
        "moved": moved,
        "total": job.total,
        "left": job.left,
        "bytes_per_second": int(job.rate) if job.rate else None,
        "eta_seconds": int(job.eta) if working and job.eta is not None else None,
        "rate_limit": job.limit or None,
        "node": job.node,
        "since": moments.show(job.since.timestamp()),
        "by": job.holder or None,
        "why": job.why,
    }


def events(job: Job) -> list[EventRow]:
    """List what its record tells."""
    return [
        cast("EventRow", {"time": moments.show(event.time.timestamp()), "event": event.name, **event.fields})
        for event in job.events
    ]


def line(event: EventRow) -> str:
    """Write an event for eyes."""
    words = [str(event[key]) for key in ("what", "why", "by") if event.get(key)]
    return f"{event['time']}  {event['event']}{': ' if words else ''}{', '.join(words)}"


def who(holder: str | None) -> str:
    """Name whoever works on a job for eyes, without the process and the time."""
    return holder.partition(" (process ")[0] if holder else "-"


def asked(job: Job) -> str:
    """Say what was asked for, as it would be typed."""
    told = job.asked
    options = (
        # Where a relief goes to, it finds by itself.
        ("--to", [] if job.pv.relieved else told.get("to")),
        ("--most", told.get("most")),
        ("--remove", bool(told.get("remove"))),
        ("--window", told.get("window")),
        ("--rate", sizes.typed(job.limit) if job.limit else ""),
        ("--exclude", told.get("exclude")),
        ("--engine", told.get("engine")),
        ("--suspend", f"{told['suspend']}s" if told.get("suspend") else ""),
    )
    words = ["vmstore rebalance" if job.pv.relieved else f"vmstore evacuate {job.pv.anywhere}"]
    for option, value in options:
        if value is True:
            words.append(option)
        else:
            values = value if isinstance(value, list) else [value] if value else []
            words += [f"{option} {each}" for each in values]
    return " ".join(words)


def age(since: datetime) -> float:
    """Count the seconds since a moment."""
    return (datetime.now(UTC) - since).total_seconds()
