"""Reach the machines from the host: the ssh configuration, one kept connection per machine, commands over it."""

import os
import subprocess
from pathlib import Path

from lab import process
from lab.errors import LabError
from lab.record import Record


def write_config(record: Record) -> None:
    """Write ssh_config and known_hosts for the host; any ssh client can use them with -F."""
    host_key = (record.image / "host_ed25519.pub").read_text().split()[:2]
    known_hosts = record.state / "known_hosts"
    lines, blocks = [], []
    for machine, port in record.ports.items():
        lines.append(f"[127.0.0.1]:{port} {' '.join(host_key)}\n")
        blocks.append(f"Host {machine}\n    HostName 127.0.0.1\n    Port {port}\n")
    known_hosts.write_text("".join(lines))
    blocks.append(
        "Host *\n    User root\n"
        f'    IdentityFile "{record.image / "id_ed25519"}"\n'
        "    IdentitiesOnly yes\n"
        f'    UserKnownHostsFile "{known_hosts}"\n'
        "    GlobalKnownHostsFile /dev/null\n"
        "    StrictHostKeyChecking yes\n    BatchMode yes\n    LogLevel ERROR\n    ConnectTimeout 30\n"
    )
    record.ssh_config.write_text("\n".join(blocks))
    record.ssh_config.chmod(0o644)


def control_socket(record: Record, machine: str) -> Path:
    """Name the control socket of the kept connection to a machine."""
    return record.sockets / f"ssh-{machine}"


def _ssh(record: Record, machine: str, *options: str) -> list[str]:
    control = control_socket(record, machine)
    return ["ssh", "-F", str(record.ssh_config), "-o", f"ControlPath={control}", *options]


def connect(record: Record, machine: str) -> None:
    """Open the kept connection unless it is open. It has no output of ours, so that no pipe waits for its end."""
    if control_socket(record, machine).exists():
        return
    argv = _ssh(record, machine, "-o", "ControlMaster=yes", "-f", "-N", machine)
    with (record.state / "logs" / f"{machine}.ssh").open("ab") as log:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=60, check=False)
    if done.returncode and not control_socket(record, machine).exists():
        raise LabError(
            f"{machine} does not answer ssh",
            why=f"ssh ended with {done.returncode}; see {record.state / 'logs' / machine}.ssh",
            hint=f"look at its console: {record.console(machine)}",
        )


def check(record: Record, machine: str, command: str, *, seconds: float = 60) -> str:
    """Run a command on a machine and return its stdout; raise LabError when it fails."""
    connect(record, machine)
    return process.run(
        [*_ssh(record, machine), machine, command],
        what=f"{machine} is not usable",
        hint=f"look at its console: {record.console(machine)}",
        timeout=seconds,
    )


def replace_process(record: Record, machine: str, command: list[str]) -> None:
    """Become ssh: input, output and exit code are those of the remote command. Does not return."""
    connect(record, machine)
    argv = _ssh(record, machine, "-o", "ControlMaster=auto", "-o", "ControlPersist=600", machine, *command)
    os.execvp("ssh", argv)  # noqa: S606 - an argument list, and no shell is wanted


def disconnect(record: Record, machine: str) -> None:
    """End the kept connection, if there is one."""
    control = control_socket(record, machine)
    if control.exists():
        argv = _ssh(record, machine, "-O", "exit", machine)
        subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
        control.unlink(missing_ok=True)
