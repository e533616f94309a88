"""Word the refusals of vmware-cmd: VMControl numbers, texts, exit codes.

The exit code is the amount of the number modulo 256. Sources: -7, -8, -11, -20 and -999: vmware.pm and vmware_cmd.pm of
apache/vcl; -8 without Tools, -8 for a stop of a suspended VM, -11 and -14: transcripts in Ubuntu forum threads. Marked
"unconfirmed" below: the number is -8 or -999 for want of a transcript.
"""

from lab.standins.vmware.refusal import Reason, Refused

PROGRAM = "/usr/bin/vmware-cmd"
_INVALID = "VMControl error -8: Invalid operation for virtual machine's current state: "
_UNKNOWN = "VMControl error -999: Unknown error: "


def wording(refused: Refused, path: str, exists_error: int) -> tuple[int, str]:
    """Return the exit code and the text for standard error; ``exists_error`` is -20 or -999."""
    number, text = _wording(refused, path, exists_error)
    return abs(number) & 255, text


def _wording(refused: Refused, path: str, exists_error: int) -> tuple[int, str]:
    match refused.reason:
        case Reason.STATE:  # unconfirmed for unregister, and for a start that waits for an answer
            return -8, (
                f'{_INVALID}The requested operation ("{refused.operation}") could not be completed because it '
                f'conflicted with the state of the virtual machine ("{refused.state}") at the time the request was '
                "received.  This error often occurs because the state of the virtual machine changed before it "
                "received the request."
            )
        case Reason.TOOLS:
            return -8, f"{_INVALID}Make sure the VMware Server Tools are running"
        case Reason.TIMEOUT:
            return -7, "VMControl error -7: Timeout"
        case Reason.UNREGISTERED:
            return -11, (
                f"{PROGRAM}: Could not connect to VM {path}\n"
                f"  (VMControl error -11: No such virtual machine: The config file {path} is not registered.\n"
                "Please register the config file on the server.  For example:\n"
                f'vmware-cmd -s register "{path}")'
            )
        case Reason.NOT_REGISTRABLE | Reason.MISSING:  # seen for a .vmx that was copied there; MISSING unconfirmed
            return -11, "VMControl error -11: No such virtual machine"
        case Reason.EXISTS:
            return exists_error, f"VMControl error {exists_error}: Virtual machine already exists"
        case Reason.NO_SERVER:
            return -14, (
                f"{PROGRAM}: Could not connect to vmware-authd\n"
                "  (VMControl error -14: Unexpected response from vmware-authd: "
                "511 Error connecting to /usr/sbin/vmware-serverd process.)"
            )
        case Reason.LOCKED:  # unconfirmed number; the text is the product's own in its window
            return -999, (
                f"{_UNKNOWN}Cannot open the disk '{refused.detail.rpartition('.')[0]}' or one of the snapshot disks "
                "it depends on. Reason: Failed to lock the file."
            )
        case Reason.FULL:  # unconfirmed
            return -999, f"{_UNKNOWN}Unable to write the suspended state: No space left on device"
        case Reason.UNKNOWN:  # unconfirmed
            return -999, f"{_UNKNOWN}{refused.detail}"
