"""vmstore show: one volume in full."""

from vmstore.commands.options import Config, Format, Offline, Vm
from vmstore.output import Output


def show(vm: Vm, config: Config = None, output: Format = Output.table, offline: Offline = None) -> None:
    """Show one volume in full, with where its extents lie."""
    from vmstore import names, session, ui
    from vmstore.jobs import where
    from vmstore.report import volumes

    run = session.start(config, offline or ())
    names.vm(vm, run.config.vg)
    world = run.inventory(blocks=True)
    row = volumes.row(world, where.volume(world, vm))
    content: volumes.VolumeFacts = {**row, "extents": volumes.extents(world, vm)}
    ui.facts(output, "volume", content, volumes.shown(content))
