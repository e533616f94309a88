"""Decide on which node work on a volume is done, and refuse where that cannot be known or must not be."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from vmstore import names
from vmstore.errors import ClusterUnusable, NotFound, Refused
from vmstore.jobs import half_moved
from vmstore.model import Activation, Inventory, LogicalVolume, Mount
from vmstore.policies import safety
from vmstore.services import SETTLED, State

# pvmove and lvextend handle these; everything else is refused rather than tried (lvm2 tools/pvmove.c).
_PLAIN_LAYOUTS = ("linear", "striped")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a volume is worked on; ``active`` is None for one that nobody has active."""

    node: str
    active: Activation | None
    marked: bool

    @property
    def idle(self) -> bool:
        """Tell whether nobody uses it: inactive, or active only because earlier work was cut off."""
        return self.active is None or (self.marked and not self.active.opens)

    @property
    def mount(self) -> Mount | None:
        """Give where it is mounted."""
        return self.active.mounts[0] if self.active and self.active.mounts else None


def volume(world: Inventory, name: str) -> LogicalVolume:
    """Find a VM's volume. Raises NotFound, Refused where a move that was cut off has left it without its name."""
    lv = world.lv(name)
    left = half_moved.why(world, name) if lv is None else ""
    if left:
        raise Refused(
            f"the volume of {name} is being moved",
            why=left,
            hint="wait for the evacuation, or run it again if it was cut off; see `vmstore job list`",
        )
    if lv is None or lv.private:
        meant = names.alike(name, (other.name for other in world.lvs if not other.private))
        raise NotFound(
            f"{name} has no volume in {world.vg.name}",
            why="the VG has no LV of that name",
            hint=f"{meant}`vmstore list` shows all" + ("" if meant else f"; `vmstore create {name} SIZE` makes one"),
        )
    return lv


def place(world: Inventory, lv: LogicalVolume) -> Place:
    """Find the node to work on an LV: the one that holds it, or the one that was asked about LVM.

    Raises Refused when it is active on several nodes or the cluster manager says otherwise than the nodes,
    ClusterUnusable when a node that does not answer may hold it.
    """
    active = world.activations(lv)
    if len(active) > 1:
        raise Refused(
            f"{lv.name} is active on several nodes",
            why=f"active on {', '.join(a.node for a in active)}: a file system mounted twice is destroyed",
            hint=f"deactivate it where its VM does not run: lvchange -an {world.vg.name}/{lv.name}",
        )
    if active:
        if active[0].suspended:
            raise Refused(
                f"{lv.name} is suspended on {active[0].node}",
                why="its device takes no I/O, as after an LVM command that was cut off",
                hint=f"on {active[0].node}: dmsetup resume {world.vg.name}/{lv.name}, then look at `lvs -a`",
            )
        place = Place(active[0].node, active[0], lv.name in world.nodes[active[0].node].marks)
    else:
        known(world, [lv.name])
        place = Place(world.reporter, None, marked=False)
    _agree(world, lv, place)
    return place


def _agree(world: Inventory, lv: LogicalVolume, place: Place) -> None:
    """Raise Refused where manager and nodes differ on who holds a volume: one of them does not know of a mount."""
    service = world.service(lv.name)
    if service is None or world.cluster is None:
        return
    holder = "" if place.idle else place.node
    says = f"{world.cluster.speaker} says {service.state}" + (f" on {service.owner}" if service.owner else "")
    hint = f"see `vmstore status {lv.name}`, and on {holder or service.owner or world.reporter}: lsblk, mount"
    if service.state not in SETTLED:
        raise Refused(
            f"the service {lv.name} is in between", why=says, hint=f"wait until `vmstore status {lv.name}` is settled"
        )
    if holder != service.owner and not holder and service.owner not in world.nodes:
        raise Refused(
            f"who holds {lv.name} is disputed",
            why=f"{says}, which does not answer or is called off",
            hint=f"wait until {world.cluster.speaker} has fenced {service.owner} and started {lv.name} elsewhere: "
            f"`vmstore status {lv.name}`",
        )
    if holder != service.owner:
        seen = f"it is in use on {holder}" if holder else "no node has it in use"
        if service.state is State.FAILED:
            hint = safety.failed(world.cluster, service).hint
        raise Refused(f"who holds {lv.name} is disputed", why=f"{says}, but {seen}", hint=hint)


