"""Tell whether a run that left a note on a PV is over, and whether the cluster manager can be told what follows."""

from vmstore.jobs import lease
from vmstore.jobs.step import Work
from vmstore.model import Inventory


def over(work: Work, world: Inventory, node: str, lock: str, what: str) -> bool:
    """Tell whether a run is over: its lock, on a node, is free, or that node is off; ``what`` says what it did."""
    if node in world.absent:
        return True
    if node not in world.nodes:
        work.reporter.note(f"whether the run that {what} still works is not known: {node} is silent")
        return False
    return lease.free(work.nodes, node, lock)


def untold(world: Inventory) -> str:
    """Say why the states of services are not known, or ""; then nothing may be taken for what it was."""
    cluster = world.cluster
    if cluster is None:
        return f"there is no cluster manager as {world.reporter} sees it"
    return cluster.trouble or ("" if cluster.quorate else "the cluster has no quorum")
