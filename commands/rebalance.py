"""vmstore rebalance: move volumes so that every PV and class is within policy, the least bytes that do it."""

from typing import Annotated

import typer

from vmstore.commands.options import By, Config, DryRun, Exclude, Format, Hours, Offline, Rate, Suspend, Yes
from vmstore.output import Output


def rebalance(
    most: Annotated[
        str, typer.Option("--most", metavar="SHARE", help="No PV may be fuller than this, such as 80%.")
    ] = "",
    window: Hours = "",
    rate: Rate = "",
    exclude: Exclude = None,
    engine: By = None,
    suspend: Suspend = "",
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Move volumes until every PV and class is within policy.

    Limits, reserves and groups that lie apart are kept again after the least bytes that can be moved.

    Each PV that bears too much is relieved as a job of its own, one after the other, as `vmstore evacuate` empties one:
    it takes no new volumes meanwhile, and does again afterwards. Ctrl-C stops after the piece that is being moved; the
    same command, from any node, goes on.
    """
    from vmstore import session, sizes, ui
    from vmstore.commands import evacuation, rebalancing
    from vmstore.commands.work import nothing, swept

    share = sizes.share(most) if most else None
    run = session.start(config, offline or (), changes=not dry_run)
    how = evacuation.Moving.typed(run, rate, engine, suspend, window)
    read = run.reader(blocks=True, devices=True)
    world = swept(run, read(), read, dry_run=dry_run)
    stay = evacuation.excluded(run.config, world, exclude or ())
    wish = rebalancing.Wish(run, share, how, stay)
    balance = wish.plan(world)
    steps = balance.steps()
    if dry_run:
        rebalancing.show(output, balance, steps)
        return
    if balance.plan.moves and not yes:
        rebalancing.tell(balance)
        ui.outline(steps)
        ui.confirm(f"move {sizes.show(balance.plan.size)} in {sizes.volumes(len(balance.plan.moves))}?", yes=yes)
    if steps:
        balance.carry_out()
        world = read()
    else:
        nothing(run, world)
    rebalancing.end(output, balance, world, changed=bool(steps))
