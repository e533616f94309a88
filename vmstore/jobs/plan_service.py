"""Plan starting, stopping, relocating, freezing and thawing a VM. Pure."""

from vmstore.config import ClusterSettings
from vmstore.errors import ClusterUnusable, Locked, NotFound, Refused
from vmstore.jobs import freezing, where
from vmstore.jobs.agent_steps import AGENT
from vmstore.jobs.service_steps import Relocate, SetFreeze, Start, Stop, Warm
from vmstore.jobs.step import Step
from vmstore.model import Inventory
from vmstore.policies import safety
from vmstore.services import Cluster, Service, State


def service(world: Inventory, vm: str) -> tuple[Cluster, Service]:
    """Find a VM's service. Raises ClusterUnusable without a manager or without its states, NotFound."""
    cluster = world.cluster
    if cluster is None:
        raise ClusterUnusable(
            "there is no cluster manager",
            why="neither rgmanager nor Pacemaker is configured on the node that was asked",
            hint=f"see `manager` in the configuration; on a single host: {AGENT} (its manual page says how)",
        )
    found = cluster.services.get(vm)
    if found is None:
        safety.cluster(cluster)
        lv = world.lv(vm)
        raise NotFound(
            f"{vm} has no service",
            why=f"{cluster.manager} lists none of that name" + (", though it has a volume" if lv else ""),
            hint=f"`vmstore create {vm} SIZE` makes volume and service; with the size it has, the service alone",
        )
    return cluster, found


def start(world: Inventory, settings: ClusterSettings, vm: str, node: str) -> list[Step]:
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
    if node:
        safety.target(cluster, found, node)
    lv = where.volume(world, vm)
    # A service that the manager calls stopped may still be mounted where its manager went away.
    where.place(world, lv)
    where.known(world, [vm])
    return [Start(cluster.reporter, cluster.manager, vm, settings.patience, node)]


def stop(world: Inventory, settings: ClusterSettings, vm: str) -> list[Step]:
    """Plan stopping; nothing where it is stopped and the nodes agree. Raises Refused, ClusterUnusable, NotFound."""
    cluster, found = service(world, vm)
    safety.cluster(cluster)
    if found.frozen:
        raise safety.frozen(found)
    step = Stop(cluster.reporter, cluster.manager, vm, settings.patience)
    return [] if step.done(world) else [step]


def relocate(world: Inventory, settings: ClusterSettings, vm: str, node: str) -> list[Step]:
    """Plan relocating, everything that can be known checked before the guest is suspended.

    ``node`` is "" for any other node that can take it. Nothing where it runs there already. Raises Refused,
    ClusterUnusable, NotFound.
    """
    cluster, found = service(world, vm)
    safety.services(cluster, [vm])
    if found.state is not State.STARTED:
        raise Refused(
            f"{vm} does not run", why=f"{cluster.manager} says {found.state}", hint=f"`vmstore start {vm} {node}`"
        )
    where.place(world, where.volume(world, vm))
    if node == found.owner:
        return []
    to = node or _any_other(world, cluster, found)
    safety.target(cluster, found, to)
    if to not in world.nodes:
        raise ClusterUnusable(
            f"{to} does not answer", why=world.silent.get(to, "it is not among `nodes`"), hint="name another node"
        )
    where.locks(world, to)
    for pv in {run.pv for run in where.volume(world, vm).extents}:
        where.device(world, to, pv)
    return [
        Warm(to, vm, warm(settings, world.vg.name, vm)),
        Relocate(cluster.reporter, cluster.manager, vm, settings.patience, to),
    ]


def warm(settings: ClusterSettings, vg: str, vm: str) -> tuple[str, ...]:
    """Give the command by which the agent prepares a node."""
    directory = f"{settings.directory}/{vm}"
    words = [f"OCF_RESKEY_vm={vm}", f"OCF_RESKEY_vg={vg}", f"OCF_RESKEY_directory={directory}"]
    if settings.hypervisor != "auto":
        words.append(f"OCF_RESKEY_hypervisor={settings.hypervisor}")
    return ("env", *words, AGENT, "warm")


def set_freeze(world: Inventory, vm: str, *, frozen: bool) -> list[Step]:
    """Plan freezing or thawing on the admin's account. Raises Locked while vmstore itself works on the volume."""
    cluster, found = service(world, vm)
    safety.services(cluster, [vm])
    # What a run that was cut off left is swept before this is planned, so a note left is a run at work.
    if any(note.vm == vm for _, note in freezing.notes(world)):
        raise Locked(
            f"{vm} is frozen by a run of vmstore that works on its volume",
            why="it thaws the service itself when it is done",
            hint="wait for it; `vmstore pv list` shows what is being emptied",
        )
    return [] if found.frozen is frozen else [SetFreeze(cluster.reporter, cluster.manager, vm, frozen)]


def _any_other(world: Inventory, cluster: Cluster, found: Service) -> str:
    able = [
        m.name for m in cluster.members if m.online and m.manages and m.name != found.owner and m.name in world.nodes
    ]
    if not able:
        raise Refused(
            f"no other node can take {found.vm}",
            why=f"it runs on {found.owner}, and no other member takes services",
            hint="see clustat or crm_mon -1",
        )
    return able[0]
