"""The table of commands, and the one place where an error becomes words and an exit code."""

import gc
import os
import re
import shlex
import sys
from typing import Annotated, Any, NoReturn

# typer checks arguments with pydantic, which would search all installed packages for plugins: 30 ms a run.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")

import typer

from vmstore import __version__
from vmstore.commands import (
    agent,
    completion,
    create,
    doctor,
    evacuate,
    explain,
    freeze,
    grow,
    init,
    inventory,
    job,
    listing,
    log,
    policy,
    pv,
    rebalance,
    relocate,
    remove,
    report,
    show,
    start,
    status,
    stop,
    thaw,
)
from vmstore.errors import ExitCode, VmstoreError, unforeseen
from vmstore.log import writing


def _example(*lines: str) -> str:
    """Show a newcomer how a verb is typed, below its options."""
    # With "\b" the lines are not run together.
    return "\b\nExample: " + "\n         ".join(f"vmstore {line}" for line in lines)


app = typer.Typer(
    name="vmstore",
    help="VMs on shared SAN storage: their volumes, made, grown and moved while they run, and their services.",
    epilog="""\b
To begin            vmstore init, then vmstore doctor
A LUN is dying      vmstore pv list, then vmstore evacuate PV --to CLASS
Everything in full  man vmstore, man vmstore.toml""",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
pvs = typer.Typer(
    help="The LUNs below: list, add, remove, cordon, uncordon.", no_args_is_help=True, rich_markup_mode=None
)
jobs = typer.Typer(
    help="Jobs at work: list, show, watch, pause, resume, rate, abort.", no_args_is_help=True, rich_markup_mode=None
)
agents = typer.Typer(
    help="The program that runs VMs, on every node: check, deploy.", no_args_is_help=True, rich_markup_mode=None
)
inventories = typer.Typer(help="How the storage is laid out: export it.", no_args_is_help=True, rich_markup_mode=None)
policies = typer.Typer(
    help="What vmstore does by itself: show the rules, check, apply.", no_args_is_help=True, rich_markup_mode=None
)

# In the order in which help lists them: looking, volumes, VMs, LUNs, setting up.
app.command("list")(listing.list_volumes)
app.command("show")(show.show)
app.command("status")(status.status)
app.command("report")(report.report)
app.command("doctor")(doctor.doctor)
app.command("explain")(explain.explain)
app.command("log", epilog=_example("log web01 --since 2h", "log --failed"))(log.log)
app.command("create", epilog=_example("create web01 80G --class fc"))(create.create)
app.command("grow", epilog=_example("grow web01 +20G"))(grow.grow)
app.command("remove")(remove.remove)
app.command("start", epilog=_example("start web01", "start web01 node2"))(start.start)
app.command("stop")(stop.stop)
app.command("relocate", epilog=_example("relocate web01 node2"))(relocate.relocate)
app.command("freeze")(freeze.freeze)
app.command("thaw")(thaw.thaw)
app.command(
    "evacuate", epilog=_example("evacuate /dev/mapper/mpatha --to fc --dry-run", "evacuate /dev/mapper/mpatha --to fc")
)(evacuate.evacuate)
app.command("rebalance", epilog=_example("rebalance --most 80% --dry-run"))(rebalance.rebalance)
app.command("init")(init.init)
app.command("completion")(completion.completion)
app.add_typer(pvs, name="pv")
pvs.command("list")(pv.list_pvs)
pvs.command("add", epilog=_example("pv add /dev/mapper/mpathc --class fc"))(pv.add)
pvs.command("remove")(pv.remove)
pvs.command("cordon")(pv.cordon)
pvs.command("uncordon")(pv.uncordon)
app.add_typer(jobs, name="job")
jobs.command("list")(job.list_jobs)
jobs.command("show")(job.show)
jobs.command("watch")(job.watch)
jobs.command("pause")(job.pause)
jobs.command("resume")(job.resume)
jobs.command("rate", epilog=_example("job rate /dev/mapper/mpatha 50M"))(job.rate)
jobs.command("abort")(job.abort)
app.add_typer(policies, name="policy")
policies.command("show")(policy.show)
policies.command("check")(policy.check)
policies.command("apply")(policy.apply)
app.add_typer(agents, name="agent")
agents.command("check")(agent.check)
agents.command("deploy")(agent.deploy)
app.add_typer(inventories, name="inventory")
inventories.command("export")(inventory.export)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """VMs on shared SAN storage: their volumes, made, grown and moved while they run, and their services."""
    if debug:
        os.environ["VMSTORE_DEBUG"] = "1"
    if version:
        sys.stdout.write(f"vmstore {__version__}\n")
        raise typer.Exit


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run vmstore and end the process with its exit code."""
    # An inventory of 5,000 volumes is 40,000 objects and no cycle; looking for one took a tenth of the time of a list.
    gc.set_threshold(200_000)
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has enough of it; Python would complain once more while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.DONE
    # Python looks through all objects once more when it ends.
    gc.freeze()
    sys.exit(code)


def _run(words: list[str]) -> int:
    # "--version" stands alone; typer would ask for a command first.
    if words == ["--version"]:
        sys.stdout.write(f"vmstore {__version__}\n")
        return ExitCode.DONE
    with writing.asked(words, _say) as entry:
        try:
            outcome = app(words, prog_name="vmstore", standalone_mode=False)
        except VmstoreError as problem:
            entry.end(problem.exit_code, str(problem))
            if os.environ.get("VMSTORE_DEBUG"):
                raise
            _tell(problem)
            return problem.exit_code
        except (KeyboardInterrupt, typer.Abort):
            outcome = ExitCode.INTERRUPTED
        except Exception as problem:
            entry.end(ExitCode.BUG, f"{type(problem).__name__}: {problem}")
            return _unforeseen(problem, words)
        code = outcome if isinstance(outcome, int) else ExitCode.DONE
        entry.end(code)
    if code == ExitCode.INTERRUPTED:
        # typer turns Ctrl-C into this code in silence.
        _say("vmstore: interrupted")
    return code


def _say(text: str) -> None:
    from vmstore import ui

    ui.say(text)


def _tell(problem: VmstoreError) -> None:
    from vmstore import ui

    ui.error(problem)


def _unforeseen(problem: Exception, words: list[str]) -> int:
    from vmstore.errors import UsageError

    shown: Any = getattr(problem, "format_message", None)
    if shown is None:
        if os.environ.get("VMSTORE_DEBUG"):
            raise problem
        _tell(unforeseen(problem))
        return ExitCode.BUG
    # What typer raises for wrong usage is of no public class; only its message is asked for.
    shrinking = next((word for word in words if re.fullmatch(r"-[0-9.]+[a-zA-Z]*", word)), "")
    if shrinking and "grow" in words:
        from vmstore.sizes import Growth

        try:
            Growth.parse(shrinking)
        except VmstoreError as refusal:
            _tell(refusal)
            return refusal.exit_code
    told = str(shown())
    if told.startswith("Usage: "):
        # A command without its verb: what there is to choose from is the answer.
        _say(told)
        return ExitCode.USAGE
    why = f"{told[:1].lower()}{told[1:].removesuffix('.')}"
    _tell(UsageError(f"not understood: vmstore {shlex.join(words)}", why=why, hint=f"{_known(words)} --help"))
    return ExitCode.USAGE


def _known(words: list[str]) -> str:
    """Give the command that is meant, as far as there is one."""
    groups = {info.name: info.typer_instance for info in app.registered_groups}
    verbs = {info.name for info in app.registered_commands}
    found = ["vmstore"]
    for word in words[:2]:
        if word not in verbs and word not in groups:
            break
        found.append(word)
        group = groups.get(word)
        verbs = {info.name for info in group.registered_commands} if group else set()
        groups = {}
    return " ".join(found)
