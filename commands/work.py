"""Run a plan with its progress shown, and say what is true then."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from vmstore import sizes, ui, ui_progress
from vmstore.errors import NotFound
from vmstore.jobs import engine, freezing, lease, marks, suspending, where
from vmstore.jobs.step import Read, Reporter, Step, Work
from vmstore.model import Inventory
from vmstore.output import Output
from vmstore.report.results import PvChanged
from vmstore.session import Session

# What writes or removes the label of a LUN is asked about first.
_ASKED = ("pv-add", "pv-remove")
# What follows from taking a PV out.
BARE = ": the LUN bears no label any more, and nodes and array may drop it"


def under_lock(run: Session, node: str, vm: str, steps: Sequence[Step], world: Inventory) -> Inventory:
    """Carry out a plan on a VM's volume; a second vmstore at work on it through that node is refused."""
    with (
        ui_progress.reporter(steps) as reporter,
        lease.hold(run.nodes, node, lease.volume(vm), f"the volume of {vm}") as held,
    ):
        return tidied(run.work(reporter), engine.carry_out(steps, run.work(reporter), run.reader(), world, held.check))


def swept(
    run: Session, world: Inventory, read: Read, *, dry_run: bool = False, to: Reporter | None = None
) -> Inventory:
    """Thaw and start first what runs that were cut off left frozen or suspended; give the world then.

    It is told ``to`` somebody else than the admin, where that is wanted.
    """
    if dry_run or not any(pv.freezes or pv.suspends for pv in world.pvs):
        return world
    with nullcontext(to) if to else ui_progress.reporter([]) as reporter:
        work = run.work(reporter)
        return suspending.sweep(work, freezing.sweep(work, world, read), read)


def tidied(work: Work, world: Inventory) -> Inventory:
    """Drop the marks that mean nothing any more, whatever cut or failure left them."""
    marks.sweep(work, world)
    return world


def tell_rounding(size: int, world: Inventory) -> None:
    """Say so where a size that was asked for is none that LVM gives."""
    rounding = sizes.rounding(size, world.vg.extent)
    if rounding:
        ui.say(f"vmstore: {rounding}")


def nothing(run: Session, world: Inventory) -> None:
    """Do what is to be done where all is as it was asked for: sweep."""
    with ui_progress.reporter([]) as reporter:
        tidied(run.work(reporter), world)


def plainly(run: Session, steps: Sequence[Step], world: Inventory) -> Inventory:
    """Carry out a plan of single LVM commands, which LVM's own locks keep apart."""
    with ui_progress.reporter(steps) as reporter:
        return engine.carry_out(steps, run.work(reporter), run.reader(blocks=True), world)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a short change is to be made and told of."""

    output: Output
    dry_run: bool
    yes: bool


def on_pv(
    run: Session,
    world: Inventory,
    steps: Sequence[Step],
    how: Manner,
    kind: str,
    pv: str,
    sentence: str,
    after: str = "",
    **more: object,
) -> None:
    """Show or carry out a short plan on a PV, and say what is true then and what follows from it."""
    uuid = _uuid(run, world, pv)
    if how.dry_run:
        ui.plan(how.output, steps)
        return
    if steps:
        if kind in _ASKED and not how.yes:
            ui.outline(steps)
            ui.confirm("do that?", yes=how.yes)
        world = plainly(run, steps, world)
    said = f"{sentence}{after}" if steps else f"{sentence} already; nothing was changed"
    now = PvChanged(pv=uuid or _uuid(run, world, pv), device=pv, changed=bool(steps))
    ui.result(how.output, kind, {**now, **more}, said)


def _uuid(run: Session, world: Inventory, pv: str) -> str | None:
    try:
        return where.find_pv(world, run.nodes.local, pv)
    except NotFound:
        return None
