"""Check that each volume is whole, in one place, and has room for what its VM will write to it. Pure."""

import shlex
from collections.abc import Iterator

from vmstore import sizes
from vmstore.checkup import Guest
from vmstore.model import Activation, LogicalVolume, PhysicalVolume
from vmstore.policies.findings import Finding, Level, Mend, Seen, Unknown, called, listed
from vmstore.services import State

_M = 2**20
# Beside its memory an image holds the state of the VM's devices.
_BESIDE = 16
# A file system keeps a part of what a volume grows by for itself.
_KEPT = 20


def suspended(seen: Seen) -> Iterator[Finding]:
    """Find suspended devices, VMS-D30."""
    for node, checkup in seen.nodes.items():
        for name in checkup.suspended:
            mend = tuple(Mend(node, f"dmsetup {verb} {shlex.quote(name)}") for verb in ("info", "resume"))
            what = f"the device {name} is suspended: whatever reads or writes it waits"
            yield Finding("VMS-D30", Level.ERROR, "node", node, what, mend)


def moves(seen: Seen) -> Iterator[Finding]:
    """Find moves off a PV that were begun, and on which nobody works, VMS-D31."""
    moving = [lv for lv in seen.world.lvs if lv.moving and not lv.private]
    for pv in seen.world.pvs:
        going = [lv.name for lv in moving if _leaves(seen, lv, pv)]
        if not (going or pv.leases) or pv.uuid in seen.working:
            continue
        name = called(pv)
        half = f"{listed(going)} {'is' if len(going) == 1 else 'are'} half-way off it"
        cut_off = "a job that was to move volumes off it was cut off"
        what = "; ".join([*([half] if going else []), cut_off if pv.leases else "no job of vmstore is at work on that"])
        go_on = f"vmstore job resume {name}" if pv.leases else f"vmstore evacuate {name}"
        mend = (Mend("", "vmstore job list"), Mend("", go_on))
        yield Finding("VMS-D31", Level.WARNING, "PV", name, what, mend)


def _leaves(seen: Seen, lv: LogicalVolume, pv: PhysicalVolume) -> bool:
    sources = {mover.move_source for name in lv.moving_in if (mover := seen.world.lv(name))}
    return pv.uuid == lv.leaving or pv.name in sources


def holders(seen: Seen) -> Iterator[Finding]:
    """Find volumes that are active on several nodes that do not share their lock, VMS-D32."""
    for lv in seen.world.lvs:
        active = seen.world.activations(lv)
        if len(active) < 2 or lv.private or all(_lock(seen, lv, each) == "sh" for each in active):
            continue
        idle = [each for each in active if not each.opens]
        mend = tuple(Mend(each.node, f"lvchange -an {seen.vg}/{lv.name}") for each in idle[: len(active) - 1])
        what = f"active on {', '.join(each.node for each in active)}"
        yield Finding("VMS-D32", Level.ERROR, "VM", lv.name, what, (Mend("", f"vmstore status {lv.name}"), *mend))


def mounts(seen: Seen) -> Iterator[Finding]:
    """Find mounts beside which a second one is possible, or there is one, VMS-D33."""
    for lv in seen.world.lvs:
        mounted = [each for each in seen.world.activations(lv) if each.mounts]
        places = [f"{each.node} at {each.mounts[0].target}" for each in mounted]
        if len(mounted) > 1:
            service = seen.world.service(lv.name)
            # There the VM runs.
            owner = next((each for each in mounted if service and each.node == service.owner), mounted[0])
            others = (each for each in mounted if each is not owner)
            mend = tuple(Mend(each.node, f"umount {shlex.quote(each.mounts[0].target)}") for each in others)
            what = f"mounted on {' and on '.join(places)} at once"
            told = Mend("", f"vmstore status {lv.name}")
            yield Finding("VMS-D33", Level.ERROR, "VM", lv.name, what, (told, *mend))
        elif mounted and _locked_alone(lv) and (lock := _lock(seen, lv, mounted[0])) is not None and lock != "ex":
            held = "shared" if lock == "sh" else "not held by lvmlockd"
            what = f"mounted on {places[0]}, but its lock there is {held}"
            yield Finding("VMS-D33", Level.ERROR, "VM", lv.name, what, _taken_anew(seen, lv, mounted[0]))


def _lock(seen: Seen, lv: LogicalVolume, active: Activation) -> str | None:
    """Give the mode of the lock that a node has of a volume, "" for none, None where that is not known."""
    facts, checkup = seen.world.nodes.get(active.node), seen.nodes.get(active.node)
    if not seen.world.vg.lockd or checkup is None or "locks" in checkup.untold:
        return None
    if facts is None or seen.vg not in facts.lockspaces:
        return None
    return checkup.locks.get(lv.uuid, "")


def _locked_alone(lv: LogicalVolume) -> bool:
    """Tell whether a volume has a lock of its own: a thin one has its pool's, a snapshot its origin's (lvmlockd(8))."""
    return lv.role == ("public",) and "thin" not in lv.layout


def _taken_anew(seen: Seen, lv: LogicalVolume, active: Activation) -> tuple[Mend, ...]:
    device, target = f"{seen.vg}/{lv.name}", shlex.quote(active.mounts[0].target)
    if seen.world.service(lv.name):
        return Mend("", f"vmstore stop {lv.name}"), Mend("", f"vmstore start {lv.name} {active.node}")
    words = (f"umount {target}", f"lvchange -an {device}", f"lvchange -aey {device}", f"mount /dev/{device} {target}")
    return tuple(Mend(active.node, each) for each in words)


def rooms(seen: Seen) -> Iterator[Finding | Unknown]:
    """Find VMs that cannot be suspended, since their memory does not fit on their own volume, VMS-D34."""
    told = seen.told("guests")
    for lv in seen.world.lvs:
        for here in seen.world.activations(lv):
            checkup = told.get(here.node)
            if checkup and checkup.suspends and here.mounts:
                yield from _room(seen, lv, here, checkup.guests.get(lv.name, Guest()))


def _room(seen: Seen, lv: LogicalVolume, here: Activation, guest: Guest) -> Iterator[Finding | Unknown]:
    size, used = here.mounts[0].size, here.mounts[0].used
    if not guest.memory or size is None or used is None:
        if _runs(seen, lv.name):
            why = "its file system does not answer" if size is None else "no definition on its volume tells"
            yield Unknown(f"VM {lv.name}", f"{here.node}: room for its memory is not known: {why}", ("VMS-D34",))
        return
    need, free = guest.memory + guest.memory // _BESIDE - guest.kept, size - used
    if free < need:
        more = -(-(need - free) * (_KEPT + 1) // _KEPT // _M)
        what = f"{sizes.show(free)} are free on its volume, and an image of its memory takes {sizes.show(need)}"
        yield Finding("VMS-D34", Level.ERROR, "VM", lv.name, what, (Mend("", f"vmstore grow {lv.name} +{more}M"),))


def _runs(seen: Seen, vm: str) -> bool:
    service = seen.world.service(vm)
    return service is not None and service.state is State.STARTED
