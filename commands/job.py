"""vmstore job: what is at work, whatever node it was started on; pause it, let it go on, give it up."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from vmstore.commands.options import Config, DryRun, Format, Offline, Way, Yes
from vmstore.output import Output

if TYPE_CHECKING:
    from vmstore.model import Inventory
    from vmstore.session import Session

JobName = Annotated[
    str, typer.Argument(metavar="JOB", help="The job, as `vmstore job list` names it, or its PV.", show_default=False)
]
EVERY = 5.0
# What to type next, by a job's state.
_NEXT = {
    "stopped": "nobody works on it: `vmstore job resume {job}` takes it up, `vmstore job abort {job}` gives it up",
    "paused": "it rests: `vmstore job resume {job}` lets it go on",
}


def list_jobs(config: Config = None, output: Format = Output.table, offline: Offline = None) -> None:
    """List the jobs: how far each is, and why it rests."""
    from vmstore import session, sizes, ui, ui_progress
    from vmstore.jobs import joblook
    from vmstore.report import jobs

    run = session.start(config, offline or ())
    rows = [jobs.row(job) for job in joblook.jobs(run.nodes, run.inventory(blocks=True))]
    columns = (
        ui.Column("JOB", "job"),
        ui.Column("EMPTIES", "pv"),
        ui.Column("STATE", "state"),
        ui.size_column("MOVED", "moved"),
        ui.size_column("LEFT", "left"),
        ui.Column("RATE", "bytes_per_second", lambda rate: f"{sizes.show(rate)}/s" if rate else "-", right=True),
        ui.Column("ETA", "eta_seconds", lambda left: "-" if left is None else ui_progress.duration(left), right=True),
        ui.Column("BY", "by", jobs.who, optional=True, below=True),
        ui.note_column("why"),
    )
    ui.items(output, "jobs", columns, rows)
    if output is not Output.table:
        return
    if not rows:
        ui.say("no job is under way; `vmstore evacuate PV` begins one")
    for row in rows:
        _say_next(row["state"], row["job"])


def show(job: JobName, config: Config = None, output: Format = Output.table, offline: Offline = None) -> None:
    """Show a job with its record: what was asked and done."""
    from vmstore import session, sizes, ui
    from vmstore.jobs import joblook
    from vmstore.report import jobs

    run = session.start(config, offline or ())
    found = joblook.find(run.nodes, run.inventory(blocks=True, devices=True), job)
    row = jobs.row(found)
    shown = [
        ("job", row["job"]),
        ("empties", f"{row['pv']} ({row['wwid'] or row['uuid']})"),
        ("state", f"{row['state']}{': ' if row['why'] else ''}{row['why']}"),
        ("rate limit", f"{sizes.show(row['rate_limit'])}/s" if row["rate_limit"] else "-"),
        ("moved", f"{'?' if row['moved'] is None else sizes.show(row['moved'])}, {sizes.show(row['left'])} left"),
        ("lock and record on", row["node"]),
        ("since", row["since"]),
        ("by", row["by"] or "-"),
        *([("asked for", jobs.asked(found))] if found.asked else []),
    ]
    told = jobs.events(found)
    ui.facts(output, "job", jobs.JobFacts(**row, events=told), shown)
    if output is Output.table:
        ui.write("".join(f"{jobs.line(event)}\n" for event in told))
        _say_next(found.state, found.name)


def watch(job: JobName, config: Config = None, offline: Offline = None) -> None:
    """Follow a job until it is over; leaving this does nothing to it."""
    from vmstore import session, sizes, ui, ui_progress
    from vmstore.errors import NotFound
    from vmstore.jobs import joblook
    from vmstore.report import jobs

    run = session.start(config, offline or ())
    name, last, told = "", "", 0.0
    while True:
        try:
            found = joblook.find(run.nodes, run.inventory(blocks=True, devices=not name), name or job)
        except NotFound:
            if not name:
                raise
            break
        name, row = found.name, jobs.row(found)
        eta = "" if row["eta_seconds"] is None else f", {ui_progress.duration(row['eta_seconds'])} left"
        why = f" - {row['why']}" if row["why"] else ""
        line = f"{name}: {row['state']}, {sizes.show(row['left'])} on {row['pv']}{eta}{why}"
        now = time.monotonic()
        if line != last or now - told >= ui_progress.LINE_EVERY:
            ui.say(line)
            last, told = line, now
        if found.state == "stopped":
            _say_next(found.state, name)
            return
        time.sleep(EVERY)
    ui.say(f"{name} is over")


def pause(
    job: JobName,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Let a job rest after the piece that it moves.

    Its services are thawed meanwhile.
    """
    from vmstore import session, ui
    from vmstore.errors import Refused
    from vmstore.jobs import joblook
    from vmstore.jobs.control import Wish
    from vmstore.report.results import JobChanged

    del yes
    run = session.start(config, offline or (), changes=not dry_run)
    found = joblook.find(run.nodes, run.inventory(blocks=True, devices=True), job)
    run.log.job = found.name
    if found.state in ("stopped", "unknown", "aborting"):
        raise Refused(
            f"{found.name} does not run",
            why=found.why or "it is being aborted",
            hint=f"`vmstore job resume {found.name}` takes up one that nobody works on",
        )
    changed = found.state not in ("pausing", "paused")
    if changed and not dry_run:
        joblook.wish(run.nodes, found, Wish.PAUSE)
    rests = "would rest" if dry_run else "rests"
    done = f"{found.name} {rests} after the piece that it moves; `vmstore job resume {found.name}` lets it go on"
    ui.result(
        output,
        "job-pause",
        JobChanged(job=found.name, changed=changed and not dry_run),
        done if changed else f"{found.name} is {found.state} already; nothing was changed",
    )


