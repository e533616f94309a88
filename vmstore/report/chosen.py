"""Narrow a capacity report to what the admin names. Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from vmstore.errors import NotFound
from vmstore.model import Inventory
from vmstore.policies.alerts import Alert, Changes
from vmstore.policies.thresholds import Kind
from vmstore.report.capacity import Capacity, Subject


def only(capacity: Capacity, world: Inventory, words: Sequence[str]) -> Capacity:
    """Keep what has one of the names, and of a class or PV also what lies on it. Raises NotFound."""
    if not words:
        return capacity
    kept: dict[int, Subject] = {}
    for word in words:
        found = [of for of in capacity.subjects if word in _names(world, of) or _lies(world, of, word)]
        if not any(word in _names(world, of) for of in found):
            raise NotFound(
                f"there is no VG, class, PV or VM {word}",
                why=f"nothing in {world.vg.name} is called so",
                hint="see `vmstore list` and `vmstore pv list`",
            )
        kept |= {id(of): of for of in found}
    subjects = tuple(of for of in capacity.subjects if id(of) in kept)
    names = {(of.kind, of.name) for of in subjects}

    def known(alerts: tuple[Alert, ...]) -> tuple[Alert, ...]:
        return tuple(alert for alert in alerts if (alert.kind, alert.subject) in names)

    was = capacity.changes
    return replace(
        capacity,
        subjects=subjects,
        alerts=known(capacity.alerts),
        changes=Changes(*map(known, was)) if was else None,
        fits=tuple(fit for fit in capacity.fits if fit.storage_class and (Kind.CLASS, fit.storage_class) in names)
        if (Kind.VG, capacity.vg) not in names
        else capacity.fits,
    )


def _names(world: Inventory, of: Subject) -> set[str]:
    if of.kind is not Kind.PV:
        return {of.name}
    pv = world.pv(of.id)
    device = pv.device if pv else None
    return {of.name, of.id, *((device.wwid, *device.links) if device else ())} - {""}


def _lies(world: Inventory, of: Subject, word: str) -> bool:
    """Tell whether a PV or VM lies on the class or PV that is meant."""
    if of.kind not in (Kind.PV, Kind.VM):
        return False
    if word in of.classes:
        return True
    pvs = {pv.name for pv in world.pvs if word in (pv.name, pv.uuid) or (pv.device and pv.device.is_called(word))}
    return of.kind is Kind.VM and bool(pvs & set(of.pvs))
