"""Tell how the lab is: for people as a table, for programs as JSON."""

import json
from dataclasses import dataclass

from lab import process, record
from lab.places import state_folder
from lab.topology import SAN
from lab.wiring import LINKS

UP, DEGRADED, DOWN = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Report:
    """Hold what is told, and the exit code that goes with it."""

    values: dict[str, object]
    text: str
    exit_code: int


def report() -> Report:
    """Look at the recorded lab and at its processes."""
    lab = record.load()
    if lab is None:
        return Report({"state": "down", "state_dir": str(state_folder()), "machines": []}, "the lab is down", DOWN)
    machines: list[dict[str, object]] = []
    lines = [f"{'machine':8} {'role':5} {'pid':>8} {'running':8} {'ssh port':>8}  links"]
    for name in lab.topology.machines:
        identity = lab.processes.get(name)
        running = identity is not None and process.is_running(identity)
        links = {} if name == SAN else {link: "cut" if link in lab.cut.get(name, []) else "up" for link in LINKS}
        role = "san" if name == SAN else "node"
        pid = identity.pid if identity else None
        machines.append(
            {"name": name, "role": role, "pid": pid, "running": running, "links": links, "ssh_port": lab.ports[name]}
        )
        told = " ".join(f"{link}:{state}" for link, state in links.items())
        lines.append(
            f"{name:8} {role:5} {pid or '-':>8} {'yes' if running else 'no':8} {lab.ports[name]:>8}  {told}".rstrip()
        )
    running_count = sum(bool(one["running"]) for one in machines)
    whole = lab.complete and running_count == len(machines)
    state = "up" if whole else "degraded" if running_count else "down"
    paths = {"ssh_config": str(lab.ssh_config), "vmstore_toml": str(lab.vmstore_toml), "state_dir": str(lab.state)}
    values: dict[str, object] = {
        "state": state,
        "topology": lab.topology.name,
        "accelerator": lab.accelerator,
        **paths,
        "machines": machines,
    }
    head = [f"the lab is {state}: topology {lab.topology.name}, accelerator {lab.accelerator}", ""]
    tail = ["", *(f"{name:12} {path}" for name, path in paths.items())]
    code = UP if whole else DEGRADED if running_count else DOWN
    return Report(values, "\n".join([*head, *lines, *tail]), code)


def as_json(told: Report) -> str:
    """Write a report for programs."""
    return json.dumps(told.values, indent=2)
