"""vmstore policy: the rules that vmstore keeps to, and what it does by itself."""

from typing import Annotated

import typer

from vmstore.commands.options import Config, DryRun, Format, Offline, Yes
from vmstore.output import Output

OptionalVm = Annotated[str, typer.Argument(metavar="[VM]", help="Only what holds for this VM.", show_default=False)]


def show(vm: OptionalVm = "", config: Config = None, output: Format = Output.table, offline: Offline = None) -> None:
    """Show the rules of all policies, and where each is set."""
    from vmstore import config as configuration
    from vmstore import names, session, ui
    from vmstore.jobs import growth_judge, where
    from vmstore.policies import growth
    from vmstore.report.rules import Rules

    run = session.start(config, offline or ())
    rules = Rules(run.config, growth.Rules.of(run.config.growth), configuration.given(config))
    if vm:
        world = run.inventory(blocks=True)
        lv = where.volume(world, names.vm(vm, run.config.vg))
        rows = rules.of(vm, growth_judge.classes(world)(lv))
    else:
        rows = rules.all()
    columns = [ui.Column(key.upper(), key) for key in ("policy", "for", "rule", "value", "from")]
    ui.items(output, "policy", columns, rows)


def check(config: Config = None, output: Format = Output.table, offline: Offline = None) -> None:
    """Show what `policy apply` would do; change nothing.

    It also says why not more. Exit code 10 when a file system is over its limit and its volume cannot be grown.
    """
    from vmstore import session, ui
    from vmstore.commands import policy_work
    from vmstore.errors import ExitCode
    from vmstore.jobs.growth_judge import stuck
    from vmstore.report import policy as report

    run = session.start(config, offline or ())
    world = run.inventory(blocks=True, devices=True)
    verdicts = policy_work.judged(run, world)
    columns = (
        ui.Column("VM", "vm"),
        ui.size_column("SIZE", "size"),
        ui.Column("USED", "used_percent", lambda value: "-" if value is None else f"{value} %", right=True),
        ui.Column("POLICY", "state"),
        ui.size_column("GROW TO", "target"),
        ui.Column("OVER", "over"),
        ui.note_column("why"),
    )
    ui.items(output, "policy-check", columns, report.rows(verdicts))
    if stuck(verdicts):
        raise typer.Exit(ExitCode.THRESHOLD)


def apply(
    cron: Annotated[bool, typer.Option("--cron", help="Say only what was done, and what failed otherwise.")] = False,
    begin: Annotated[
        bool,
        typer.Option("--begin", help="The first time: take it that no volume grew by itself in the last 24 hours."),
    ] = False,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Grow the volumes that are over their limit.

    A limit is on the use of the file system. Each grows by one step, under its VM, while its limits a day and in
    all allow it and its class has room. What fails does not stop the next. Running it again is safe, and one run
    works at a time. Nothing grows unless the configuration says so: `grow = true`.

    Exit code 10 as long as a file system is over its limit and its volume cannot be grown, for cron, too, which is not
    told of that: `vmstore report --cron` mails of it once.
    """
    from contextlib import ExitStack

    from vmstore import session, ui
    from vmstore.commands import policy_work
    from vmstore.errors import ExitCode, UsageError
    from vmstore.jobs import lease
    from vmstore.jobs.growth_judge import stuck

    del yes
    if begin and cron:
        raise UsageError("--begin is not for cron", why="it is true once", hint="type it once without --cron")
    # Every few minutes nothing is done, which nobody wants to read: the log of such a run begins with its first change.
    run = session.start(config, offline or (), changes=not (dry_run or cron))
    if not policy_work.policies(run.config).growth.any:
        policy_work.told(output, [], "" if cron else f"nothing grows by itself: {policy_work.HOW}")
        return
    read = run.reader(blocks=True, devices=True)
    world = read()
    if dry_run:
        verdicts = policy_work.judged(run, world, begin=begin)
        ui.plan(output, [step for verdict in verdicts for step in verdict.steps])
        if stuck(verdicts):
            raise typer.Exit(ExitCode.THRESHOLD)
        return
    with ExitStack() as stack:
        try:
            held = stack.enter_context(lease.hold(run.nodes, world.reporter, "policy", "what policies do"))
        except lease.Taken as taken:
            # The run before is still at work, and says itself what comes of that; one that hangs says nothing.
            if not cron or policy_work.hangs(run.config, taken):
                raise
            raise typer.Exit(ExitCode.LOCKED) from None
        outcomes = policy_work.carry_out(run, world, read, held.check, begin=begin, cron=cron)
    policy_work.told(output, outcomes, "" if cron else "no file system is over its limit; nothing was changed")
    failed = [outcome.error for outcome in outcomes if outcome.error]
    if failed:
        raise typer.Exit(failed[0].exit_code)
    if stuck(outcome.verdict for outcome in outcomes):
        raise typer.Exit(ExitCode.THRESHOLD)
