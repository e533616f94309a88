"""Plan starting, stopping, relocating, freezing and thawing a VM. Pure."""

from vmstore import names, sizes
from vmstore.config import Config
from vmstore.errors import ClusterUnusable, Locked, NotFound, Refused
from vmstore.jobs import freezing, lock_steps, plan_direct, suspending, where
from vmstore.jobs.service_steps import Relocate, SetFreeze, Start, Stop, Warm
from vmstore.jobs.step import Step
from vmstore.model import Inventory
from vmstore.policies import safety
from vmstore.services import NONE, Cluster, Service, State
from vmstore.tools import cluster as clusters
from vmstore.tools.managers import Manager
from vmstore.tools.unmanaged import Unmanaged


def service(world: Inventory, vm: str) -> tuple[Cluster, Service]:
    """Find a VM's service, which without a manager is any VM that has a volume.

    Raises ClusterUnusable where the manager does not tell the states, NotFound.
    """
    cluster = world.cluster
    assert cluster is not None, "the verbs about services have the nodes asked where there is no manager"
    if cluster.manager == NONE:
        where.volume(world, vm)
    found = cluster.find(vm)
    if found is None:
        safety.cluster(cluster)
        lv = world.lv(vm)
        meant = "" if lv else names.alike(vm, cluster.services)
        made = f"{sizes.typed(lv.size)}` makes the service for it" if lv else "SIZE` makes volume and service"
        raise NotFound(
            f"{vm} has no service",
            why=f"{cluster.manager} lists none of that name" + (", though it has a volume" if lv else ""),
            hint=f"{meant}`vmstore status` shows all" if meant else f"`vmstore create {vm} {made}",
        )
    return cluster, found


def start(world: Inventory, config: Config, vm: str, node: str) -> list[Step]:
    """Plan starting; nothing where it runs already. Raises Refused, ClusterUnusable, NotFound."""
    cluster, found = service(world, vm)
    safety.services(cluster, [vm])
    if found.state is State.STARTED:
        if node and found.owner != node:
            raise Refused(
                f"{vm} runs already, on {found.owner}",
                why=f"starting never moves a service; you asked for {node}",
                hint=f"`vmstore relocate {vm} {node}`",
            )
        return []
    if found.frozen:
        raise safety.frozen(found)
    # What a run that was cut off left is swept before this is planned, so a note left is a run at work.
    if any(note.vm == vm for _, note in suspending.notes(world)):
        raise Locked(
            f"{vm} is suspended by a run of vmstore that moves its volume",
            why="it starts the VM itself when it is done",
            hint="wait for it; see `vmstore job list`",
        )
    manager = _manager(cluster, config)
    mounted = False
    if isinstance(manager, Unmanaged):
        node, mounted = plan_direct.seat(world, manager, vm, node)
    elif node:
        safety.target(cluster, found, node)
    lv = where.volume(world, vm)
    # A service that the manager calls stopped may still be mounted where its manager went away.
    where.place(world, lv)
    where.known(world, [vm])
    steps = [Start(cluster.reporter, manager, vm, config.cluster.patience, node, mounted)]
    return lock_steps.first(world, steps, [node] if node else [])


def stop(world: Inventory, config: Config, vm: str) -> list[Step]:
    """Plan stopping; nothing where it is stopped and the nodes agree. Raises Refused, ClusterUnusable, NotFound."""
    cluster, found = service(world, vm)
    safety.cluster(cluster)
    if found.frozen:
        raise safety.frozen(found)
    manager = _manager(cluster, config)
    node = found.owner or _remains(world, found)
    if isinstance(manager, Unmanaged):
        node = plan_direct.holder(world, manager, cluster, vm)
        if not node:
            return []
    step = Stop(cluster.reporter, manager, vm, config.cluster.patience, node)
    return [] if step.done(world) else [step]


def _remains(world: Inventory, found: Service) -> str:
    """Name the node on which there are parts of a service that has no owner; "" where none is known."""
    lv = world.lv(found.vm)
    active = world.activations(lv) if lv else ()
    likely = active[0].node if active else found.last_owner
    return likely if likely in world.nodes else ""


def relocate(world: Inventory, config: Config, vm: str, node: str) -> list[Step]:
    """Plan relocating, everything that can be known checked before the guest is suspended.

    ``node`` is "" for any other node that can take it. Nothing where it runs there already. Raises Refused,
    ClusterUnusable, NotFound.
    """
    cluster, found = service(world, vm)
    safety.services(cluster, [vm])
    if found.state is not State.STARTED:
        if cluster.manager == NONE:
            where.known(world, [vm])
        to_start = " ".join(filter(None, ("vmstore start", vm, node)))
        raise Refused(f"{vm} does not run", why=f"{cluster.speaker} says {found.state}", hint=f"`{to_start}`")
    place = where.place(world, where.volume(world, vm))
    if node == found.owner:
        return []
    manager, to = _manager(cluster, config), node or _any_other(world, cluster, found)
    if isinstance(manager, Unmanaged):
        manager = manager.with_fstype(place.mount)
        plan_direct.able(world, vm, to)
    else:
        _target(world, cluster, found, to)
    steps = [
        Warm(to, vm, Unmanaged.of(config).warm(vm)),
        Relocate(cluster.reporter, manager, vm, config.cluster.patience, found.owner, to),
    ]
    return lock_steps.first(world, steps, [to])


def set_freeze(world: Inventory, config: Config, vm: str, *, frozen: bool) -> list[Step]:
    """Plan freezing or thawing on the admin's account.

    Raises Locked while vmstore itself works on the volume, Refused where there is no manager.
    """
    cluster, found = service(world, vm)
    manager = _manager(cluster, config)
    (manager.freeze if frozen else manager.thaw)(vm)
    safety.services(cluster, [vm])
    # What a run that was cut off left is swept before this is planned, so a note left is a run at work.
    if any(note.vm == vm for _, note in freezing.notes(world)):
        raise Locked(
            f"{vm} is frozen by a run of vmstore that works on its volume",
            why="it thaws the service itself when it is done",
            hint="wait for it; `vmstore pv list` shows what is being emptied",
        )
    return [] if found.frozen is frozen else [SetFreeze(cluster.reporter, manager, vm, frozen)]


def _manager(cluster: Cluster, config: Config) -> Manager:
    return clusters.of(cluster.manager, Unmanaged.of(config))


def _target(world: Inventory, cluster: Cluster, found: Service, to: str) -> None:
    safety.target(cluster, found, to)
    if to not in world.nodes:
        raise ClusterUnusable(
            f"{to} does not answer", why=world.silent.get(to, "it is not among `nodes`"), hint="name another node"
        )
    where.locks(world, to)
    for pv in {run.pv for run in where.volume(world, found.vm).extents}:
        where.device(world, to, pv)


def _any_other(world: Inventory, cluster: Cluster, found: Service) -> str:
    able = [
        m.name for m in cluster.members if m.online and m.manages and m.name != found.owner and m.name in world.nodes
    ]
    if not able:
        raise Refused(
            f"no other node can take {found.vm}",
            why=f"it runs on {found.owner}, and no other member takes services",
            hint="see `vmstore status`",
        )
    return able[0]
