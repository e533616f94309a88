"""Write what a machine learns at boot: a file of shell variables, handed over as a QEMU firmware file."""

import shlex
from pathlib import Path

from lab import wiring
from lab.topology import SAN, Topology


def vmstore_toml(topology: Topology, ssh_config: str | None = None) -> str:
    """Write the configuration of vmstore; the workstation's names the ssh configuration as well."""
    nodes = ", ".join(f'"{node}"' for node in topology.nodes)
    text = f'vg = "{topology.vg}"\nnodes = [{nodes}]\n'
    if ssh_config is None:
        # Without a cluster manager no syslogd runs on a node (guest/manager.sh).
        return f"{text}[log]\nsyslog = {'false' if topology.manager == 'none' else 'true'}\n"
    # What is done to the lab does not belong into the log of the machine that it runs on.
    log = Path(ssh_config).with_name("vmstore.log")
    return f'{text}[ssh]\nconfig = "{ssh_config}"\n[log]\nfile = "{log}"\nsyslog = false\n'


def _luns(topology: Topology) -> str:
    return "\n".join(
        f"{lun.name} {lun.transport} {lun.paths} {wiring.serial(lun)} {wiring.wwid(lun)} {'yes' if lun.in_vg else 'no'}"
        for lun in topology.luns
    )


def render(topology: Topology, machine: str) -> str:
    """Write the variables that lab/guest/ reads."""
    variables = {
        "LAB_NAME": machine,
        "LAB_ROLE": "san" if machine == SAN else "node",
        "LAB_NUMBER": str(wiring.number_of(topology, machine)),
        "LAB_NODES": " ".join(topology.nodes),
        "LAB_MACHINES": " ".join(topology.machines),
        "LAB_HOSTS": "\n".join(f"{wiring.address(topology, name)} {name}" for name in topology.machines),
        "LAB_LOCKS": topology.locks,
        "LAB_MANAGER": topology.manager,
        "LAB_SBD": next((wiring.wwid(lun) for lun in topology.luns if lun.sbd), ""),
        "LAB_VG": topology.vg,
        "LAB_EXTENT": f"{topology.extent}b",
        "LAB_METADATA": f"{topology.metadata}b",
        "LAB_LUNS": _luns(topology),
        "LAB_VMSTORE_TOML": vmstore_toml(topology).rstrip("\n"),
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
