"""What the verbs that start, stop, move and freeze VMs share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vmstore import names, session, ui, ui_progress
from vmstore.commands.options import Config, Offline
from vmstore.commands.work import swept
from vmstore.jobs import engine, lease, plan_service
from vmstore.jobs.step import Step
from vmstore.model import Inventory
from vmstore.output import Output
from vmstore.report.results import ServiceChanged
from vmstore.services import Service
from vmstore.session import Session


@dataclass(frozen=True, slots=True)
class Outcome:
    """A change to a service as it was made; ``service`` is how it is now."""

    run: Session
    world: Inventory
    service: Service
    changed: bool


def change(
    vm: str,
    config: Config,
    offline: Offline,
    output: Output,
    plan: Callable[[Session, Inventory], Sequence[Step]],
    *,
    dry_run: bool,
) -> Outcome | None:
    """Plan and carry out a change to a VM's service; None where only the plan was to be shown."""
    run = session.start(config, offline or (), changes=not dry_run)
    names.vm(vm, run.config.vg)
    read = run.reader(devices=True, services=True)
    world = swept(run, read(), read, dry_run=dry_run)
    steps = plan(run, world)
    if dry_run:
        ui.plan(output, steps)
        return None
    if steps:
        lv = world.lv(vm)
        # Whether it may be touched was the plan's to say: what failed may well be in use where its manager denies it.
        node = next((active.node for active in world.activations(lv)), world.reporter) if lv else world.reporter
        with (
            ui_progress.reporter(steps) as reporter,
            lease.hold(run.nodes, node, lease.volume(vm), f"the volume of {vm}") as held,
        ):
            world = engine.carry_out(steps, run.work(reporter), read, world, held.check)
    return Outcome(run, world, plan_service.service(world, vm)[1], bool(steps))


def told(output: Output, kind: str, outcome: Outcome, sentence: str, after: str = "", **more: object) -> None:
    """Say what is true now, and where that has just come about what follows from it."""
    service = outcome.service
    now = ServiceChanged(
        vm=service.vm,
        state=service.state,
        node=service.owner or None,
        frozen=service.frozen,
        changed=outcome.changed,
    )
    said = f"{sentence}{after}" if outcome.changed else f"{sentence} already; nothing was changed"
    ui.result(output, kind, {**now, **more}, said)