def known(world: Inventory, names: Iterable[str]) -> None:
    """Raise ClusterUnusable if a node that does not answer may hold one of these LVs."""
    unsure = world.unsure()
    listed = ", ".join(names)
    if unsure and listed:
        raise ClusterUnusable(
            f"who holds {listed} is not known",
            why=world.doubts(),
            hint=f"bring back {', '.join(unsure)}; if it is switched off, say so: "
            f"--offline {' --offline '.join(unsure)}",
        )


def plain(lv: LogicalVolume, layouts: tuple[str, ...] = _PLAIN_LAYOUTS) -> str:
    """Say why an LV is of a kind that is not handled, or "" for a plain one; with a leg more it is one still."""
    if not lv.private and names.of_leg(lv.name):
        return "an lvconvert that was cut off has left it behind"
    return "" if lv.leaving else _odd(lv.role, lv.layout, layouts)


@cache
def _odd(role: tuple[str, ...], layout: tuple[str, ...], layouts: tuple[str, ...]) -> str:
    if "public" not in role:
        return f"it is LVM's own ({', '.join(role)})"
    special = set(role) - {"public"}
    if special:
        return f"it is a {', '.join(sorted(special))}"
    if ",".join(layout) not in layouts:
        return f"its layout is {','.join(layout)}"
    return ""


def usable(world: Inventory) -> None:
    """Raise Refused when LVM would not change this VG: a PV is missing (vgreduce(8), --removemissing)."""
    gone = [pv for pv in world.pvs if pv.missing]
    if gone:
        lost = sorted(lv.name for lv in world.lvs if not lv.private and any(lv.on(pv.uuid) for pv in gone))
        told = f"--force, which removes what has a part on it: {', '.join(lost)}" if lost else "(no volume is on it)"
        raise Refused(
            f"a PV of {world.vg.name} is missing",
            why=f"{world.reporter} does not see {', '.join(pv.uuid for pv in gone)}, and LVM changes no VG like that",
            hint=f"bring the LUN back (paths, zoning, iSCSI session: `vmstore doctor` has the commands); "
            f"if it is gone for good: vgreduce --removemissing {world.vg.name} {told}",
        )


def locks(world: Inventory, node: str) -> None:
    """Raise ClusterUnusable when a node lacks what a shared VG needs to be changed there.

    Raises Refused where several nodes have a VG that is not shared. Of the lock space alone that lacks,
    ``lock_steps.first`` takes care.
    """
    facts = world.nodes.get(node)
    if facts is None:
        raise ClusterUnusable(
            f"nothing can be changed through {node}",
            why=f"it {world.silent.get(node, 'was not asked')}",
            hint=f"try `ssh {node} true`, then this command again",
        )
    if not world.vg.shared and len(world.nodes.keys() | world.silent.keys() | world.absent) > 1:
        raise Refused(
            f"{world.vg.name} is not shared",
            why="without cluster locks nothing keeps two nodes from changing it, or from mounting a volume, at once",
            hint="make it a shared VG (vgchange --lock-type), or name one node alone in `nodes`",
        )
    if world.vg.lockd and "lvmlockd" not in facts.daemons:
        raise ClusterUnusable(
            f"lvmlockd does not run on {node}",
            why=f"{world.vg.name} is shared ({world.vg.lock_type}), so LVM there may change nothing",
            hint=f"on {node}: systemctl start lvmlockd, then vgchange --lockstart {world.vg.name}",
        )


