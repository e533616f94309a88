"""Narrow a capacity report to what the admin names. Pure."""

from collections.abc import Iterator, Sequence

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
    names: set[tuple[Kind, str]] = set()
    for word in words:
        devices = {pv.uuid for pv in world.pvs if word and pv.device and pv.device.is_called(word)}
        named = [of for of in capacity.subjects if word in (of.name, of.key) or of.key in devices]
        if not named:
            raise NotFound(
                f"there is no VG, class, PV or VM {word}",
                why=f"nothing in {world.vg.name} is called so",
                hint="see `vmstore list` and `vmstore pv list`",
            )
        pvs = {pv for of in named if of.kind is Kind.PV for pv in of.pvs}
        names |= {(of.kind, of.name) for of in (*named, *_lying(capacity, word, pvs))}

    def known(alerts: tuple[Alert, ...]) -> tuple[Alert, ...]:
        return tuple(alert for alert in alerts if (alert.kind, alert.subject) in names)

    was = capacity.changes
    return replace(
        capacity,
        subjects=tuple(of for of in capacity.subjects if (of.kind, of.name) in names),
        alerts=known(capacity.alerts),
        changes=Changes(*map(known, was)) if was else None,
        fits=tuple(fit for fit in capacity.fits if fit.storage_class and (Kind.CLASS, fit.storage_class) in names)
        if (Kind.VG, capacity.vg) not in names
        else capacity.fits,
    )


def _lying(capacity: Capacity, storage_class: str, pvs: set[str]) -> Iterator[Subject]:
    """List the PVs and VMs that lie on a class, and the VMs that lie on PVs."""
    yield from (of for of in capacity.of(Kind.PV) if storage_class in of.classes)
    yield from (of for of in capacity.of(Kind.VM) if storage_class in of.classes or not pvs.isdisjoint(of.pvs))
