"""Pull and replug the links of a node."""

from lab import machine, process, qmp, record
from lab.errors import LabError
from lab.power import node_of
from lab.record import Record
from lab.topology import SAN
from lab.wiring import Link

FC_HOLD = "hold-fc"
# The held frames are let go this often. A port whose beacon (one in 8 s) is not seen for 20 s is logged off, so the
# hold must be shorter; and a write, of three holds, must end before the 30 s after which a SCSI command is aborted.
HOLD_MICROSECONDS = 8_000_000


def cut(name: str, link: Link) -> None:
    """Pull a link of a node; done already is a success."""
    _set(name, link, up=False)


def mend(name: str, link: Link) -> None:
    """Plug a link of a node in again; done already is a success."""
    _set(name, link, up=True)


def _set(name: str, link: Link, *, up: bool) -> None:
    with record.exclusive():
        lab = record.existing()
        node = node_of(lab, name)
        if not process.is_running(lab.processes[node]):
            raise LabError(
                f"the links of {node} cannot be changed",
                why="it does not run",
                hint=f"start it: ./lab/lab start {node}",
            )
        if link == "fc":
            _hold_fc(lab, node, hold=not up)
        else:
            # Both ends lose carrier, as when a cable is pulled out.
            for end in (node, SAN):
                qmp.execute(lab.qmp(end), "set_link", name=machine.netdev(end, link, node), up=up)
        pulled = set(lab.cut.get(node, [])) - {link} | (set() if up else {link})
        lab.cut[node] = sorted(pulled)
        lab.save()


def _hold_fc(lab: Record, node: str, *, hold: bool) -> None:
    """Hold back the frames of a node's FC link, or let them go on; none is lost and the port stays online.

    Loss of carrier would be nearer to a pulled cable, but the kernel's FC target (tcm_fc, Linux 6.1) waits for ever for
    the data of a write that was under way (target_wait_for_cmds in ft_prlo), and with it all FC ports of the array.
    """
    is_held = "fc" in lab.cut.get(node, [])
    if hold and not is_held:
        options = {"qom-type": "filter-buffer", "id": FC_HOLD, "netdev": "fc", "interval": HOLD_MICROSECONDS}
        qmp.execute(lab.qmp(node), "object-add", **options, queue="all")
    elif is_held and not hold:
        qmp.execute(lab.qmp(node), "object-del", id=FC_HOLD)
