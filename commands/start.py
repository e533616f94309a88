"""vmstore start: a VM, through the cluster manager."""

from typing import Annotated

import typer

from vmstore.commands.options import Config, DryRun, Format, Offline, Vm, Yes
from vmstore.output import Output


def start(
    vm: Vm,
    node: Annotated[str, typer.Argument(metavar="[NODE]", help="Where; else the manager chooses.")] = "",
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Start a VM, through the cluster manager.

    It resumes where it was suspended, or boots. Where it runs already, nothing is changed.
    """
    from vmstore import names
    from vmstore.commands import service_work
    from vmstore.jobs import away, plan_service

    del yes
    if node:
        names.node(node)
    outcome = service_work.change(
        vm, config, offline, output,
        lambda run, world: plan_service.start(world, run.config.cluster, vm, node), dry_run=dry_run,
    )  # fmt: skip
    if outcome is None:
        return
    run, service = outcome.run, outcome.service
    back = away.read(run.silent_work(), service.owner, f"{run.config.cluster.directory}/{vm}")
    how = f" ({back.how})" if back and outcome.changed else ""
    elsewhere = f", not on {node}" if node and service.owner != node else ""
    service_work.told(output, "start", outcome, f"{vm} runs on {service.owner}{elsewhere}{how}")
