"""Plan what is done to whole PVs: take in, take out, cordon, uncordon. Pure."""

from vmstore.errors import NotFound, Refused
from vmstore.jobs import leg_steps, lock_steps, where
from vmstore.jobs.half_moved import halves
from vmstore.jobs.pv_steps import AddPv, DropPv, RecordClass, SetAllocatable, WipeLabel
from vmstore.jobs.step import Step
from vmstore.model import CLASS_TAG, BlockDevice, Inventory


def cordon(world: Inventory, uuid: str, *, allocatable: bool) -> list[Step]:
    """Plan keeping new extents off a PV, or letting them on again, which also gives up an evacuation that stopped."""
    pv = next(pv for pv in world.pvs if pv.uuid == uuid)
    drop = (*pv.leases, *leg_steps.stale(world, pv)) if allocatable else ()
    half = sorted(
        {lv.name for lv in world.lvs if lv.leaving == uuid} | {each.vm for each in halves(world) if each.leaves(uuid)}
    )
    if allocatable and half:
        raise Refused(
            f"{pv.name} is being emptied, and {', '.join(half)} is half-way off it",
            why="opened now, it would keep what only the evacuation knows how to end",
            hint=f"`vmstore job abort {pv.anywhere}` ends it and opens the PV; or run the evacuation again",
        )
    if pv.allocatable is allocatable and not drop:
        return []
    where.usable(world)
    where.locks(world, world.reporter)
    device = where.device(world, world.reporter, uuid)
    return lock_steps.first(world, [SetAllocatable(world.reporter, world.vg.name, device, uuid, allocatable, drop)])


def drop(world: Inventory, uuid: str) -> list[Step]:
    """Plan taking an empty PV out of the VG. Raises Refused while anything lies on it."""
    pv = next(pv for pv in world.pvs if pv.uuid == uuid)
    where.usable(world)
    where.locks(world, world.reporter)
    there = sorted({lv.name for lv in world.lvs if lv.on(uuid)})
    if there:
        raise Refused(
            f"{pv.name} is not empty",
            why=f"extents of {', '.join(there[:5])}{' and others' if len(there) > 5 else ''} lie on it",
            hint=f"`vmstore evacuate {pv.anywhere} --remove` empties it and takes it out",
        )
    if len(world.pvs) == 1:
        raise Refused(
            f"{pv.name} is the last PV of {world.vg.name}",
            why="a VG cannot be without PVs",
            hint=f"remove the VG itself if that is what you want: vgremove {world.vg.name}",
        )
    return lock_steps.first(world, take_out(world, uuid))


def take_out(world: Inventory, uuid: str) -> list[Step]:
    """Plan the two steps that take a PV out: of the VG, and its label off."""
    here = (world.reporter, world.vg.name, where.device(world, world.reporter, uuid))
    return [DropPv(*here, uuid), WipeLabel(*here)]


def find_device(world: Inventory, text: str) -> BlockDevice:
    """Find the disk that the admin means, on the node that plans. Raises NotFound."""
    facts = world.nodes.get(world.reporter)
    found = next((b for b in facts.blocks if b.is_called(text)), None) if facts else None
    if found is None:
        raise NotFound(
            f"{world.reporter} has no disk {text}",
            why="udev there knows no block device of that name or WWID",
            hint=f"rescan the storage, then see `lsblk -o NAME,SIZE,TRAN,WWN` on {world.reporter}",
        )
    return found


