"""vmstore agent: the program that runs VMs, on every node."""

from typing import TYPE_CHECKING, Annotated

import typer

from vmstore.commands.options import Config, DryRun, Format, Offline, Yes
from vmstore.output import Output

if TYPE_CHECKING:
    from vmstore.session import Session

NodeNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NODE]...", help="Only on these nodes; else on all.", show_default=False),
]


def check(
    nodes: NodeNames = None, config: Config = None, output: Format = Output.table, offline: Offline = None
) -> None:
    """Compare the agent of each node with that of this vmstore.

    Exit code 10 where one is missing or another, 7 where a node does not tell.
    """
    from vmstore import session, ui
    from vmstore.errors import ExitCode
    from vmstore.jobs import agent_deploy
    from vmstore.jobs.agent_deploy import State
    from vmstore.report import agents as report

    run = session.start(config, offline or ())
    text = agent_deploy.ours()
    found = agent_deploy.look(run.nodes, _names(run, nodes), text)
    rows = [report.row(each) for each in found]
    if output is Output.json:
        ui.document("agent", report.Agents(brought=report.brought(text), items=rows))
    else:
        columns = (
            ui.Column("NODE", "node"),
            ui.Column("AGENT", "state"),
            ui.Column("VERSION", "version"),
            ui.Column("SHA-256", "sha256", lambda value: value[:12] if value else "-"),
            ui.Column("SCRIPTS", "scripts", right=True),
            ui.Column("AT", "path"),
            ui.note_column("why"),
        )
        ui.items(output, "agent", columns, rows)
    states = {each.state for each in found}
    if states - {State.SAME, State.UNKNOWN}:
        if output is Output.table:
            ui.say(f"{report.told(text)}; `vmstore agent deploy` puts it where it is missing or another")
        raise typer.Exit(ExitCode.THRESHOLD)
    if State.UNKNOWN in states:
        raise typer.Exit(ExitCode.CLUSTER)


def deploy(
    nodes: NodeNames = None,
    config: Config = None,
    output: Format = Output.table,
    dry_run: DryRun = False,
    yes: Yes = False,
    offline: Offline = None,
) -> None:
    """Put the agent of this vmstore where another is, or none.

    It takes the old one's place in one stroke, also while VMs run, and the old one is kept beside it. Settings of the
    agent on a node, /etc/vmstore/agent.conf, stay as they are.
    """
    from vmstore import session, ui, ui_progress
    from vmstore.jobs import agent_deploy
    from vmstore.report import agents as report

    del yes
    run = session.start(config, offline or (), changes=not dry_run)
    text = agent_deploy.ours()
    found = agent_deploy.look(run.nodes, _names(run, nodes), text)
    steps = agent_deploy.plan(found, text)
    errors = [each.error for each in found if each.error]
    if dry_run:
        ui.plan(output, steps)
    else:
        put = []
        with ui_progress.reporter(steps) as reporter:
            for step, error in agent_deploy.carry_out(steps, run.work(reporter)):
                if error:
                    errors.append(error)
                else:
                    put.append(step)
        kept = {step.node: step.kept for step in put if step.back}
        ui.result(
            output,
            "agent-deploy",
            report.Deployed(
                brought=report.brought(text), put_on=[step.node for step in put], kept=kept, changed=bool(put)
            ),
            "\n".join(report.put(text, [each for each in found if each.state == "same"], put)),
        )
    for error in errors:
        ui.error(error)
    if errors:
        raise typer.Exit(errors[0].exit_code)


def _names(run: "Session", wanted: list[str] | None) -> list[str]:
    """Give the nodes that are meant. Raises NotFound, also for one that was called off and is not there."""
    from vmstore.errors import NoSuchNode

    for node in (*(wanted or ()), *sorted(run.absent)):
        if node not in run.nodes.names:
            raise NoSuchNode(node, run.nodes.names)
    return [node for node in dict.fromkeys(wanted or run.nodes.names) if node not in run.absent]
