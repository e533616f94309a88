"""vmstore list: every volume with its size, place and holder."""

from vmstore.commands.options import Config, Format, Offline
from vmstore.output import Output


def list_volumes(config: Config = None, output: Format = Output.table, offline: Offline = None) -> None:
    """List the volumes, their use and who holds them."""
    from vmstore import session, ui
    from vmstore.report import volumes

    world = session.start(config, offline or ()).inventory(blocks=True)
    rows = volumes.rows(world)
    columns = (
        ui.Column("VM", "name"),
        ui.size_column("SIZE", "size"),
        ui.Column("USED", "used_percent", lambda value: "-" if value is None else f"{value} %", right=True),
        ui.Column("CLASS", "classes", ",".join),
        ui.Column("PVS", "pvs", ",".join),
        ui.Column("HELD BY", "held_by", volumes.holder),
        ui.Column("MOUNTED ON", "mounted_on", spare=True),
        ui.note_column("note"),
    )
    ui.items(output, "volumes", columns, rows)
    if not rows and output is Output.table:
        ui.say(f"{world.vg.name} has no volumes yet; `vmstore create VM SIZE` makes one")
    for line in world.unheard():
        ui.say(f"vmstore: {line}")
