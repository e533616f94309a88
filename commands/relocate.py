"""vmstore relocate: a running VM to another node."""

from typing import Annotated

import typer

from vmstore.commands.options import Config, DryRun, Format, Offline, Vm, Yes
from vmstore.output import Output


def relocate(
    vm: Vm,
    node: Annotated[str, typer.Argument(metavar="[NODE]", help="Where to; else another that can take it.")] = "",
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Relocate a running VM without a reboot.

    It is suspended here and resumed there. What can be checked is checked before the guest is suspended, and the
    target is prepared. At the end it says how long the VM was away; on failure, where it is now.
    """
    from vmstore import names
    from vmstore.commands import service_work
    from vmstore.jobs import away, plan_service

    del yes
    if node:
        names.node(node)
    outcome = service_work.change(
        vm, config, offline, output,
        lambda run, world: plan_service.relocate(world, run.config, vm, node), dry_run=dry_run,
    )  # fmt: skip
    if outcome is None:
        return
    run, service = outcome.run, outcome.service
    back = away.read(run.silent_work(), service.owner, f"{run.config.cluster.directory}/{vm}")
    seconds = back.seconds if back and outcome.changed else None
    how = f", {back.how} after {seconds:.1f} s" if back and seconds is not None else ""
    service_work.told(output, "relocate", outcome, f"{vm} runs on {service.owner}{how}", away_seconds=seconds)
