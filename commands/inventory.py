"""vmstore inventory: write down how the storage is laid out."""

from pathlib import Path
from typing import Annotated

import typer

from vmstore.commands.options import Config, Offline


def export(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Where to; nobody else may read it. Else stdout.", show_default=False),
    ] = None,
    config: Config = None,
    offline: Offline = None,
) -> None:
    """Write how the storage is laid out, without its data.

    It is JSON, with names, sizes, WWIDs and where extents lie. `./lab/lab up --like FILE` builds an emulated twin of
    it, to rehearse an evacuation on.
    """
    import time

    from vmstore import session, ui, ui_files
    from vmstore.errors import Refused
    from vmstore.report import inventory_document

    world = session.start(config, offline or ()).inventory(blocks=True)
    moving = sorted(lv.name for lv in world.lvs if lv.moving)
    if moving:
        raise Refused(
            "the layout is half of one and half of another",
            why=f"on their way from one PV to another: {', '.join(moving)}",
            hint="export it when `vmstore job list` shows nothing at work; a job that is paused lets it be seen",
        )
    text = inventory_document.form(world, time.time())
    if file is None or file == Path("-"):
        ui.write(text)
    else:
        ui_files.write(file, text, private=True)
    if world.cluster and world.cluster.trouble:
        ui.say(f"vmstore: the services are not in it: {world.cluster.trouble}")
    for line in world.unheard():
        ui.say(f"vmstore: {line}")
