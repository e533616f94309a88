"""Stand for vmware-vim-cmd of VMware Server 2.x; the package says what is known of it."""

import sys
from collections.abc import Sequence

from lab.standins.vmware import registry, settings
from lab.standins.vmware.host import Host, Registered
from lab.standins.vmware.machine import Machine
from lab.standins.vmware.questions import Question
from lab.standins.vmware.refusal import BrokenStandIn, Reason, Refused
from lab.standins.vmware.vmx import Vmx

EDITION = "server2"
BROKEN_EXIT = 70
_STATES = {"on": "Powered on", "off": "Powered off", "suspended": "Suspended"}
_DOING = {
    "power.on": "Powering on VM:",
    "power.off": "Powering off VM:",
    "power.suspend": "Suspending VM:",
    "power.reset": "Reset VM:",
}
_FAULTS = {
    Reason.STATE: "vim.fault.InvalidPowerState",
    Reason.TOOLS: "vim.fault.ToolsUnavailable",
    Reason.UNREGISTERED: "vim.fault.NotFound",
    Reason.MISSING: "vim.fault.InvalidVmConfig",
    Reason.NOT_REGISTRABLE: "vim.fault.NotFound",
    Reason.EXISTS: "vim.fault.AlreadyExists",
    Reason.LOCKED: "vim.fault.FileLocked",
    Reason.FULL: "vim.fault.NoDiskSpace",
    Reason.TIMEOUT: "vim.fault.Timedout",
}


class _Usage(Exception):
    """The command line is none that vmware-vim-cmd takes."""


def _fault(refused: Refused) -> str:
    """Return a fault in the form ESX 4 prints; for Server 2 no transcript is known."""
    kind = _FAULTS.get(refused.reason, "vmodl.fault.SystemError")
    text = {
        Reason.STATE: "The attempted operation cannot be performed in the current state "
        f"({_STATES.get(refused.state, refused.state)}).",
        Reason.TOOLS: "Cannot complete operation because VMware Tools is not running in this virtual machine.",
        Reason.UNREGISTERED: f'Unable to find a VM corresponding to "{refused.detail}"',
        Reason.EXISTS: "The specified key, name, or identifier already exists.",
        Reason.LOCKED: "Failed to lock the file",
        Reason.FULL: "There is insufficient space in the datastore.",
    }.get(refused.reason, refused.detail or "A general system error occurred")
    return (
        f'({kind}) {{\n   dynamicType = <unset>, \n   faultCause = (vmodl.MethodFault) null, \n   msg = "{text}", \n}}'
    )


def _item(host: Host, text: str) -> Registered:
    """Return the VM with the number ``text``; raises Refused UNREGISTERED."""
    for item in host.registered():
        if str(item.vmid) == text:
            return item
    raise Refused(Reason.UNREGISTERED, detail=text)


def _list(host: Host) -> None:
    """Print the table; a VM whose .vmx is away is named on standard error instead."""
    rows = []
    for item in host.registered():
        if not item.path.is_file():
            print(f"Skipping invalid VM '{item.vmid}'", file=sys.stderr)
            continue
        vmx = Vmx(item.path)
        name = vmx.get("displayName") or item.path.stem
        shown = registry.datastore_path(host, item.path)
        rows.append((str(item.vmid), name, shown, vmx.get("guestOS") or "otherGuest", "vmx-07", ""))
    head = ("Vmid", "Name", "File", "Guest OS", "Version", "Annotation")
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    for row in [head, *rows]:
        print("   ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))


def _show(number: int, question: Question) -> None:
    """Print an open question; form of the example in VMware's knowledge base for ESX."""
    print(f"Virtual machine message {number}:")
    print(f"{question.message}:{question.text}")
    for choice in question.choices:
        mark = " [default]" if choice.number == question.default else ""
        print(f"   {choice.number}. {choice.label} ({choice.label}){mark}")


def _message(machine: Machine, answer: list[str]) -> int:
    asked = machine.question()
    if asked is None:
        print("No message.")
        return 0
    number, question = asked
    if not answer:
        _show(number, question)
        return 0
    if len(answer) != 2 or answer[0] != str(number) or not answer[1].isdecimal():
        raise Refused(Reason.UNKNOWN, "message", detail="The specified question or choice does not exist.")
    machine.answer(int(answer[1]))
    return 0


def _power(host: Host, machine: Machine, operation: str) -> int:
    if operation == "power.getstate":
        state = machine.state()
        print(f"Retrieved runtime info\n{_STATES[host.settings.stuck_shows if state == 'stuck' else state]}")
        return 0
    if operation in _DOING:
        print(_DOING[operation], flush=True)
    match operation:
        case "power.on":
            pending = host.settings.pending_start
            machine.start("return" if pending == "default" else pending)
        case "power.off":
            machine.stop("hard")
        case "power.shutdown":
            machine.stop("soft")
        case "power.suspend":
            machine.suspend()
        case "power.reset":
            machine.reset("hard")
        case _:
            raise _Usage
    return 0


def _dispatch(host: Host, words: list[str]) -> int:
    if not words:
        raise _Usage
    command, *rest = words
    registry.reach(host, command.rpartition("/")[2])
    match command, rest:
        case "vmsvc/getallvms", []:
            _list(host)
        case "solo/registervm", [path, *_]:
            print(registry.register(host, registry.plain_path(host, path)))
        case "vmsvc/unregister", [vmid]:
            registry.unregister(host, _item(host, vmid), EDITION)
        case "vmsvc/message", [vmid, *answer]:
            return _message(Machine(host, _item(host, vmid).path, EDITION), answer)
        case _, [vmid] if command.startswith("vmsvc/power."):
            machine = Machine(host, _item(host, vmid).path, EDITION)
            return _power(host, machine, command.removeprefix("vmsvc/"))
        case _:
            raise _Usage
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run one command line; return its exit code: 0, or 1 for whatever is refused."""
    try:
        return _dispatch(Host(settings.state_folder()), list(arguments))
    except _Usage:
        print(f"Invalid command '{arguments[0] if arguments else ''}'.", file=sys.stderr)
    except Refused as refused:
        if refused.reason is Reason.NO_SERVER:
            print("Failed to login: Connection refused", file=sys.stderr)
        else:
            print(_fault(refused))
            if refused.operation in {"start", "suspend", "stop", "reset"}:
                print({"start": "Power on failed"}.get(refused.operation, f"{refused.operation.title()} failed"))
    except (BrokenStandIn, OSError) as error:
        print(f"vmware-vim-cmd (stand-in): {error}", file=sys.stderr)
        return BROKEN_EXIT
    return 1
