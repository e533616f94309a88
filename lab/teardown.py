"""End the lab: what it started, by recorded pid, and its files except the logs."""

import shutil

from lab import process, ssh
from lab.record import Record

_FOLDERS = ("disks", "luns", "config")
_FILES = ("ssh_config", "known_hosts", "vmstore.toml", "twin.json")


def teardown(record: Record) -> None:
    """End every process of the lab and forget it; right to run again after it was interrupted."""
    for machine in record.topology.machines:
        ssh.disconnect(record, machine)
    for machine, identity in list(record.processes.items()):
        process.kill(identity)
        del record.processes[machine]
        record.save()
    shutil.rmtree(record.sockets, ignore_errors=True)
    for folder in _FOLDERS:
        shutil.rmtree(record.state / folder, ignore_errors=True)
    for name in _FILES:
        (record.state / name).unlink(missing_ok=True)
    record.forget()
