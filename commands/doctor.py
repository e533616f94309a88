"""vmstore doctor: what would make a later command fail, or lose a service."""

import typer

from vmstore.commands.options import Config, Format, Offline
from vmstore.output import Output


def doctor(config: Config = None, output: Format = Output.table, offline: Offline = None) -> None:
    """Look for what would make a later command fail or lose a VM.

    Each finding comes with the commands that mend it. Nothing is changed and no lock is taken. The exit code is 10 when
    something is found, and 7 when nothing is but not everything could be checked.
    """
    from vmstore import session, ui
    from vmstore.errors import ExitCode, Refused
    from vmstore.jobs import joblook
    from vmstore.policies import checkup as checks
    from vmstore.policies.findings import Seen
    from vmstore.report import doctor as report
    from vmstore.tools import checkup

    run = session.start(config, offline or ())
    if run.nodes.local and not session.is_root():
        raise Refused(
            "doctor has to be run by root here",
            why=f"{run.nodes.local} is one of the nodes, and only root may look at LVM and the cluster there",
            hint="sudo vmstore doctor",
        )
    world = run.inventory(blocks=True, services=True, anyhow=True)
    told, silent = checkup.look(run.nodes, world, run.config.cluster.directory)
    # Of a job whose node is silent nobody knows that it stands still.
    working = frozenset(job.pv.uuid for job in joblook.jobs(run.nodes, world) if job.state != "stopped")
    found = checks.examine(Seen(world, told, silent, working))
    if output is Output.json:
        ui.document("doctor", report.document(found))
    else:
        lines = report.plain(found) if output is Output.plain else report.lines(found)
        ui.write("".join(f"{line}\n" for line in lines))
    if found.findings:
        raise typer.Exit(ExitCode.THRESHOLD)
    if found.unknown:
        raise typer.Exit(ExitCode.CLUSTER)