def resume(
    job: JobName,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Let a job go on that rests or was cut off.

    One that nobody works on any more is taken up here, as it was asked for.
    """
    from vmstore import session, ui
    from vmstore.commands.evacuate import evacuate
    from vmstore.commands.rebalance import rebalance
    from vmstore.errors import Refused
    from vmstore.jobs import joblook
    from vmstore.report.results import JobChanged

    run = session.start(config, offline or (), changes=not dry_run)
    world = run.inventory(blocks=True, devices=True)
    found = joblook.find(run.nodes, world, job)
    run.log.job = found.name
    if found.state == "stopped":
        if not found.asked:
            again = "rebalance" if found.pv.relieved else f"evacuate {found.pv.name} --to …"
            raise Refused(
                f"what was asked of {found.name} is not known",
                why=f"its record is not on {found.node}" if not found.why else found.why,
                hint=f"say it again: vmstore {again}",
            )
        manner = (
            str(found.asked.get("window", "")) or "none",
            f"{found.limit}B" if found.limit else "none",
            [str(vm) for vm in _list(found.asked.get("exclude")) if any(lv.name == vm for lv in world.lvs)],
            next((way for way in Way if way == found.asked.get("engine")), None),
            f"{found.asked['suspend']}s" if found.asked.get("suspend") else "",
            config,
            output,
        )
        if found.pv.relieved:
            most = str(found.asked.get("most", ""))
            rebalance(most, *manner, dry_run=dry_run, yes=yes, offline=offline)
            return
        to = [str(word) for word in _list(found.asked.get("to"))]
        remove = bool(found.asked.get("remove"))
        evacuate(found.pv.anywhere, to, remove, *manner, dry_run=dry_run, yes=yes, offline=offline)
        return
    if found.state == "unknown":
        raise Refused(f"{found.name} cannot be asked", why=found.why, hint=f"bring back {found.node}, or --offline")
    changed = found.state in ("pausing", "paused")
    if changed and not dry_run:
        joblook.wish(run.nodes, found, "")
    ui.result(
        output,
        "job-resume",
        JobChanged(job=found.name, changed=changed and not dry_run),
        f"{found.name} {'would go' if dry_run else 'goes'} on"
        if changed
        else f"{found.name} is {found.state} already; nothing was changed",
    )


def rate(
    job: JobName,
    limit: Annotated[
        str, typer.Argument(metavar="SIZE", help="How much a second, such as 50M; none: no limit.", show_default=False)
    ],
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Have a job that runs copy at another rate from now on."""
    from vmstore import session, sizes, ui
    from vmstore.errors import Refused
    from vmstore.jobs import joblook
    from vmstore.jobs.throttle import able
    from vmstore.policies.load import Limits
    from vmstore.report.results import JobRate

    del yes
    wanted = sizes.rate(limit)
    run = session.start(config, offline or (), changes=not dry_run)
    found = joblook.find(run.nodes, run.inventory(blocks=True, devices=True), job)
    run.log.job = found.name
    if found.state in ("stopped", "unknown"):
        raise Refused(
            f"{found.name} does not run", why=found.why, hint=f"`vmstore job resume {found.name}` takes it up again"
        )
    changed = wanted != found.limit
    if changed:
        if wanted and found.asked.get("engine") != Way.raid1:
            able(run.nodes, [found.node], Limits())
        if not dry_run:
            joblook.limit(run.nodes, found, wanted)
    copies = "would copy" if dry_run and changed else "copies"
    told = f"{copies} at {sizes.show(wanted)}/s at most" if wanted else f"{copies} without a limit"
    ui.result(
        output,
        "job-rate",
        JobRate(job=found.name, changed=changed and not dry_run, rate_limit=wanted),
        f"{found.name} {told}{'' if changed else ' already; nothing was changed'}",
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def abort(
    job: JobName,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Give a job up: every volume stays whole where it is.

    The PV takes new volumes again if it did before.
    """
    from vmstore import session, ui, ui_progress
    from vmstore.commands import evacuation
    from vmstore.errors import NotFound, Refused
    from vmstore.jobs import evacuate as work_of
    from vmstore.jobs import joblook, plan_abort
    from vmstore.jobs.control import Wish
    from vmstore.jobs.mirror import AbortMove
    from vmstore.jobs.record import Record
    from vmstore.report.results import JobAborted

    run = session.start(config, offline or (), changes=not dry_run)
    read = run.reader(blocks=True, devices=True)
    world = read()
    found = joblook.find(run.nodes, world, job)
    run.log.job = found.name
    if found.state == "unknown":
        raise Refused(f"{found.name} cannot be asked", why=found.why, hint=f"bring back {found.node}, or --offline")
    names = [lv.name for lv in world.lvs if not lv.private]
    if found.state == "stopped":
        cordoned = evacuation.cordoned_before(run, world, found.pv.uuid)
        if dry_run:
            ends = plan_abort.end_moves(world, found.pv)
            ended = [step.lv for step in ends if isinstance(step, AbortMove)]
            ui.plan(
                output,
                [
                    *ends,
                    *plan_abort.give_up(
                        world, found.pv, cordoned=cordoned, patience=run.config.cluster.patience, ended=ended
                    ),
                ],
            )
            return
        ui.confirm(f"give up {found.name}?", yes=yes)
        with ui_progress.reporter([]) as reporter, work_of.locked(run.nodes, world, found.pv.uuid) as (held, _):
            world = read()
            if found.tag not in getattr(world.pv(found.pv.uuid), "leases", ()):
                why = "it was finished meanwhile, from elsewhere"
                raise NotFound(f"{found.name} is over", why=why, hint="see `vmstore pv list`")
            world = evacuation.end(run, run.work(reporter), world, found.pv.uuid, held.check, cordoned=cordoned)
            Record(held, reporter.note).add("aborted")
    elif not dry_run:
        ui.confirm(f"have {found.name} break off the piece that it moves, and end?", yes=yes)
        joblook.wish(run.nodes, found, Wish.ABORT)
        world = _ended(run, found.name)
    left = [lv.name for lv in world.lvs if lv.name in names and lv.on(found.pv.uuid)]
    ui.result(
        output,
        "job-abort",
        JobAborted(job=found.name, changed=not dry_run, left=left),
        f"{found.name} would end; on {found.pv.name} there {_are(left)}"
        if dry_run
        else f"{found.name} is given up; every volume is whole, and on {found.pv.name} there {_are(left)}",
    )


def _say_next(state: str, job: str) -> None:
    from vmstore import ui

    if state in _NEXT:
        ui.say(_NEXT[state].format(job=job))


def _are(left: list[str]) -> str:
    return f"{'is' if len(left) == 1 else 'are'} still {', '.join(left)}" if left else "are no volumes"


def _ended(run: "Session", name: str) -> "Inventory":
    """Wait until a job that was told to end has done so. Raises ClusterUnusable where it dies on the way."""
    from vmstore.errors import ClusterUnusable, NotFound
    from vmstore.jobs import joblook

    while True:
        world = run.inventory(blocks=True, devices=True)
        try:
            found = joblook.find(run.nodes, world, name)
        except NotFound:
            return world
        if found.state in ("stopped", "unknown"):
            raise ClusterUnusable(
                f"{name} did not end in good order", why=found.why, hint=f"`vmstore job abort {name}` once more"
            )
        time.sleep(1)
