"""vmstore stop: a VM, by suspending it to its own volume."""

from vmstore.commands.options import Config, DryRun, Format, Offline, Vm, Yes
from vmstore.output import Output


def stop(
    vm: Vm,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Stop a VM by suspending it to its own volume.

    No node holds the volume any more then. `vmstore start` resumes it, on any node. Also the way out of a failed
    service, once the cause is mended. Under rgmanager it also starts again when the whole cluster does, as after
    clusvcadm -d.
    """
    from vmstore import ui
    from vmstore.commands import service_work
    from vmstore.jobs import plan_autostart, plan_service

    del yes
    outcome = service_work.change(
        vm, config, offline, output, lambda run, world: plan_service.stop(world, run.config, vm),
        dry_run=dry_run,
    )  # fmt: skip
    if outcome is not None:
        service_work.told(output, "stop", outcome, f"{vm} is stopped", f": `vmstore start {vm}` resumes it")
        if outcome.changed and plan_autostart.comes_back(outcome.run.silent_work(), outcome.world, vm):
            ui.say(f'vmstore: {vm} starts again when the whole cluster does (autostart="1"), as after clusvcadm -d')
