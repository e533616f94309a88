"""Carry out an evacuation as a job: under its lock, with its record, listening to what is wanted of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import msgspec

from vmstore import durations, names, session, sizes, ui_progress
from vmstore.commands.options import Way
from vmstore.commands.work import tidied
from vmstore.config import Config
from vmstore.errors import Aborted, Refused
from vmstore.jobs import engine, joblook, lease, peek, plan_abort, plan_evacuate, where
from vmstore.jobs import evacuate as job
from vmstore.jobs.control import Control, Rate
from vmstore.jobs.engine import AGAIN
from vmstore.jobs.leg_steps import AddLeg
from vmstore.jobs.mirror import MoveVolume
from vmstore.jobs.parts import Evacuate
from vmstore.jobs.record import Record, Recorded, identity
from vmstore.jobs.step import Reporter, Step, Work
from vmstore.jobs.throttle import Throttle, able
from vmstore.model import Inventory, PhysicalVolume
from vmstore.policies import throttle
from vmstore.policies.engines import Engine
from vmstore.policies.load import Limits
from vmstore.policies.placement import Rules
from vmstore.policies.window import Window
from vmstore.session import Session
from vmstore.tools import features

NOTHING: Mapping[str, object] = MappingProxyType({})


def carry_out(
    run: Session,
    world: Inventory,
    wish: Evacuate,
    window: Window | None,
    todo: Sequence[Step],
    asked: Mapping[str, object] = NOTHING,
) -> None:
    """Empty or relieve the PV; ``todo`` is the plan as things are, ``asked`` what else is to be written down.

    Raises Aborted, saying where each volume lies then.
    """
    relieves = wish.moves is not None
    read = run.reader(blocks=True, devices=True)
    cordoned = cordoned_before(run, world, wish.source)
    with (
        ui_progress.reporter(todo) as reporter,
        job.locked(run.nodes, world, wish.source, relieves=relieves) as (held, tag),
    ):
        run.log.job = identity(tag)
        record = Record(held, reporter.note)
        work = run.work(Recorded(reporter, record))
        work = replace(work, throttle=_throttle(run, held, wish.rate, record, reporter), guard=held.check)
        record.add(
            "asked",
            by=lease.who(),
            pv=wish.source,
            to=[*wish.classes, *wish.targets],
            remove=wish.remove,
            window=str(window or ""),
            rate=wish.rate,
            exclude=list(wish.exclude),
            engine=wish.engine or "",
            suspend=wish.suspend,
            bytes=sum(step.leaves for step in todo),
            work=sum(step.bytes for step in todo),
            parts=sum(step.copies for step in todo),
            volumes=_volumes(todo),
            cordoned=cordoned,
            **({"moves": dict(wish.moves)} if wish.moves is not None else {}),
            **asked,
        )
        evacuation = job.Evacuation(work, Control(held, window), record, read, run.reader())
        try:
            now = read()
            job.alone(world, now, wish.source, tag)
            mine = replace(wish, lease=tag)
            tidied(work, evacuation.carry_out(lambda then: plan_evacuate.evacuate(then, mine), now))
        except Aborted as error:
            world = end(run, work, read(), wish.source, held.check, cordoned=cordoned)
            record.add("aborted")
            lie = "; ".join(plan_abort.places(world, _volumes(todo))) or "nothing was to be moved"
            raise Aborted(error.what, why=f"{error.why}; every volume is whole: {lie}", hint=AGAIN) from error
        record.add("done")


def refuse_unable(run: Session, rate: int, todo: Sequence[Step], *, window: bool) -> None:
    """Raise Refused where copies shall be held back on a node that cannot, or in a way that cannot."""
    if limits(run) and any(isinstance(step, AddLeg) for step in todo):
        raise Refused(
            "legs do not stand back for others",
            why="limits of load are set ([load] in vmstore.toml), and only a mirror can keep to them",
            hint="--engine mirror, or without those limits and with --rate",
        )
    if window and any(isinstance(step, AddLeg) for step in todo):
        raise Refused(
            "legs do not rest outside a window",
            why="a batch of them comes into sync without a break, and its services are frozen until then",
            hint="--engine mirror, which rests between two pieces; or --window none",
        )
    if rate or limits(run):
        able(run.nodes, (step.node for step in todo if isinstance(step, MoveVolume)), limits(run))


@dataclass(frozen=True, slots=True)
class Moving:
    """How volumes are to be moved: so many bytes a second, by which engine, away for so many seconds, and when."""

    rate: int
    engine: Engine | None
    suspend: int
    window: Window | None

    @classmethod
    def typed(cls, run: Session, rate: str, engine: Way | None, suspend: str, window: str) -> "Moving":
        """Read the options that say it, over the settings. Raises UsageError."""
        return cls(
            sizes.rate(rate or run.config.move.rate),
            Engine(engine.value) if engine else None,
            durations.parse(suspend) if suspend else 0,
            Window.of(window) if window else session.window(run.config),
        )


def wanted(run: Session, world: Inventory, uuid: str, how: Moving) -> Evacuate:
    """Say what is wanted as far as settings and what is on the PV tell; where to, and the rest, is filled in later."""
    region = throttle.region(how.rate, run.config.move.region_mib, stands_back=bool(limits(run)))
    settings = run.config.move
    by = how.engine or (None if settings.engine == "auto" else Engine(settings.engine))
    looked = by in (None, Engine.USED)
    filled = peek.filled(run.nodes, world, uuid) if looked else {}
    if looked and how.suspend:
        filled |= peek.filled_mounted(world, uuid)
    return Evacuate(
        source=uuid,
        targets=(),
        classes=(),
        remove=False,
        lease="",
        move=msgspec.structs.replace(settings, region_mib=region),
        rules=Rules.of(run.config.placement),
        engine=by,
        filled=filled,
        rate=how.rate,
        knows_autoactivation=bool(filled) and features.knows_autoactivation(run.nodes, world.reporter),
        stands_back=bool(limits(run)),
        suspend=how.suspend,
        speed=peek.speed(run.nodes, world, uuid) if looked and how.suspend else 0,
        patience=run.config.cluster.patience,
    )


def limits(run: Session) -> Limits:
    """Give the limits of load that the settings tell."""
    return Limits(run.config.load.pressure_percent, run.config.load.latency_ms)


def _throttle(run: Session, held: lease.Lease, rate: int, record: Record, reporter: Reporter) -> Throttle:
    def changed(now: int) -> None:
        record.add("rate", rate=now)
        reporter.note(f"from now on at {sizes.show(now)}/s at most" if now else "from now on without a limit")

    def stood_back(why: str) -> None:
        record.add("held back" if why else "goes on", why=why)
        reporter.note(f"the copy stands back: {why}" if why else "the copy goes on")

    return Throttle(
        run.nodes,
        run.config.move.poll_seconds,
        Rate(rate, held, changed),
        limits(run),
        run.config.load.beside_percent,
        stood_back,
        reporter.note,
        log=run.log,
    )


def end(
    run: Session, work: Work, world: Inventory, uuid: str, guard: Callable[[], None], *, cordoned: bool
) -> Inventory:
    """Leave nothing of a job behind but what it has moved; give the world then."""
    read = run.reader(blocks=True, devices=True)
    if world.pv(uuid) is None:
        return world
    world = engine.carry_out(plan_abort.end_moves(world, _pv(world, uuid)), work, read, world, guard)
    steps = plan_abort.give_up(world, _pv(world, uuid), cordoned=cordoned, patience=run.config.cluster.patience)
    return tidied(work, engine.carry_out(steps, work, read, world, guard))


def cordoned_before(run: Session, world: Inventory, uuid: str) -> bool:
    """Tell whether a PV took no new extents before its job began; one whose record is lost stays cordoned."""
    pv = _pv(world, uuid)
    if not pv.leases:
        return pv.cordoned
    if pv.relieved:
        return not any(map(lease.opens, pv.leases))
    found = joblook.look(run.nodes, world, pv, pv.leases[0])
    first = next((event.fields for event in found.events if event.name == "asked"), {})
    return bool(first.get("cordoned", True))


def excluded(settings: Config, world: Inventory, named: Sequence[str]) -> tuple[str, ...]:
    """Name the VMs whose volumes stay. Raises NotFound for one of the command line that is not there."""
    for vm in named:
        where.volume(world, names.vm(vm, settings.vg))
    return tuple(dict.fromkeys((*settings.move.exclude, *named)))


def _pv(world: Inventory, uuid: str) -> PhysicalVolume:
    return next(pv for pv in world.pvs if pv.uuid == uuid)


def _volumes(steps: Sequence[Step]) -> list[str]:
    return list(dict.fromkeys(vm for step in steps for vm in step.moves))
