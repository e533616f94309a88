"""vmstore freeze: a VM's service."""

from vmstore.commands.options import Config, DryRun, Format, Offline, Vm, Yes
from vmstore.output import Output


def freeze(
    vm: Vm,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Freeze a VM's service: the manager leaves it alone.

    The VM runs on, and is neither checked, started, stopped nor failed over. A service that you froze stays so,
    whatever vmstore does, until you thaw it.
    """
    from vmstore.commands import service_work
    from vmstore.jobs import plan_service

    del yes
    outcome = service_work.change(
        vm, config, offline, output,
        lambda run, world: plan_service.set_freeze(world, run.config, vm, frozen=True), dry_run=dry_run,
    )  # fmt: skip
    if outcome is not None:
        after = f": nothing checks it or fails it over until `vmstore thaw {vm}`"
        service_work.told(output, "freeze", outcome, f"{vm} is frozen", after)
