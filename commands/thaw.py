"""vmstore thaw: a VM's service."""

from vmstore.commands.options import Config, DryRun, Format, Offline, Vm, Yes
from vmstore.output import Output


def thaw(
    vm: Vm,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Thaw a VM's service: the manager takes care of it again."""
    from vmstore.commands import service_work
    from vmstore.jobs import plan_service

    del yes
    outcome = service_work.change(
        vm, config, offline, output,
        lambda run, world: plan_service.set_freeze(world, run.config, vm, frozen=False), dry_run=dry_run,
    )  # fmt: skip
    if outcome is not None:
        after = ": the manager takes care of it again"
        service_work.told(output, "thaw", outcome, f"{vm} is thawed", after)
