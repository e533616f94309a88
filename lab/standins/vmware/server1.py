"""Stand for vmware-cmd of VMware Server 1.x; the package says what is known of it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.standins.vmware import registry, settings
from lab.standins.vmware.host import Host
from lab.standins.vmware.machine import Machine
from lab.standins.vmware.refusal import BrokenStandIn, Reason, Refused
from lab.standins.vmware.server1_text import wording
from lab.standins.vmware.vmx import Vmx

EDITION = "server1"
USAGE_EXIT = 255
BROKEN_EXIT = 70
_MODES = ("soft", "hard", "trysoft")
_USAGE = """Usage: vmware-cmd -l
       vmware-cmd -s register|unregister <config_file_path>
       vmware-cmd [-H <host>] [-O <port>] [-U <user>] [-P <password>] [-q] [-v] <config_file_path> <op> [<arguments>]
  Operations: getstate, start|stop|suspend|reset [soft|hard|trysoft], answer, getconfig <name>,
  setconfig <name> <value>, getconfigfile, getuptime, getid, getpid, getproductinfo <name>"""


class _Usage(Exception):
    """The command line is none that vmware-cmd takes."""


@dataclass
class _Line:
    """Hold a parsed command line."""

    words: list[str]
    listing: bool = False
    server: bool = False
    quiet: bool = False


def _parse(arguments: Sequence[str]) -> _Line:
    """Take the options in front; -H, -O, -U and -P are read over, since this stand-in has one host."""
    words = list(arguments)
    line = _Line(words)
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in {"-H", "-O", "-U", "-P"}:
            if not words:
                raise _Usage
            words.pop(0)
        elif option == "-l":
            line.listing = True
        elif option == "-s":
            line.server = True
        elif option == "-q":
            line.quiet = True
        elif option != "-v":
            raise _Usage
    return line


def _list(host: Host) -> None:
    registry.reach(host, "list")
    if host.settings.says_yes("list_blank_line"):
        print()
    for item in host.registered():
        print(item.path)


def _server(host: Host, words: list[str]) -> tuple[str, str]:
    """Return what to show for ``-s register|unregister``."""
    match words:
        case ["register", path]:
            registry.reach(host, "register")
            registry.register(host, Path(path))
        case ["unregister", path]:
            registry.reach(host, "unregister")
            item = host.find(Path(path))
            if item is None:
                raise Refused(Reason.NOT_REGISTRABLE, "unregister", detail=path)
            registry.unregister(host, item, EDITION)
        case _:
            raise _Usage
    return f"{words[0]}({words[1]})", "1"


def _power(host: Host, machine: Machine, operation: str, mode: str) -> None:
    """Change the power."""
    if operation == "start":
        pending = host.settings.pending_start
        machine.start("block" if pending == "default" else pending)
    elif operation == "stop":
        machine.stop(mode)
    elif operation == "reset":
        machine.reset(mode)
    else:
        machine.suspend()


def _ask(machine: Machine) -> None:
    """Print the open question and read the number of the answer; format of VMware's own ``answer`` for ESX."""
    asked = machine.question()
    if asked is None:
        print("No questions pending.", file=sys.stderr)
        return
    question = asked[1]
    print(f"\nQuestion (id = {question.message}) :{question.text}")
    for choice in question.choices:
        print(f"\t{choice.number}) {choice.label}")
    print(f"Select choice. Press enter for default <{question.default}> : ", end="", flush=True)
    answer = sys.stdin.readline().strip()
    number = int(answer) if answer.isdecimal() else (-1 if answer else question.default)
    chosen = question.choice(number)
    if answer and chosen:
        print(f"selected {number} : {chosen.label}")
    machine.answer(number)


def _look(host: Host, machine: Machine, words: list[str]) -> tuple[str, str]:
    """Return what to show for an operation that is no change of power."""
    path = machine.path
    item = host.find(path)
    match words:
        case ["getstate"]:
            value = machine.state()
        case ["getconfig", name]:
            value = Vmx(path).get(name)
        case ["setconfig", name, value]:
            vmx = Vmx(path)
            vmx.set(name, value)
            vmx.save()
            value = "1"
        case ["getconfigfile"]:
            value = str(path)
        case ["getuptime"]:
            value = str(machine.uptime())
        case ["getid"]:
            value = str(item.vmid if item else 0)
        case ["getpid"]:
            value = str((host.run(path) or {}).get("pid", 0))
        case ["getproductinfo", "product" | "platform" | "majorversion" | "minorversion" as name]:
            value = {"product": "gsx", "platform": "linux", "majorversion": "1", "minorversion": "0"}[name]
        case _:
            raise _Usage
    return f"{words[0]}({' '.join(words[1:])})", value


def _dispatch(host: Host, line: _Line) -> None:
    words = line.words
    if line.listing:
        _list(host)
        return
    if line.server:
        shown, value = _server(host, words)
    else:
        if len(words) < 2:
            raise _Usage
        path, operation, *rest = words
        registry.reach(host, operation)
        if host.find(Path(path)) is None:
            raise Refused(Reason.UNREGISTERED, operation)
        machine = Machine(host, Path(path), EDITION)
        if operation in {"start", "stop", "reset", "suspend"}:
            mode = rest[0] if rest else "soft"
            if len(rest) > 1 or mode not in _MODES:
                raise _Usage
            _power(host, machine, operation, mode)
            shows_mode = rest and operation in host.settings.names("shows_mode")
            shown, value = f"{operation}({mode if shows_mode else ''})", "1"
        elif operation == "answer" and not rest:
            _ask(machine)
            return
        else:
            shown, value = _look(host, machine, words[1:])
    print(value if line.quiet else f"{shown} = {value}")


def main(arguments: Sequence[str]) -> int:
    """Run one command line; return its exit code: 0, the number of the refusal, 255 for wrong usage."""
    try:
        line = _parse(arguments)
        host = Host(settings.state_folder())
        _dispatch(host, line)
    except _Usage:
        print(_USAGE, file=sys.stderr)
        return USAGE_EXIT
    except Refused as refused:
        code, text = wording(refused, line.words[0] if line.words else "", int(host.settings.exists_error))
        print(text, file=sys.stderr)
        return code
    except (BrokenStandIn, OSError) as error:
        print(f"vmware-cmd (stand-in): {error}", file=sys.stderr)
        return BROKEN_EXIT
    return 0