def device(world: Inventory, node: str, pv: str) -> str:
    """Give the name of a PV, by UUID, on a node. Raises Refused when that node's LVM does not see it."""
    facts = world.nodes.get(node)
    name = facts.devices.get(pv) if facts else None
    if name is None:
        found = world.pv(pv)
        raise Refused(
            f"{node} does not see the PV {found.name if found else pv}",
            why=f"LVM on {node} lists no device with that PV's UUID",
            hint=f"`vmstore doctor` has the commands that bring it back; on {node}, see `pvs` and `multipath -ll`",
        )
    return name


def called(world: Inventory, node: str, pvs: Iterable[str]) -> str:
    """Name PVs, by UUID, as `vmstore pv list` does, and as a node does where that is another name.

    A step that runs elsewhere would otherwise seem to copy onto the very PV that is being emptied.
    """
    listed = {pv.uuid: pv.name for pv in world.pvs}
    both = ((listed[pv], device(world, node, pv)) for pv in pvs)
    return ", ".join(name if name == there else f"{name} ({there} on {node})" for name, there in both)


def find_pv(world: Inventory, local: str, text: str) -> str:
    """Find the UUID of the PV that the admin means by a device, a WWID or a UUID.

    Names such as /dev/sdb differ between nodes: on a node its own names count; elsewhere a name on which the
    nodes disagree is refused. Raises NotFound, Refused.
    """
    if world.pv(text):
        return text
    meant: dict[str, set[str]] = {}
    for name, facts in world.nodes.items():
        by_name = {device: uuid for uuid, device in facts.devices.items()}
        known_as = next((b.name for b in facts.blocks if b.is_called(text)), text)
        if known_as in by_name:
            meant.setdefault(by_name[known_as], set()).add(name)
    if local:
        own = [uuid for uuid, nodes in meant.items() if local in nodes]
        if own:
            return own[0]
    if len(meant) > 1:
        raise Refused(
            f"{text} is not the same PV on every node",
            why="; ".join(f"on {', '.join(sorted(nodes))} it is {uuid}" for uuid, nodes in sorted(meant.items())),
            hint="name the PV by its WWID or UUID, as `vmstore pv list` shows them",
        )
    if not meant:
        raise _no_pv(world, text)
    return next(iter(meant))


def _no_pv(world: Inventory, text: str) -> NotFound:
    seen = [pv for pv in world.pvs if not pv.missing]
    lost = [pv.uuid for pv in world.pvs if pv.missing]
    # Of a LUN that no node sees, nothing tells the WWID.
    missing = f"; {', '.join(lost)} {'is' if len(lost) == 1 else 'are'} missing" if lost else ""
    meant = names.alike(text, (name for pv in seen for name in (pv.name, pv.anywhere)))
    hint = "a missing PV is named by its UUID; `vmstore doctor` tells how its LUN may come back"
    return NotFound(
        f"there is no PV {text} in {world.vg.name}",
        why=f"its PVs are {', '.join(sorted(pv.name for pv in seen))} (names on {world.reporter}){missing}",
        hint=hint if lost else f"{meant}`vmstore pv list` shows all; a PV of another VG is not vmstore's to touch",
    )


def destinations(world: Inventory, local: str, words: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sort the words of ``--to`` into classes and PVs, the latter by UUID. Raises NotFound, UsageError."""
    known = {pv.storage_class for pv in world.pvs}
    classes: list[str] = []
    pvs: list[str] = []
    for word in words:
        if word in known:
            classes.append(word)
            continue
        try:
            pvs.append(find_pv(world, local, names.pv(word)))
        except NotFound:
            if "/" in word or len(word) > 16:
                raise
            raise NotFound(
                f"there is no class or PV {word!r} in {world.vg.name}",
                why=f"its PVs are of class {', '.join(sorted(known))}",
                hint=f"{names.alike(word, known)}`vmstore pv list` shows classes and PVs",
            ) from None
    return tuple(classes), tuple(pvs)
