"""vmstore pv: list, add, remove, cordon and uncordon PVs."""

from typing import Annotated

import typer

from vmstore.commands.options import Config, DryRun, Format, Offline, Pv, Yes
from vmstore.output import Output


def list_pvs(config: Config = None, output: Format = Output.table, offline: Offline = None) -> None:
    """List the PVs with transport, class, WWID and room."""
    from vmstore import session, ui
    from vmstore.report import pvs

    world = session.start(config, offline or ()).inventory(blocks=True)
    columns = (
        ui.Column("PV", "name"),
        ui.Column("TRANSPORT", "transport"),
        ui.Column("CLASS", "class"),
        ui.size_column("SIZE", "size"),
        ui.size_column("FREE", "free"),
        ui.Column("PATHS", "paths", right=True),
        ui.Column("WWID", "wwid", below=True),
        ui.Column("STATE", "state"),
    )
    rows = pvs.rows(world)
    if output is Output.table:
        # Of a PV that is missing nobody knows the WWID, and its UUID can be typed instead.
        rows = [row | {"wwid": row["wwid"] or row["uuid"]} for row in rows]
    ui.items(output, "pvs", columns, rows)
    if len(world.nodes) > 1 and output is Output.table:
        ui.say(f"devices as {world.reporter} names them; the WWID is the same on every node")


def add(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="Device or WWID of the LUN.", show_default=False)],
    storage_class: Annotated[
        str, typer.Option("--class", metavar="CLASS", help="Class to record; else the transport.", show_default=False)
    ] = "",
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Take a LUN into the VG.

    Its metadata area gets room for 5,000 volumes. Refused for a device that carries or does anything, or that is
    not the same LUN on every node.
    """
    from vmstore import names, session
    from vmstore.commands import work
    from vmstore.jobs import plan_pv
    from vmstore.jobs.pv_steps import RecordClass
    from vmstore.tools import fs

    run = session.start(config, offline or (), changes=not dry_run)
    names.pv(device)
    if storage_class:
        names.storage_class(storage_class)
    read = run.reader(blocks=True, devices=True)
    world = work.swept(run, read(), read, dry_run=dry_run)
    found = plan_pv.find_device(world, device)
    signatures = fs.listed(found.name, run.nodes.run(world.reporter, fs.signatures(found.name)))
    steps = plan_pv.add(world, device, found, storage_class, signatures)
    classes = [step.storage_class for step in steps if isinstance(step, RecordClass)]
    after = "".join(f", of class {name}: `vmstore create VM SIZE --class {name}` uses it" for name in classes)
    sentence = f"{device} is a PV of {world.vg.name}"
    work.on_pv(run, world, steps, work.Manner(output, dry_run, yes), "pv-add", device, sentence, after)


def remove(
    pv: Pv,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Take an empty PV out of the VG and remove its label."""
    from vmstore import names, session
    from vmstore.commands import work
    from vmstore.errors import NotFound
    from vmstore.jobs import leftover, plan_pv, where

    run = session.start(config, offline or (), changes=not dry_run)
    names.pv(pv)
    read = run.reader(blocks=True, devices=True)
    world = work.swept(run, read(), read, dry_run=dry_run)
    try:
        steps = plan_pv.drop(world, where.find_pv(world, run.nodes.local, pv))
    except NotFound as error:
        steps = leftover.plan(run.nodes, world, pv, error)
    sentence = f"{pv} is out of {world.vg.name}"
    work.on_pv(run, world, steps, work.Manner(output, dry_run, yes), "pv-remove", pv, sentence, work.BARE)


def cordon(
    pv: Pv,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Keep new extents off a PV; what lies on it stays."""
    from vmstore import names, session
    from vmstore.commands import work
    from vmstore.jobs import plan_pv, where

    run = session.start(config, offline or (), changes=not dry_run)
    names.pv(pv)
    read = run.reader(blocks=True, devices=True)
    world = work.swept(run, read(), read, dry_run=dry_run)
    steps = plan_pv.cordon(world, where.find_pv(world, run.nodes.local, pv), allocatable=False)
    work.on_pv(
        run,
        world,
        steps,
        work.Manner(output, dry_run, yes),
        "pv-cordon",
        pv,
        f"{pv} is cordoned",
        f": no new volumes go there until `vmstore pv uncordon {pv}`",
    )


def uncordon(
    pv: Pv,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Let new extents on a PV again.

    An evacuation of it that stopped is given up; one that runs is not disturbed.
    """
    from contextlib import nullcontext

    from vmstore import names, session
    from vmstore.commands import work
    from vmstore.jobs import evacuate, plan_pv, where

    run = session.start(config, offline or (), changes=not dry_run)
    names.pv(pv)
    read = run.reader(blocks=True, devices=True)
    world = work.swept(run, read(), read, dry_run=dry_run)
    uuid = where.find_pv(world, run.nodes.local, pv)
    steps = plan_pv.cordon(world, uuid, allocatable=True)
    given_up = not dry_run and any(p.leases for p in world.pvs if p.uuid == uuid)
    with evacuate.locked(run.nodes, world, uuid) if given_up else nullcontext():
        how = work.Manner(output, dry_run, yes)
        work.on_pv(run, world, steps, how, "pv-uncordon", pv, f"{pv} takes new volumes")
