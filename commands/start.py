"""vmstore start: a VM, through the cluster manager where there is one."""

from typing import Annotated

import typer

from vmstore.commands.options import Config, DryRun, Format, Offline, Vm, Yes
from vmstore.output import Output


def start(
    vm: Vm,
    node: Annotated[
        str, typer.Argument(metavar="[NODE]", help="Where; else the manager chooses, if there is one.")
    ] = "",
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Start a VM, through the cluster manager where there is one.

    It resumes where it was suspended, or boots. Where it runs already, nothing is changed. Without a manager and
    a NODE, it starts on this node, or on the first one that answers.
    """
    from vmstore import names, ui
    from vmstore.commands import service_work
    from vmstore.jobs import away, plan_autostart, plan_service
    from vmstore.jobs.step import Step
    from vmstore.model import Inventory
    from vmstore.session import Session

    notes: list[str] = []

    def plan(run: Session, world: Inventory) -> list[Step]:
        steps = plan_service.start(world, run.config, vm, node)
        lasting, note = plan_autostart.plan(run.silent_work(), world, run.config.cluster, vm)
        notes.append(note)
        return [*steps, *lasting]

    del yes
    if node:
        names.node(node)
    outcome = service_work.change(vm, config, offline, output, plan, dry_run=dry_run)
    for note in filter(None, notes):
        ui.say(f"vmstore: {note}")
    if outcome is None:
        return
    run, service = outcome.run, outcome.service
    back = away.read(run.silent_work(), service.owner, f"{run.config.cluster.directory}/{vm}")
    how = f" ({back.how})" if back and outcome.changed else ""
    elsewhere = f", not on {node}" if node and service.owner != node else ""
    service_work.told(output, "start", outcome, f"{vm} runs on {service.owner}{elsewhere}{how}")