def add(world: Inventory, text: str, device: BlockDevice, storage_class: str, signatures: list[str]) -> list[Step]:
    """Plan taking a disk into the VG; nothing where it is in and bears that class.

    ``text`` is what the admin called it. Raises Refused when it carries or does anything, or is not the same LUN
    everywhere.
    """
    there = next((pv for pv in world.pvs if pv.device and device.name == pv.device.name), None)
    storage_class = storage_class or (there.storage_class if there else device.transport.replace("+", "-"))
    where.usable(world)
    where.locks(world, world.reporter)
    old = tuple(tag for tag in there.tags if tag.startswith(CLASS_TAG)) if there else ()
    name = there.name if there else device.name
    record = RecordClass(
        world.reporter, world.vg.name, name, storage_class, tuple(t for t in old if t != CLASS_TAG + storage_class)
    )
    if there:
        return [] if CLASS_TAG + storage_class in there.tags else lock_steps.first(world, [record])
    _refuse_use(world, device, signatures)
    _refuse_differences(world, text, device)
    _refuse_sectors(world, device)
    return lock_steps.first(world, [AddPv(world.reporter, world.vg.name, device.name, device.wwid), record])


def _refuse_use(world: Inventory, device: BlockDevice, signatures: list[str]) -> None:
    reasons = [f"{node}: {use}" for node, other in _seen(world, device).items() for use in other.uses]
    if not reasons:
        reasons = [f"it carries {', '.join(sorted(set(signatures)))}"] if signatures else []
    if reasons:
        raise Refused(
            f"{device.name} is not free",
            why="; ".join(reasons),
            hint=f"take another LUN; if this one may be lost, clear it yourself: wipefs --all {device.name}",
        )


def _refuse_differences(world: Inventory, text: str, device: BlockDevice) -> None:
    if world.unsure():
        raise Refused(
            f"not every node can be asked about {device.name}",
            why=world.doubts(),
            hint=f"bring them back, or say that they are off: --offline {' --offline '.join(world.unsure())}",
        )
    if len(world.nodes) > 1 and not device.wwid:
        raise Refused(
            f"{device.name} has no WWID",
            why="without one it cannot be told whether all nodes see the same LUN",
            hint="take a LUN of the SAN: iSCSI and FC LUNs have a WWID",
        )
    stable = text.startswith(("/dev/mapper/", "/dev/disk/")) or device.name == f"/dev/mapper/{text}"
    for node, facts in world.nodes.items():
        same = next((b for b in facts.blocks if b.wwid == device.wwid and b.name == device.name), None) or next(
            (b for b in facts.blocks if device.wwid and b.wwid == device.wwid), None
        )
        namesake = next((b for b in facts.blocks if b.is_called(text)), None)
        if stable and namesake and namesake.wwid != device.wwid:
            why = f"on {node} that name is another LUN, {namesake.wwid or 'without WWID'}"
        elif device.wwid and same is None:
            why = f"{node} does not see the LUN {device.wwid}"
        elif same is not None and same.size != device.size:
            why = f"{node} sees it with {same.size} bytes, {world.reporter} with {device.size}"
        else:
            continue
        raise Refused(
            f"{device.name} is not the same on every node",
            why=why,
            hint=f"check zoning and sessions, then rescan on {node}: iscsiadm -m session --rescan, rescan-scsi-bus.sh",
        )


def _refuse_sectors(world: Inventory, device: BlockDevice) -> None:
    """Raise Refused where LVM would, and before 2.03.06 should: what lies on the other PVs could not go there."""
    known = sorted({pv.sector for pv in world.pvs} - {0})
    if known and device.sector and device.sector not in known:
        raise Refused(
            f"{device.name} has sectors of {device.sector} bytes",
            why=f"the PVs of {world.vg.name} have {' and '.join(map(str, known))}; volumes cannot move between",
            hint=f"take a LUN with sectors of {known[0]} bytes; arrays can often offer the same one so",
        )


def _seen(world: Inventory, device: BlockDevice) -> dict[str, BlockDevice]:
    """Find the same LUN on every node: the device itself here, by WWID elsewhere, the topmost where it has paths."""
    found = {world.reporter: device}
    for node, facts in world.nodes.items():
        if node == world.reporter or not device.wwid:
            continue
        same = [b for b in facts.blocks if b.wwid == device.wwid]
        if same:
            found[node] = next((b for b in same if b.name.startswith("/dev/mapper/")), same[0])
    return found
