"""Read the command line of ./lab/lab and run the verb."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import bringup, interrupts, links, masking, power, record, rehearsal, ssh, status, topology
from lab.errors import LabError, UsageError
from lab.teardown import teardown
from lab.topology import TOPOLOGIES
from lab.wiring import LINKS

DESCRIPTION = "Run an emulated SAN cluster on this host: real LVM, iSCSI, Fibre Channel, multipath and cluster locks."
EPILOG = """\
exit codes: 0 done; 1 failed; 2 usage; of `status`: 0 all machines run, 1 some do, 3 nothing is up;
of `ssh`: that of the remote command, 255 when ssh itself failed.
files: VMSTORE_LAB_STATE (default ~/.local/state/vmstore-lab) holds the running lab, VMSTORE_LAB_CACHE
(default ~/.cache/vmstore-lab) the built images. More in docs/lab.md."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError("the command line is not understood", why=message, hint=f"{self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="lab", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)

    known = ", ".join(sorted(path.stem for path in TOPOLOGIES.glob("*.toml")))
    up = verbs.add_parser("up", help="start a lab and wait until it is ready")
    up.add_argument("topology", nargs="?", help=f"{known}, or the path of a TOML file; else default")
    up.add_argument(
        "--like", metavar="FILE", type=Path, help="the twin of a storage, by its `vmstore inventory export`"
    )
    up.add_argument("--shrink", metavar="N", type=int, help="divide every size of the twin by N")
    verbs.add_parser("down", help="end the lab and throw its disks away")
    told = verbs.add_parser("status", help="tell what runs, which links are cut, where the files lie")
    told.add_argument("--json", action="store_true", help="for programs")

    shell = verbs.add_parser("ssh", help="run a command on a machine, or a login shell")
    shell.add_argument("node", metavar="NODE", help="a node, or san")
    shell.add_argument(
        "command", metavar="COMMAND", nargs=argparse.REMAINDER, help="as for ssh: a shell reads it there"
    )

    for verb, text in (
        ("crash", "take the power from a node (SIGKILL of its emulator)"),
        ("start", "boot a node again and wait until it has rejoined: ssh, disks, locks"),
    ):
        verbs.add_parser(verb, help=text).add_argument("node", metavar="NODE")
    for verb, text in (("cut", "pull a link of a node"), ("mend", "plug a link of a node in again")):
        sub = verbs.add_parser(verb, help=text)
        sub.add_argument("node", metavar="NODE")
        sub.add_argument("link", choices=LINKS)
    for verb, text in (
        ("mask", "take a LUN away from all nodes: I/O on it fails"),
        ("unmask", "show a LUN to all nodes again"),
    ):
        verbs.add_parser(verb, help=text).add_argument("lun", metavar="LUN")
    return parser


def _up(name: str | None, like: Path | None, by: int | None) -> None:
    if like is None:
        if by is not None:
            raise UsageError("--shrink makes a twin smaller", why="there is no --like FILE", hint="./lab/lab up --help")
        bringup.up(topology.load(name or "default"))
        return
    if name is not None:
        raise UsageError(
            "a twin has no other topology", why=f"both {name} and --like are given", hint="leave out one of them"
        )
    print(rehearsal.up(like, 1 if by is None else by))


def _down() -> None:
    with record.exclusive():
        lab = record.load()
        if lab is None:
            print("the lab is down", file=sys.stderr)
            return
        with interrupts.held_back():
            teardown(lab)


def _ssh(name: str, command: list[str]) -> None:
    lab = record.existing()
    if name not in lab.ports:
        raise UsageError(
            f"no machine {name!r}", why=f"the machines are {', '.join(lab.ports)}", hint="./lab/lab status"
        )
    ssh.replace_process(lab, name, command[1:] if command[:1] == ["--"] else command)


def _run(arguments: argparse.Namespace) -> int:
    match arguments.verb:
        case "up":
            _up(arguments.topology, arguments.like, arguments.shrink)
        case "down":
            _down()
        case "status":
            told = status.report()
            print(status.as_json(told) if arguments.json else told.text)
            return told.exit_code
        case "ssh":
            _ssh(arguments.node, arguments.command)
        case "crash":
            power.crash(arguments.node)
        case "start":
            power.start(arguments.node)
        case "cut":
            links.cut(arguments.node, arguments.link)
        case "mend":
            links.mend(arguments.node, arguments.link)
        case "mask":
            masking.mask(arguments.lun)
        case "unmask":
            masking.unmask(arguments.lun)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code."""
    # mke2fs and others lie in sbin, which is not on the PATH of a Debian user.
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
    os.environ.pop("LC_ALL", None)
    os.environ["LC_MESSAGES"] = "C"
    interrupts.install()
    try:
        return _run(_parser().parse_args(argv))
    except LabError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_code
    except interrupts.Interrupted as error:
        print(f"lab: {error}; see what runs: ./lab/lab status", file=sys.stderr)
        return error.exit_code
