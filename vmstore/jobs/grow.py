"""Carry out the growth of a volume; one that nobody uses is woken for it and is left asleep in every outcome."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vmstore.errors import LockLost, VmstoreError
from vmstore.jobs import engine, freezing, lease, lock_steps, plan_grow, where
from vmstore.jobs.activation_steps import Deactivate
from vmstore.jobs.freeze_steps import Freeze, Note, Thaw
from vmstore.jobs.step import Read, Step, Work
from vmstore.model import Inventory, LogicalVolume
from vmstore.policies import safety
from vmstore.policies.placement import Rules
from vmstore.sizes import Growth
from vmstore.tools import fs
from vmstore.tools.fs import Superblock


@dataclass(frozen=True, slots=True)
class Request:
    """Which VM's volume shall grow, and how far; ``rules`` are those of placement where not only the settings count."""

    vm: str
    growth: Growth
    rules: Rules | None = None


def plan(work: Work, world: Inventory, wish: Request) -> tuple[list[Step], int]:
    """Plan with what can be read without a change; give the steps and the size that is aimed at, in bytes."""
    return planned(work, world, wish, superblock(work, world, where.volume(world, wish.vm)))


def planned(work: Work, world: Inventory, wish: Request, block: Superblock | None) -> tuple[list[Step], int]:
    """Plan with the superblock that was read, None where it cannot be read yet; nothing more is asked."""
    lv = where.volume(world, wish.vm)
    size = plan_grow.target(world, lv, wish.growth, block.size if block else None)
    steps = plan_grow.grow(world, lv, size, block, wish.rules or Rules.of(work.config.placement))
    if steps:
        safety.services(world.cluster, [wish.vm])
    return lock_steps.first(world, freezing.around(world, lv, lock(world, lv), steps)), size


def lock(world: Inventory, lv: LogicalVolume) -> Note:
    """Say by which lock, on which node, a volume grows."""
    return Note(lv.name, where.place(world, lv).node, lease.volume(lv.name))


def carry_out(
    work: Work, world: Inventory, wish: Request, read: Read, guard: Callable[[], None]
) -> tuple[Inventory, bool]:
    """Grow; give the world afterwards, and whether anything was changed."""
    lv = where.volume(world, wish.vm)
    asleep = plan_grow.wake(world, lv)
    if asleep:
        freeze, _ = freezing.pair(world, lv, lock(world, lv), lv.extents[0].pv)
        asleep = lock_steps.first(world, [*freeze, *asleep])
    with engine.stoppable(work) as stop:
        if asleep:
            world = engine.carry_out(asleep, work, read, world, guard, stop)
        try:
            steps, _ = plan(work, world, wish)
            world = engine.carry_out(steps, work, read, world, guard, stop)
        except LockLost:
            raise
        except VmstoreError:
            engine.take_back(asleep, work)
            raise
    return world, changes(steps)


def changes(steps: Sequence[Step]) -> bool:
    """Tell whether a plan does more than leave a volume as it was."""
    return any(not isinstance(step, Deactivate | Freeze | Thaw) for step in steps)


def superblock(work: Work, world: Inventory, lv: LogicalVolume) -> Superblock | None:
    """Read the superblock of a volume's file system on the node that has it active, None where none has."""
    if not world.activations(lv):
        return None
    node = where.place(world, lv).node
    return fs.superblock(lv.name, work.ask(node, fs.read(f"/dev/{world.vg.name}/{lv.name}")))
