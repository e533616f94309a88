"""Ask a running emulator through its QMP socket."""

import json
import socket
from pathlib import Path

from lab.errors import LabError


def execute(path: Path, command: str, **arguments: object) -> object:
    """Run one QMP command and return its answer; raise LabError when the emulator refuses or is silent for 10 s."""
    hint = "see that the machine runs: ./lab/lab status"
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(path))
            with connection.makefile("rw") as stream:
                stream.readline()
                for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                    stream.write(json.dumps(request) + "\n")
                    stream.flush()
                    while "event" in (answer := json.loads(stream.readline())):
                        continue
    except (OSError, ValueError) as error:
        raise LabError(f"the emulator does not answer {command}", why=f"{path}: {error}", hint=hint) from error
    if "error" in answer:
        raise LabError(f"the emulator refuses {command}", why=str(answer["error"].get("desc")), hint=hint)
    return answer["return"]
